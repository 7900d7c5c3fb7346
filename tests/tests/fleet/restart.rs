//! A rolling restart under load: workers end and start one after another while uploads go on, as a rolling update has it.
//! Nothing fails, and nothing is made twice.
use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    comparison::compare,
    jobs::{Told, classes, sum, told},
    pictures::{PICTURES, Pictures},
    process::{Process, Role},
    world::{Options, World, is_possible},
};

const WORKERS: usize = 3;
/// Every worker is restarted so often.
const TURNS: usize = 2;
/// Waiting when the restarts begin.
const BACKLOG: u64 = 60;
const QUEUE: &str = "minilab.v1.jobs.fast";
const BETWEEN_UPLOADS: Duration = Duration::from_millis(60);
/// What a job takes is far less; a drain that is slower would release, which is no failure either.
const GRACE: Duration = Duration::from_secs(30);
const REST_WITHIN: Duration = Duration::from_mins(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_under_load_fails_no_job_and_makes_no_file_twice() {
    if !is_possible() {
        return;
    }
    let world = Arc::new(World::new(Options::default()).await);
    let pictures = Arc::new(tokio::task::spawn_blocking(Pictures::cut).await.unwrap());
    let mut dispatching = world.dispatcher("dispatcher").role.start();
    dispatching.ready().await;
    world.upload_all(&pictures, 0..BACKLOG).await;
    world.queued(QUEUE, BACKLOG).await;
    let roles: Vec<_> = (0..WORKERS)
        .map(|number| world.worker(&format!("worker-{number}"), &["--slots", "1", "--grace", "30s"]))
        .collect();
    let mut workers: Vec<_> = roles.iter().map(Role::start).collect();
    for worker in &mut workers {
        worker.ready().await;
    }

    let enough = CancellationToken::new();
    let uploading = tokio::spawn(uploads(Arc::clone(&world), Arc::clone(&pictures), enough.clone()));
    for turn in 0..TURNS * WORKERS {
        let (place, role) = (turn % WORKERS, &roles[turn % WORKERS]);
        busy(&workers[place]).await;
        ended(&mut workers[place]).await;
        workers[place] = role.start();
        workers[place].ready().await;
    }
    enough.cancel();
    let uploads = uploading.await.unwrap();
    world.at_rest(REST_WITHIN).await;
    for worker in &mut workers {
        ended(worker).await;
    }

    let jobs: Vec<Told> = roles.iter().flat_map(told).collect();
    let files: usize = (0..uploads)
        .map(|number| pictures.files(number as usize % PICTURES).len())
        .sum();
    let released = jobs
        .iter()
        .filter(|job| job.settled.as_deref() == Some("release"))
        .count();
    let [made, adopted, twice] = ["files.made", "files.adopted", "duplicates"].map(|name| sum(&roles, name));
    println!(
        "{uploads} uploads, {} restarts of {WORKERS} workers: {} deliveries {:?}, {released} of them handed back by drains; \
         {files} files published, {made} made and {adopted} found there, {twice} lanes made twice",
        TURNS * WORKERS,
        jobs.len(),
        classes(&jobs),
    );
    for job in &jobs {
        let is_handed_back = job.class == "aborted" && job.settled.as_deref() == Some("release");
        assert!(
            (job.class == "complete" || is_handed_back) && job.attempt == 1,
            "{job:?}"
        );
    }
    assert_eq!(made + adopted, files as u64, "each file is published once");
    // What a job had put before it was handed back, and nothing else.
    assert!(
        adopted <= released as u64 * most_files(&pictures),
        "{adopted} files were made twice"
    );
    assert_eq!(twice, 0, "lanes made by two workers");
    assert!(uploads > BACKLOG, "nothing came meanwhile");
    let compared = compare(&*world.media, &world.ledger, &pictures).await;
    assert!(compared.complaints.is_empty(), "{:#?}", compared.complaints);
    assert!(world.dead().await.is_empty());
}

/// Goes on until told that it is enough; answers how many there were in all.
async fn uploads(world: Arc<World>, pictures: Arc<Pictures>, enough: CancellationToken) -> u64 {
    let mut number = BACKLOG;
    while !enough.is_cancelled() {
        world.upload_all(&pictures, number..number + 1).await;
        number += 1;
        tokio::time::sleep(BETWEEN_UPLOADS).await;
    }
    number
}

async fn busy(worker: &Process) {
    while worker.metric("minilab_slots", "busy").await < 1.0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn ended(worker: &mut Process) {
    worker.signal(rustix::process::Signal::TERM);
    let (status, _) = worker.ended(GRACE).await.unwrap();
    assert!(status.success(), "{status}\n{}", worker.role().last_words());
}

fn most_files(pictures: &Pictures) -> u64 {
    let files = (0..PICTURES).map(|picture| pictures.files(picture).len());
    files.max().unwrap_or(0) as u64
}
