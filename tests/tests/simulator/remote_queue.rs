//! The queue as a process reaches it: in bad weather.
use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use minilab_protos::job::Job;
use minilab_queue::{
    Delivery, Depth, Disposition, Error, Limits, Memory, Outgoing, Queue, QueueName, Receipt, Settled,
};

use crate::{
    broken::Broken,
    process::{Call, Failure, Process, at_once},
    weather::{Nature, Refusal},
};

/// The broker at the far end of a process's calls.
#[derive(Debug)]
pub struct RemoteQueue {
    process: Process,
    inner: Arc<Memory>,
}

impl RemoteQueue {
    pub fn of(process: &Process) -> Arc<dyn Queue> {
        Arc::new(Self {
            process: process.clone(),
            inner: Arc::clone(&process.sim.queue),
        })
    }

    fn is(&self, broken: Broken) -> bool {
        self.process.sim.broken == Some(broken)
    }

    fn plain(&self, message: Outgoing) -> Outgoing {
        let coalesce = message.coalesce.filter(|_| self.process.sim.coalesces);
        Outgoing { coalesce, ..message }
    }

    /// A delivery that reached its process, or got lost on the way, or comes twice.
    fn arrived(&self, delivery: Delivery) -> Result<Option<Delivery>, Error> {
        let call = call("receive", told(&delivery), Nature::Prompt);
        let weather = &self.process.sim.weather;
        if delivery.redelivered && self.is(Broken::LeaseLoses) {
            at_once(self.inner.settle(&delivery.receipt, Disposition::Complete))?;
            return Ok(None);
        }
        if weather.strikes("delivery lost") {
            self.process.note(format!("{call} lost on the way"));
            return Err(Error::lost(&call));
        }
        if weather.strikes("delivered twice") {
            let copy = Outgoing::new(delivery.queue.clone(), delivery.payload.clone());
            at_once(self.inner.send(vec![copy]))?;
        }
        self.process.note(format!("{call}"));
        Ok(Some(delivery))
    }
}

#[async_trait]
impl Queue for RemoteQueue {
    fn limits(&self) -> Limits {
        Limits {
            coalesces: self.process.sim.coalesces,
            ..self.inner.limits()
        }
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        let messages: Vec<_> = messages.into_iter().map(|message| self.plain(message)).collect();
        let jobs: Vec<_> = messages.iter().map(|message| name(&message.payload)).collect();
        let send = move || at_once(inner.send(messages.clone()));
        self.process
            .reach(call("send", jobs.join(" "), Nature::Stray), send)
            .await
    }

    async fn receive(&self, queue: &QueueName, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        if self.process.sim.weather.strikes("receive failed") {
            let call = call("receive", queue.to_string(), Nature::Prompt);
            self.process.spend(wait.min(Duration::from_secs(1))).await;
            return Err(Error::lost(&call));
        }
        self.process.spend(Duration::from_millis(1)).await;
        let deliveries = self.inner.receive(queue, max, wait).await?;
        self.process.alive().await;
        let arrived: Result<Vec<_>, _> = deliveries.into_iter().map(|d| self.arrived(d)).collect();
        Ok(arrived?.into_iter().flatten().collect())
    }

    async fn extend(&self, receipt: &Receipt) -> Result<Settled, Error> {
        let (inner, at) = (Arc::clone(&self.inner), receipt.clone());
        let extend = move || at_once(inner.extend(&at));
        self.process
            .reach(call("extend", receipt.0.clone(), Nature::Stray), extend)
            .await
    }

    async fn settle(&self, receipt: &Receipt, mut disposition: Disposition) -> Result<Settled, Error> {
        let outcome = match &disposition {
            Disposition::Complete => "complete".to_owned(),
            Disposition::Retry { delay, .. } => format!("retry in {delay:?}"),
            Disposition::Release { delay } => format!("release for {delay:?}"),
            Disposition::Reject { reason, payload } => {
                self.process.sim.ledger.given_up(&key(payload), reason);
                format!("reject: {reason}")
            }
        };
        let returns = matches!(
            disposition,
            Disposition::Retry { .. } | Disposition::Release { .. }
        );
        if returns && self.is(Broken::ReleaseLoses) {
            disposition = Disposition::Complete;
        }
        let (inner, at) = (Arc::clone(&self.inner), receipt.clone());
        let settle = move || at_once(inner.settle(&at, disposition.clone()));
        let call = call("settle", format!("{} {outcome}", receipt.0), Nature::Stray);
        self.process.reach(call, settle).await
    }

    async fn depth(&self, queue: &QueueName) -> Result<Depth, Error> {
        let (inner, at) = (Arc::clone(&self.inner), queue.clone());
        let depth = move || at_once(inner.depth(&at));
        self.process
            .reach(call("depth", queue.to_string(), Nature::Prompt), depth)
            .await
    }
}

impl Failure for Error {
    fn refused(call: &Call, _how: Refusal) -> Self {
        Self::lost(call)
    }

    fn lost(call: &Call) -> Self {
        Self::Unavailable {
            queue: "queue".to_owned(),
            operation: call.operation,
            cause: "the simulator says so".into(),
        }
    }
}

fn call(operation: &'static str, at: String, nature: Nature) -> Call {
    Call {
        far_end: "queue",
        operation,
        at,
        nature,
    }
}

fn told(delivery: &Delivery) -> String {
    let again = if delivery.redelivered { " redelivered" } else { "" };
    format!("{} {}{again}", delivery.receipt.0, name(&delivery.payload))
}

/// A job without its id, which is another in every run.
fn name(payload: &[u8]) -> String {
    let job: Job = serde_json::from_slice(payload).expect("only jobs travel");
    let Job {
        key,
        lane,
        attempt,
        crashes,
        ambiguous,
        min_rev,
        ..
    } = job;
    let ambiguous = if ambiguous { " ambiguous" } else { "" };
    format!("[{key} {lane} r{min_rev} a{attempt} c{crashes}{ambiguous}]")
}

fn key(payload: &[u8]) -> String {
    let job: Job = serde_json::from_slice(payload).expect("only jobs travel");
    job.key
}
