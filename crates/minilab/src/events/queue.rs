//! What must be set at the queue, so that somebody may send and what is sent fits in. Nothing of anybody else's is changed.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Obstacle, sender::Sender};

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

/// What is missing at a queue with these attributes.
pub(super) fn missing(
    attributes: &BTreeMap<String, String>,
    sender: &Sender,
    sid: &str,
) -> (Vec<Attribute>, Vec<Obstacle>) {
    let queue = attributes.get("QueueArn").map_or("", String::as_str);
    let mut set = Vec::new();
    let mut obstacles = Vec::new();
    match policy(attributes.get("Policy").map(String::as_str), sender, sid, queue) {
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

/// The policy with our statement, unless somebody's lets it send already.
fn policy(
    written: Option<&str>,
    sender: &Sender,
    sid: &str,
    queue: &str,
) -> Result<Option<Attribute>, Obstacle> {
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
    if statements
        .iter()
        .any(|statement| sender.is_allowed_by(statement, queue))
    {
        return Ok(None);
    }
    let ours = sender.statement(sid, queue);
    match statements.iter_mut().find(|statement| statement["Sid"] == sid) {
        Some(old) => *old = ours,
        None => statements.push(ours),
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
        let arn = [("QueueArn", QUEUE)];
        let attributes = arn.iter().chain(attributes);
        let attributes = attributes.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        missing(&attributes.collect(), &sender(), "Minilab")
    }

    #[test]
    fn statements_of_others_stay_as_they_are() {
        let theirs = json!({ "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": QUEUE,
            "Condition": { "Bool": { "aws:SecureTransport": "false" } } });
        let old = json!({ "Sid": "Minilab", "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "sqs:SendMessage", "Resource": QUEUE });
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
