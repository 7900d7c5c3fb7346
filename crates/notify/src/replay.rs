//! Telling again at once what its receivers have not taken: an operator has put them right.
use std::sync::Arc;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use minilab_queue::{Outgoing, Queue};

use crate::{
    Error, Outboxes,
    wake_up::{Cause, WakeUp},
};

/// Wake-ups sent in one call.
const BATCH: usize = 100;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Originals of which something waits.
    pub originals: u64,
    /// Notifications that wait.
    pub notifications: u64,
    /// Originals that were given up.
    pub given_up: u64,
}

/// Wakes the senders for everything that waits for a target; without a queue it only counts.
pub async fn replay(
    outboxes: &Outboxes,
    queue: Option<&Arc<dyn Queue>>,
    (target, prefix): (&str, &str),
    now: Timestamp,
) -> Result<Replayed, Error> {
    let (mut found, mut batch) = (Replayed::default(), Vec::new());
    let mut listed = std::pin::pin!(outboxes.list(target, prefix));
    while let Some(listed) = listed.try_next().await? {
        if !listed.waits {
            continue;
        }
        let outbox = outboxes.load(target, &listed.key).await?;
        if outbox.waiting.is_empty() {
            continue;
        }
        found.originals += 1;
        found.notifications += outbox.waiting.len() as u64;
        found.given_up += u64::from(outbox.trouble.is_some_and(|trouble| trouble.next.is_none()));
        batch.push(WakeUp::new(target, &listed.key, Cause::Asked, now).outgoing());
        if batch.len() == BATCH {
            send(queue, std::mem::take(&mut batch)).await?;
        }
    }
    send(queue, batch).await?;
    Ok(found)
}

async fn send(queue: Option<&Arc<dyn Queue>>, batch: Vec<Outgoing>) -> Result<(), Error> {
    match queue {
        Some(queue) if !batch.is_empty() => Ok(queue.send(batch).await?),
        _ => Ok(()),
    }
}
