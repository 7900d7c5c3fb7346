//! Batches: ten messages and a quarter of a megabyte at a time, of which the service may take some and not others.
use std::{sync::Arc, time::Duration};

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures::{StreamExt as _, stream};
use tokio::time::sleep;

use super::{
    clients::Clients,
    failure::{Failure, Request},
    message::Written,
    places::Address,
};
use crate::Error;

const ENTRIES_MAX: usize = 10;
/// Also where the service takes more: what speaks its language may not.
pub(super) const BATCH_BYTES_MAX: usize = 256 * 1024;
/// Requests under way for one call.
const AT_ONCE: usize = 8;
/// How often a message is offered that the service did not take for reasons of its own.
const TRIES: u32 = 3;
/// Before the second try; it doubles.
const PAUSE: Duration = Duration::from_millis(100);
/// What SQS can delay.
pub(super) const DELAY_MAX: Duration = Duration::from_mins(15);

/// A message and where it goes.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    /// Name and address of the queue.
    pub to: Arc<Address>,
    pub written: Written,
    pub delay: Duration,
}

/// Puts messages into queues.
#[derive(Debug)]
pub(super) struct Sender {
    clients: Arc<Clients>,
}

impl Sender {
    pub fn new(clients: Arc<Clients>) -> Self {
        Self { clients }
    }

    /// Returns when all are safe; else which are not, and why. The others are, and may be sent again.
    pub async fn send(&self, parcels: Vec<Parcel>) -> Result<(), Error> {
        let sending: Vec<_> = batches(&parcels)
            .into_iter()
            .map(|batch| self.send_batch(batch))
            .collect();
        let mut sending = stream::iter(sending).buffer_unordered(AT_ONCE);
        let mut outcome = Ok(());
        while let Some(sent) = sending.next().await {
            outcome = outcome.and(sent);
        }
        outcome
    }

    async fn send_batch(&self, mut batch: Batch<'_>) -> Result<(), Error> {
        let (to, all) = (Arc::clone(&batch.0[0].1.to), batch.0.len());
        let (mut tries, mut pause) = (1, PAUSE);
        loop {
            let rest = match self.offer(&to, &batch).await {
                Ok(rest) if rest.is_empty() => return Ok(()),
                Ok(rest) => rest,
                Err(failure) => return Err(failure.into_error(Request::Send, &to.name)),
            };
            let may_pass = |(_, failure): &(usize, Failure)| matches!(failure, Failure::Unavailable(_));
            if tries == TRIES || !rest.iter().all(may_pass) {
                return Err(refusal(&to, all, &rest));
            }
            batch
                .0
                .retain(|(number, _)| rest.iter().any(|(left, _)| left == number));
            sleep(pause).await;
            (tries, pause) = (tries + 1, pause * 2);
        }
    }

    /// Answers what was not taken: all others were.
    async fn offer(&self, to: &Address, batch: &Batch<'_>) -> Result<Vec<(usize, Failure)>, Failure> {
        let entries = batch.0.iter().map(|(number, parcel)| parcel.entry(*number));
        let sent = self.clients.send.send_message_batch().queue_url(&to.url);
        let answer = sent.set_entries(Some(entries.collect())).send().await;
        let answer = answer.map_err(|error| Failure::of(Request::Send, &error))?;
        let taken = |number: &usize| {
            answer
                .successful
                .iter()
                .any(|entry| entry.id == number.to_string())
        };
        let told = |number: &usize| {
            let entry = answer.failed.iter().find(|entry| entry.id == number.to_string());
            entry.map_or_else(
                || Failure::Unavailable("the answer says nothing of it".into()),
                |entry| {
                    let message = entry.message.as_deref().unwrap_or_default();
                    let failure = Failure::told(Request::Send, 200, &entry.code, message);
                    match failure {
                        Failure::Unavailable(reason) if entry.sender_fault => Failure::Refused(reason),
                        failure => failure,
                    }
                },
            )
        };
        let rest = batch.0.iter().filter(|(number, _)| !taken(number));
        Ok(rest.map(|(number, _)| (*number, told(number))).collect())
    }
}

