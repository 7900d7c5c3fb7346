//! What becomes of a call: how long it takes, whether it fails, and whether it has its effect all the same.
use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::dice::Dice;

/// Longest time that an ordinary call takes.
const CALL_MAX: Duration = Duration::from_millis(120);
/// Stalls: longer than a lease, so that it is lost while the call waits.
const STALL_MAX: Duration = Duration::from_secs(100);
/// Now and then one lasts longer than any delivery is held.
pub const HANG: Duration = Duration::from_mins(25);
/// A write whose sender has given up arrives within this time.
pub const STRAY_MAX: Duration = Duration::from_mins(2);
/// How long a sender waits for such a write.
const PATIENCE_MAX: Duration = Duration::from_secs(20);

/// May a call have its effect after its sender has given up?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// It has no effect, or none later.
    Prompt,
    /// It may arrive late, or twice.
    Stray,
}

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As the far end answers.
    Answered,
    /// It fails and has no effect.
    Refused(Refusal),
    /// It has its effect and fails.
    AnswerLost,
    /// It has its effect, is answered, and has it once more.
    Doubled,
    /// Its sender gives up after this time; it has its effect later.
    Late(Duration),
}

/// How a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// An error that tells nothing.
    Reset,
    /// Nothing works at the far end.
    Away,
    /// Not for this caller.
    Denied,
    /// Somebody else is at it (409).
    Conflict,
}

/// What becomes of one call.
#[derive(Debug, Clone, Copy)]
pub struct Fate {
    /// Until it has its effect.
    pub there: Duration,
    /// Until the answer is back.
    pub back: Duration,
    /// How it ends.
    pub ending: Ending,
    /// Does it have its effect if its sender goes away first?
    pub outlives_sender: bool,
}

/// The same for a seed every time.
#[derive(Debug)]
pub struct Weather {
    dice: Dice,
    /// Of a thousand calls, so many have each kind of fault.
    rough: AtomicU64,
    hung: AtomicBool,
    hits: Mutex<BTreeMap<&'static str, u64>>,
    calls: AtomicU64,
}

impl Weather {
    /// Of a thousand calls, `rough` have each kind of fault.
    pub fn new(seed: u64, rough: u64) -> Self {
        Self {
            dice: Dice::new(seed, 1),
            rough: AtomicU64::new(rough),
            hung: AtomicBool::new(false),
            hits: Mutex::default(),
            calls: AtomicU64::new(0),
        }
    }

    /// From now on nothing fails.
    pub fn calm_down(&self) {
        self.rough.store(0, Ordering::SeqCst);
    }

    /// Does a fault of this kind strike now?
    pub fn strikes(&self, kind: &'static str) -> bool {
        let strikes = self.dice.roll(1000) < self.rough.load(Ordering::SeqCst);
        if strikes {
            self.hit(kind);
        }
        strikes
    }

    /// Numbers for what the weather decides.
    pub fn dice(&self) -> &Dice {
        &self.dice
    }

    /// Faults so far by kind, and calls.
    pub fn tally(&self) -> (BTreeMap<&'static str, u64>, u64) {
        (
            self.hits.lock().unwrap().clone(),
            self.calls.load(Ordering::SeqCst),
        )
    }

    /// What becomes of the next call.
    pub fn fate(&self, nature: Nature) -> Fate {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mut fate = Fate {
            there: self.dice.up_to(CALL_MAX),
            back: self.dice.up_to(CALL_MAX),
            ending: Ending::Answered,
            outlives_sender: self.dice.one_in(2),
        };
        if self.strikes("stalled before") {
            fate.there = self.stall();
        } else if self.strikes("stalled after") {
            fate.back = self.stall();
        }
        fate.ending = if self.strikes("refused") {
            Ending::Refused(self.refusal())
        } else if self.strikes("answer lost") {
            Ending::AnswerLost
        } else if nature == Nature::Stray && self.strikes("doubled") {
            Ending::Doubled
        } else if nature == Nature::Stray && self.strikes("late") {
            fate.there = self.dice.up_to(STRAY_MAX);
            fate.outlives_sender = true;
            Ending::Late(self.dice.up_to(PATIENCE_MAX))
        } else {
            Ending::Answered
        };
        fate
    }

    /// When the second effect of a doubled call comes.
    pub fn echo(&self) -> Duration {
        self.dice.up_to(STRAY_MAX)
    }

    fn refusal(&self) -> Refusal {
        match self.dice.roll(8) {
            0 => Refusal::Away,
            1 => Refusal::Denied,
            2 | 3 => Refusal::Conflict,
            _ => Refusal::Reset,
        }
    }

    /// At most one is longer than a delivery is held: a second one may be blamed on the original, as it should.
    fn stall(&self) -> Duration {
        if self.dice.one_in(40) && !self.hung.swap(true, Ordering::SeqCst) {
            self.hit("hung");
            return HANG;
        }
        self.dice.up_to(STALL_MAX)
    }

    fn hit(&self, kind: &'static str) {
        *self.hits.lock().unwrap().entry(kind).or_default() += 1;
    }
}
