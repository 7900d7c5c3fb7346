//! The contract, on moto's SQS, and what is SQS's own, there and with answers that a test has written. What needs moto is
//! skipped, with the reason, where there is none, but in CI.
#![cfg(feature = "sqs")]
#![expect(
    clippy::unwrap_used,
    reason = "this is test code: a call that fails, fails the test"
)]
#[path = "sqs/answers.rs"]
mod answers;
mod cases;
#[path = "sqs/delivering.rs"]
mod delivering;
#[path = "sqs/scripted.rs"]
mod scripted;
#[path = "sqs/second_opinion.rs"]
mod second_opinion;
#[path = "sqs/topology.rs"]
mod topology;
#[path = "sqs/world.rs"]
mod world;

use std::sync::Arc;

use minilab_queue::conformance;
use minilab_tests::servers::{self, Ministack, Moto, Server};

use cases::Cases;
use world::World;

fn moto() -> Option<Arc<Moto>> {
    if let Some(why) = servers::unavailable(&[Server::Moto, Server::Ministack]) {
        assert!(std::env::var_os("CI").is_none(), "{why}");
        println!("skipped: {why}");
        return None;
    }
    Some(Arc::new(Moto::start().unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqs_keeps_the_contract() {
    let Some(moto) = moto() else { return };
    let mut cases = Cases::default();
    macro_rules! suite {
        ($($promise:ident,)*) => {$({
            let moto = Arc::clone(&moto);
            cases.start(stringify!($promise), async move {
                conformance::$promise(&World::new(&moto).await).await;
            });
        })*};
    }
    minilab_queue::conformance_tests!(suite);
    cases.finish().await;
}

/// The same on an emulator that others have written, which errs elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqs_keeps_the_contract_on_another_emulator() {
    if moto().is_none() {
        return;
    }
    let ministack = Arc::new(Ministack::start().unwrap());
    let mut cases = Cases::default();
    macro_rules! suite {
        ($($promise:ident,)*) => {$({
            let ministack = Arc::clone(&ministack);
            cases.start(stringify!($promise), async move {
                let service = world::service_at(ministack.endpoint());
                conformance::$promise(&World::with(world::config(service)).await).await;
            });
        })*};
    }
    minilab_queue::conformance_tests!(suite);
    cases.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emulators_of_sqs_differ_where_nothing_rests_on_them() {
    let Some(moto) = moto() else { return };
    second_opinion::emulators_differ(&moto, &Ministack::start().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqs_keeps_promises_of_its_own() {
    let Some(moto) = moto() else { return };
    let mut cases = Cases::default();
    macro_rules! start {
        ($($module:ident::$case:ident,)*) => {$({
            let moto = Arc::clone(&moto);
            cases.start(stringify!($case), async move { $module::$case(&moto).await });
        })*};
    }
    start! {
        delivering::what_nobody_wants_goes_back_unmarked,
        delivering::closing_leaves_nothing_marked,
        delivering::closing_ends_who_waits,
        delivering::sqs_gives_up_with_a_reason_what_nobody_ever_settles,
        delivering::a_message_stays_in_its_group,
        delivering::what_is_no_text_arrives_unchanged,
        delivering::a_delay_past_what_sqs_keeps_is_cut,
        delivering::a_deleted_queue_is_told_with_the_fix,
        delivering::five_hundred_messages_reach_four_receivers_once_each,
        topology::what_check_misses_apply_makes,
        topology::what_differs_is_told_and_set,
        topology::a_queue_elsewhere_is_the_queue_of_events,
        topology::a_queue_elsewhere_needs_a_place_for_dead_letters,
    }
    cases.finish().await;
}
