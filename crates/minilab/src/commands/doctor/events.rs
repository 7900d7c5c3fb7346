//! Is the bucket of originals set up to tell of uploads?
use minilab_recipe::{Intake, Location, S3, SqsEvents};
use minilab_store::s3::notifications::Kind;

use super::report::{Finding, Report};
use crate::{
    compose::{self, EventsQueue, Places},
    config::Config,
    events::EVENTS,
};

const CHECK: &str = "notifications";
const FIX: &str = "minilab events setup --config FILE";

pub(super) async fn look(report: &mut Report, config: &Config, places: &Places) {
    let intakes = &config.document.intake;
    let told = |word: &str| Finding::skipped(CHECK, word);
    for intake in intakes {
        report.add(match (intake, &places.from) {
            (Intake::Sqs(events), Location::S3(bucket)) => in_bucket(events, bucket, places).await,
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

async fn in_bucket(events: &SqsEvents, bucket: &S3, places: &Places) -> Finding {
    let looked = async {
        let queue = EventsQueue::of(events, &places.queue).await?.read().await?;
        let notifications = compose::notifying_bucket(bucket).await?.read().await?;
        anyhow::Ok((queue, notifications))
    };
    let (queue, notifications) = match looked.await {
        Ok(found) => found,
        Err(error) => return Finding::fail(CHECK, &error, FIX),
    };
    let queue = queue.get("QueueArn").map_or("", String::as_str);
    let tells = |kind: Kind, to: Option<&str>| {
        notifications.entries.iter().find(|entry| {
            entry.kind == kind
                && to.is_none_or(|arn| entry.arn == arn)
                && bucket.prefix.starts_with(entry.prefix())
                && entry.suffix().is_empty()
                && EVENTS[..2]
                    .iter()
                    .all(|event| entry.events.iter().any(|told| told == event))
        })
    };
    if let Some(entry) = tells(Kind::Queue, Some(queue)) {
        return Finding::ok(CHECK, format!("the bucket tells {queue} ({})", entry.id));
    }
    if let Some(entry) = tells(Kind::Topic, None) {
        let told = format!(
            "the bucket tells the topic {}; whether that feeds {queue} cannot be seen from here",
            entry.arn
        );
        return Finding::ok(CHECK, told);
    }
    if notifications.event_bridge {
        let told =
            format!("the bucket tells EventBridge; whether a rule feeds {queue} cannot be seen from here");
        return Finding::ok(CHECK, told);
    }
    let missing = format!(
        "the bucket {} does not tell {queue} of uploads and deletions",
        bucket.bucket
    );
    Finding::wrong(CHECK, missing, FIX)
}
