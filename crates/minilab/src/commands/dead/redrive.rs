//! `minilab dead redrive`: new jobs for what was given up.
use std::{num::NonZeroU32, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use futures::TryStreamExt as _;
use jiff::Timestamp;
use minilab_record::{FailureRecord, Failures};
use minilab_telemetry::Metrics;
use serde_json::json;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::letters::{Choice, Counts, Letter};
use crate::{
    cli::Redrive,
    compose::Backing,
    config::Config,
    exit::{Exit, Refusal},
    speech::{self, Form},
    units::count,
};

pub async fn run(args: &Redrive, form: Form) -> Result<Exit> {
    let choice = Choice::new(&args.which, Timestamp::now());
    if args.dry_run {
        let failures = super::failures(&args.config).await?;
        let mut would = Redriven::default();
        would.each(&choice, &failures, async |_| Ok(())).await?;
        would.tell(form, "would be sent")?;
        return Ok(Exit::Ok);
    }
    let backing = connect(args).await?;
    let sent = send(args, &choice, &backing, form).await;
    backing.queue.close().await;
    sent?.tell(form, "sent")?;
    Ok(Exit::Ok)
}

async fn connect(args: &Redrive) -> Result<Backing> {
    let config = Config::read(&args.config)?;
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION")));
    Backing::connect(&config, &metrics).await.map_err(|error| {
        let queue = error.downcast_ref::<minilab_queue::Error>();
        match queue {
            Some(minilab_queue::Error::Unusable { .. }) => {
                let fix = "a SQLite queue belongs to one process: stop `minilab standalone`, put the dead letters back, \
                           start it again";
                Refusal::new(Exit::Config, format!("{error:#}"), fix).into()
            }
            _ => error,
        }
    })
}

async fn send(args: &Redrive, choice: &Choice, backing: &Backing, form: Form) -> Result<Redriven> {
    // Workers of an earlier configuration leave the jobs to those of the one in force.
    let revision = backing.revision().await?.map_or(0, |current| current.revision);
    let jobs = minilab_dispatcher::Redrive::new(
        Arc::clone(&backing.document),
        revision,
        Arc::clone(&backing.queue),
    );
    let mut pace = args.rate.map(pace);
    let mut sent = Redriven::default();
    let put_back = async |failure: &FailureRecord| {
        if let Some(pace) = &mut pace {
            pace.tick().await;
        }
        jobs.put_back(failure, backing.clock.now()).await?;
        if form == Form::Json {
            let (key, lane, class) = (&failure.key, failure.lane, &failure.class);
            speech::result(
                form,
                String::new,
                || json!({ "redriven": key, "lane": lane, "class": class, "redrives": failure.redrives + 1 }),
            )?;
        }
        Ok(())
    };
    let ended = sent.each(choice, &backing.failures(), put_back).await;
    ended.with_context(|| format!("after {}", sent.jobs.told("job")))?;
    Ok(sent)
}

fn pace(per_second: NonZeroU32) -> Interval {
    let mut pace = interval(Duration::from_secs(1) / per_second.get());
    // A broker that was slow for a while is not flooded afterwards.
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

/// What became of the chosen.
#[derive(Debug, Default)]
struct Redriven {
    jobs: Counts,
    unreadable: usize,
}

impl Redriven {
    async fn each(
        &mut self,
        choice: &Choice,
        failures: &Failures,
        mut put_back: impl AsyncFnMut(&FailureRecord) -> Result<()>,
    ) -> Result<()> {
        let letters = choice.of(failures);
        let mut letters = std::pin::pin!(letters);
        while let Some(letter) = letters.try_next().await? {
            match letter {
                Letter::Failure(failure) => {
                    put_back(&failure).await?;
                    self.jobs.add(&failure.class);
                }
                Letter::Unreadable(_) => self.unreadable += 1,
            }
        }
        Ok(())
    }

    fn tell(&self, form: Form, did: &str) -> Result<()> {
        let text = || {
            let mut text = format!("{} {did}", self.jobs.told("job"));
            if self.jobs.total() > 0 {
                text += "; each failure record stays until its lane succeeds";
            }
            if self.unreadable > 0 {
                let messages = count(self.unreadable, "message");
                text += &format!("\n{messages} that no job can be made of left alone");
            }
            text
        };
        let value = || json!({ "jobs": self.jobs.total(), "classes": self.jobs.value(), "unreadable": self.unreadable });
        speech::result(form, text, value)?;
        Ok(())
    }
}
