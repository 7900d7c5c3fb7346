//! The contract of [`Queue`], sentence by sentence, for every adapter to run.
//!
//! Each function is one promise and builds on an empty broker. [`conformance_tests!`](crate::conformance_tests) hands all
//! their names to a macro of the caller's, so that a new promise is a failing build or a failing test everywhere, never one
//! forgotten. Adapters whose [`Limits::coalesces`](crate::Limits) is true run [`coalescing_tests!`](crate::coalescing_tests) too.
#![expect(
    clippy::unwrap_used,
    reason = "this is test code: a call that fails, fails the test"
)]
mod coalescing;
mod depth;
mod leases;
mod receiving;
mod sending;
mod settling;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use crate::{Delivery, Depth, Outgoing, Queue, QueueName};

pub use coalescing::*;
pub use depth::*;
pub use leases::*;
pub use receiving::*;
pub use sending::*;
pub use settling::*;

/// An empty broker of its own for one test, and power over its time.
#[async_trait]
pub trait World: Send + Sync {
    /// The broker.
    fn queue(&self) -> Arc<dyn Queue>;

    /// Lets this much of the broker's time pass.
    async fn advance(&self, by: Duration);

    /// The delay that the tests ask for; one that the broker keeps exactly, and short where its time is real.
    fn delay(&self) -> Duration {
        Duration::from_mins(1)
    }

    /// How long the broker may take for what is due; none where its time stands still.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }
}

/// Calls `$suite!` with the names of the conformance functions for every adapter.
#[macro_export]
macro_rules! conformance_tests {
    ($suite:ident) => {
        $suite! {
            what_was_sent_is_delivered,
            a_send_is_all_or_nothing,
            a_payload_at_the_limit_arrives_unchanged,
            a_delayed_message_is_not_delivered_before,
            queues_are_independent,
            receive_hands_out_at_most_max,
            receive_answers_empty_when_its_wait_is_over,
            a_waiting_receive_is_woken_by_a_send,
            a_waiting_receive_is_woken_when_a_delay_ends,
            a_waiting_receive_is_woken_when_a_lease_ends,
            a_dropped_receive_loses_nothing,
            concurrent_receivers_never_share_a_message,
            a_leased_message_is_nobody_elses,
            an_expired_lease_is_due_again_and_marked_redelivered,
            an_extended_lease_holds,
            a_receipt_of_a_lost_lease_extends_and_settles_nothing,
            a_receipt_settles_once,
            a_receipt_of_nobody_settles_nothing,
            a_completed_message_is_gone,
            a_retried_message_comes_back_later_with_its_new_payload,
            a_released_message_comes_back_as_it_was,
            a_rejected_message_is_delivered_from_the_queue_dead_with_its_reason,
            a_waiting_receive_of_the_dead_is_woken_by_a_rejection,
            a_dead_letter_keeps_its_reason_until_it_is_completed,
            an_oversized_retry_or_rejection_is_refused_and_settles_nothing,
            depth_counts_each_state,
            depth_counts_an_expired_lease_as_ready,
            a_broker_that_takes_messages_works,
        }
    };
}

/// Calls `$suite!` with the names of the conformance functions for adapters that honour coalescing keys.
#[macro_export]
macro_rules! coalescing_tests {
    ($suite:ident) => {
        $suite! {
            a_rejected_message_frees_its_key_and_absorbs_nothing,
            a_waiting_message_absorbs_its_key_and_keeps_its_payload,
            a_waiting_message_becomes_due_at_the_earlier_time,
            a_key_that_changes_while_leased_is_delivered_after,
            a_key_held_by_a_lease_that_ends_is_free_again,
            a_retried_message_is_not_absorbed_by_its_successor,
            different_keys_and_queues_do_not_coalesce,
            depth_counts_a_held_back_message_as_delayed,
        }
    };
}

/// Longer than any lease of a broker under test.
const LONG: Duration = Duration::from_hours(2);

fn lane(name: &str) -> QueueName {
    QueueName::new(name).expect("tests use valid names")
}

fn fast() -> QueueName {
    lane("fast")
}

fn message(payload: &str) -> Outgoing {
    Outgoing::new(fast(), payload.to_owned())
}

async fn send(queue: &dyn Queue, payloads: &[&str]) {
    queue
        .send(payloads.iter().map(|payload| message(payload)).collect())
        .await
        .expect("the broker takes messages");
}

/// Everything due now, from `fast`.
async fn receive(queue: &dyn Queue) -> Vec<Delivery> {
    queue
        .receive(&fast(), 10, Duration::ZERO)
        .await
        .expect("the broker hands out")
}

/// The one message due now.
async fn receive_one(world: &dyn World) -> Delivery {
    let received = world.queue().receive(&fast(), 10, world.patience()).await;
    let mut deliveries = received.expect("the broker hands out");
    assert_eq!(deliveries.len(), 1, "one message is due: {deliveries:?}");
    deliveries.remove(0)
}

async fn assert_nothing_due(queue: &dyn Queue) {
    let deliveries = receive(queue).await;
    assert!(deliveries.is_empty(), "nothing is due: {deliveries:?}");
}

fn payloads(deliveries: &[Delivery]) -> Vec<&[u8]> {
    let mut payloads: Vec<&[u8]> = deliveries
        .iter()
        .map(|delivery| delivery.payload.as_ref())
        .collect();
    payloads.sort_unstable();
    payloads
}

/// How much the broker tells to be in a queue is this much, soon; what it does not tell is not compared.
async fn assert_depth(world: &dyn World, name: &QueueName, [ready, leased, delayed]: [u64; 3]) {
    let (queue, started) = (world.queue(), Instant::now());
    loop {
        let depth = queue.depth(name).await.expect("the broker counts");
        let expected = Depth {
            ready,
            leased: depth.leased.and(Some(leased)),
            delayed: depth.delayed.and(Some(delayed)),
        };
        if depth == expected || started.elapsed() >= world.patience() {
            assert_eq!(depth, expected, "of the queue {name}");
            return;
        }
    }
}

async fn assert_empty(world: &dyn World, name: &QueueName) {
    assert_depth(world, name, [0; 3]).await;
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

/// Lets time pass until a spawned call has answered. Each step waits for an answer of the broker, so that time does not run
/// away from a broker that works on a thread of its own.
async fn advance_until_done<T>(world: &dyn World, mut call: tokio::task::JoinHandle<T>) -> T {
    let (broker, probed) = (world.queue(), fast());
    loop {
        tokio::select! {
            biased;
            done = &mut call => return done.expect("the call does not panic"),
            () = async {
                broker.depth(&probed).await.expect("the broker counts");
                world.advance(Duration::from_secs(1)).await;
            } => {}
        }
    }
}
