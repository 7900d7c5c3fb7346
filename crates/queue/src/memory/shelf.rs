//! One queue's messages, waiting and leased, with the coalescing rules. No clock, no locks: time comes in as an argument.
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{CoalescingKey, Depth};

#[derive(Debug)]
pub(super) struct Message {
    pub payload: Bytes,
    pub key: Option<CoalescingKey>,
    pub redelivered: bool,
    /// Why it is a dead letter.
    pub reason: Option<String>,
}

/// When a waiting message is due, then its id: the order in which messages are handed out.
type Slot = (Instant, u64);

#[derive(Debug, Default)]
pub(super) struct Shelf {
    waiting: BTreeMap<Slot, Message>,
    waiting_keys: HashMap<CoalescingKey, BTreeSet<Slot>>,
    /// By the number of the lease.
    leased: HashMap<u64, Leased>,
    /// At most one message of a key is leased at a time.
    leased_keys: HashSet<CoalescingKey>,
}

#[derive(Debug)]
struct Leased {
    id: u64,
    message: Message,
    until: Instant,
}

impl Shelf {
    /// Takes a message that was sent: a waiting one with its key absorbs it.
    pub fn add(&mut self, id: u64, due: Instant, message: Message) {
        let first = message
            .key
            .as_ref()
            .and_then(|key| self.waiting_keys.get(key)?.first().copied());
        match first {
            None => self.put_back(id, due, message),
            Some(slot) if due < slot.0 => {
                let waiting = self.remove(slot);
                self.put_back(slot.1, due, waiting);
            }
            Some(_) => {}
        }
    }

    /// Puts a message among the waiting, as one of its own.
    pub fn put_back(&mut self, id: u64, due: Instant, message: Message) {
        if let Some(key) = &message.key {
            self.waiting_keys
                .entry(key.clone())
                .or_default()
                .insert((due, id));
        }
        self.waiting.insert((due, id), message);
    }

    fn remove(&mut self, slot: Slot) -> Message {
        let message = self.waiting.remove(&slot).expect("slots name waiting messages");
        if let Some(key) = &message.key {
            let slots = self
                .waiting_keys
                .get_mut(key)
                .expect("keys of waiting messages are indexed");
            slots.remove(&slot);
            if slots.is_empty() {
                self.waiting_keys.remove(key);
            }
        }
        message
    }

    fn is_held_back(&self, message: &Message) -> bool {
        message
            .key
            .as_ref()
            .is_some_and(|key| self.leased_keys.contains(key))
    }

    /// Leases the next message that is due.
    pub fn lease(&mut self, lease: u64, now: Instant, until: Instant) -> Option<&Message> {
        let due = self.waiting.range(..=(now, u64::MAX));
        let slot = *due
            .into_iter()
            .find(|(_, message)| !self.is_held_back(message))?
            .0;
        let message = self.remove(slot);
        self.leased_keys.extend(message.key.clone());
        let leased = self.leased.entry(lease).insert_entry(Leased {
            id: slot.1,
            message,
            until,
        });
        Some(&leased.into_mut().message)
    }

    /// Is this lease still held?
    pub fn holds(&self, lease: u64) -> bool {
        self.leased.contains_key(&lease)
    }

    /// Moves the end of a lease that is held.
    pub fn extend(&mut self, lease: u64, until: Instant) {
        self.leased.get_mut(&lease).expect("the lease is held").until = until;
    }

    /// Takes a message out of a lease that is held.
    pub fn take(&mut self, lease: u64) -> (u64, Message) {
        let Leased { id, message, .. } = self.leased.remove(&lease).expect("the lease is held");
        if let Some(key) = &message.key {
            self.leased_keys.remove(key);
        }
        (id, message)
    }

    /// Ends the leases that have run out.
    pub fn expire(&mut self, now: Instant) {
        let over: Vec<_> = self
            .leased
            .iter()
            .filter(|(_, l)| l.until <= now)
            .map(|(&n, l)| (n, l.until))
            .collect();
        for (lease, until) in over {
            let (id, message) = self.take(lease);
            self.put_back(
                id,
                until,
                Message {
                    redelivered: true,
                    ..message
                },
            );
        }
    }

    /// When something becomes due by itself.
    pub fn next_change(&self, now: Instant) -> Option<Instant> {
        let due = self
            .waiting
            .range((now, u64::MAX)..)
            .next()
            .map(|(slot, _)| slot.0);
        let lease_end = self.leased.values().map(|leased| leased.until).min();
        due.into_iter().chain(lease_end).min()
    }

    /// Counts all.
    pub fn depth(&self, now: Instant) -> Depth {
        let due = self.waiting.range(..=(now, u64::MAX));
        let ready = due
            .into_iter()
            .filter(|(_, message)| !self.is_held_back(message))
            .count();
        Depth {
            ready: ready as u64,
            leased: Some(self.leased.len() as u64),
            delayed: Some((self.waiting.len() - ready) as u64),
        }
    }
}
