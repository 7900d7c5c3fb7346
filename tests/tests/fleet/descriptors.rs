//! A worker that runs out of file descriptors: it can neither connect nor hold an original, and goes on once there are some.
use std::{
    fs,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

use crate::{
    comparison::compare,
    jobs::{classes, told},
    pictures::Pictures,
    process::Process,
    world::{Options, World, is_possible},
};

const UPLOADS: u64 = 20;
const LACKING: Duration = Duration::from_secs(10);
const REST_WITHIN: Duration = Duration::from_mins(2);
const ENDS_WITHIN: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_without_descriptors_stays_up_and_loses_nothing() {
    if !is_possible() {
        return;
    }
    let world = World::new(Options::default()).await;
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let worker = world.worker("worker", &["--slots", "2"]);
    let (mut dispatching, mut working) = (world.dispatcher("dispatcher").role.start(), worker.start());
    dispatching.ready().await;
    working.ready().await;

    let before = limit(&working, Some(open(&working)));
    world.upload_all(&pictures, 0..UPLOADS).await;
    tokio::time::sleep(LACKING).await;
    assert!(working.is_running(), "{}", worker.last_words());
    let log = fs::read_to_string(worker.log()).unwrap();
    assert!(log.contains("os error 24"), "it had all that it needed");
    limit(&working, before);

    let begun = Instant::now();
    for key in world.ledger.now().into_keys() {
        world
            .manifest(&key, |manifest| manifest["status"] == "complete")
            .await;
    }
    world.at_rest(REST_WITHIN).await;
    let jobs = told(&worker);
    println!(
        "all is complete {:.1?} after there were some; jobs {:?}",
        begun.elapsed(),
        classes(&jobs)
    );
    let compared = compare(&*world.media, &world.ledger, &pictures).await;
    let only_orphans = compared.complaints.len() as u64 == compared.counts.orphaned;
    assert!(only_orphans, "{:#?}", compared.complaints);
    assert!(world.dead().await.is_empty());
    let (status, _) = working.terminate(ENDS_WITHIN).await.unwrap();
    assert!(status.success(), "{status}");
}

/// How many it has open.
fn open(process: &Process) -> u64 {
    let folder = format!("/proc/{}/fd", process.pid().as_raw_nonzero());
    fs::read_dir(folder).unwrap().count() as u64
}

/// Sets how many it may have open; what it was before.
fn limit(process: &Process, current: Option<u64>) -> Option<u64> {
    // It has it from us.
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit { current, maximum };
    prlimit(Some(process.pid()), Resource::Nofile, limit)
        .unwrap()
        .current
}
