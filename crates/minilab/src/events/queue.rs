//! What must be set at the queue, so that somebody may send and what is sent fits in. Nothing of anybody else's is changed.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Obstacle,
    sender::{Denied, Sender},
};

/// An event has a few kilobytes; EventBridge and SNS wrap it. Queues are made with at least four times as much.
const MESSAGE_BYTES_MIN: u64 = 64 * 1024;
const MESSAGE_BYTES: u64 = 256 * 1024;

/// An attribute to set.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Attribute {
    /// As SQS calls it.
    pub name: &'static str,
    /// What it is to be.
    pub value: String,
    /// The change, for people.
    pub change: String,
}

/// Our statement in the queue's policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ours<'a> {
    pub(super) sender: &'a Sender,
    /// Its name.
    pub(super) sid: &'a str,
    /// Whom earlier statements of ours may have been about.
    pub(super) sources: &'a [&'a str],
    /// May it take the place of somebody else's of its name?
    pub(super) replace: bool,
}

/// What is missing at a queue with these attributes.
pub(super) fn missing(
    attributes: &BTreeMap<String, String>,
    ours: Ours<'_>,
) -> (Vec<Attribute>, Vec<Obstacle>) {
    let sender = ours.sender;
    let queue = attributes.get("QueueArn").map_or("", String::as_str);
    let mut set = Vec::new();
    let mut obstacles = Vec::new();
    match policy(attributes.get("Policy").map(String::as_str), ours, queue) {
        Ok(policy) => set.extend(policy),
        Err(obstacle) => obstacles.push(obstacle),
    }
    let size = attributes
        .get("MaximumMessageSize")
        .and_then(|bytes| bytes.parse::<u64>().ok());
    if let Some(bytes) = size.filter(|bytes| *bytes < MESSAGE_BYTES_MIN) {
        set.push(Attribute {
            name: "MaximumMessageSize",
            value: MESSAGE_BYTES.to_string(),
            change: format!("MaximumMessageSize: {bytes} -> {MESSAGE_BYTES}: larger events would be lost"),
        });
    }
    let key = attributes.get("KmsMasterKeyId").map_or("", String::as_str);
    if key.ends_with("alias/aws/sqs") {
        obstacles.push(Obstacle {
            what: format!("{queue} is encrypted with {key}, which {} cannot use", sender.service),
            fix: "encrypt it with SQS's own keys (SqsManagedSseEnabled), or with a key of yours whose policy allows that \
                  service kms:GenerateDataKey and kms:Decrypt"
                .to_owned(),
        });
    }
    (set, obstacles)
}

/// A key of the operator's, which has a policy of its own.
pub(super) fn own_key(attributes: &BTreeMap<String, String>) -> Option<&str> {
    let key = attributes.get("KmsMasterKeyId").map(String::as_str);
    key.filter(|key| !key.is_empty() && !key.ends_with("alias/aws/sqs"))
}

/// Statements of others that may forbid what ours allows, by the names they have.
pub(super) fn may_forbid(attributes: &BTreeMap<String, String>, sender: &Sender) -> Vec<String> {
    let queue = attributes.get("QueueArn").map_or("", String::as_str);
    let written = attributes
        .get("Policy")
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    let statements = written.map(|policy| match &policy["Statement"] {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    });
    let perhaps = statements
        .into_iter()
        .flatten()
        .filter(|statement| sender.is_denied_by(statement, queue) == Denied::Perhaps);
    perhaps.map(|statement| named(&statement)).collect()
}

/// As people find it.
fn named(statement: &Value) -> String {
    statement["Sid"]
        .as_str()
        .map_or_else(|| "without a Sid".to_owned(), str::to_owned)
}

