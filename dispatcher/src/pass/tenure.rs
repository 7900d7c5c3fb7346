//! Taking turns: one process at a time makes the passes of one kind, and notes how far it is.
use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use minilab_queue::Clock;
use minilab_record::objects::{self, Form};
use minilab_store::{ETag, Key, Store};
use minilab_telemetry::PassMode;
use tokio::time::Instant;
use ulid::Ulid;

use super::ledger::{Braked, Holder, LastPass, Ledger, Periods, UnderWay, Way, name};
use crate::{Error, reconcile::timestamp};

/// A holder whose ledger has not changed for so long is taken for dead: nine renewals missed. Measured by the clock of
/// whoever waits, so that clocks need not agree.
pub const LEASE: Duration = Duration::from_secs(90);
/// How often the holder renews, and with it notes how far it is.
pub const RENEW_EVERY: Duration = Duration::from_secs(10);
/// How often somebody who waits looks at the ledger.
pub const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Who else makes passes over the same stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sharing {
    /// Nobody, as a lock elsewhere makes sure: the turn is always ours, and a new process starts over with a full pass, for it
    /// cannot know what changed while nobody watched.
    #[default]
    Alone,
    /// Any number of processes, one at a time.
    Fleet,
}

/// One kind of pass, as one process sees it.
#[derive(Debug)]
pub struct Turns<W> {
    state: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    sharing: Sharing,
    who: Arc<str>,
    /// The version of the ledger that was seen last, and since when it has been the same.
    same: Option<(ETag, Instant)>,
    ledger: Ledger<W>,
}

/// What a process wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// This pass, now; `None`: whatever is due.
    pub now: Option<PassMode>,
    /// The configuration revision in force here.
    pub revision: u64,
    /// What is due when.
    pub periods: Periods,
}

/// The answer.
#[derive(Debug)]
pub enum Offer<W> {
    /// It is our turn.
    Ours(Box<Tenure<W>>),
    /// Nothing is due, or it is somebody else's turn: ask again after this time at the latest.
    Later(Duration),
}

/// How an end is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All that was found is done.
    Complete,
    /// The brake holds it.
    Braked {
        /// How many changes of one kind would have passed.
        limit: u64,
    },
}

impl<W: Way> Turns<W> {
    /// Looks at nothing yet.
    pub fn new(state: Arc<dyn Store>, clock: Arc<dyn Clock>, sharing: Sharing) -> Self {
        Self {
            state,
            clock,
            sharing,
            who: who().into(),
            same: None,
            ledger: Ledger::default(),
        }
    }

    /// Who else makes passes.
    pub(crate) fn sharing(&self) -> Sharing {
        self.sharing
    }

    /// What was seen last.
    pub fn ledger(&self) -> &Ledger<W> {
        &self.ledger
    }

    /// Reads the ledger.
    pub async fn look(&mut self) -> Result<&Ledger<W>, Error> {
        let found = objects::get::<Ledger<W>>(&*self.state, &object::<W>(), form::<W>()).await?;
        let (ledger, etag) = found.unzip();
        self.ledger = ledger.unwrap_or_default();
        self.same = match (self.same.take(), etag) {
            (Some((known, since)), Some(etag)) if known == etag => Some((etag, since)),
            (_, etag) => etag.map(|etag| (etag, Instant::now())),
        };
        Ok(&self.ledger)
    }

    /// Asks for a turn.
    pub async fn ask(&mut self, wanted: Wanted) -> Result<Offer<W>, Error> {
        self.look().await?;
        let now = timestamp(self.clock.now());
        let (mode, due) = match wanted.now {
            Some(mode) => (mode, now),
            None => self.ledger.due(wanted.periods, wanted.revision, now),
        };
        if let Some(pause) = Duration::try_from(due.duration_since(now))
            .ok()
            .filter(|pause| !pause.is_zero())
        {
            return Ok(Offer::Later(match self.sharing {
                Sharing::Alone => pause,
                Sharing::Fleet => pause.min(LOOK_EVERY),
            }));
        }
        // An older configuration would find changed what is right.
        if self.is_taken() || self.ledger.is_newer(wanted.revision) {
            return Ok(Offer::Later(LOOK_EVERY));
        }
        let taken = self.take(mode, wanted, now).await?;
        Ok(taken.map_or(Offer::Later(LOOK_EVERY), |tenure| Offer::Ours(Box::new(tenure))))
    }

