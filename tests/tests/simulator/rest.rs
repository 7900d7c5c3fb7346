//! The end of a run: the weather is calm, nothing happens any more, and all must be as the contract says.
use std::{collections::BTreeSet, time::Duration};

use futures::TryStreamExt as _;
use jiff::Timestamp;
use minilab_dispatcher::{Brake, Ended, Pass, Report};
use minilab_queue::{Clock as _, Queue as _, QueueName};
use minilab_record::{FailureRecord, Failures, named_keys};
use minilab_telemetry::{Finding, PassMode};
use tokio_util::sync::CancellationToken;

use crate::{
    converged, crew,
    process::{Process, at_once},
    remote_store::{RemoteStore, Role},
    run::Run,
    weather::{HANG, STRAY_MAX},
};

/// Longer than all waits between attempts together.
const IDLE_WITHIN: Duration = Duration::from_hours(6);
const QUEUES: [&str; 4] = ["fast", "standard", "bulk", "backfill"];

impl Run {
    /// Lets everything come to its end, and says what is not as it should be.
    pub async fn come_to_rest(&mut self) -> Result<(), String> {
        self.sim.weather.calm_down();
        // What strays, arrives.
        tokio::time::sleep(STRAY_MAX * 2).await;
        self.restart_all().await;
        self.idle().await?;
        self.redrive().await?;
        if !self.options.dispatches {
            // No event was lost, so no pass is needed.
            self.assert_converged("by its jobs alone")?;
        }
        let found = self.pass().await?;
        if !self.options.dispatches && found.enqueued > 0 {
            return Err(format!(
                "a pass finds work where there is none: {:?}",
                found.found
            ));
        }
        self.idle().await?;
        self.redrive().await?;
        let found = self.pass().await?;
        if found.count(Finding::Current) != found.seen {
            return Err(format!("a second pass still finds work: {:?}", found.found));
        }
        self.assert_converged("after a pass")?;
        self.stop_all().await?;
        self.sweep().await?;
        self.assert_converged("after a sweep")?;
        self.assert_swept()?;
        self.sim.ledger.verdict()
    }

    async fn stop_all(&mut self) -> Result<(), String> {
        let workers = self.workers.iter_mut().filter_map(Option::take);
        for process in workers.chain(self.dispatcher.take()) {
            let name = process.process.name.clone();
            if !process.stop().await {
                return Err(format!("{name} does not stop although nothing holds it"));
            }
        }
        Ok(())
    }

    /// What does not stop in time, because a call still hangs, is killed.
    async fn restart_all(&mut self) {
        let workers = self.workers.iter_mut().filter_map(Option::take);
        for process in workers.chain(self.dispatcher.take()) {
            self.crashes += u64::from(!process.stop().await);
        }
        let dispatches = std::mem::take(&mut self.options.dispatches);
        self.start_missing();
        self.options.dispatches = dispatches;
    }

    async fn idle(&self) -> Result<(), String> {
        let mut waited = Duration::ZERO;
        loop {
            let depths =
                QUEUES.map(|queue| at_once(self.sim.queue.depth(&QueueName::new(queue).unwrap())).unwrap());
            if depths.iter().all(|depth| depth.known() == 0) {
                return self.sim.ledger.verdict();
            }
            if waited > IDLE_WITHIN {
                return Err(format!("jobs do not end: {depths:?}"));
            }
            let pause = Duration::from_secs(if waited < Duration::from_mins(1) { 1 } else { 15 });
            tokio::time::sleep(pause).await;
            waited += pause;
        }
    }

    /// What was given up in bad weather is put back by an operator.
    async fn redrive(&self) -> Result<(), String> {
        let operator = Process::new("operator", &self.sim);
        let redrive = crew::redrive(&operator, &self.newest());
        for failure in self.given_up(&operator).await? {
            operator.note(format!("redrives {} of {}", failure.class, failure.key));
            let sent = redrive.put_back(&failure, self.sim.clock.now()).await;
            sent.map_err(|error| format!("a job cannot be put back in calm weather: {error}"))?;
        }
        self.idle().await?;
        match &self.given_up(&operator).await?[..] {
            [] => Ok(()),
            [failure, ..] => Err(format!("given up in calm weather: {failure:?}")),
        }
    }

    /// Failure records, once every dead letter is one.
    async fn given_up(&self, operator: &Process) -> Result<Vec<FailureRecord>, String> {
        let letters = crew::dead_letters(operator, &self.newest());
        let recorded = letters.run_once().await;
        recorded.map_err(|error| format!("dead letters cannot be recorded in calm weather: {error}"))?;
        let failures = Failures::new(RemoteStore::of(operator, Role::State));
        let failures: Result<Vec<_>, _> = failures.list().try_collect().await;
        let failures =
            failures.map_err(|error| format!("failures cannot be read in calm weather: {error}"))?;
        Ok(failures
            .into_iter()
            .filter(|failure| !failure.is_of_input())
            .collect())
    }

    async fn pass(&self) -> Result<Report, String> {
        let process = Process::new("last pass", &self.sim);
        let pass = Pass {
            mode: PassMode::Full,
            prefix: String::new(),
            brake: Brake::default().allowing_all(),
        };
        let reconcile = crew::reconcile(&process, &self.newest());
        let report = reconcile.run_once(&pass, &CancellationToken::new()).await;
        let report = report.map_err(|error| format!("a pass fails in calm weather: {error}"))?;
        process.note(format!("ends: {:?}", report.found));
        if report.ended == Ended::Complete {
            Ok(report)
        } else {
            Err(format!("a pass does not complete: {report:?}"))
        }
    }

    async fn sweep(&self) -> Result<(), String> {
        let process = Process::new("last sweep", &self.sim);
        let sweep = crew::sweep(&process, self.options.retain);
        // A write that hangs arrives long after its sender has given up.
        tokio::time::sleep(HANG).await;
        for _ in 0..2 {
            tokio::time::sleep(self.options.retain + Duration::from_secs(1)).await;
            let now = Timestamp::try_from(self.sim.clock.now()).unwrap();
            let report = sweep.run_full(now, &CancellationToken::new()).await;
            let report = report.map_err(|error| format!("a sweep fails in calm weather: {error}"))?;
            process.note(format!("ends: {report:?}"));
        }
        Ok(())
    }

    fn assert_converged(&self, when: &str) -> Result<(), String> {
        self.sim.ledger.audit();
        self.sim.ledger.verdict()?;
        let newest = self.newest();
        for key in self.options.keys {
            let text = self.originals.get(key).map(String::as_str);
            converged::check(&self.sim, &newest, key, text)
                .map_err(|complaint| format!("{key} is not as it should be {when}: {complaint}"))?;
        }
        Ok(())
    }

    /// Nothing is in its time of grace any more, and there are no files but those that are named.
    fn assert_swept(&self) -> Result<(), String> {
        for key in self.options.keys {
            let files = converged::files_of(&self.sim, key);
            let Some(record) = self.sim.ledger.record(key) else {
                if files.is_empty() {
                    continue;
                }
                return Err(format!("{key} has no record and files: {files:?}"));
            };
            if let Some(previous) = record.previous.first() {
                return Err(format!("{} is not swept", previous.key));
            }
            let named: BTreeSet<String> = named_keys(&record).into_iter().map(str::to_owned).collect();
            if files != named {
                return Err(format!(
                    "{key} has files that its record does not name: {files:?}"
                ));
            }
        }
        Ok(())
    }
}
