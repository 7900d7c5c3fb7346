//! How a queue's attributes have to be, compared with how they are, in words and as the service takes them.
use std::{collections::BTreeSet, time::Duration};

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use super::{
    config::Config,
    message::RECEIVES_MAX,
    names,
    sender::{BATCH_BYTES_MAX, seconds},
};
use crate::{QueueName, dead_queue};

/// The longest that SQS keeps anything: a fleet may stand still over a long weekend, and longer.
const RETENTION: Duration = Duration::from_hours(14 * 24);
/// The longest poll: who asks without saying how long, as other programs may, asks seldom.
const WAIT: Duration = Duration::from_secs(20);
/// What S3 may tell in one message. Where less fits, it drops the event.
const EVENT_BYTES_MAX: usize = 64 * 1024;

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    Exactly(QueueAttributeName, u64),
    /// Bytes of a message.
    AtLeast(usize),
    /// Given up for the queue of this name after [`RECEIVES_MAX`] deliveries.
    DeadLettersTo(String),
    /// These queues may give up into this one. Others may have been let in, too.
    DeadLettersFrom {
        names: Vec<String>,
        /// Servers other than AWS keep this to themselves.
        may_hide: bool,
    },
}

/// An attribute as the service shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown(pub Option<String>);

/// What the ARNs of all queues of an account and region begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arns(String);

impl Arns {
    /// Of the queue that has this ARN.
    pub fn beside(arn: &str) -> Option<Self> {
        let (base, _) = arn.rsplit_once(':')?;
        Some(Self(base.to_owned()))
    }

    fn of(&self, name: &str) -> String {
        format!("{}:{name}", self.0)
    }
}

/// All of a queue's.
pub(super) fn wishes(queue: &QueueName, config: &Config) -> Vec<Wish> {
    use QueueAttributeName::{MessageRetentionPeriod, ReceiveMessageWaitTimeSeconds, VisibilityTimeout};
    let name_of = |wanted: &QueueName| {
        let mut all = names::all(&config.prefix);
        all.find(|(queue, _)| queue == wanted).map(|(_, name)| name)
    };
    let bytes = if queue.as_str() == "events" {
        EVENT_BYTES_MAX
    } else {
        BATCH_BYTES_MAX
    };
    let mut wishes = vec![
        Wish::Exactly(VisibilityTimeout, u64::from(seconds(config.lease).unsigned_abs())),
        Wish::Exactly(MessageRetentionPeriod, RETENTION.as_secs()),
        Wish::Exactly(ReceiveMessageWaitTimeSeconds, WAIT.as_secs()),
        Wish::AtLeast(bytes),
    ];
    if *queue == dead_queue() {
        let sources = names::all(&config.prefix).filter(|(queue, _)| *queue != dead_queue());
        wishes.push(Wish::DeadLettersFrom {
            names: sources.map(|(_, name)| name).collect(),
            may_hide: config.service.endpoint.is_some(),
        });
    } else {
        let dead = name_of(&dead_queue()).expect("it is one of all");
        wishes.push(Wish::DeadLettersTo(dead));
    }
    wishes
}

impl Wish {
    pub fn attribute(&self) -> QueueAttributeName {
        match self {
            Self::Exactly(attribute, _) => attribute.clone(),
            Self::AtLeast(_) => QueueAttributeName::MaximumMessageSize,
            Self::DeadLettersTo(_) => QueueAttributeName::RedrivePolicy,
            Self::DeadLettersFrom { .. } => QueueAttributeName::RedriveAllowPolicy,
        }
    }

    pub fn is_met(&self, shown: &Shown) -> bool {
        match self {
            Self::Exactly(_, wanted) => shown.number() == Some(*wanted),
            Self::AtLeast(wanted) => shown.number().is_some_and(|bytes| bytes >= *wanted as u64),
            Self::DeadLettersTo(dead) => shown.json().is_some_and(|policy| {
                let arn = policy["deadLetterTargetArn"].as_str().unwrap_or_default();
                names::of_arn(arn) == dead && number(&policy["maxReceiveCount"]) == Some(RECEIVES_MAX.into())
            }),
            Self::DeadLettersFrom { may_hide, .. } if shown.0.is_none() => *may_hide,
            Self::DeadLettersFrom { names, .. } => shown.json().is_some_and(|policy| {
                let sources = sources(&policy);
                let is_let_in = |name: &String| sources.iter().any(|arn| names::of_arn(arn) == name);
                policy["redrivePermission"] == "byQueue" && names.iter().all(is_let_in)
            }),
        }
    }

    /// What is wrong, with what would be right.
    pub fn complaint(&self, shown: &Shown) -> String {
        let is = match &shown.0 {
            Some(value) => format!("{} is {value}", self.attribute()),
            None => format!("{} is not set", self.attribute()),
        };
        match self {
            Self::Exactly(_, wanted) => format!("{is}, not {wanted}"),
            Self::AtLeast(wanted) => format!("{is}, at least {wanted} are needed"),
            Self::DeadLettersTo(dead) => format!("{is}, not {dead} after {RECEIVES_MAX} deliveries"),
            Self::DeadLettersFrom { names, .. } => format!("{is}, not byQueue for {}", names.join(", ")),
        }
    }

