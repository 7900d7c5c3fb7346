//! The steps of a run, each with what it needs to know.
use minilab_record::Record;

use crate::world::{Proof, Put, Version};

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// 1: the record is read (the original is looked at, if that comes first).
    First,
    /// 2: the original is looked at (the record is read).
    Second(Known),
    /// 5: the original is read.
    Read(Base),
    /// 6: the first file that is missing is stored.
    Store(Base),
    /// 8: the record is swapped.
    Swap(Put),
    /// 9: the original is looked at again.
    LookAgain(Proof, Version),
    /// 10: projections are written from the newest record that is known.
    Project(Shown),
    /// 10: the record is read again, lest it moved on.
    Confirm(Shown),
    /// 10: the job is settled, its next lane being handed on. (One with nothing to hand on is settled with the step before:
    /// nobody can tell the two moments apart.)
    Settle,
}

/// A lane that is as it should be, while its record is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shown {
    /// The record as the lane left it.
    pub settled: Version,
    /// The record that is shown.
    pub newest: Version,
}

/// What was found out first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Known {
    Record(Option<Version>),
    Original(u8),
}

/// On what a lane is made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Base {
    pub record: Option<Version>,
    pub proof: Proof,
}

impl Base {
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref().map(|version| &*version.record)
    }

    /// Step 8 with that record.
    pub fn put(&self, next: Record) -> Step {
        Step::Swap(Put {
            replaces: self.record.as_ref().map(|version| version.etag),
            next: Version::new(next),
            proof: Some(self.proof),
        })
    }
}
