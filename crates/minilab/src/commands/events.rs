//! `minilab events setup`: lets the bucket of originals tell the queue of uploads, and leaves alone what others have set.
//!
//! Neither S3 nor SQS writes under a condition. So what is there is read just before, and again afterwards: if somebody else
//! has written in between, that is told.
use std::fmt::Write as _;

use anyhow::Result;
use minilab_recipe::{Document, Intake, Location, S3};
use minilab_store::s3::notifications::{Change, NotifyingBucket};
use serde_json::json;

use crate::{
    cli::{Events, SetUp, ViaName},
    compose::{self, EventsQueue, Places},
    config::Config,
    events::{self, Obstacle, Plan, Seen, Via, Wanted},
    exit::{Exit, Refusal},
    speech::{self, Form},
};

pub async fn run(what: &Events, form: Form) -> Result<Exit> {
    let Events::Setup(args) = what;
    let config = Config::read(&args.config)?;
    let places = Places::of(&config)?;
    let bucket = bucket(&places)?;
    let intake = config.document.intake.iter().find_map(|intake| match intake {
        Intake::Sqs(events) => Some(events),
        _ => None,
    });
    let Some(intake) = intake else {
        let sentence = "this configuration takes no events from SQS";
        return Err(Refusal::new(Exit::Config, sentence, "write intake: [sqs]").into());
    };
    let both = Both {
        bucket: compose::notifying_bucket(bucket).await?,
        queue: EventsQueue::of(intake, &places.queue).await?,
    };
    let wanted = wanted(args, &config.document, bucket);
    let seen = both.look().await?;
    let plan = events::plan(&wanted, &seen);
    let refused = !plan.obstacles.is_empty();
    if !args.dry_run && !refused && !plan.is_done() {
        both.change(&plan).await?;
        both.must_be_done(&wanted).await?;
    }
    let outcome = match (plan.is_done(), refused, args.dry_run) {
        (true, ..) => Outcome::IsDone,
        (_, true, _) => Outcome::Refused,
        (_, _, true) => Outcome::WouldChange,
        (_, _, false) => Outcome::Changed,
    };
    speech::result(
        form,
        || text(&wanted, &seen, &plan, outcome),
        || json_of(&seen, &plan, outcome),
    )?;
    Ok(match outcome {
        Outcome::IsDone | Outcome::Changed => Exit::Ok,
        Outcome::WouldChange => Exit::SomeFailed,
        Outcome::Refused => Exit::Config,
    })
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    IsDone,
    WouldChange,
    Changed,
    Refused,
}

impl Outcome {
    fn sentence(self) -> &'static str {
        match self {
            Self::IsDone => "everything is set up",
            Self::WouldChange => "this would be changed",
            Self::Changed => "this was changed, read again and found as it should be",
            Self::Refused => "nothing was changed: see what stands in the way",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::IsDone => "done",
            Self::WouldChange => "would_change",
            Self::Changed => "changed",
            Self::Refused => "refused",
        }
    }
}

struct Both {
    bucket: NotifyingBucket,
    queue: EventsQueue,
}

impl Both {
    async fn look(&self) -> Result<Seen> {
        Ok(Seen {
            attributes: self.queue.read().await?,
            notifications: self.bucket.read().await?,
        })
    }

    /// The queue first: S3 asks it whether it may send before it takes the configuration.
    async fn change(&self, plan: &Plan) -> Result<()> {
        let set: Vec<_> = plan
            .attributes
            .iter()
            .map(|set| (set.name, set.value.as_str()))
            .collect();
        if !set.is_empty() {
            self.queue.set(&set).await?;
        }
        if plan.changes_bucket() {
            self.bucket.write(&plan.next).await?;
        }
        Ok(())
    }

    async fn must_be_done(&self, wanted: &Wanted) -> Result<()> {
        if events::plan(wanted, &self.look().await?).is_done() {
            return Ok(());
        }
        let sentence =
            "what was written is not what is there now: somebody else writes, too, and the last one wins";
        let fix = "look with --dry-run, and run it again";
        Err(Refusal::new(Exit::Temporary, sentence, fix).into())
    }
}

fn bucket(places: &Places) -> Result<&S3> {
    match &places.from {
        Location::S3(bucket) => Ok(bucket),
        Location::Folder(_) => {
            let sentence = "originals are in a folder, which tells nobody of uploads";
            Err(Refusal::new(Exit::Config, sentence, "a folder is watched: leave `intake` out").into())
        }
    }
}

fn wanted(args: &SetUp, document: &Document, bucket: &S3) -> Wanted {
    Wanted {
        bucket: bucket.bucket.clone(),
        owner: bucket.expected_owner.clone(),
        prefix: bucket.prefix.clone(),
        events: events::wanted_by(document),
        via: match (args.via, &args.topic) {
            (ViaName::Sns, topic) => Via::Sns {
                topic: topic.clone().unwrap_or_default(),
            },
            (ViaName::Sqs, _) => Via::Sqs,
            (ViaName::EventBridge, _) => Via::EventBridge,
        },
        id: args.id.clone(),
        replace: args.replace,
    }
}

fn text(wanted: &Wanted, seen: &Seen, plan: &Plan, outcome: Outcome) -> String {
    let mut text = format!("bucket {} tells\n", wanted.bucket);
    for change in &plan.changes {
        let line = match change {
            Change::Stays(entry) => format!("  = {entry}"),
            Change::Comes(entry) => format!("  + {entry}"),
            Change::Goes(entry) => format!("  - {entry}"),
            Change::TellsEventBridge => "  + everything to EventBridge".to_owned(),
        };
        text += &line;
        text.push('\n');
    }
    text += &format!("queue {}\n", seen.queue());
    if plan.attributes.is_empty() {
        text += "  = as it is\n";
    }
    for attribute in &plan.attributes {
        // A String takes everything that is written to it.
        let _ = writeln!(text, "  + {}", attribute.change);
    }
    for Obstacle { what, fix } in &plan.obstacles {
        let _ = writeln!(text, "in the way: {what}\n  fix: {fix}");
    }
    for step in &plan.by_hand {
        let _ = writeln!(text, "by hand: {step}");
    }
    text + outcome.sentence()
}

fn json_of(seen: &Seen, plan: &Plan, outcome: Outcome) -> serde_json::Value {
    let changes = plan.changes.iter().map(|change| match change {
        Change::Stays(entry) => json!({ "stays": entry.to_string() }),
        Change::Comes(entry) => json!({ "comes": entry.to_string() }),
        Change::Goes(entry) => json!({ "goes": entry.to_string() }),
        Change::TellsEventBridge => json!({ "comes": "everything to EventBridge" }),
    });
    json!({
        "outcome": outcome.word(),
        "bucket": changes.collect::<Vec<_>>(),
        "queue": seen.queue(),
        "attributes": plan.attributes,
        "obstacles": plan.obstacles,
        "by_hand": plan.by_hand,
    })
}
