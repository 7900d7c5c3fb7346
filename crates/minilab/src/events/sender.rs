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

/// Whether a statement forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    No,
    Yes,
    /// It has conditions that are not understood here.
    Perhaps,
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
        statement["Effect"] == "Allow"
            && self.is_meant_by(statement, queue)
            && self.meets(&statement["Condition"])
    }

    /// Does somebody's statement forbid it, whatever others allow?
    pub(super) fn is_denied_by(&self, statement: &Value, queue: &str) -> Denied {
        if statement["Effect"] != "Deny" {
            return Denied::No;
        }
        // All but some: what is left out is not looked at here.
        let is_turned = ["NotPrincipal", "NotAction", "NotResource"]
            .iter()
            .any(|field| !statement[field].is_null());
        let condition = &statement["Condition"];
        if is_turned {
            Denied::Perhaps
        } else if !self.is_meant_by(statement, queue) || is_of_open_transport(condition) {
            Denied::No
        } else if self.meets(condition) {
            Denied::Yes
        } else {
            Denied::Perhaps
        }
    }

    /// Was our statement, or that of another way from the same bucket, written here before?
    pub(super) fn is_of_ours(statement: &Value, queue: &str, sources: &[&str]) -> bool {
        let condition = &statement["Condition"];
        let only = |field: &Value, keys: &[&str]| {
            field
                .as_object()
                .is_some_and(|fields| fields.keys().all(|key| keys.contains(&key.as_str())))
        };
        statement["Effect"] == "Allow"
            && statement["Action"] == "sqs:SendMessage"
            && statement["Resource"] == queue
            && only(&statement["Principal"], &["Service"])
            && only(condition, &["ArnLike", "StringEquals"])
            && condition["ArnLike"]["aws:SourceArn"]
                .as_str()
                .is_some_and(|source| sources.contains(&source))
    }

    /// Is it about somebody who is it, about sending, and about the queue?
    fn is_meant_by(&self, statement: &Value, queue: &str) -> bool {
        let any = |field: &Value, meets: &dyn Fn(&str) -> bool| match field {
            Value::Array(all) => all.iter().filter_map(Value::as_str).any(meets),
            one => one.as_str().is_some_and(meets),
        };
        let principal = &statement["Principal"];
        let is_us = principal == "*"
            || any(&principal["AWS"], &|who| who == "*")
            || any(&principal["Service"], &|who| who == self.service);
        let sends = |action: &str| matches(&action.to_ascii_lowercase(), "sqs:sendmessage");
        is_us
            && any(&statement["Action"], &sends)
            && any(&statement["Resource"], &|resource| matches(resource, queue))
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

/// "Nobody without TLS": services of AWS always use it.
fn is_of_open_transport(condition: &Value) -> bool {
    let is_false = |value: &Value| value == "false" || value == false || *value == json!(["false"]);
    let secure = &condition["Bool"]["aws:SecureTransport"];
    is_false(secure)
        && condition
            .as_object()
            .is_some_and(|operators| operators.len() == 1)
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

    #[test]
    fn a_denial_counts_where_it_means_the_sender_and_perhaps_where_nobody_can_tell() {
        let with = |fields: Value| {
            let mut statement =
                json!({ "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": QUEUE });
            for (name, value) in fields.as_object().unwrap() {
                statement[name] = value.clone();
            }
            bucket().is_denied_by(&statement, QUEUE)
        };
        let open = json!({ "Bool": { "aws:SecureTransport": "false" } });
        let foreign = json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } });
        let of_us = json!({ "ArnLike": { "aws:SourceArn": "arn:aws:s3:::acme-*" } });
        for (fields, expected) in [
            (json!({}), Denied::Yes),
            (json!({ "Action": "sqs:Send*" }), Denied::Yes),
            (json!({ "Condition": of_us }), Denied::Yes),
            (json!({ "Condition": open }), Denied::No),
            (json!({ "Effect": "Allow" }), Denied::No),
            (json!({ "Action": "sqs:DeleteQueue" }), Denied::No),
            (
                json!({ "Principal": { "AWS": "arn:aws:iam::123456789012:root" } }),
                Denied::No,
            ),
            (json!({ "Condition": foreign }), Denied::Perhaps),
            (
                json!({ "Principal": null, "NotPrincipal": { "Service": "s3.amazonaws.com" } }),
                Denied::Perhaps,
            ),
        ] {
            assert_eq!(with(fields.clone()), expected, "{fields}");
        }
    }
}
