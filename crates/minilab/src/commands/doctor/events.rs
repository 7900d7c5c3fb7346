//! Is the bucket of originals set up to tell of uploads?
use minilab_recipe::{Intake, Location, S3, SqsEvents};

use super::report::{Finding, Report};
use crate::{
    compose::{self, EventsQueue, Places},
    config::Config,
    events::{self, Obstacle, Seen, Via, Wanted, Way},
};

const CHECK: &str = "notifications";
const FIX: &str = "minilab events setup --config FILE";
/// A weekend, in seconds.
const RETENTION_MIN: u64 = 3 * 24 * 3600;
/// A message is out once more for every dispatcher that ends without settling it.
const RECEIVES_MIN: u64 = 3;

pub(super) async fn look(report: &mut Report, config: &Config, places: &Places) {
    let intakes = &config.document.intake;
    let told = |word: &str| Finding::skipped(CHECK, word);
    for intake in intakes {
        report.add(match (intake, &places.from) {
            (Intake::Sqs(events), Location::S3(bucket)) => {
                let wanted = events::wanted_by(&config.document);
                in_bucket(events, (bucket, &wanted), places).await
            }
            (Intake::Watch, _) => told("watch: the file system tells of changes"),
            (Intake::Poll { .. }, _) => told("poll: originals are listed again and again"),
            (intake, _) => told(&format!(
                "{}: whether the bucket sends there is set at its server and cannot be seen from here",
                intake.name()
            )),
        });
    }
    if intakes.is_empty() {
        report.add(told("the folder is watched"));
    }
}

