//! Where in a trace something is, as it travels in messages: the `traceparent` of W3C Trace Context.
use std::fmt;

/// A span's place: its trace, itself, and whether anybody shall be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanContext {
    trace: u128,
    span: u64,
    sampled: bool,
}

impl SpanContext {
    /// The first span of a new trace.
    pub fn root(sampled: bool) -> Self {
        Self {
            trace: fastrand::u128(1..),
            span: fastrand::u64(1..),
            sampled,
        }
    }

    /// A new span below this one.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            span: fastrand::u64(1..),
            ..*self
        }
    }

    /// The place that a `traceparent` names; `None` if it is none. Of versions after 00 what they share with it is read, as
    /// the standard asks.
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let mut part = |length| parts.next().filter(|part| is_hex(part, length));
        let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        if version == "ff" || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let context = Self {
            trace: u128::from_str_radix(trace, 16).ok()?,
            span: u64::from_str_radix(span, 16).ok()?,
            sampled: u8::from_str_radix(flags, 16).ok()? & 1 == 1,
        };
        (context.trace != 0 && context.span != 0).then_some(context)
    }

    /// Shall anybody be told?
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// The trace, as logs and traces show it.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// The trace as bytes.
    pub fn trace_bytes(&self) -> [u8; 16] {
        self.trace.to_be_bytes()
    }

    /// The span as bytes.
    pub fn span_bytes(&self) -> [u8; 8] {
        self.span.to_be_bytes()
    }
}

/// Upper case is no `traceparent`.
fn is_hex(part: &str, length: usize) -> bool {
    part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The `traceparent`.
impl fmt::Display for SpanContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "00-{:032x}-{:016x}-{:02x}",
            self.trace,
            self.span,
            u8::from(self.sampled)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_written_is_read_again_and_children_stay_in_the_trace() {
        let example = SpanContext::parse(EXAMPLE).unwrap();
        assert_eq!(example.to_string(), EXAMPLE);
        assert_eq!(example.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(
            example.span_bytes(),
            [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]
        );
        for sampled in [true, false] {
            let root = SpanContext::root(sampled);
            let child = root.child();
            assert_eq!(SpanContext::parse(&child.to_string()), Some(child));
            assert_eq!((child.trace, child.sampled), (root.trace, sampled));
            assert_ne!(child.span, root.span);
        }
    }

    #[test]
    fn what_is_no_traceparent_is_none_and_later_versions_are_read() {
        for broken in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        ] {
            assert_eq!(SpanContext::parse(broken), None, "{broken}");
        }
        let later = EXAMPLE.replacen("00", "cc", 1) + "-more";
        assert_eq!(SpanContext::parse(&later), SpanContext::parse(EXAMPLE));
        let flags = EXAMPLE.replace("-01", "-02");
        assert!(!SpanContext::parse(&flags).unwrap().is_sampled());
    }
}
