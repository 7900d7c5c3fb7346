//! A caller's wish, on its way to the writer and back.
use tokio::sync::{mpsc, oneshot};

use super::{
    lease_id::LeaseId,
    ledger::{Claimed, Ledger},
    writer::Command,
};
use crate::{Error, QueueName};

/// What the writer runs inside a transaction.
pub(super) trait Call: Send {
    /// For error messages.
    fn operation(&self) -> &'static str;

    /// Does the work. Run again, in a new transaction, when one it shared was rolled back.
    fn run(&mut self, ledger: &mut Ledger<'_>) -> rusqlite::Result<()>;

    /// Tells the caller, after the commit or the roll-back.
    fn answer(self: Box<Self>, outcome: Result<(), Error>);
}

pub(super) type Answer<T> = oneshot::Receiver<Result<T, Error>>;

/// A call whose answer may get lost without harm.
pub(super) struct Asked<F, T> {
    operation: &'static str,
    work: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<F, T> Asked<F, T>
where
    F: FnMut(&mut Ledger<'_>) -> rusqlite::Result<T> + Send,
    T: Send,
{
    pub fn new(operation: &'static str, work: F) -> (Self, Answer<T>) {
        let (reply, answer) = oneshot::channel();
        (
            Self {
                operation,
                work,
                result: None,
                reply,
            },
            answer,
        )
    }
}

impl<F, T> Call for Asked<F, T>
where
    F: FnMut(&mut Ledger<'_>) -> rusqlite::Result<T> + Send,
    T: Send,
{
    fn operation(&self) -> &'static str {
        self.operation
    }

    fn run(&mut self, ledger: &mut Ledger<'_>) -> rusqlite::Result<()> {
        self.result = Some((self.work)(ledger)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), Error>) {
        let Self { result, reply, .. } = *self;
        let answer = outcome.map(|()| result.expect("a call that succeeded has a result"));
        // A caller that was dropped has given up on the answer, not on the work.
        drop(reply.send(answer));
    }
}

/// `receive`: what it claims goes back at once when the caller turns out to be gone.
pub(super) struct Receive {
    queue: QueueName,
    max: usize,
    result: Option<Claimed>,
    reply: oneshot::Sender<Result<Parcel, Error>>,
    commands: mpsc::WeakSender<Command>,
}

impl Receive {
    pub fn new(queue: QueueName, max: usize, commands: &mpsc::Sender<Command>) -> (Self, Answer<Parcel>) {
        let (reply, answer) = oneshot::channel();
        (
            Self {
                queue,
                max,
                result: None,
                reply,
                commands: commands.downgrade(),
            },
            answer,
        )
    }
}

impl Call for Receive {
    fn operation(&self) -> &'static str {
        "receive"
    }

    fn run(&mut self, ledger: &mut Ledger<'_>) -> rusqlite::Result<()> {
        let max = if self.reply.is_closed() { 0 } else { self.max };
        self.result = Some(ledger.receive(&self.queue, max)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), Error>) {
        let Self {
            result,
            reply,
            commands,
            ..
        } = *self;
        let parcel = outcome.map(|()| {
            let claimed = result.expect("a call that succeeded has a result");
            Parcel {
                claimed: Some(claimed),
                commands,
            }
        });
        drop(reply.send(parcel));
    }
}

/// Claims on their way to the caller. Dropped unopened, it sends them back as if they had never been handed out.
pub(super) struct Parcel {
    claimed: Option<Claimed>,
    commands: mpsc::WeakSender<Command>,
}

impl Parcel {
    pub fn open(mut self) -> Claimed {
        self.claimed.take().expect("a parcel is opened once")
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        let claims = self
            .claimed
            .take()
            .map(|claimed| claimed.claims)
            .unwrap_or_default();
        let leases: Vec<LeaseId> = claims.iter().map(|claim| claim.lease).collect();
        if leases.is_empty() {
            return;
        }
        let (call, _nobody) = Asked::new("take back", move |ledger| {
            leases.iter().try_for_each(|lease| ledger.take_back(*lease))
        });
        if let Some(commands) = self.commands.upgrade() {
            // With no place free the leases end by themselves, which is all the contract asks.
            drop(commands.try_send(Command::Run(Box::new(call))));
        }
    }
}