    /// Has somebody else, who is alive for all we know, the turn?
    pub fn is_taken(&self) -> bool {
        let fresh = self
            .same
            .as_ref()
            .is_some_and(|(_, since)| since.elapsed() < LEASE);
        let theirs = |holder: &Holder| holder.name != *self.who;
        self.sharing == Sharing::Fleet && fresh && self.ledger.holder.as_ref().is_some_and(theirs)
    }

    /// Takes the turn over what was seen last. `None`: somebody else was faster.
    async fn take(&self, mode: PassMode, wanted: Wanted, now: Timestamp) -> Result<Option<Tenure<W>>, Error> {
        let left = match self.sharing {
            Sharing::Alone => None,
            Sharing::Fleet => self.ledger.left(wanted.periods, wanted.revision, now),
        };
        // One that reads everything sees all that the other would.
        let left = left.filter(|left| left.mode == PassMode::Full || left.mode == mode);
        let under_way = left
            .cloned()
            .unwrap_or_else(|| UnderWay::new(mode, wanted.revision, now));
        let next = Ledger {
            holder: Some(Holder {
                name: self.who.to_string(),
                renewed: now,
            }),
            under_way: Some(under_way.clone()),
            ..self.ledger.clone()
        };
        let etag = self.same.as_ref().map(|(etag, _)| etag);
        let written = objects::swap(&*self.state, &object::<W>(), etag, &next).await?;
        Ok(written.map(|etag| Tenure {
            stored: Some(Stored {
                state: Arc::clone(&self.state),
                clock: Arc::clone(&self.clock),
                who: Arc::clone(&self.who),
                ledger: next,
                etag,
            }),
            under_way,
            renewed: Instant::now(),
        }))
    }
}

/// Our turn, and how far we are.
#[derive(Debug)]
pub struct Tenure<W> {
    stored: Option<Stored<W>>,
    under_way: UnderWay<W>,
    renewed: Instant,
}

#[derive(Debug)]
struct Stored<W> {
    state: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    who: Arc<str>,
    ledger: Ledger<W>,
    etag: ETag,
}

/// Is it still our turn?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Yes.
    Ours,
    /// No: somebody took us for dead.
    Lost,
}

impl<W: Way> Tenure<W> {
    /// A pass that nobody else needs to know of: over a part, or without effect.
    pub fn untold(mode: PassMode, now: Timestamp) -> Self {
        Self {
            stored: None,
            under_way: UnderWay::new(mode, 0, now),
            renewed: Instant::now(),
        }
    }

    /// The pass to make or to go on with.
    pub fn under_way(&self) -> &UnderWay<W> {
        &self.under_way
    }

    /// What was known when the turn began.
    pub fn ledger(&self) -> Option<&Ledger<W>> {
        self.stored.as_ref().map(|stored| &stored.ledger)
    }

    /// The earlier of our clock and the store's, as the ledger shows it that was written a moment ago: a clock that is ahead
    /// must not end times of grace.
    pub async fn earlier(&mut self) -> Result<Timestamp, Error> {
        self.renew().await?;
        let Some(stored) = &self.stored else {
            return Ok(self.under_way.started);
        };
        let head = stored.state.head(&object::<W>()).await?;
        Ok(self.now().min(timestamp(head.modified)))
    }

    fn now(&self) -> Timestamp {
        let clock = self.stored.as_ref().map(|stored| &stored.clock);
        clock.map_or(self.under_way.started, |clock| timestamp(clock.now()))
    }

    /// When to renew at the latest.
    pub fn renewal(&self) -> Instant {
        self.renewed + RENEW_EVERY
    }

    /// Notes how far it is, in memory; the next renewal stores it.
    pub fn note(&mut self, way: W) {
        self.under_way.noted = self.now();
        self.under_way.way = way;
    }

