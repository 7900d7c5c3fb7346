//! A process that can be killed: all its calls go through here, and once it is dead none of them returns.
//!
//! Its tasks then wait for ever, which is what a killed process looks like from outside; what it had sent may still
//! arrive.
use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::FutureExt as _;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::{
    sim::Sim,
    weather::{Ending, Fate, Nature, Refusal},
};

/// One life of a process.
#[derive(Clone)]
pub struct Process {
    pub name: Arc<str>,
    pub sim: Arc<Sim>,
    dead: Arc<AtomicBool>,
}

/// A call, for traces and errors.
#[derive(Debug, Clone)]
pub struct Call {
    /// Which store, or the queue.
    pub far_end: &'static str,
    pub operation: &'static str,
    /// Key, or name of a queue, or a receipt.
    pub at: String,
    pub nature: Nature,
}

/// How errors of a port are made.
pub trait Failure: fmt::Debug + Send + 'static {
    /// Refused; nothing has happened.
    fn refused(call: &Call, how: Refusal) -> Self;
    /// Nobody knows what has happened.
    fn lost(call: &Call) -> Self;
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Process({})", self.name)
    }
}

impl Process {
    pub fn new(name: impl Into<Arc<str>>, sim: &Arc<Sim>) -> Self {
        Self {
            name: name.into(),
            sim: Arc::clone(sim),
            dead: Arc::default(),
        }
    }

    /// Kills it.
    pub fn kill(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    /// Returns at once, or never.
    pub async fn alive(&self) {
        if self.dead.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    /// Takes a while.
    pub async fn spend(&self, time: Duration) {
        self.alive().await;
        sleep(time).await;
        self.alive().await;
    }

    pub fn note(&self, what: String) {
        self.sim.trace.note(&self.name, what);
    }

    /// Makes a call as the weather has it. `effect` is what it does at the far end, perhaps after its sender has gone.
    pub async fn reach<T, E>(
        &self,
        call: Call,
        effect: impl Fn() -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: fmt::Debug + Send + 'static,
        E: Failure,
    {
        self.alive().await;
        let fate = self.sim.weather.fate(call.nature);
        if let Ending::Refused(how) = fate.ending {
            self.spend(fate.there).await;
            let error = E::refused(&call, how);
            self.note(format!("{call} refused ({how:?})"));
            return Err(error);
        }
        let told = self.send(call.clone(), fate, effect);
        let answer = match fate.ending {
            Ending::Late(patience) => timeout(patience, told).await.ok(),
            _ => Some(told.await),
        };
        self.spend(fate.back).await;
        match (fate.ending, answer) {
            (Ending::AnswerLost, _) => {
                self.note(format!("{call} answer lost"));
                Err(E::lost(&call))
            }
            (_, None) => {
                self.note(format!("{call} given up"));
                Err(E::lost(&call))
            }
            (_, Some(Ok(answer))) => answer,
            (_, Some(Err(_))) => unreachable!("what is waited for is answered"),
        }
    }

    fn send<T, E>(
        &self,
        call: Call,
        fate: Fate,
        effect: impl Fn() -> Result<T, E> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, E>>
    where
        T: fmt::Debug + Send + 'static,
        E: Failure,
    {
        let (tell, told) = oneshot::channel();
        let process = self.clone();
        tokio::spawn(async move {
            sleep(fate.there).await;
            let is_alone = tell.is_closed() || process.dead.load(Ordering::SeqCst);
            if is_alone && !(fate.outlives_sender && call.nature == Nature::Stray) {
                return;
            }
            let answer = effect();
            let ended = answer.as_ref().map_or_else(|_| "fails", |_| "done");
            let stray = if is_alone { ", its sender gone" } else { "" };
            process.note(format!("{call} {ended}{stray}"));
            let _ = tell.send(answer);
            if fate.ending == Ending::Doubled {
                sleep(process.sim.weather.echo()).await;
                let again = effect().map_or_else(|_| "fails", |_| "done");
                process.note(format!("{call} once more {again}"));
            }
        });
        told
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.operation, self.far_end, self.at)
    }
}

/// The answer of what never waits: the memory adapters, but for `receive`.
pub fn at_once<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().expect("memory answers at once")
}
