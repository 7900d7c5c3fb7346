//! An original that takes down whatever touches it becomes a dead letter, and its neighbours are made.
//!
//! Originals are words to the renderer of `misbehaving`, which dies as they say and makes files of all others. So a thousand
//! jobs cost no pixels, and one original does the same to every renderer it meets.
//! `MINILAB_POISON_JOBS=1000` names how many neighbours there are.
use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use minilab_store::{Key, PutOptions, StoreExt as _};

use crate::{
    broker::{Kind, Producer},
    events::{self, Said},
    jobs::{Told, classes, told},
    process::{Role, program},
    world::{ORIGINALS, Options, World, is_possible},
};

const VARIABLE: &str = "MINILAB_POISON_JOBS";
const NEIGHBOURS_USUAL: u64 = 300;
const RECIPE: &str = "\
recipes:
  one:
    derivatives:
      thumb: { resize: { width: 16 }, formats: [webp], lane: fast }
";
const UPLOADS_AT_ONCE: usize = 8;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
const ENDS_WITHIN: Duration = Duration::from_mins(5);
const REST_WITHIN: Duration = Duration::from_mins(1);

/// Deaths of renderers, and what is written in the failure record of each.
const POISONS: [(&str, &str, &str); 3] = [
    ("signal.jpg", "render segfault", "signal"),
    ("memory.jpg", "render memory", "memory"),
    ("hanging.jpg", "probe hang", "deadline"),
];
/// Kills the worker.
const KILLER: (&str, &str) = ("killer.jpg", "render worker");
/// Of which the last one is not tried.
const DELIVERIES: usize = 4;
/// Uploads of neighbours each time the worker is started.
const BESIDE: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_original_that_crashes_its_renderer_is_given_up_and_its_neighbours_pass() {
    if !is_possible() {
        return;
    }
    let neighbours = std::env::var(VARIABLE).map_or(NEIGHBOURS_USUAL, |text| text.parse().unwrap());
    let scene = Scene::new(Options::default()).await;
    let mut working = scene.worker.start();
    working.ready().await;

    let begun = Instant::now();
    let third = neighbours / 3;
    for (number, (key, words, _)) in (0..).zip(POISONS) {
        scene.upload(key, words).await;
        scene
            .upload_neighbours(number * third..(number + 1) * third)
            .await;
    }
    scene.upload_neighbours(3 * third..neighbours).await;
    let given_up = |jobs: &[Told]| ends(jobs, "poison").len() == POISONS.len();
    scene
        .until(|jobs| given_up(jobs) && ends(jobs, "complete").len() as u64 == neighbours)
        .await;
    let took = begun.elapsed();
    scene.world.at_rest(REST_WITHIN).await;

    let jobs = told(&scene.worker);
    println!(
        "{neighbours} neighbours passed within {took:.1?}; jobs {:?}",
        classes(&jobs)
    );
    let dead = scene.dead().await;
    for (key, _, how) in POISONS {
        let letter = &dead[key];
        assert_eq!(letter["class"], "poison", "{letter}");
        assert!(letter.to_string().contains(how), "{letter}");
    }
    assert_eq!(dead.len(), POISONS.len(), "{dead:#?}");
    for job in jobs.iter().filter(|job| !is_poison(&job.key)) {
        // Who came while a suspect ran alone was handed back, unspent.
        let is_handed_back = job.settled.as_deref() == Some("release");
        assert!(job.class == "complete" || is_handed_back, "{job:?}");
        assert_eq!(job.attempt, 1, "{job:?}");
    }
    scene.everything_else_is_complete(neighbours, POISONS.len()).await;
    assert!(working.is_running());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_original_that_kills_its_worker_is_given_up_at_the_fourth_delivery_and_blamed_alone() {
    is_blamed_alone(Options::default()).await;
}

/// SQS knows of no connection: what a killed worker had comes again when its lease has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_original_that_kills_its_worker_is_given_up_on_sqs_too() {
    is_blamed_alone(Options {
        broker: Kind::Sqs,
        queue: ", lease: 5s".to_owned(),
        ..Options::default()
    })
    .await;
}

