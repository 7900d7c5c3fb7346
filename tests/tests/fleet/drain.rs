//! SIGTERM while everything is busy and a hundred jobs wait: nothing is lost, and nothing is charged for it.
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use minilab_tests::proxy::Condition;

use crate::{
    comparison::compare,
    jobs::{Told, classes, told},
    lines::Lines,
    pictures::Pictures,
    process::{Process, Role},
    world::{Options, is_possible},
};

const UPLOADS: u64 = 100;
const QUEUE: &str = "minilab.v1.jobs.fast";
/// Of two slots, and one more for the lane `fast`.
const SLOTS: f64 = 3.0;
/// In both directions of every request: a job asks the stores a dozen times.
const SLOW: Duration = Duration::from_millis(100);
/// Of the first worker, whose jobs need less.
const GRACE: Duration = Duration::from_secs(30);
/// Of the second, whose jobs need more.
const GRACE_SHORT: Duration = Duration::from_millis(500);
/// What a worker takes to tell the broker once the grace period is over.
const LAST_WORDS: Duration = Duration::from_secs(5);
const REST_WITHIN: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_finishes_or_releases_every_job_and_spends_no_attempt() {
    if !is_possible() {
        return;
    }
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let (lines, world) = Lines::world(Options::default()).await;
    let mut dispatching = world.dispatcher("dispatcher").role.start();
    dispatching.ready().await;
    world.upload_all(&pictures, 0..UPLOADS).await;
    world.queued(QUEUE, UPLOADS).await;

    lines.store.link().set(Condition::Delayed(SLOW));
    let patient = world.worker("patient", &["--slots", "2", "--grace", "30s"]);
    let finished = stopped_while_busy(&patient, GRACE).await;
    let hurried = world.worker("hurried", &["--slots", "2", "--grace", "500ms"]);
    let released = stopped_while_busy(&hurried, GRACE_SHORT + LAST_WORDS).await;
    let left: u64 = world.messages().await.iter().map(|(_, ready, _)| ready).sum();
    lines.store.mend();

    let second = world.worker("second", &["--slots", "2"]);
    let mut working = second.start();
    working.ready().await;
    world.at_rest(REST_WITHIN).await;
    working.terminate(GRACE).await.unwrap();
    let after = told(&second);
    println!(
        "{SLOTS} slots busy: exit after {:.1?} with time to finish ({:?}), after {:.1?} with half a second ({:?}); {left} jobs \
         left, then {:?}",
        finished.took,
        classes(&finished.jobs),
        released.took,
        classes(&released.jobs),
        classes(&after),
    );

    let ends = |stopped: &Stopped, settled: &str| {
        let jobs = stopped.jobs.iter();
        jobs.filter(|job| job.settled.as_deref() == Some(settled)).count()
    };
    assert_eq!(
        ends(&finished, "complete"),
        finished.jobs.len(),
        "{:#?}",
        finished.jobs
    );
    assert_eq!(
        left as usize, UPLOADS as usize,
        "each job finished here has handed one on"
    );
    assert!(
        ends(&released, "release") >= SLOTS as usize,
        "{:#?}",
        released.jobs
    );
    for job in [finished.jobs, released.jobs, after.clone()].iter().flatten() {
        assert_eq!(job.attempt, 1, "an attempt was spent: {job:?}");
        assert!(
            ["complete", "noop", "aborted"].contains(&job.class.as_str()),
            "a crash was counted: {job:?}"
        );
    }
    let keys: BTreeSet<_> = after.iter().map(|job| &job.key).collect();
    assert!(keys.len() as u64 > UPLOADS / 2, "the stops were not under load");
    let compared = compare(&*world.media, &world.ledger, &pictures).await;
    assert!(compared.complaints.is_empty(), "{:#?}", compared.complaints);
    assert!(world.dead().await.is_empty());
}

/// What became of a worker that was told to stop.
struct Stopped {
    took: Duration,
    jobs: Vec<Told>,
}

/// Starts it, and ends it when all its slots are busy.
async fn stopped_while_busy(role: &Role, within: Duration) -> Stopped {
    let mut process = role.start();
    process.ready().await;
    busy(&process).await;
    let (status, took) = process.terminate(within).await.unwrap();
    assert!(status.success(), "{status}\n{}", role.last_words());
    Stopped {
        took,
        jobs: told(role),
    }
}

async fn busy(process: &Process) {
    let begun = Instant::now();
    while process.metric("minilab_slots", "busy").await < SLOTS {
        assert!(begun.elapsed() < REST_WITHIN, "{}", process.role().last_words());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
