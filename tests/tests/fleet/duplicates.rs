//! The same news told many times: at once, while nobody has made anything yet, and again when all is made.
use std::time::Duration;

use futures::future::{join_all, try_join_all};
use rustix::process::Signal;
use serde_json::Value;

use crate::{
    backlog,
    comparison::{self, compare},
    jobs::{classes, told as told_by},
    ledger::Upload,
    pictures::Pictures,
    process::Process,
    world::{Options, World, is_possible},
};

/// How often each upload is told of.
const TIMES: usize = 20;
/// Enough that two workers are at one of them at the same time.
const UPLOADS: usize = 6;
const LANES: usize = 3;
const REST_WITHIN: Duration = Duration::from_mins(1);

const STORE_CALLS: &str = "minilab_store_requests_total";
const JOBS: &str = "minilab_jobs_total";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duplicates_at_once_publish_once_and_later_ones_render_nothing() {
    if !is_possible() {
        return;
    }
    let world = World::new(Options::default()).await;
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let mut dispatcher = world.dispatcher("dispatcher").role.start();
    let mut workers = ["one", "two"].map(|name| world.worker(name, &["--slots", "2"]).start());
    dispatcher.ready().await;
    for worker in &mut workers {
        worker.ready().await;
    }

    // Nobody works until every duplicate waits, so that they are worked on at the same time.
    for worker in &workers {
        worker.signal(Signal::STOP);
    }
    let mut told = Vec::new();
    for number in 0..UPLOADS {
        let upload = Upload {
            number: number as u64,
            picture: number,
        };
        let event = world.upload(&pictures, &key(number), upload).await;
        told.extend(vec![event; TIMES]);
    }
    publish(&world, &told).await;
    backlog::waiting(&world, "fast", told.len() as u64).await;
    for worker in &workers {
        worker.signal(Signal::CONT);
    }
    world.at_rest(REST_WITHIN).await;

    let compared = compare(&*world.media, &world.ledger, &pictures).await;
    assert!(compared.complaints.is_empty(), "{:#?}", compared.complaints);
    for number in 0..UPLOADS {
        let record = record(&world, number).await;
        let lanes = record["lanes"].as_object().unwrap();
        assert_eq!(lanes.len(), LANES, "{record}");
        for lane in lanes.values() {
            assert_eq!(
                (&lane["generation"], &lane["status"]),
                (&1.into(), &"done".into()),
                "{record}"
            );
        }
    }
    // A file counts where its lane was published: made there, or there already when the other worker was faster with it.
    let files: usize = (0..UPLOADS).map(|number| pictures.files(number).len()).sum();
    let (rendered, adopted) = (
        sum(&workers, "minilab_files_total", r#"outcome="rendered""#).await,
        sum(&workers, "minilab_files_total", r#"outcome="adopted""#).await,
    );
    assert_eq!(
        rendered + adopted,
        files as u64,
        "{rendered} rendered, {adopted} adopted"
    );
    let twice = sum(&workers, "minilab_duplicate_work_total", "").await;
    let conflicts = sum(&workers, "minilab_cas_conflicts_total", "").await;
    assert!(twice > 0, "no two attempts were at one upload at the same time");
    assert!(
        conflicts >= twice,
        "{twice} lanes made twice, {conflicts} swaps that came late"
    );
    let noops = noops(&workers).await;
    let jobs = sum(&workers, JOBS, "").await;
    assert!(noops > 0);
    let complete = sum(&workers, JOBS, r#"class="complete""#).await;
    assert_eq!(noops + complete, jobs, "something went wrong on the way");
    assert!(jobs >= told.len() as u64, "{jobs} jobs of {} events", told.len());
    let logged: Vec<_> = workers.iter().flat_map(|worker| told_by(worker.role())).collect();
    assert_eq!(classes(&logged)["noop"] as u64, noops);

    let before = [record(&world, 0).await, record(&world, 1).await];
    let made = Made::by(&workers).await;
    assert!(made.puts >= files as u64, "{made:?}");
    publish(&world, &told[..2 * TIMES]).await;
    world.at_rest(REST_WITHIN).await;
    assert_eq!(self::noops(&workers).await, noops + 2 * TIMES as u64);
    assert_eq!(Made::by(&workers).await, made);
    assert_eq!([record(&world, 0).await, record(&world, 1).await], before);
    assert!(world.dead().await.is_empty());
    println!(
        "{} events of {UPLOADS} uploads at once: {jobs} jobs, {noops} of them no-ops, {files} files published, {twice} lanes made \
         twice; {} more events later: 0 files, 0 decodes, 0 PUTs",
        told.len(),
        2 * TIMES
    );
}

/// What costs something.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    decodes: u64,
    files: u64,
    puts: u64,
    originals_read: u64,
}

impl Made {
    async fn by(workers: &[Process]) -> Self {
        let calls = async |labels| sum(workers, STORE_CALLS, labels).await;
        Self {
            decodes: sum(workers, "minilab_decodes_total", "").await,
            files: sum(workers, "minilab_files_rendered_total", "").await,
            // Files, manifests, aliases. What no-ops take is learned, too, in an object of `state` now and then.
            puts: calls(r#"operation="put",result="ok",store="outputs""#).await,
            originals_read: sum(workers, "minilab_original_bytes_total", "").await,
        }
    }
}

fn key(number: usize) -> String {
    format!("album/{number}.jpg")
}

async fn record(world: &World, number: usize) -> Value {
    let name = format!("records/{}", key(number));
    comparison::json(&comparison::read(&*world.state, &name).await.unwrap())
}

async fn publish(world: &World, events: &[Vec<u8>]) {
    let producer = world.producer().await;
    try_join_all(events.iter().map(|event| producer.publish(event)))
        .await
        .unwrap();
}

async fn noops(workers: &[Process]) -> u64 {
    sum(workers, JOBS, r#"class="no_op""#).await
}

async fn sum(workers: &[Process], name: &str, labels: &str) -> u64 {
    let counted = join_all(workers.iter().map(|worker| worker.metric(name, labels))).await;
    counted.iter().sum::<f64>() as u64
}