    /// As the service takes it; `None`: it takes ARNs that are not known yet.
    pub fn value(&self, shown: &Shown, arns: Option<&Arns>) -> Option<String> {
        match self {
            Self::Exactly(_, wanted) => Some(wanted.to_string()),
            Self::AtLeast(_) => Some(BATCH_BYTES_MAX.to_string()),
            Self::DeadLettersTo(dead) => {
                let policy =
                    json!({ "deadLetterTargetArn": arns?.of(dead), "maxReceiveCount": RECEIVES_MAX });
                Some(policy.to_string())
            }
            Self::DeadLettersFrom { names, .. } => {
                let arns = arns?;
                // Of those that others have let in, none is shut out.
                let mut all: BTreeSet<_> = shown
                    .json()
                    .as_ref()
                    .map(sources)
                    .unwrap_or_default()
                    .into_iter()
                    .collect();
                all.extend(names.iter().map(|name| arns.of(name)));
                let policy = json!({ "redrivePermission": "byQueue", "sourceQueueArns": all });
                Some(policy.to_string())
            }
        }
    }
}

impl Shown {
    fn number(&self) -> Option<u64> {
        self.0.as_ref()?.parse().ok()
    }

    fn json(&self) -> Option<Value> {
        serde_json::from_str(self.0.as_ref()?).ok()
    }
}

/// AWS shows some numbers as texts.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn sources(policy: &Value) -> Vec<String> {
    let arns = policy["sourceQueueArns"].as_array().into_iter().flatten();
    arns.filter_map(|arn| arn.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqs::Service;

    const BASE: &str = "arn:aws:sqs:eu-central-1:123456789012";

    fn all(queue: &str) -> Vec<Wish> {
        wishes(&QueueName::new(queue).unwrap(), &Config::at(Service::default()))
    }

    fn shown(text: &str) -> Shown {
        Shown(Some(text.to_owned()))
    }

    fn arns() -> Arns {
        Arns::beside(&format!("{BASE}:minilab-dead")).unwrap()
    }

    #[test]
    fn queues_are_made_like_this() {
        let told = |queue: &str| {
            let all = all(queue);
            let told = all.iter().map(|wish| {
                let value = wish.value(&Shown(None), Some(&arns())).unwrap();
                format!("{}={value}", wish.attribute())
            });
            told.collect::<Vec<_>>()
        };
        let plain = [
            "VisibilityTimeout=60",
            "MessageRetentionPeriod=1209600",
            "ReceiveMessageWaitTimeSeconds=20",
            "MaximumMessageSize=262144",
        ];
        for queue in ["fast", "standard", "bulk", "backfill", "notify", "events"] {
            let redrive = format!(
                r#"RedrivePolicy={{"deadLetterTargetArn":"{BASE}:minilab-dead","maxReceiveCount":20}}"#
            );
            assert_eq!(told(queue), [&plain[..], &[redrive.as_str()]].concat(), "{queue}");
        }
        let sources = [
            "events",
            "jobs-backfill",
            "jobs-bulk",
            "jobs-fast",
            "jobs-standard",
            "notify",
        ];
        let sources = sources
            .map(|name| format!(r#""{BASE}:minilab-{name}""#))
            .join(",");
        let allowed =
            format!(r#"RedriveAllowPolicy={{"redrivePermission":"byQueue","sourceQueueArns":[{sources}]}}"#);
        assert_eq!(told("dead"), [&plain[..], &[allowed.as_str()]].concat());
    }

    #[test]
    fn what_is_set_is_what_is_wanted() {
        for queue in ["fast", "events", "dead"] {
            for wish in all(queue) {
                let value = wish.value(&Shown(None), Some(&arns())).unwrap();
                assert!(wish.is_met(&shown(&value)), "{value}");
                assert!(!wish.is_met(&Shown(None)), "{wish:?}");
                assert!(!wish.is_met(&shown("0")), "{wish:?}");
                assert!(wish.complaint(&shown("0")).contains(" is 0, "), "{wish:?}");
            }
        }
    }

    #[test]
    fn more_than_is_wanted_is_well() {
        let events = Wish::AtLeast(EVENT_BYTES_MAX);
        assert!(all("events").contains(&events));
        assert!(events.is_met(&shown("1048576")) && !events.is_met(&shown("32768")));
        let dead = all("dead").pop().unwrap();
        let others = format!(r#"{{"redrivePermission":"byQueue","sourceQueueArns":["{BASE}:uploads"]}}"#);
        let value = dead.value(&shown(&others), Some(&arns())).unwrap();
        assert!(
            dead.is_met(&shown(&value)) && value.contains(":uploads"),
            "{value}"
        );
        assert!(!dead.is_met(&shown(r#"{"redrivePermission":"allowAll"}"#)));
    }

    #[test]
    fn counts_as_texts_are_counts() {
        let redrive = all("fast").pop().unwrap();
        let policy = |count: &str| {
            shown(&format!(
                r#"{{"deadLetterTargetArn":"{BASE}:minilab-dead","maxReceiveCount":{count}}}"#
            ))
        };
        assert!(redrive.is_met(&policy("20")) && redrive.is_met(&policy(r#""20""#)));
        assert_eq!(
            redrive.complaint(&policy("3")),
            format!(
                "RedrivePolicy is {}, not minilab-dead after 20 deliveries",
                policy("3").0.unwrap()
            )
        );
    }
}
