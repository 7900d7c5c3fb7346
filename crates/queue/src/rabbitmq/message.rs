//! What is written beside a payload, and read back: properties and headers.
//!
//! Every publish gets new headers, so that the broker's own (`x-death`, `x-delivery-count`, `x-first-death-...`) never travel
//! on: some versions interpret what clients publish there, others ignore it.
use std::time::{Duration, SystemTime};

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};
use ulid::Ulid;

/// Why a message is a dead letter, in the words of who gave it up.
const REASON: &str = "minilab-reason";
/// Headers must fit into one frame (128 KiB); this leaves room for what brokers add.
const REASON_BYTES_MAX: usize = 4096;
const PERSISTENT: u8 = 2;

/// The properties of a new message.
pub(super) fn properties(reason: Option<&str>) -> BasicProperties {
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/octet-stream".into())
        // For people and traces; nothing compares it.
        .with_message_id(Ulid::generate().to_string().into())
        .with_app_id("minilab".into())
        .with_timestamp(now().as_secs());
    let Some(reason) = reason else {
        return properties;
    };
    let mut headers = FieldTable::default();
    let clipped = &reason[..reason.floor_char_boundary(REASON_BYTES_MAX)];
    headers.insert(REASON.into(), AMQPValue::LongString(clipped.into()));
    properties.with_headers(headers)
}

/// How long ago a message was published, to the second, by the clocks of who did and of this machine. None: it was not by us.
pub(super) fn age(properties: &BasicProperties) -> Option<Duration> {
    let published = Duration::from_secs((*properties.timestamp())?);
    Some(now().saturating_sub(published))
}

fn now() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default()
}

/// Why a message in the dead queue is there.
pub(super) fn reason(properties: &BasicProperties) -> String {
    let headers = properties.headers().as_ref();
    headers
        .and_then(|headers| text(headers, REASON))
        .or_else(|| headers.and_then(brokers_reason))
        .unwrap_or_else(|| "unknown: it was published here without a reason".into())
}

/// The *last* death: the first one of a message that was once retried is that it expired in a wait queue.
fn brokers_reason(headers: &FieldTable) -> Option<String> {
    let newest = match headers.inner().get("x-death") {
        Some(AMQPValue::FieldArray(deaths)) => deaths.as_slice().first(),
        _ => None,
    };
    let death = match newest {
        Some(AMQPValue::FieldTable(death)) => Some(death),
        _ => None,
    };
    let of = |header: &str, key: &str| {
        text(headers, &format!("x-last-death-{header}"))
            .or_else(|| death.and_then(|death| text(death, key)))
            .or_else(|| text(headers, &format!("x-first-death-{header}")))
    };
    let (reason, queue) = (of("reason", "reason")?, of("queue", "queue")?);
    Some(match reason.as_str() {
        "delivery_limit" => {
            format!(
                "delivery-limit: the broker handed it out of {queue} more often than it may, and nobody settled it"
            )
        }
        "expired" => format!("expired: it lay in {queue} for longer than it may"),
        other => format!("{}: the broker gave it up in {queue}", other.replace('_', "-")),
    })
}

fn text(table: &FieldTable, key: &str) -> Option<String> {
    match table.inner().get(key)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lapin::types::FieldArray;

    use super::*;

    fn table(entries: &[(&str, AMQPValue)]) -> FieldTable {
        let mut table = FieldTable::default();
        for (key, value) in entries {
            table.insert((*key).into(), value.clone());
        }
        table
    }

    fn string(text: &str) -> AMQPValue {
        AMQPValue::LongString(text.into())
    }

    fn death(reason: &str, queue: &str) -> AMQPValue {
        AMQPValue::FieldTable(table(&[("reason", string(reason)), ("queue", string(queue))]))
    }

    #[test]
    fn a_reason_travels_with_the_message() {
        assert_eq!(
            reason(&properties(Some("poison: died twice"))),
            "poison: died twice"
        );
        let long = "é".repeat(REASON_BYTES_MAX);
        assert_eq!(reason(&properties(Some(&long))).len(), REASON_BYTES_MAX);
    }

    #[test]
    fn the_brokers_last_reason_counts_not_the_first() {
        let deaths = FieldArray::from(vec![
            death("delivery_limit", "jobs.fast"),
            death("expired", "wait.5s"),
        ]);
        let headers = table(&[
            ("x-first-death-reason", string("expired")),
            ("x-first-death-queue", string("wait.5s")),
            ("x-death", AMQPValue::FieldArray(deaths)),
        ]);
        let told = reason(&BasicProperties::default().with_headers(headers));
        assert!(
            told.starts_with("delivery-limit: ") && told.contains("jobs.fast"),
            "{told}"
        );
    }

    #[test]
    fn versions_that_tell_only_the_first_or_the_last_are_understood() {
        for header in ["first", "last"] {
            let headers = table(&[
                (&format!("x-{header}-death-reason"), string("expired")),
                (&format!("x-{header}-death-queue"), string("wait.5s")),
            ]);
            let told = reason(&BasicProperties::default().with_headers(headers));
            assert!(told.starts_with("expired: "), "{told}");
        }
        assert!(reason(&BasicProperties::default()).starts_with("unknown: "));
    }
}
