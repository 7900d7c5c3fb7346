//! What other releases left in queues and `state` during a rolling upgrade: `protos/samples/0.1.0`.
use std::{collections::BTreeMap, time::Duration};

use minilab_protos::job::Job;
use minilab_queue::{Outgoing, QueueName};
use minilab_recipe::Lane;
use minilab_record::{Record, named_keys};
use minilab_store::{Memory, PutOptions, Store as _};
use minilab_worker::outcome::Class;

use crate::world::{CAT, DOG, FILES, World, key};

const JOB: &[u8] = include_bytes!("../../../protos/samples/0.1.0/job.json");
const RECORD: &[u8] = include_bytes!("../../../protos/samples/0.1.0/record.json");
const TOMBSTONE: &[u8] = include_bytes!("../../../protos/samples/0.1.0/tombstone.json");
const FAILURE: &[u8] = include_bytes!("../../../protos/samples/0.1.0/failure.json");
/// Where it lies: by the digest of the original's key.
const FAILURE_KEY: &str = "failures/e13ddb9419668b2a863317298ce6fe77149e786a81283ba53c62feeb9e66841d/fast";

async fn left(store: &Memory, name: &str, bytes: &'static [u8]) {
    let put = store.put(&key(name), bytes.into(), PutOptions::default()).await;
    put.unwrap();
}

async fn sent(world: &World, payload: impl Into<bytes::Bytes>) {
    let queue = QueueName::new("fast").unwrap();
    world
        .queue
        .send(vec![Outgoing::new(queue, payload)])
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_the_release_before_left_is_worked_on_to_the_end() {
    let mut world = World::default();
    let job: Job = serde_json::from_slice(JOB).unwrap();
    world.revision = job.min_rev;
    let before: Record = serde_json::from_slice(RECORD).unwrap();
    left(&world.shelves.state, "records/a.jpg", RECORD).await;
    let gone: Record = serde_json::from_slice(TOMBSTONE).unwrap();
    for file in named_keys(&before).union(&named_keys(&gone)) {
        left(&world.shelves.output, file, b"a file of the release before").await;
    }
    left(&world.shelves.state, "records/gone.jpg", TOMBSTONE).await;
    left(&world.shelves.state, FAILURE_KEY, FAILURE).await;
    assert_eq!(world.failures().await.len(), 1);

    for (name, text) in [
        ("a.jpg", CAT),
        ("gone.jpg", DOG),
        ("bad.jpg", CAT),
        (&job.key, DOG),
    ] {
        world.upload(name, text).await;
    }
    for name in ["a.jpg", "gone.jpg", "bad.jpg"] {
        world.event(name).await;
    }
    sent(&world, JOB).await;
    world.settle().await;

    for (name, text) in [
        ("a.jpg", CAT),
        ("gone.jpg", DOG),
        ("bad.jpg", CAT),
        (&job.key, DOG),
    ] {
        world.assert_current(name, text, FILES).await;
    }
    let generations = |record: &Record| -> BTreeMap<Lane, u64> {
        let lanes = record.lanes.iter();
        lanes.map(|(lane, state)| (*lane, state.generation)).collect()
    };
    let now = world.record("a.jpg").await.unwrap();
    assert!(now.generation > before.generation);
    for (lane, generation) in generations(&before) {
        assert!(generations(&now)[&lane] > generation, "{lane}");
    }
    let dropped: Vec<_> = now.previous.iter().map(|file| file.key.as_str()).collect();
    assert!(
        named_keys(&before).iter().all(|file| dropped.contains(file)),
        "{dropped:?}"
    );
    let back = world.record("gone.jpg").await.unwrap();
    assert!(
        generations(&back).values().all(|generation| *generation > 1),
        "{back:?}"
    );
    assert!(world.failures().await.is_empty(), "a success clears them");
    assert!(world.dead().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn job_of_a_newer_release_waits_for_a_worker_that_reads_it() {
    let world = World::default();
    let newer = r#"{"v":2,"original":{"key":"a.jpg"},"lane":"fastest"}"#;
    sent(&world, newer).await;
    world.upload("b.jpg", CAT).await;
    world.event("b.jpg").await;
    let running = world.start();
    tokio::time::sleep(Duration::from_hours(1)).await;
    running.drained().await;
    world.assert_current("b.jpg", CAT, FILES).await;
    assert_eq!(world.classes(), [Class::Complete], "it is no run of a job");
    assert!(world.dead().await.is_empty());
    tokio::time::sleep(Duration::from_mins(1)).await;
    let queue = QueueName::new("fast").unwrap();
    let left = world.queue.receive(&queue, 2, Duration::ZERO).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(
        (&*left[0].payload, left[0].redelivered),
        (newer.as_bytes(), false)
    );
}
