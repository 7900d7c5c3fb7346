//! The end of a run: the weather is calm, nothing happens any more, and all must be as the contract says.
use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use minilab_dispatcher::{Brake, Ended, Pass, Report};
use minilab_protos::job::Job;
use minilab_queue::{Clock as _, Delivery, Disposition, Outgoing, Queue as _, QueueName, dead_queue};
use minilab_record::named_keys;
use minilab_telemetry::{Finding, PassMode};
use tokio_util::sync::CancellationToken;

use crate::{
    converged, crew,
    process::{Process, at_once},
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
        loop {
            let letters = self.dead_letters().await;
            if letters.is_empty() {
                break;
            }
            for letter in letters {
                self.put_back(&letter).await;
            }
        }
        self.idle().await?;
        match &self.dead_letters().await[..] {
            [] => Ok(()),
            [letter, ..] => Err(format!("given up in calm weather: {:?}", letter.reason)),
        }
    }

    async fn dead_letters(&self) -> Vec<Delivery> {
        let letters = self.sim.queue.receive(&dead_queue(), 64, Duration::ZERO).await;
        letters.unwrap()
    }

    async fn put_back(&self, letter: &Delivery) {
        let mut job: Job = serde_json::from_slice(&letter.payload).unwrap();
        let (reason, queue) = (letter.reason.as_deref().unwrap(), QueueName::new(&*job.lane));
        self.sim
            .trace
            .note("operator", format!("redrives {reason} of {}", job.key));
        job.redrives += 1;
        (job.attempt, job.crashes) = (0, 0);
        let payload = serde_json::to_vec(&job).unwrap();
        let again = Outgoing::new(queue.unwrap(), payload);
        self.sim.queue.send(vec![again]).await.unwrap();
        let settled = self.sim.queue.settle(&letter.receipt, Disposition::Complete);
        settled.await.unwrap();
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