async fn in_bucket(events: &SqsEvents, (bucket, wanted): (&S3, &[&'static str]), places: &Places) -> Finding {
    let looked = async {
        anyhow::Ok(Seen {
            attributes: EventsQueue::of(events, &places.queue).await?.read().await?,
            notifications: compose::notifying_bucket(bucket).await?.read().await?,
        })
    };
    match looked.await {
        Ok(seen) => judged(bucket, wanted, &seen),
        Err(error) => Finding::fail(CHECK, &error, FIX),
    }
}

/// Both ends of the way, and the queue itself, which may be somebody else's.
fn judged(bucket: &S3, events: &[&'static str], seen: &Seen) -> Finding {
    let queue = seen.queue();
    let Some(way) = Way::of(seen, &bucket.prefix) else {
        let missing = format!(
            "the bucket {} does not tell {queue} of uploads and deletions",
            bucket.bucket
        );
        return Finding::wrong(CHECK, missing, FIX);
    };
    let (told, via) = match way {
        Way::Direct(ids) => (format!("the bucket tells {queue} ({})", ids.join(", ")), Via::Sqs),
        Way::Topic(topic) => (
            format!(
                "the bucket tells the topic {topic}; whether that feeds {queue} cannot be seen from here"
            ),
            Via::Sns { topic },
        ),
        Way::EventBridge => (
            format!("the bucket tells EventBridge; whether a rule feeds {queue} cannot be seen from here"),
            Via::EventBridge,
        ),
    };
    let is_by_rule = via == Via::EventBridge;
    let wanted = Wanted {
        bucket: bucket.bucket.clone(),
        owner: bucket.expected_owner.clone(),
        prefix: bucket.prefix.clone(),
        events: events.to_vec(),
        via,
        id: "minilab".to_owned(),
        replace: false,
    };
    let (lacking, obstacles) = events::at_queue(&wanted, seen);
    // A rule may have any name, so a policy for it may look otherwise than ours would.
    let (of_rules, lacking): (Vec<_>, Vec<_>) = lacking
        .into_iter()
        .partition(|attribute| is_by_rule && attribute.name == "Policy");
    let lacking = lacking
        .iter()
        .map(|attribute| (format!("{queue} lacks {}", attribute.change), FIX.to_owned()));
    let obstacles = obstacles.into_iter().map(|Obstacle { what, fix }| (what, fix));
    let (whats, fixes): (Vec<_>, Vec<_>) = lacking.chain(obstacles).chain(unfit(seen)).unzip();
    if !whats.is_empty() {
        let mut fixes = fixes;
        fixes.dedup();
        return Finding::wrong(CHECK, format!("{told}; {}", whats.join("; ")), fixes.join("; "));
    }
    let doubts = of_rules.iter().map(|attribute| {
        format!(
            "that its policy lets a rule send cannot be seen for sure (ours would be: {})",
            attribute.change
        )
    });
    let doubts: Vec<_> = doubts
        .chain(events::unseen(&wanted, seen))
        .chain(poor(seen))
        .chain(untold(events, &wanted.via, seen))
        .collect();
    if doubts.is_empty() {
        Finding::ok(CHECK, told)
    } else {
        Finding::warn(CHECK, told, doubts.join("; "))
    }
}

/// What makes a queue of no use for events.
fn unfit(seen: &Seen) -> Option<(String, String)> {
    let is_fifo = seen
        .attributes
        .get("FifoQueue")
        .is_some_and(|fifo| fifo == "true");
    is_fifo.then(|| {
        let what = format!("{} keeps an order, and S3 tells no such queue", seen.queue());
        (what, "take a standard queue".to_owned())
    })
}

/// What is wanted beside uploads and deletions and comes by no entry; a rule's events cannot be seen from here.
fn untold(events: &[&str], via: &Via, seen: &Seen) -> Vec<String> {
    let told: Vec<_> = seen
        .notifications
        .entries
        .iter()
        .flat_map(|entry| &entry.events)
        .collect();
    let is_told = |event: &str| *via == Via::EventBridge || told.iter().any(|told| *told == event);
    let others = events
        .iter()
        .filter(|event| !events::EVENTS.contains(event) && !is_told(event));
    others
        .map(|event| format!("the bucket does not tell of {event}: changes are noticed when originals are looked at again ({FIX})"))
        .collect()
}

/// What makes it worse than it has to be.
fn poor(seen: &Seen) -> Vec<String> {
    let number = |name: &str| {
        seen.attributes
            .get(name)
            .and_then(|text| text.parse::<u64>().ok())
    };
    let receives = seen.attributes.get("RedrivePolicy").and_then(|text| {
        let policy: serde_json::Value = serde_json::from_str(text).ok()?;
        let count = &policy["maxReceiveCount"];
        count.as_u64().or_else(|| count.as_str()?.parse().ok())
    });
    [
        (
            number("DelaySeconds"),
            0..=0,
            "DelaySeconds",
            "every upload waits so long",
        ),
        (
            number("MessageRetentionPeriod"),
            RETENTION_MIN..=u64::MAX,
            "MessageRetentionPeriod",
            "a dispatcher that is away longer never hears of them",
        ),
        (
            receives,
            RECEIVES_MIN..=u64::MAX,
            "maxReceiveCount of RedrivePolicy",
            "a few restarts of dispatchers make dead letters of events",
        ),
    ]
    .into_iter()
    .filter_map(|(found, good, name, why)| {
        let found = found.filter(|found| !good.contains(found))?;
        Some(format!("{name} of the queue is {found}: {why}"))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use minilab_store::s3::notifications::{Entry, Kind, Notifications};

    use super::*;
    use crate::commands::doctor::report::Report;

    const QUEUE: &str = "arn:aws:sqs:eu-central-1:123456789012:uploads";

    fn bucket() -> S3 {
        let text = "version: 1\nfrom: { s3: { bucket: acme, prefix: in/ } }\nto: { folder: out }\nintake: [{ poll: { every: 5min } }]\n";
        let document = minilab_recipe::Document::parse("minilab.yaml", text, &|_| None).unwrap();
        match document.from {
            Location::S3(bucket) => bucket,
            Location::Folder(_) => panic!("it is a bucket"),
        }
    }

    /// As `events setup` leaves it.
    fn seen(more: &[(&str, &str)]) -> Seen {
        let attributes = [("QueueArn", QUEUE), ("MaximumMessageSize", "262144")];
        let mut seen = Seen {
            notifications: Notifications {
                entries: vec![Entry {
                    id: "theirs".to_owned(),
                    kind: Kind::Queue,
                    arn: QUEUE.to_owned(),
                    events: events::EVENTS.map(str::to_owned).to_vec(),
                    filters: Vec::new(),
                }],
                event_bridge: false,
            },
            attributes: attributes
                .iter()
                .chain(more)
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        };
        if !seen.attributes.contains_key("Policy") {
            let wanted = Wanted {
                bucket: "acme".to_owned(),
                owner: None,
                prefix: String::new(),
                events: events::EVENTS.to_vec(),
                via: Via::Sqs,
                id: "minilab".to_owned(),
                replace: false,
            };
            let (set, _) = events::at_queue(&wanted, &seen);
            let policy = set.into_iter().filter(|set| set.name == "Policy");
            seen.attributes
                .extend(policy.map(|set| (set.name.to_owned(), set.value)));
        }
        seen
    }

    fn told(seen: &Seen) -> (bool, String) {
        told_of(&events::EVENTS, seen)
    }

    fn told_of(events: &[&'static str], seen: &Seen) -> (bool, String) {
        let mut report = Report::default();
        report.add(judged(&bucket(), events, seen));
        (report.has_failed(), format!("{report:?}"))
    }

    #[test]
    fn changes_of_tags_that_nobody_tells_of_are_a_doubt() {
        let (failed, said) = told_of(
            &[&events::EVENTS[..], &["s3:ObjectTagging:*"]].concat(),
            &seen(&[]),
        );
        assert!(!failed && said.contains("s3:ObjectTagging:*"), "{said}");
    }

    #[test]
    fn a_way_is_judged_at_both_ends() {
        let (failed, said) = told(&seen(&[]));
        assert!(!failed && said.contains("Ok"), "{said}");
        let mut silent = seen(&[]);
        silent.notifications.entries.clear();
        let (failed, said) = told(&silent);
        assert!(failed && said.contains("does not tell"), "{said}");
        for (name, value, word) in [
            ("Policy", "", "s3.amazonaws.com may send"),
            ("KmsMasterKeyId", "alias/aws/sqs", "SqsManagedSseEnabled"),
            ("MaximumMessageSize", "1024", "larger events would be lost"),
            ("FifoQueue", "true", "standard queue"),
        ] {
            let (failed, said) = told(&seen(&[(name, value)]));
            assert!(failed && said.contains(word), "{name}: {said}");
        }
    }

    #[test]
    fn a_queue_of_somebody_else_may_be_poor() {
        for (name, value, word) in [
            ("DelaySeconds", "30", "DelaySeconds"),
            ("MessageRetentionPeriod", "3600", "MessageRetentionPeriod"),
            (
                "RedrivePolicy",
                r#"{"deadLetterTargetArn":"arn:x","maxReceiveCount":"1"}"#,
                "maxReceiveCount",
            ),
            ("KmsMasterKeyId", "alias/ours", "kms:GenerateDataKey"),
        ] {
            let (failed, said) = told(&seen(&[(name, value)]));
            assert!(
                !failed && said.contains("Warn") && said.contains(word),
                "{name}: {said}"
            );
        }
    }
}