/// The policy with our statement, unless somebody's lets it send already.
fn policy(written: Option<&str>, ours: Ours<'_>, queue: &str) -> Result<Option<Attribute>, Obstacle> {
    let Ours { sender, sid, .. } = ours;
    let unreadable = || Obstacle {
        what: format!("the policy of {queue} cannot be read, so nothing can be put beside what it says"),
        fix: "look at it with `aws sqs get-queue-attributes --attribute-names Policy`".to_owned(),
    };
    let mut policy: Value = match written.filter(|text| !text.is_empty()) {
        Some(text) => serde_json::from_str(text).map_err(|_| unreadable())?,
        None => json!({ "Version": "2012-10-17", "Statement": [] }),
    };
    let field = policy.get_mut("Statement").ok_or_else(unreadable)?;
    // IAM takes a single one without its list.
    if field.is_object() {
        *field = json!([field.take()]);
    }
    let statements = field.as_array_mut().ok_or_else(unreadable)?;
    let denies = statements
        .iter()
        .find(|statement| sender.is_denied_by(statement, queue) == Denied::Yes);
    if let Some(statement) = denies {
        return Err(Obstacle {
            what: format!(
                "the policy of {queue} forbids {} to send, whatever else it allows (statement {})",
                sender.service,
                named(statement)
            ),
            fix: "take that statement out, or except this service and source from it".to_owned(),
        });
    }
    if statements
        .iter()
        .any(|statement| sender.is_allowed_by(statement, queue))
    {
        return Ok(None);
    }
    let statement = sender.statement(sid, queue);
    match statements.iter_mut().find(|statement| statement["Sid"] == sid) {
        Some(old) if ours.replace || Sender::is_of_ours(old, queue, ours.sources) => *old = statement,
        Some(old) => {
            return Err(Obstacle {
                what: format!(
                    "a statement {sid} is in the policy of {queue} already and says something else: {old}"
                ),
                fix: "name yours otherwise (--id NAME); if that one is yours and may go, --replace"
                    .to_owned(),
            });
        }
        None => statements.push(statement),
    }
    Ok(Some(Attribute {
        name: "Policy",
        value: policy.to_string(),
        change: format!(
            "Policy: statement {sid}: {} may send for {}",
            sender.service, sender.source
        ),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: &str = "arn:aws:sqs:eu-central-1:123456789012:minilab-events";

    fn sender() -> Sender {
        Sender {
            service: "s3.amazonaws.com",
            source: "arn:aws:s3:::acme-uploads".to_owned(),
            account: None,
        }
    }

    fn looked_at(attributes: &[(&str, &str)]) -> (Vec<Attribute>, Vec<Obstacle>) {
        looked_at_to(attributes, false)
    }

    fn looked_at_to(attributes: &[(&str, &str)], replace: bool) -> (Vec<Attribute>, Vec<Obstacle>) {
        let arn = [("QueueArn", QUEUE)];
        let attributes = arn.iter().chain(attributes);
        let attributes = attributes.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let sender = sender();
        let ours = Ours {
            sender: &sender,
            sid: "Minilab",
            sources: &[
                &sender.source,
                "arn:aws:events:eu-central-1:123456789012:rule/minilab",
            ],
            replace,
        };
        missing(&attributes.collect(), ours)
    }

    #[test]
    fn statements_of_others_stay_as_they_are() {
        let theirs = json!({ "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": QUEUE,
            "Condition": { "Bool": { "aws:SecureTransport": "false" } } });
        let old = Sender {
            service: "events.amazonaws.com",
            source: "arn:aws:events:eu-central-1:123456789012:rule/minilab".to_owned(),
            account: None,
        };
        let old = old.statement("Minilab", QUEUE);
        let written = json!({ "Version": "2008-10-17", "Id": "x", "Statement": [theirs, old] }).to_string();
        let (set, obstacles) = looked_at(&[("Policy", &written)]);
        assert!(obstacles.is_empty(), "{obstacles:?}");
        let merged: Value = serde_json::from_str(&set[0].value).unwrap();
        let ours = sender().statement("Minilab", QUEUE);
        assert_eq!(
            merged,
            json!({ "Version": "2008-10-17", "Id": "x", "Statement": [theirs, ours] })
        );
        let again = looked_at(&[("Policy", &set[0].value)]);
        assert_eq!(again, (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_statement_of_our_name_that_is_not_ours_stays_unless_it_is_to_be_replaced() {
        let ours = sender().statement("Minilab", QUEUE);
        let of_another_bucket = Sender {
            source: "arn:aws:s3:::other".to_owned(),
            ..sender()
        };
        let mut of_a_person = ours.clone();
        of_a_person["Principal"] = json!({ "AWS": "arn:aws:iam::123456789012:user/ann" });
        for theirs in [of_another_bucket.statement("Minilab", QUEUE), of_a_person] {
            let written = json!({ "Version": "2012-10-17", "Statement": [theirs] }).to_string();
            let (set, obstacles) = looked_at(&[("Policy", &written)]);
            assert!(set.is_empty(), "{set:?}");
            assert!(obstacles[0].what.contains("says something else"), "{obstacles:?}");
            let (set, obstacles) = looked_at_to(&[("Policy", &written)], true);
            assert!(obstacles.is_empty(), "{obstacles:?}");
            let merged: Value = serde_json::from_str(&set[0].value).unwrap();
            assert_eq!(merged["Statement"], json!([ours]));
        }
    }

    #[test]
    fn a_denial_stands_in_the_way_of_whatever_is_allowed() {
        let denied = json!({ "Sid": "Closed", "Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*" });
        let written =
            json!({ "Version": "2012-10-17", "Statement": [sender().statement("Minilab", QUEUE), denied] });
        let (set, obstacles) = looked_at(&[("Policy", &written.to_string())]);
        assert!(
            set.is_empty() && obstacles[0].what.contains("statement Closed"),
            "{obstacles:?}"
        );
    }

    #[test]
    fn a_queue_without_a_policy_or_with_a_single_statement_gets_ours() {
        for written in [
            "",
            r#"{"Version":"2012-10-17","Statement":{"Sid":"One","Effect":"Deny"}}"#,
        ] {
            let (set, _) = looked_at(&[("Policy", written)]);
            assert_eq!(looked_at(&[("Policy", &set[0].value)]).0, Vec::new());
        }
        let (set, obstacles) = looked_at(&[("Policy", "no policy")]);
        assert!(
            set.is_empty() && obstacles[0].what.contains("cannot be read"),
            "{obstacles:?}"
        );
    }

    #[test]
    fn a_key_that_no_service_can_use_and_too_small_messages_are_told() {
        let (_, obstacles) = looked_at(&[("KmsMasterKeyId", "alias/aws/sqs")]);
        assert!(obstacles[0].fix.contains("SqsManagedSseEnabled"), "{obstacles:?}");
        let (_, obstacles) = looked_at(&[("KmsMasterKeyId", "alias/ours")]);
        assert!(obstacles.is_empty(), "{obstacles:?}");
        let sizes = |bytes| looked_at(&[("MaximumMessageSize", bytes)]).0.len();
        assert_eq!((sizes("1024"), sizes("65536")), (2, 1));
    }
}
