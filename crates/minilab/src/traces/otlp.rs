//! Spans in the form of OpenTelemetry's protocol.
use std::time::{SystemTime, UNIX_EPOCH};

use minilab_protos::otlp::{
    AnyValue, Code, ExportTraceServiceRequest, KeyValue, Kind as WireKind, Resource, ResourceSpans, Scope,
    ScopeSpans, Span as WireSpan, Status, any_value,
};
use minilab_telemetry::traces::{Kind, Span, SpanContext, Value};

/// One request for some spans of one process.
pub fn request(resource: &[(String, String)], spans: Vec<Span>) -> ExportTraceServiceRequest {
    let attributes = resource
        .iter()
        .map(|(name, text)| attribute(name, Value::Text(text.clone())));
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: attributes.collect(),
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(Scope {
                    name: "minilab".to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                }),
                spans: spans.into_iter().map(span).collect(),
            }],
        }],
    }
}

fn span(span: Span) -> WireSpan {
    let kind = match span.kind {
        Kind::Internal => WireKind::Internal,
        Kind::Producer => WireKind::Producer,
        Kind::Consumer => WireKind::Consumer,
    };
    WireSpan {
        trace_id: span.context.trace_bytes().to_vec(),
        span_id: span.context.span_bytes().to_vec(),
        parent_span_id: span
            .parent
            .as_ref()
            .map(SpanContext::span_bytes)
            .map(Vec::from)
            .unwrap_or_default(),
        name: span.name.to_owned(),
        kind: kind.into(),
        start_time_unix_nano: nanoseconds(span.begun),
        end_time_unix_nano: nanoseconds(span.ended),
        attributes: span
            .attributes
            .into_iter()
            .map(|(name, value)| attribute(name, value))
            .collect(),
        status: span.failed.map(|message| Status {
            message,
            code: Code::Error.into(),
        }),
    }
}

fn attribute(name: &str, value: Value) -> KeyValue {
    let value = match value {
        Value::Text(text) => any_value::Value::StringValue(text),
        Value::Count(count) => any_value::Value::IntValue(i64::try_from(count).unwrap_or(i64::MAX)),
    };
    KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// What the official messages of OpenTelemetry (PyPI `opentelemetry-proto` 1.45.2) write for the same span, in hexadecimal.
    const OFFICIAL: &str = include_str!("otlp_golden.hex");

    #[test]
    fn bytes_are_those_of_the_official_messages() {
        use prost::Message as _;
        let parent = SpanContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        let context = SpanContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-0102030405060708-01").unwrap();
        let span = Span {
            context,
            parent: Some(parent),
            name: "attempt",
            kind: Kind::Consumer,
            begun: UNIX_EPOCH + Duration::from_millis(1_700_000_000_123),
            ended: UNIX_EPOCH + Duration::from_millis(1_700_000_001_456),
            failed: Some("timeout: too slow".to_owned()),
            attributes: vec![("lane", "fast".into()), ("original.bytes", 123_456_u64.into())],
        };
        let mut request = request(
            &[("service.name".to_owned(), "minilab-worker".to_owned())],
            vec![span],
        );
        request.resource_spans[0].scope_spans[0]
            .scope
            .as_mut()
            .unwrap()
            .version = "1.2.3".to_owned();
        assert_eq!(hex::encode(request.encode_to_vec()), OFFICIAL.trim());
    }
}
