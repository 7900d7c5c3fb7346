//! The model: what the port's sentences say, with no regard to speed. Time is in seconds since the start.
use std::collections::HashSet;

use minilab_queue::Depth;

/// How many queues there are.
pub const QUEUES: usize = 3;
/// Nobody sends to it.
pub const DEAD: usize = 2;

/// A payload that no other message ever has.
pub type Content = u32;

#[derive(Debug, Clone)]
struct Message {
    content: Content,
    queue: usize,
    key: Option<u8>,
    due: u64,
    /// Orders messages that are due at the same time.
    age: u32,
    lease: Option<Lease>,
    redelivered: bool,
}

#[derive(Debug, Clone, Copy)]
struct Lease {
    handout: usize,
    until: u64,
}

/// What settling does to the message.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    Complete,
    Retry { content: Content, delay: u64 },
    Release { delay: u64 },
    Reject { content: Content },
}

#[derive(Debug)]
pub struct Reference {
    pub now: u64,
    lease: u64,
    messages: Vec<Message>,
    born: u32,
}

impl Reference {
    pub fn new(lease: u64) -> Self {
        Self {
            now: 0,
            lease,
            messages: Vec::new(),
            born: 0,
        }
    }

    fn put(&mut self, content: Content, queue: usize, key: Option<u8>, due: u64) {
        self.born += 1;
        let age = self.born;
        self.messages.push(Message {
            content,
            queue,
            key,
            due,
            age,
            lease: None,
            redelivered: false,
        });
    }

    pub fn send(&mut self, content: Content, queue: usize, key: Option<u8>, delay: u64) {
        let due = self.now + delay;
        let same = |m: &&mut Message| key.is_some() && m.queue == queue && m.key == key && m.lease.is_none();
        match self
            .messages
            .iter_mut()
            .filter(same)
            .min_by_key(|m| (m.due, m.age))
        {
            Some(waiting) => waiting.due = waiting.due.min(due),
            None => self.put(content, queue, key, due),
        }
    }

    fn is_held_back(&self, message: &Message) -> bool {
        let holds = |m: &Message| m.lease.is_some() && m.queue == message.queue && m.key == message.key;
        message.key.is_some() && self.messages.iter().any(holds)
    }

    fn is_ready(&self, message: &Message) -> bool {
        message.lease.is_none() && message.due <= self.now && !self.is_held_back(message)
    }

    /// How many messages a receiver without limit would get: of a key, one.
    pub fn deliverable(&self, queue: usize) -> usize {
        let ready: Vec<_> = self
            .messages
            .iter()
            .filter(|m| m.queue == queue && self.is_ready(m))
            .collect();
        let keys: HashSet<_> = ready.iter().filter_map(|m| m.key).collect();
        keys.len() + ready.iter().filter(|m| m.key.is_none()).count()
    }

    /// The adapter handed this out: may it have?
    pub fn handed_out(&mut self, queue: usize, content: Content, redelivered: bool, handout: usize) {
        let position = self
            .messages
            .iter()
            .position(|m| m.queue == queue && m.content == content);
        let position = position.unwrap_or_else(|| panic!("{content} is no message of queue {queue}"));
        let message = &self.messages[position];
        assert!(
            self.is_ready(message),
            "{message:?} is not to be handed out at {}",
            self.now
        );
        assert_eq!(message.redelivered, redelivered, "{message:?}");
        let until = self.now + self.lease;
        self.messages[position].lease = Some(Lease { handout, until });
    }

    fn held(&self, handout: usize) -> Option<usize> {
        self.messages
            .iter()
            .position(|m| m.lease.is_some_and(|lease| lease.handout == handout))
    }

    /// Does the extension count?
    pub fn extend(&mut self, handout: usize) -> bool {
        let until = self.now + self.lease;
        let held = self.held(handout);
        if let Some(position) = held {
            self.messages[position].lease = Some(Lease { handout, until });
        }
        held.is_some()
    }

    /// Does the settlement count?
    pub fn settle(&mut self, handout: usize, change: Change) -> bool {
        let Some(position) = self.held(handout) else {
            return false;
        };
        let mut message = self.messages.remove(position);
        let (content, delay) = match change {
            Change::Complete => return true,
            Change::Reject { content } => {
                self.put(content, DEAD, None, self.now);
                return true;
            }
            Change::Retry { content, delay } => (content, delay),
            Change::Release { delay } => (message.content, delay),
        };
        message = Message {
            content,
            due: self.now + delay,
            lease: None,
            redelivered: false,
            ..message
        };
        self.messages.push(message);
        true
    }

    pub fn advance(&mut self, by: u64) {
        self.now += by;
        for message in &mut self.messages {
            if let Some(lease) = message.lease.filter(|lease| lease.until <= self.now) {
                *message = Message {
                    due: lease.until,
                    lease: None,
                    redelivered: true,
                    ..*message
                };
            }
        }
    }

    pub fn restart(&mut self) {
        for message in self.messages.iter_mut().filter(|m| m.lease.is_some()) {
            *message = Message {
                due: self.now,
                lease: None,
                redelivered: true,
                ..*message
            };
        }
    }

    pub fn depth(&self, queue: usize) -> Depth {
        let count = |counts: &dyn Fn(&Message) -> bool| {
            self.messages
                .iter()
                .filter(|m| m.queue == queue && counts(m))
                .count() as u64
        };
        let (ready, leased) = (count(&|m| self.is_ready(m)), count(&|m| m.lease.is_some()));
        Depth {
            ready,
            leased: Some(leased),
            delayed: Some(count(&|_| true) - ready - leased),
        }
    }
}
