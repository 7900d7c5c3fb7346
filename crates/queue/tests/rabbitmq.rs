//! The contract, on a real broker, and what is RabbitMQ's own. Skipped, with the reason, where there is no broker, but in CI.
#![cfg(feature = "rabbitmq")]
#![expect(
    clippy::unwrap_used,
    reason = "this is test code: a call that fails, fails the test"
)]
mod cases;
#[path = "rabbitmq/delivering.rs"]
mod delivering;
#[path = "rabbitmq/faults.rs"]
mod faults;
#[path = "rabbitmq/publishing.rs"]
mod publishing;
#[path = "rabbitmq/stranding.rs"]
mod stranding;
#[path = "rabbitmq/topology.rs"]
mod topology;
#[path = "rabbitmq/world.rs"]
mod world;

use std::{sync::Arc, time::Duration};

use minilab_queue::conformance;
use minilab_tests::servers::{self, RabbitMq, RabbitMqOptions, Server};

use cases::Cases;
use world::World;

fn broker(options: &RabbitMqOptions) -> Option<RabbitMq> {
    if let Some(why) = servers::unavailable(&[Server::RabbitMq]) {
        assert!(std::env::var_os("CI").is_none(), "{why}");
        println!("skipped: {why}");
        return None;
    }
    Some(RabbitMq::start(options).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_keeps_the_contract() {
    let Some(broker) = broker(&RabbitMqOptions::default()) else {
        return;
    };
    let url = broker.url();
    let mut cases = Cases::default();
    macro_rules! suite {
        ($($promise:ident,)*) => {$({
            let url = url.clone();
            cases.start(stringify!($promise), async move {
                conformance::$promise(&World::new(&url).await).await;
            });
        })*};
    }
    minilab_queue::conformance_tests!(suite);
    cases.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_keeps_promises_of_its_own() {
    let Some(broker) = broker(&RabbitMqOptions::default()) else {
        return;
    };
    let (url, broker) = (broker.url(), Arc::new(broker));
    let mut cases = Cases::default();
    macro_rules! start {
        ($($module:ident::$case:ident($given:ident),)*) => {$({
            let given = $given.clone();
            cases.start(stringify!($case), async move { $module::$case(&given).await });
        })*};
    }
    start! {
        publishing::an_unroutable_message_is_an_error(url),
        publishing::a_full_queue_refuses_and_loses_nothing(broker),
        publishing::a_queue_that_is_not_there_is_refused(url),
        publishing::a_thousand_messages_reach_four_receivers_once_each(url),
        delivering::a_delay_is_rounded_up_and_kept(url),
        delivering::the_brokers_limit_gives_a_message_up_with_a_reason(broker),
        delivering::what_nobody_wants_goes_back_unmarked(url),
        delivering::closing_leaves_nothing_marked(url),
        delivering::closing_ends_who_waits(url),
        delivering::what_was_settled_before_closing_never_comes_again(url),
        delivering::a_cancelled_consumer_is_started_again(url),
        stranding::what_is_stranded_in_a_wait_queue_is_taken_out(url),
        stranding::what_only_waits_stays(url),
        topology::what_check_misses_apply_makes(url),
        topology::a_queue_with_other_arguments_is_told(url),
    }
    cases.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_survives_its_faults() {
    let options = RabbitMqOptions {
        consumer_timeout: Some(Duration::from_secs(8)),
        heartbeat: Some(Duration::from_secs(1)),
        ..RabbitMqOptions::default()
    };
    let Some(mut broker) = broker(&options) else {
        return;
    };
    macro_rules! run {
        ($($case:ident,)*) => {$(
            println!(stringify!($case));
            faults::$case(&mut broker).await;
        )*};
    }
    run! {
        closed_connections_are_made_again,
        a_blocked_broker_refuses_and_still_delivers,
        a_killed_broker_keeps_what_it_confirmed,
        a_frozen_broker_is_noticed,
    }
    println!("a_delivery_held_too_long_takes_no_other_along");
    delivering::a_delivery_held_too_long_takes_no_other_along(&broker.url()).await;
}
