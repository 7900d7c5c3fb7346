//! What both embedded adapters can do. They could do more, but then work written against them would fail on a hosted broker.
use std::time::Duration;

use bytes::Bytes;

use crate::{Error, Limits, QueueName};

/// The lease unless configured: kept by an extension every 10 s, so two may fail before it is lost, and a killed process's
/// message is due again within half a minute.
pub const LEASE: Duration = Duration::from_secs(30);

/// What SQS took for most of its life; envelopes are kept under 16 KiB.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 256 * 1024;
/// Longer than any wait minilab asks for, short enough that a clock set wrong when a message was sent cannot bury it.
const DELAY_MAX: Duration = Duration::from_hours(30 * 24);
/// Bounds the time one `receive` holds the broker; callers ask for the few they have permits for.
pub(crate) const RECEIVE_MAX: usize = 64;

pub(crate) fn embedded(lease: Duration) -> Limits {
    Limits {
        payload_bytes_max: PAYLOAD_BYTES_MAX,
        delay_max: DELAY_MAX,
        lease,
        receive_max: RECEIVE_MAX,
        coalesces: true,
    }
}

impl Limits {
    /// As much of a payload as this adapter takes. Brokers hand out longer ones that others have sent.
    pub fn clip(&self, payload: &Bytes) -> Bytes {
        payload.slice(..payload.len().min(self.payload_bytes_max))
    }

    /// Refuses a payload this adapter can never take. `queue` names the queue, or the broker where it is not known.
    pub(crate) fn admit(&self, queue: &dyn std::fmt::Display, payload: &Bytes) -> Result<(), Error> {
        if payload.len() <= self.payload_bytes_max {
            return Ok(());
        }
        let reason = format!(
            "its payload has {} bytes, at most {} fit",
            payload.len(),
            self.payload_bytes_max
        );
        Err(Error::Refused {
            queue: queue.to_string(),
            reason,
        })
    }

    /// As [`Self::admit`], for all messages of a `send`: one too many and none is taken.
    pub(crate) fn admit_all<'a>(
        &self,
        messages: impl IntoIterator<Item = (&'a QueueName, &'a Bytes)>,
    ) -> Result<(), Error> {
        messages
            .into_iter()
            .try_for_each(|(queue, payload)| self.admit(queue, payload))
    }
}
