//! What one target has not been given yet of one original, in order. A pure value; see [`crate::Outboxes`].
use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use minilab_protos::notification::{Kind, Notification};
use serde::{Deserialize, Serialize};

/// An outbox in which nothing waits is never longer, one in which something does always is: a listing tells.
pub const EMPTY_BYTES_MAX: usize = 256;
/// Most notifications in one outbox: more than an original is overwritten while a receiver is away for days.
const WAITING_MAX: usize = 256;
/// Most bytes of them: each look reads them all.
const WAITING_BYTES_MAX: usize = 256 * 1024;
/// Where what is told of the original as a whole is remembered; lanes have their names.
const WHOLE: &str = "original";

/// One target's share in one original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    /// Version of this form: 1.
    pub v: u32,
    /// Generation of the newest record that was noted here. What an older one says has been overtaken.
    pub generation: u64,
    /// Ids of what was noted last, by lane, and of the original as a whole: it is not noted again.
    pub told: BTreeMap<String, String>,
    /// What has not been taken yet, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Notification>,
    /// Why the first of them has not been taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// Who tells what waits. Nobody else does until it is over, so that nothing is told after what comes later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
}

/// A sender's claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Name of the process.
    pub by: String,
    /// When it ends, also if its holder has.
    pub until: Timestamp,
}

/// A receiver that did not take what it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// How often, since it last took something of this original.
    pub tries: u32,
    /// When it first did not.
    pub since: Timestamp,
    /// When it is told again; `None`: it is given up.
    pub next: Option<Timestamp>,
    /// What happened last.
    pub sentence: String,
}

/// What noting came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Appended {
    /// Notifications that wait now and did not before.
    pub added: u64,
    /// Notifications that were overtaken before they were taken, and given up for lack of room.
    pub dropped: u64,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            v: 1,
            generation: 0,
            told: BTreeMap::new(),
            waiting: Vec::new(),
            trouble: None,
            held: None,
        }
    }
}

impl Outbox {
    /// Notes what a record of this generation says, unless it was noted before or a newer record was.
    ///
    /// Whoever comes late, after a crash or behind another worker, so neither repeats nor contradicts what was noted.
    pub fn append(&mut self, generation: u64, sayings: &[Notification]) -> Appended {
        let mut appended = Appended::default();
        if generation < self.generation {
            return appended;
        }
        self.generation = generation;
        for said in sayings {
            let slot = slot(said);
            if self.told.get(slot) == Some(&said.id) {
                continue;
            }
            if said.kind == Kind::Deleted {
                self.told.clear();
            }
            self.told.insert(slot.to_owned(), said.id.clone());
            self.waiting.push(said.clone());
            appended.added += 1;
        }
        appended.dropped = self.make_room();
        appended
    }

    /// Notes once more what a record of this generation says, also what was taken long ago. Answers how much that is; nothing
    /// where a newer record was noted.
    pub fn append_again(&mut self, generation: u64, sayings: &[Notification]) -> Appended {
        if generation < self.generation {
            return Appended::default();
        }
        self.waiting
            .retain(|waiting| sayings.iter().all(|said| said.id != waiting.id));
        self.told.clear();
        self.append(generation, sayings)
    }

    /// How long somebody else tells what waits; `None`: it may be told.
    pub fn held_for(&self, by: &str, now: Timestamp) -> Option<Duration> {
        let held = self.held.as_ref().filter(|held| held.by != by)?;
        Duration::try_from(held.until.duration_since(now))
            .ok()
            .filter(|left| !left.is_zero())
    }

    /// Whoever held it does no more.
    pub fn let_go(&mut self, by: &str) {
        self.held.take_if(|held| held.by == by);
    }

    /// These were taken.
    pub fn remove(&mut self, ids: &[String]) {
        self.waiting.retain(|waiting| !ids.contains(&waiting.id));
        if !ids.is_empty() || self.waiting.is_empty() {
            self.trouble = None;
        }
    }

    /// Gives up the oldest of those that a later one has overtaken, as long as there are too many. What is not overtaken is a
    /// handful: one for each lane, and one for the whole.
    fn make_room(&mut self) -> u64 {
        let lengths: Vec<usize> = self.waiting.iter().map(length).collect();
        let (mut count, mut bytes) = (lengths.len(), lengths.iter().sum::<usize>());
        let mut kept = Vec::with_capacity(count);
        for (index, (said, length)) in self.waiting.iter().zip(&lengths).enumerate() {
            let is_full = count > WAITING_MAX || bytes > WAITING_BYTES_MAX;
            if is_full && is_overtaken(said, &self.waiting[index + 1..]) {
                (count, bytes) = (count - 1, bytes - length);
            } else {
                kept.push(said.clone());
            }
        }
        self.waiting = kept;
        (lengths.len() - count) as u64
    }
}

/// What a notification is about: a later one of the same makes it history.
fn slot(said: &Notification) -> &str {
    match said.kind {
        Kind::Ready | Kind::Failed => said.data.lanes.first().map_or(WHOLE, String::as_str),
        Kind::Complete | Kind::Deleted => WHOLE,
    }
}

fn is_overtaken(said: &Notification, later: &[Notification]) -> bool {
    later
        .iter()
        .any(|later| later.kind == Kind::Deleted || slot(later) == slot(said))
}

fn length(said: &Notification) -> usize {
    serde_json::to_vec(said).map_or(0, |bytes| bytes.len())
}

#[cfg(test)]
mod tests;
