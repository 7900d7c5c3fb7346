//! Topics of SNS that may push to the webhook.
use super::super::read::{Fields, Problems, list};
use super::super::scalar;
use super::super::tree::Tree;
use crate::diagnostic::Code;

/// What SNS may push to a webhook. Its messages are signed, so they need no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sns {
    /// Topics whose messages are taken and whose subscriptions are confirmed; at least one.
    pub topics: Vec<TopicArn>,
}

/// The name of a topic: `arn:aws:sns:REGION:ACCOUNT:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TopicArn(String);

/// Those of AWS that have topics of the public kind.
const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];
/// By AWS.
const NAME_LENGTH_MAX: usize = 256;
/// Each is an item of one line; more than this is a mistake.
const TOPICS_MAX: usize = 100;

impl TopicArn {
    /// Takes a name; `None` unless it fits the form above.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let parts: Vec<&str> = text.split(':').collect();
        let &["arn", partition, "sns", region, account, name] = parts.as_slice() else {
            return None;
        };
        let word = |text: &str, legal: fn(char) -> bool| !text.is_empty() && text.chars().all(legal);
        let fits = PARTITIONS.contains(&partition)
            && word(region, |c| {
                c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
            })
            && account.len() == 12
            && word(account, |c| c.is_ascii_digit())
            && name.len() <= NAME_LENGTH_MAX
            && word(name, |c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        fits.then_some(Self(text))
    }

    /// As SNS writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the topic is.
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// The domain of the part of AWS that it is in.
    pub fn domain(&self) -> &'static str {
        if self.part(1) == "aws-cn" {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        }
    }

    fn part(&self, at: usize) -> &str {
        self.0.split(':').nth(at).expect("a topic's name has six parts")
    }
}

pub(super) fn sns(tree: &Tree, problems: &Problems) -> Option<Sns> {
    let mut fields = Fields::open("sns", tree, problems)?;
    let topics = fields.require("topics", topics);
    fields.close();
    topics.map(|topics| Sns { topics })
}

fn topics(tree: &Tree, problems: &Problems) -> Option<Vec<TopicArn>> {
    let topics = list(tree, problems, topic)?;
    if (1..=TOPICS_MAX).contains(&topics.len()) {
        return Some(topics);
    }
    if !problems.is_noted(tree.span) {
        let help = format!("1 to {TOPICS_MAX} names, such as arn:aws:sns:eu-central-1:123456789012:uploads");
        let message = format!("{} topics are no list to take messages of", topics.len());
        problems.note(tree.span, Code::BadValue, message, Some(help));
    }
    None
}

fn topic(tree: &Tree, problems: &Problems) -> Option<TopicArn> {
    let text = scalar::text(tree, problems)?;
    let topic = TopicArn::new(text.as_str());
    if topic.is_none() {
        let help =
            "arn:aws:sns:REGION:ACCOUNT:NAME; topics of the kind FIFO cannot push over HTTPS".to_owned();
        let message = format!("{text:?} is no topic of SNS");
        problems.note(tree.span, Code::BadValue, message, Some(help));
    }
    topic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_tells_its_region_and_domain() {
        let topic = TopicArn::new("arn:aws:sns:eu-central-1:123456789012:uploads").unwrap();
        assert_eq!(
            (topic.region(), topic.domain()),
            ("eu-central-1", "amazonaws.com")
        );
        let topic = TopicArn::new("arn:aws-cn:sns:cn-north-1:123456789012:uploads").unwrap();
        assert_eq!(
            (topic.region(), topic.domain()),
            ("cn-north-1", "amazonaws.com.cn")
        );
    }

    #[test]
    fn what_names_no_topic_is_refused() {
        for wrong in [
            "",
            "uploads",
            "arn:aws:sqs:eu-central-1:123456789012:uploads",
            "arn:evil:sns:eu-central-1:123456789012:uploads",
            "arn:aws:sns::123456789012:uploads",
            "arn:aws:sns:eu.evil.com/:123456789012:uploads",
            "arn:aws:sns:eu-central-1:12345:uploads",
            "arn:aws:sns:eu-central-1:123456789012:",
            "arn:aws:sns:eu-central-1:123456789012:uploads.fifo",
            "arn:aws:sns:eu-central-1:123456789012:uploads:c9135db0",
        ] {
            assert_eq!(TopicArn::new(wrong), None, "{wrong}");
        }
    }
}
