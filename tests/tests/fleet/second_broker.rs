//! Events that wait in another broker than the jobs: it is waited for at the start, and what it has handed out goes back.
use std::{fs, time::Duration};

use minilab_tests::servers::{RabbitMq, RabbitMqOptions};

use crate::{
    events::Exchange,
    ledger::Upload,
    pictures::Pictures,
    world::{Options, World, is_possible},
};

const ENDS_WITHIN: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_of_events_that_is_not_there_at_the_start_is_waited_for() {
    if !is_possible() {
        return;
    }
    let world = World::new(Options::default()).await;
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let mut second = tokio::task::spawn_blocking(|| RabbitMq::start(&RabbitMqOptions::default()).unwrap())
        .await
        .unwrap();
    second.kill();
    let config = world.folder().join("minilab.yaml");
    let text = fs::read_to_string(&config).unwrap();
    let intake = format!("intake: [ {{ rabbitmq: {{ url: \"{}\" }} }}", second.url());
    let two = text.replace("intake: [ rabbitmq", &intake);
    assert_ne!(two, text);
    fs::write(&config, two).unwrap();

    let (dispatcher, worker) = (world.dispatcher("dispatcher").role, world.worker("worker", &[]));
    let (mut dispatching, working) = (dispatcher.start(), worker.start());
    let told = dispatching
        .until("waiting", |answer| {
            answer.status == 503 && answer.body.contains("the queues of events cannot be opened")
        })
        .await;
    assert!(told.body.contains("start: "), "{told:?}");
    let second = tokio::task::spawn_blocking(move || {
        second.restart().unwrap();
        second
    });
    let second = second.await.unwrap();
    dispatching.ready().await;

    let told = world
        .upload(
            &pictures,
            "a.jpg",
            Upload {
                number: 0,
                picture: 0,
            },
        )
        .await;
    let exchange = Exchange::open(&second.url()).await.unwrap();
    exchange.publish(&told).await.unwrap();
    world
        .manifest("a.jpg", |manifest| manifest["status"] == "complete")
        .await;
    for process in [dispatching, working] {
        let (status, _) = process.terminate(ENDS_WITHIN).await.unwrap();
        assert!(status.success(), "{status}");
    }
}
