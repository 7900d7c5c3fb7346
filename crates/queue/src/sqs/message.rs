//! What a message looks like at SQS: a text, attributes beside it, and a group.
//!
//! A payload that is no text, or has characters that SQS takes from nobody, travels as base64, and an attribute says so.
use std::collections::HashMap;

use aws_sdk_sqs::types::{Message, MessageAttributeValue, MessageSystemAttributeName};
use aws_smithy_types::base64;
use bytes::Bytes;
use tokio::time::Instant;

use super::names;
use crate::QueueName;

/// Why a message is a dead letter, in the words of who gave it up.
const REASON: &str = "minilab-reason";
/// How the body has to be read.
const ENCODING: &str = "minilab-encoding";
/// What has to be asked for, because SQS tells nothing that nobody asked for.
pub(super) const ATTRIBUTES: [&str; 2] = [REASON, ENCODING];
const BASE64: &str = "base64";
/// The body of a payload without bytes: SQS takes no message without a body.
const NOTHING: &str = "-";
/// Attributes count as part of the message.
const REASON_BYTES_MAX: usize = 4096;
/// SQS's own limit.
const GROUP_BYTES_MAX: usize = 128;
/// How often SQS hands a message out, by our redrive policy, before it gives it up itself.
pub(super) const RECEIVES_MAX: u32 = 20;

/// A message on its way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub body: String,
    /// Names and texts.
    pub attributes: Vec<(&'static str, String)>,
    pub group: Option<String>,
}

impl Written {
    pub fn new(payload: &[u8], reason: Option<&str>, group: Option<&str>) -> Self {
        let mut attributes = Vec::new();
        let text = std::str::from_utf8(payload).ok().filter(|text| is_carried(text));
        if text.is_none() {
            attributes.push((ENCODING, BASE64.to_owned()));
        }
        let body = match (text, payload) {
            (Some(text), _) => text.to_owned(),
            (None, []) => NOTHING.to_owned(),
            (None, bytes) => base64::encode(bytes),
        };
        attributes.extend(reason.map(|reason| (REASON, told(reason))));
        Self {
            body,
            attributes,
            group: group.and_then(legal_group),
        }
    }

    /// What SQS counts.
    pub fn bytes(&self) -> usize {
        let beside = |(name, text): &(&str, String)| name.len() + "String".len() + text.len();
        self.body.len() + self.attributes.iter().map(beside).sum::<usize>()
    }

    pub fn attributes(&self) -> HashMap<String, MessageAttributeValue> {
        let value = |text: &str| {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(text);
            value.build().expect("it has a type")
        };
        let attributes = self.attributes.iter();
        attributes
            .map(|(name, text)| ((*name).to_owned(), value(text)))
            .collect()
    }
}

/// Whether SQS carries a text unchanged: not without a character, and none that XML 1.0 has not.
fn is_carried(text: &str) -> bool {
    let carried = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    !text.is_empty() && text.chars().all(carried)
}

fn told(reason: &str) -> String {
    let clipped = &reason[..reason.floor_char_boundary(REASON_BYTES_MAX)];
    if is_carried(clipped) {
        return clipped.to_owned();
    }
    let told: String = clipped
        .chars()
        .filter(|c| is_carried(c.encode_utf8(&mut [0; 4])))
        .collect();
    if told.is_empty() {
        "unknown: no reason was given".into()
    } else {
        told
    }
}

/// SQS takes visible ASCII. Any other name is escaped: who is told apart from whom is all that a group is for.
fn legal_group(group: &str) -> Option<String> {
    let escaped = |byte| match byte {
        b'!'..=b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let mut legal: String = group.bytes().map(escaped).collect();
    legal.truncate(GROUP_BYTES_MAX);
    (!legal.is_empty()).then_some(legal)
}

/// A message that is ours until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    pub queue: QueueName,
    /// With which SQS is told what becomes of it.
    pub handle: String,
    pub payload: Bytes,
    pub redelivered: bool,
    pub reason: Option<String>,
    pub group: Option<String>,
    pub arrived: Instant,
}

impl Taken {
    /// Reads what came from a queue; `None`: without a receipt there is no delivery.
    pub fn new(queue: &QueueName, message: Message, arrived: Instant) -> Option<Self> {
        let system = |name| {
            let attributes = message.attributes.as_ref()?;
            attributes.get(&name).cloned()
        };
        let count = system(MessageSystemAttributeName::ApproximateReceiveCount);
        let count = count.and_then(|count| count.parse::<u32>().ok()).unwrap_or(1);
        let source = system(MessageSystemAttributeName::DeadLetterQueueSourceArn);
        let is_dead = *queue == crate::dead_queue();
        let reason =
            || text(&message, REASON).map_or_else(|| brokers_reason(source.as_deref(), count), str::to_owned);
        Some(Self {
            reason: is_dead.then(reason),
            payload: payload(&message),
            redelivered: count > 1,
            group: system(MessageSystemAttributeName::MessageGroupId),
            handle: message.receipt_handle?,
            queue: queue.clone(),
            arrived,
        })
    }
}

