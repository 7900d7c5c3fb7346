//! Who puts messages into the queue, and what its policy must say of that.
use serde_json::{Value, json};

/// A service of AWS, acting for one thing of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sender {
    /// `s3.amazonaws.com`.
    pub(super) service: &'static str,
    /// The bucket, topic or rule.
    pub(super) source: String,
    /// Who owns it, where that is known: names of buckets change hands.
    pub(super) account: Option<String>,
}

impl Sender {
    /// Our statement.
    pub(super) fn statement(&self, sid: &str, queue: &str) -> Value {
        let mut condition = json!({ "ArnLike": { "aws:SourceArn": self.source } });
        if let Some(account) = &self.account {
            condition["StringEquals"] = json!({ "aws:SourceAccount": account });
        }
        json!({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": { "Service": self.service },
            "Action": "sqs:SendMessage",
            "Resource": queue,
            "Condition": condition,
        })
    }

    /// Does somebody's statement let it send already? One with conditions that are not understood here does not count.
    pub(super) fn is_allowed_by(&self, statement: &Value, queue: &str) -> bool {
        let any = |field: &Value, meets: &dyn Fn(&str) -> bool| match field {
            Value::Array(all) => all.iter().filter_map(Value::as_str).any(meets),
            one => one.as_str().is_some_and(meets),
        };
        let principal = &statement["Principal"];
        let is_us = principal == "*"
            || any(&principal["AWS"], &|who| who == "*")
            || any(&principal["Service"], &|who| who == self.service);
        let sends = |action: &str| {
            let action = action.to_ascii_lowercase();
            matches!(action.as_str(), "*" | "sqs:*" | "sqs:sendmessage")
        };
        statement["Effect"] == "Allow"
            && is_us
            && any(&statement["Action"], &sends)
            && any(&statement["Resource"], &|resource| matches(resource, queue))
            && self.meets(&statement["Condition"])
    }

    fn meets(&self, condition: &Value) -> bool {
        let Some(operators) = condition.as_object() else {
            return condition.is_null();
        };
        let keys = operators.iter().flat_map(|(operator, keys)| {
            keys.as_object()
                .into_iter()
                .flatten()
                .map(move |key| (operator, key))
        });
        let mut conditions = keys.peekable();
        conditions.peek().is_some()
            && conditions.all(|(operator, (key, wanted))| {
                let has = match key.to_ascii_lowercase().as_str() {
                    "aws:sourcearn" => self.source.as_str(),
                    "aws:sourceaccount" => self.account.as_deref().unwrap_or_default(),
                    _ => return false,
                };
                let is_pattern = matches!(operator.as_str(), "ArnLike" | "ArnEquals" | "StringLike");
                let known = is_pattern || operator == "StringEquals";
                known
                    && wanted.as_str().is_some_and(|wanted| {
                        if is_pattern {
                            matches(wanted, has)
                        } else {
                            wanted == has
                        }
                    })
            })
    }
}

/// `*` is any text, `?` one character.
fn matches(pattern: &str, text: &str) -> bool {
    let mut chars = pattern.chars();
    match chars.next() {
        None => text.is_empty(),
        Some('*') => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| matches(chars.as_str(), &text[at..]))
        }
        Some(wanted) => {
            let mut found = text.chars();
            let same = found.next().is_some_and(|found| wanted == '?' || wanted == found);
            same && matches(chars.as_str(), found.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: &str = "arn:aws:sqs:eu-central-1:123456789012:minilab-events";

    fn bucket() -> Sender {
        Sender {
            service: "s3.amazonaws.com",
            source: "arn:aws:s3:::acme-uploads".to_owned(),
            account: Some("123456789012".to_owned()),
        }
    }

    #[test]
    fn our_own_statement_lets_it_send() {
        let statement = bucket().statement("Minilab", QUEUE);
        assert!(bucket().is_allowed_by(&statement, QUEUE));
        let other = Sender {
            source: "arn:aws:s3:::other".to_owned(),
            ..bucket()
        };
        assert!(!other.is_allowed_by(&statement, QUEUE));
        assert!(!bucket().is_allowed_by(&statement, "arn:aws:sqs:eu-central-1:123456789012:other"));
    }

    #[test]
    fn statements_of_others_count_if_they_are_understood() {
        let with = |field: &str, value: Value| {
            let mut statement = bucket().statement("Theirs", QUEUE);
            statement[field] = value;
            bucket().is_allowed_by(&statement, QUEUE)
        };
        assert!(with("Action", json!(["SQS:ReceiveMessage", "SQS:SendMessage"])));
        assert!(with("Principal", json!("*")));
        assert!(with(
            "Principal",
            json!({ "Service": ["sns.amazonaws.com", "s3.amazonaws.com"] })
        ));
        assert!(with("Resource", json!("arn:aws:sqs:*:123456789012:minilab-*")));
        assert!(with(
            "Condition",
            json!({ "ArnLike": { "aws:SourceArn": "arn:aws:s3:*:*:acme-*" } })
        ));
        assert!(with("Condition", Value::Null));
        assert!(!with("Effect", json!("Deny")));
        assert!(!with("Action", json!("sqs:ReceiveMessage")));
        assert!(!with("Principal", json!({ "Service": "sns.amazonaws.com" })));
        assert!(!with(
            "Condition",
            json!({ "Bool": { "aws:SecureTransport": "true" } })
        ));
        assert!(!with(
            "Condition",
            json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } })
        ));
    }
}