/// Messages for one queue, each with its number in the call.
struct Batch<'a>(Vec<(usize, &'a Parcel)>);

/// In the order of the call, as few as can be.
fn batches(parcels: &[Parcel]) -> Vec<Batch<'_>> {
    let mut batches: Vec<(Batch<'_>, usize)> = Vec::new();
    for (number, parcel) in parcels.iter().enumerate() {
        let bytes = parcel.written.bytes();
        let open = batches
            .iter_mut()
            .rfind(|(batch, _)| batch.0[0].1.to == parcel.to);
        match open {
            Some((batch, size)) if batch.0.len() < ENTRIES_MAX && *size + bytes <= BATCH_BYTES_MAX => {
                batch.0.push((number, parcel));
                *size += bytes;
            }
            _ => batches.push((Batch(vec![(number, parcel)]), bytes)),
        }
    }
    batches.into_iter().map(|(batch, _)| batch).collect()
}

impl Parcel {
    fn entry(&self, number: usize) -> SendMessageBatchRequestEntry {
        SendMessageBatchRequestEntry::builder()
            .id(number.to_string())
            .message_body(&self.written.body)
            .set_message_attributes(Some(self.written.attributes()).filter(|all| !all.is_empty()))
            .set_message_group_id(self.written.group.clone())
            .delay_seconds(seconds(self.delay.min(DELAY_MAX)))
            .build()
            .expect("it has an id and a body")
    }
}

/// Whole seconds, which is all that SQS knows, and never less than was asked for.
pub(super) fn seconds(time: Duration) -> i32 {
    let rounded_up = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    i32::try_from(rounded_up).unwrap_or(i32::MAX)
}

fn refusal(to: &Address, all: usize, rest: &[(usize, Failure)]) -> Error {
    let (_, first) = rest
        .iter()
        .find(|(_, failure)| !matches!(failure, Failure::Unavailable(_)))
        .unwrap_or(&rest[0]);
    let numbers: Vec<_> = rest
        .iter()
        .map(|(number, _)| format!("#{}", number + 1))
        .collect();
    let which = format!(
        "{} of {all} messages not taken, {}",
        rest.len(),
        numbers.join(", ")
    );
    let failure = match first {
        Failure::Refused(reason) => Failure::Refused(format!("{which}: {reason}")),
        Failure::Unavailable(reason) => Failure::Unavailable(format!("{which}: {reason}")),
        other => other.clone(),
    };
    failure.into_error(Request::Send, &to.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(to: &Arc<Address>, bytes: usize) -> Parcel {
        Parcel {
            to: Arc::clone(to),
            written: Written::new(&vec![b'x'; bytes], None, None),
            delay: Duration::ZERO,
        }
    }

    fn address(name: &str) -> Arc<Address> {
        Arc::new(Address {
            name: name.into(),
            url: format!("https://sqs/{name}"),
        })
    }

    #[test]
    fn a_batch_has_one_queue_ten_messages_and_a_quarter_of_a_megabyte() {
        let (fast, bulk) = (address("fast"), address("bulk"));
        let mut parcels: Vec<_> = (0..12).map(|_| parcel(&fast, 10)).collect();
        parcels.insert(1, parcel(&bulk, 100 * 1024));
        parcels.extend((0..2).map(|_| parcel(&bulk, 100 * 1024)));
        let numbers: Vec<Vec<usize>> = batches(&parcels)
            .iter()
            .map(|batch| batch.0.iter().map(|(number, _)| *number).collect())
            .collect();
        let firsts: Vec<_> = std::iter::once(0).chain(2..11).collect();
        assert_eq!(numbers, [firsts, vec![1, 13], vec![11, 12], vec![14]]);
    }

    #[test]
    fn a_delay_is_rounded_up_to_seconds() {
        assert_eq!(seconds(Duration::ZERO), 0);
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_secs(5)), 5);
        let entry = Parcel {
            delay: Duration::from_hours(1),
            ..parcel(&address("fast"), 1)
        };
        assert_eq!(entry.entry(0).delay_seconds, Some(900));
    }
}