fn text<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.message_attributes.as_ref()?.get(name)?.string_value()
}

/// What says that it is base64 and is not, is what it is.
fn payload(message: &Message) -> Bytes {
    let body = message.body.clone().unwrap_or_default();
    if text(message, ENCODING) != Some(BASE64) {
        return body.into();
    }
    if body == NOTHING {
        return Bytes::new();
    }
    base64::decode(&body).map_or_else(|_| body.into(), Bytes::from)
}

/// Of a message that nobody of ours gave up. Only AWS itself says where it was before.
fn brokers_reason(source: Option<&str>, count: u32) -> String {
    let limit = "handed it out more often than it may, and nobody settled it";
    match source {
        Some(arn) => format!("delivery-limit: the broker {limit}, from {}", names::of_arn(arn)),
        None if count > RECEIVES_MAX => format!("delivery-limit: the broker {limit}"),
        None => "unknown: it was sent here without a reason".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_queue;

    fn came(queue: &QueueName, written: &Written, system: &[(MessageSystemAttributeName, &str)]) -> Taken {
        let mut message = Message::builder()
            .body(&written.body)
            .set_message_attributes(Some(written.attributes()))
            .receipt_handle("r");
        for (name, value) in system {
            message = message.attributes(name.clone(), *value);
        }
        Taken::new(queue, message.build(), Instant::now()).unwrap()
    }

    fn fast() -> QueueName {
        QueueName::new("fast").unwrap()
    }

    #[test]
    fn every_payload_arrives_as_it_was() {
        let payloads: [&[u8]; 8] = [
            b"",
            b"{\"key\":\"a.jpg\"}",
            "größer\t\r\n".as_bytes(),
            b"\0",
            b"-",
            &[0xff, 0xfe],
            "\u{ffff}".as_bytes(),
            "\u{1}".as_bytes(),
        ];
        for payload in payloads {
            let written = Written::new(payload, None, None);
            assert!(is_carried(&written.body), "{payload:?}");
            assert_eq!(came(&fast(), &written, &[]).payload, payload);
        }
        assert!(
            Written::new(b"a job", None, None).attributes.is_empty(),
            "people can read it"
        );
    }

    #[test]
    fn a_body_that_only_says_it_is_base64_is_what_it_is() {
        let mut strange = Written::new(&[0], None, None);
        strange.body = "not base64!".into();
        assert_eq!(came(&fast(), &strange, &[]).payload, "not base64!");
    }

    #[test]
    fn the_second_hand_out_is_marked() {
        let written = Written::new(b"x", None, None);
        for (count, redelivered) in [("1", false), ("2", true)] {
            let system = [(MessageSystemAttributeName::ApproximateReceiveCount, count)];
            assert_eq!(came(&fast(), &written, &system).redelivered, redelivered);
        }
    }

    #[test]
    fn a_dead_letter_tells_who_gave_it_up() {
        use MessageSystemAttributeName::{ApproximateReceiveCount, DeadLetterQueueSourceArn};
        let reason = |reason: Option<&str>, system: &[_]| {
            let written = Written::new(b"x", reason, None);
            came(&dead_queue(), &written, system).reason.unwrap()
        };
        let source = (
            DeadLetterQueueSourceArn,
            "arn:aws:sqs:eu-central-1:123456789012:minilab-jobs-fast",
        );
        assert_eq!(
            reason(Some("poison: it died"), std::slice::from_ref(&source)),
            "poison: it died"
        );
        let told = reason(None, &[source]);
        assert!(
            told.starts_with("delivery-limit: ") && told.ends_with("minilab-jobs-fast"),
            "{told}"
        );
        assert!(reason(None, &[(ApproximateReceiveCount, "21")]).starts_with("delivery-limit: "));
        assert!(reason(None, &[]).starts_with("unknown: "));
        let long = "é\u{1}".repeat(REASON_BYTES_MAX);
        assert!(is_carried(&reason(Some(&long), &[])));
        assert_eq!(
            came(&fast(), &Written::new(b"x", Some("a reason"), None), &[]).reason,
            None
        );
    }

    #[test]
    fn any_name_is_a_group() {
        let group = |name: &str| Written::new(b"x", None, Some(name)).group;
        assert_eq!(group("acme/eu-1").as_deref(), Some("acme/eu-1"));
        assert_eq!(group("ä b").as_deref(), Some("%C3%A4%20b"));
        assert_eq!(group(""), None);
        assert_eq!(group(&"x".repeat(500)).unwrap().len(), GROUP_BYTES_MAX);
    }
}