    /// Stores what was noted, and keeps the turn.
    pub async fn renew(&mut self) -> Result<Turn, Error> {
        let now = self.now();
        self.renewed = Instant::now();
        let Some(stored) = &mut self.stored else {
            return Ok(Turn::Ours);
        };
        let holder = Holder {
            name: stored.who.to_string(),
            renewed: now,
        };
        stored.write_under_way(Some(holder), &self.under_way).await
    }

    /// Hands the turn back in the middle; whoever is next goes on from what was noted.
    pub async fn leave(&mut self) -> Result<Turn, Error> {
        match &mut self.stored {
            Some(stored) => stored.write_under_way(None, &self.under_way).await,
            None => Ok(Turn::Ours),
        }
    }

    /// Stores that the pass has ended, and hands the turn back.
    pub async fn end(&mut self, end: End, way: W) -> Result<Turn, Error> {
        let now = self.now();
        match &mut self.stored {
            Some(stored) => {
                let next = ended(&stored.ledger, &self.under_way, end, way.counts(), now);
                stored.write(next).await
            }
            None => Ok(Turn::Ours),
        }
    }
}

impl<W: Way> Stored<W> {
    async fn write_under_way(
        &mut self,
        holder: Option<Holder>,
        under_way: &UnderWay<W>,
    ) -> Result<Turn, Error> {
        let next = Ledger {
            holder,
            under_way: Some(under_way.clone()),
            ..self.ledger.clone()
        };
        self.write(next).await
    }

    async fn write(&mut self, next: Ledger<W>) -> Result<Turn, Error> {
        let object = object::<W>();
        if let Some(etag) = objects::swap(&*self.state, &object, Some(&self.etag), &next).await? {
            return Ok(self.wrote(next, etag));
        }
        // It may be an earlier write of our own whose answer was lost.
        let found = objects::get::<Ledger<W>>(&*self.state, &object, form::<W>()).await?;
        let Some((found, etag)) = found else {
            return Ok(Turn::Lost);
        };
        if found == next {
            return Ok(self.wrote(next, etag));
        }
        if found.holder.is_none_or(|holder| holder.name != *self.who) {
            return Ok(Turn::Lost);
        }
        let written = objects::swap(&*self.state, &object, Some(&etag), &next).await?;
        Ok(written.map_or(Turn::Lost, |etag| self.wrote(next, etag)))
    }

    fn wrote(&mut self, ledger: Ledger<W>, etag: ETag) -> Turn {
        self.ledger = ledger;
        self.etag = etag;
        Turn::Ours
    }
}

/// The ledger after a pass.
fn ended<W: Way>(before: &Ledger<W>, pass: &UnderWay<W>, end: End, counts: W, now: Timestamp) -> Ledger<W> {
    let last = LastPass {
        revision: pass.revision,
        started: pass.started,
        ended: now,
        complete: end == End::Complete,
        counts: counts.clone(),
    };
    let mut next = before.clone();
    next.holder = None;
    next.under_way = None;
    next.ended.insert(name(pass.mode).to_owned(), last);
    // An incremental pass does not see all that a full one was stopped for.
    let outranks = |braked: &Braked<W>| pass.mode == PassMode::Full || braked.mode == PassMode::Incremental;
    let before = next.braked.take();
    next.braked = match end {
        End::Braked { limit } => Some(Braked {
            mode: before.as_ref().map_or(
                pass.mode,
                |before| if outranks(before) { pass.mode } else { before.mode },
            ),
            since: before.map_or(now, |before| before.since),
            limit,
            counts,
        }),
        End::Complete => before.filter(|before| !outranks(before)),
    };
    next
}

fn object<W: Way>() -> Key {
    Key::new(W::OBJECT).expect("a constant within the limits")
}

fn form<W: Way>() -> Form {
    Form {
        what: W::WHAT,
        known: 1,
    }
}

/// Host and process, and a number that no other process ever has: in containers both are the same after a restart.
fn who() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = match host.trim() {
        "" => "a host without a name",
        host => host,
    };
    format!("{host}, process {}, {}", std::process::id(), Ulid::generate())
}