async fn is_blamed_alone(options: Options) {
    if !is_possible() {
        return;
    }
    let scene = Scene::new(options).await;
    let mut neighbours = BESIDE;
    scene.upload_neighbours(0..BESIDE).await;
    scene.upload(KILLER.0, KILLER.1).await;
    let (mut kills, begun) = (0, Instant::now());
    let mut working = scene.worker.start();
    while ends(&told(&scene.worker), "poison").is_empty() {
        assert!(begun.elapsed() < ENDS_WITHIN, "{}", scene.worker.last_words());
        if !working.is_running() {
            kills += 1;
            scene.upload_neighbours(neighbours..neighbours + BESIDE).await;
            neighbours += BESIDE;
            working = scene.worker.start();
        }
        tokio::time::sleep(BETWEEN_LOOKS / 4).await;
    }
    scene
        .until(|jobs| ends(jobs, "complete").len() as u64 >= neighbours)
        .await;
    scene.world.at_rest(REST_WITHIN).await;

    let jobs = told(&scene.worker);
    let mut charged: BTreeMap<&str, usize> = BTreeMap::new();
    for job in jobs.iter().filter(|job| job.class == "unsettled") {
        *charged.entry(&job.key).or_default() += 1;
    }
    println!(
        "{kills} workers killed within {:.1?}; jobs {:?}; hand-outs that nobody settled: {charged:?}",
        begun.elapsed(),
        classes(&jobs)
    );
    let dead = scene.dead().await;
    assert_eq!(dead.keys().collect::<Vec<_>>(), [KILLER.0], "{dead:#?}");
    assert_eq!(dead[KILLER.0]["class"], "poison");
    assert_eq!((kills, charged.remove(KILLER.0)), (DELIVERIES, Some(DELIVERIES)));
    // Beside it was whoever ran when it was no suspect yet, and then only what the broker had just sent.
    assert!(
        charged.values().all(|count| *count <= DELIVERIES / 2),
        "{charged:?}"
    );
    scene.everything_else_is_complete(neighbours, 1).await;
}

fn is_poison(key: &str) -> bool {
    POISONS.iter().any(|(poison, ..)| *poison == key)
}

/// Keys of jobs that were settled so.
fn ends<'a>(jobs: &'a [Told], settled: &str) -> std::collections::BTreeSet<&'a str> {
    let jobs = jobs.iter().filter(|job| job.settled.as_deref() == Some(settled));
    jobs.map(|job| job.key.as_str()).collect()
}

/// A dispatcher at work, and a worker whose renderers do as originals say.
struct Scene {
    world: World,
    worker: Role,
    producer: Producer,
    _dispatching: crate::process::Process,
}

impl Scene {
    async fn new(options: Options) -> Self {
        let world = World::new(Options {
            recipes: RECIPE.to_owned(),
            ..options
        })
        .await;
        let mut dispatching = world.dispatcher("dispatcher").role.start();
        dispatching.ready().await;
        let renderer = misbehaving();
        let renderer = renderer.to_str().unwrap();
        Self {
            worker: world.worker("worker", &["--slots", "2", "--renderer", renderer]),
            producer: world.producer().await,
            world,
            _dispatching: dispatching,
        }
    }

    async fn upload_neighbours(&self, numbers: std::ops::Range<u64>) {
        let uploads = numbers.map(async |number| {
            self.upload(&neighbour(number), &format!("neighbour {number}"))
                .await;
        });
        stream::iter(uploads)
            .buffer_unordered(UPLOADS_AT_ONCE)
            .collect::<()>()
            .await;
    }

    async fn upload(&self, key: &str, words: &str) {
        let size_bytes = words.len();
        let (at, bytes) = (Key::new(key).unwrap(), words.to_owned().into());
        self.world
            .originals
            .put(&at, bytes, PutOptions::default())
            .await
            .unwrap();
        let event = events::notification(ORIGINALS, key, &Said::Created { size_bytes });
        self.producer.publish(&event).await.unwrap();
    }

    async fn until(&self, wanted: impl Fn(&[Told]) -> bool) {
        let begun = Instant::now();
        while !wanted(&told(&self.worker)) {
            assert!(begun.elapsed() < ENDS_WITHIN, "{}", self.worker.last_words());
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Failure records by their keys.
    async fn dead(&self) -> BTreeMap<String, serde_json::Value> {
        let dead = self.world.dead().await.into_iter();
        dead.map(|letter| (letter["key"].as_str().unwrap().to_owned(), letter))
            .collect()
    }

    /// Every neighbour has a manifest that says so, and beside those there are only manifests of failures.
    async fn everything_else_is_complete(&self, neighbours: u64, failures: usize) {
        let listed: Vec<_> = self.world.media.list_all("").try_collect().await.unwrap();
        let manifests = listed
            .iter()
            .filter(|listed| listed.key.as_str().ends_with("/manifest.json"));
        assert_eq!(manifests.count(), neighbours as usize + failures);
        for number in 0..neighbours {
            let complete = |manifest: &serde_json::Value| manifest["status"] == "complete";
            self.world.manifest(&neighbour(number), complete).await;
        }
    }
}

fn neighbour(number: u64) -> String {
    format!("neighbour-{number}.jpg")
}

/// Built with the tests of its package.
fn misbehaving() -> PathBuf {
    let path = program().with_file_name("examples").join("misbehaving");
    assert!(
        path.is_file(),
        "{} is not built: run `cargo build -p minilab-renderer --examples`",
        path.display()
    );
    path
}
