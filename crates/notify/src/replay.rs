//! Telling again at an operator's word: at once what receivers have not taken, or all that records say, also what was taken
//! long ago or said before the receiver was there.
use std::{sync::Arc, time::SystemTime};

use futures::TryStreamExt as _;
use jiff::Timestamp;
use minilab_protos::notification::Notification;
use minilab_queue::{Outgoing, Queue};
use minilab_record::{Record, Records};

use crate::{
    Error, Listener, Outbox, Outboxes,
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

/// What of the records is told again, and how a record is put into words.
#[derive(Debug, Clone, Copy)]
pub struct Retelling<'a, S> {
    /// Of originals whose keys begin with this.
    pub prefix: &'a str,
    /// Of records that were swapped at this time or later.
    pub since: Option<SystemTime>,
    /// All that a record says, in order.
    pub sayings: S,
}

/// Notes for a target once more what the records say now, with the ids that it had or would have had, and wakes the senders;
/// without a queue it only counts.
pub async fn retell<S: Fn(&Record) -> Vec<Notification>>(
    outboxes: &Outboxes,
    records: &Records,
    queue: Option<&Arc<dyn Queue>>,
    listener: &Listener,
    what: Retelling<'_, S>,
    now: Timestamp,
) -> Result<Replayed, Error> {
    let (mut found, mut batch) = (Replayed::default(), Vec::new());
    // All keys that begin with the prefix come after all but its last letter.
    let mut before = what.prefix.to_owned();
    before.pop();
    let mut listed = std::pin::pin!(records.list(Some(&*before).filter(|key| !key.is_empty())));
    while let Some(listed) = listed.try_next().await? {
        let is_asked_for =
            listed.key.starts_with(what.prefix) && what.since.is_none_or(|since| listed.modified >= since);
        if !is_asked_for {
            if !what.prefix.is_empty() && *listed.key > *what.prefix && !listed.key.starts_with(what.prefix) {
                break;
            }
            continue;
        }
        let Some(record) = records.load(&listed.key).await?.record else {
            continue;
        };
        let mut said = (what.sayings)(&record);
        said.retain(|said| listener.on.contains(&said.kind));
        if said.is_empty() {
            continue;
        }
        if queue.is_some() {
            let again = |outbox: &mut Outbox| outbox.append_again(record.generation, &said);
            outboxes.change(&listener.name, &record.key, again).await?;
            batch.push(WakeUp::new(&listener.name, &record.key, Cause::Asked, now).outgoing());
        }
        found.originals += 1;
        found.notifications += said.len() as u64;
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
