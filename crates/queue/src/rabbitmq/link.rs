//! One connection, kept: when it ends, for whatever reason, a new one is made.
//!
//! The driver's own recovery stays off, because it puts channels back whose deliveries are somebody else's by then.
use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::Duration,
};

use futures::StreamExt as _;
use lapin::{Connection, Event};
use tokio::{
    sync::watch,
    time::{Instant, interval, sleep},
};

use super::{config::Address, dial, failure::unavailable, topology::Plan};
use crate::{Declare, Error};

/// Some ends of a connection are not told as events; this is how often they are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const RECONNECT_FIRST: Duration = Duration::from_millis(250);
const RECONNECT_MAX: Duration = Duration::from_secs(30);

/// What a connection is for, and what it needs before it is used.
#[derive(Debug)]
pub(super) struct Purpose {
    pub address: Address,
    pub name: String,
    /// On the connection for publishing: the topology, and who makes it.
    pub topology: Option<(Plan, Declare)>,
}

impl Purpose {
    async fn open(&self) -> Result<Arc<Connection>, Error> {
        let connection = dial::open(&self.address, &self.name).await?;
        match &self.topology {
            None => {}
            Some((plan, Declare::Apply)) => plan.declare(&self.address, &connection).await?,
            Some((plan, Declare::Passive)) => plan.look(&self.address, &connection).await?,
        }
        Ok(Arc::new(connection))
    }
}

#[derive(Debug, Clone)]
enum State {
    Up(Arc<Connection>),
    /// The broker takes nothing now. It still delivers.
    Blocked(Arc<Connection>, Arc<str>),
    Down(Arc<str>),
}

/// Gives out the connection there is.
#[derive(Debug, Clone)]
pub(super) struct Link {
    address: Address,
    state: watch::Receiver<State>,
}

impl Link {
    /// Connects, and answers the link with what keeps it, to be run until the link is not needed any more.
    pub async fn start(purpose: Purpose) -> Result<(Self, impl Future<Output = ()> + Send + 'static), Error> {
        let connection = purpose.open().await?;
        let (sender, state) = watch::channel(State::Up(Arc::clone(&connection)));
        let link = Self {
            address: purpose.address.clone(),
            state,
        };
        Ok((link, keep(purpose, connection, sender)))
    }

    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The connection, to consume with it or ask: the broker answers also while it takes no messages.
    pub fn connection(&self, operation: &'static str) -> Result<Arc<Connection>, Error> {
        match &*self.state.borrow() {
            State::Up(connection) | State::Blocked(connection, _) => Ok(Arc::clone(connection)),
            State::Down(why) => Err(unavailable(&self.address, operation, &**why)),
        }
    }

    /// The connection, to publish on it.
    pub fn open_for(&self, operation: &'static str) -> Result<Arc<Connection>, Error> {
        match &*self.state.borrow() {
            State::Up(connection) => Ok(Arc::clone(connection)),
            State::Blocked(_, why) | State::Down(why) => Err(unavailable(&self.address, operation, &**why)),
        }
    }

    /// Returns when nothing can be published any more, with why.
    pub async fn refused(&self) -> Arc<str> {
        let mut state = self.state.clone();
        let refused = state.wait_for(|state| !matches!(state, State::Up(_))).await;
        match refused.as_deref() {
            Ok(State::Blocked(_, why) | State::Down(why)) => Arc::clone(why),
            Ok(State::Up(_)) | Err(_) => "the connection was closed".into(),
        }
    }
}

async fn keep(purpose: Purpose, mut connection: Arc<Connection>, state: watch::Sender<State>) {
    let mut backoff = Backoff::default();
    loop {
        let since = Instant::now();
        let why = until_it_ends(&connection, &state).await;
        tracing::warn!(broker = %purpose.address, connection = purpose.name, why, "lost the connection");
        state.send_replace(State::Down(why.into()));
        if since.elapsed() > RECONNECT_MAX {
            backoff = Backoff::default();
        }
        connection = loop {
            sleep(backoff.next()).await;
            match purpose.open().await {
                Ok(connection) => break connection,
                Err(error) => {
                    let why = chain(&error);
                    tracing::warn!(broker = %purpose.address, connection = purpose.name, why, "could not connect");
                    state.send_replace(State::Down(why.into()));
                }
            }
        };
        tracing::info!(broker = %purpose.address, connection = purpose.name, "connected again");
        state.send_replace(State::Up(Arc::clone(&connection)));
    }
}

async fn until_it_ends(connection: &Arc<Connection>, state: &watch::Sender<State>) -> String {
    let mut events = connection.events_listener();
    let mut looks = interval(LOOK_EVERY);
    let block = |reason: &str| {
        let why = format!("the broker takes no messages now: {reason}");
        tracing::warn!(why, "blocked");
        state.send_replace(State::Blocked(Arc::clone(connection), why.into()));
    };
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            _ = looks.tick() => None,
        };
        let told_open = matches!(*state.borrow(), State::Up(_));
        match event {
            Some(Event::ConnectionBlocked(reason)) => block(&reason),
            Some(Event::ConnectionUnblocked) => {
                tracing::info!("the broker takes messages again");
                state.send_replace(State::Up(Arc::clone(connection)));
            }
            Some(Event::Error(error)) if !connection.status().connected() => return error.to_string(),
            _ if !connection.status().connected() => return "the connection was closed".into(),
            // Said before anybody listened.
            _ if connection.status().blocked() && told_open => block("it did not say why"),
            // A channel's error, whose user is told, or nothing at all.
            _ => {}
        }
    }
}

/// An error with its causes, in one line.
fn chain(error: &Error) -> String {
    let mut told = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        told = format!("{told}: {cause}");
        source = cause.source();
    }
    told
}

/// Doubles up to the most, less a random part of up to a half, so that workers do not come back all at once.
#[derive(Debug)]
struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(RECONNECT_FIRST)
    }
}

impl Backoff {
    fn next(&mut self) -> Duration {
        let whole = self.0;
        self.0 = (whole * 2).min(RECONNECT_MAX);
        // A hasher with random keys is the randomness of the standard library.
        let part = RandomState::new().hash_one(()) as f64 / u64::MAX as f64;
        whole.mul_f64(1.0 - part / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reconnecting_slows_down_and_never_waits_longer_than_the_most() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..20).map(|_| backoff.next()).collect();
        assert!(waits[0] <= RECONNECT_FIRST && waits[0] >= RECONNECT_FIRST / 2);
        assert!(waits[19] <= RECONNECT_MAX && waits[19] >= RECONNECT_MAX / 2);
    }
}
