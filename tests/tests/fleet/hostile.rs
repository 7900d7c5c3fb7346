//! Hostile originals among good ones, before three workers: every good one is published, every hostile one recorded with class, code
//! and sentence, no worker ends, and the good ones take about as long as without.
//!
//! `MINILAB_HOSTILE=1000` puts a thousand of each through. Times are printed, not judged: a machine of tests has other things to do.
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, stream};
use minilab_store::{Key, PutOptions};
use minilab_tests::hostile::{self, Ends, Hostile};

use crate::{
    broker::Producer,
    events::{self, Said},
    jobs::{Told, classes, told},
    pictures,
    process::{Process, Role},
    world::{ORIGINALS, Options, World, is_possible},
};

const VARIABLE: &str = "MINILAB_HOSTILE";
const USUAL: usize = 60;
const RECIPE: &str = "\
recipes:
  all:
    accept: { formats: [jpeg, png, webp, avif, gif, tiff, heic, jxl, svg] }
    not_an_image: fail
    derivatives:
      thumb: { resize: { width: 160, height: 160, fit: cover, gravity: attention }, formats: [webp, jpeg], lane: fast }
      photo: { resize: { width: 200 }, formats: [jpeg], lane: fast }
";
const PHOTO: &str = "\
recipes:
  photo:
    derivatives:
      photo: { resize: { width: 2400 }, formats: [jpeg] }
";
const WORKERS: usize = 3;
const UPLOADS_AT_ONCE: usize = 8;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
const ENDS_WITHIN: Duration = Duration::from_mins(20);
const REST_WITHIN: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_originals_are_recorded_good_ones_published_and_no_worker_ends() {
    if !is_possible() {
        return;
    }
    let count = std::env::var(VARIABLE).map_or(USUAL, |text| text.parse().unwrap());
    let mut scene = Scene::new().await;
    scene.round("warm", 10, &[]).await;
    let alone = scene.round("alone", count, &[]).await;
    let refused: Vec<Hostile> = hostile::all()
        .into_iter()
        // No event of an object without bytes makes a job: some stores tell of one before each upload.
        .filter(|hostile| matches!(hostile.ends, Ends::Refused(_)) && !hostile.bytes.is_empty())
        .collect();
    // Of all formats, however few there are.
    let chosen: Vec<&Hostile> = (0..count)
        .map(|number| &refused[(number * refused.len() / count.min(refused.len())) % refused.len()])
        .collect();
    let mixed = scene.round("mixed", count, &chosen).await;

    scene.world.at_rest(REST_WITHIN).await;
    for process in &mut scene.processes {
        assert!(process.is_running(), "{}", process.role().last_words());
    }
    let recorded = scene.recorded().await;
    for (number, hostile) in chosen.iter().enumerate() {
        let key = hostile_key(number, hostile);
        let record = recorded
            .get(&key)
            .unwrap_or_else(|| panic!("{key} ({}) is not recorded", hostile.name));
        let Ends::Refused(codes) = hostile.ends else {
            continue;
        };
        assert_eq!(record["class"], "input", "{}: {record}", hostile.name);
        assert!(
            codes.contains(&record["code"].as_str().unwrap()),
            "{}: {record}",
            hostile.name
        );
        assert!(
            record["sentence"].as_str().unwrap().len() > 20,
            "{}: {record}",
            hostile.name
        );
    }
    assert_eq!(recorded.len(), chosen.len(), "nothing else failed");
    let dead = scene.world.dead().await;
    assert!(dead.is_empty(), "{dead:#?}");
    let mut exits = BTreeMap::new();
    for process in &scene.processes {
        for kind in ["signal", "exit", "memory", "deadline", "protocol"] {
            *exits.entry(kind).or_insert(0.0) += process
                .metric("minilab_renderer_exits_total", &format!("kind=\"{kind}\""))
                .await;
        }
    }
    println!(
        "{count} good and {} hostile originals, {WORKERS} workers, 0 restarts; renderers lost: {exits:?}\n\
         jobs of good ones, p50 and p95: {:.0} and {:.0} ms without hostile ones, {:.0} and {:.0} ms with them: {:.2} of it",
        chosen.len(),
        percentile(&alone, 50),
        percentile(&alone, 95),
        percentile(&mixed, 50),
        percentile(&mixed, 95),
        percentile(&mixed, 95) / percentile(&alone, 95)
    );
    for kind in ["signal", "exit", "protocol"] {
        assert!(exits[kind].abs() < 0.5, "{exits:?}");
    }
}

struct Scene {
    world: World,
    /// A photo of 3 Mpx.
    photo: Vec<u8>,
    producer: Producer,
    workers: Vec<Role>,
    processes: Vec<Process>,
    _dispatching: Process,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new(Options {
            recipes: RECIPE.to_owned(),
            ..Options::default()
        })
        .await;
        let mut dispatching = world.dispatcher("dispatcher").role.start();
        dispatching.ready().await;
        let workers: Vec<Role> = (0..WORKERS)
            .map(|number| world.worker(&format!("worker-{number}"), &["--slots", "2"]))
            .collect();
        let mut processes: Vec<Process> = workers.iter().map(Role::start).collect();
        for process in &mut processes {
            process.ready().await;
        }
        Self {
            photo: tokio::task::spawn_blocking(photo).await.unwrap(),
            producer: world.producer().await,
            world,
            workers,
            processes,
            _dispatching: dispatching,
        }
    }

    /// So many good originals and these hostile ones, in turns; milliseconds that the good ones' jobs took, sorted.
    async fn round(&self, album: &str, good: usize, hostile: &[&Hostile]) -> Vec<f64> {
        let mut uploads = Vec::new();
        for number in 0..good.max(hostile.len()) {
            if number < good {
                // Decoders stop at the picture's end; what follows tells uploads apart.
                let bytes = [&self.photo[..], format!("upload {number}").as_bytes()].concat();
                uploads.push((good_key(album, number), bytes));
            }
            if let Some(hostile) = hostile.get(number) {
                uploads.push((hostile_key(number, hostile), hostile.bytes.clone()));
            }
        }
        let put = stream::iter(uploads).map(|(key, bytes)| self.upload(key, bytes));
        put.buffer_unordered(UPLOADS_AT_ONCE).collect::<()>().await;
        let begun = Instant::now();
        let mut took = loop {
            let jobs: Vec<Told> = self.workers.iter().flat_map(told).collect();
            let made = jobs
                .iter()
                .filter(|job| job.class == "complete" && job.key.starts_with(album));
            let took: BTreeMap<&str, f64> = made.map(|job| (job.key.as_str(), job.took_ms as f64)).collect();
            let told: std::collections::BTreeSet<&str> = jobs
                .iter()
                .filter(|job| job.class == "input")
                .map(|job| job.key.as_str())
                .collect();
            if took.len() == good && (hostile.is_empty() || told.len() >= hostile.len()) {
                break took.into_values().collect::<Vec<_>>();
            }
            assert!(
                begun.elapsed() < ENDS_WITHIN,
                "{} of {good} and {} of {}: {:?}",
                took.len(),
                told.len(),
                hostile.len(),
                classes(&jobs)
            );
            tokio::time::sleep(BETWEEN_LOOKS).await;
        };
        for number in 0..good {
            let key = good_key(album, number);
            self.world
                .manifest(&key, |manifest| manifest["status"] == "complete")
                .await;
        }
        took.sort_by(f64::total_cmp);
        took
    }

    async fn upload(&self, key: String, bytes: Vec<u8>) {
        let size_bytes = bytes.len();
        let at = Key::new(key.as_str()).unwrap();
        self.world
            .originals
            .put(&at, bytes.into(), PutOptions::default())
            .await
            .unwrap();
        let event = events::notification(ORIGINALS, &key, &Said::Created { size_bytes });
        self.producer.publish(&event).await.unwrap();
    }

    /// Failure records of originals that are at fault themselves, by key.
    async fn recorded(&self) -> BTreeMap<String, serde_json::Value> {
        let args = [
            "--json",
            "dead",
            "ls",
            "--class",
            "input",
            "--config",
            "minilab.yaml",
        ];
        let listed = self.world.operate(&args).await.unwrap();
        let records = listed
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        records
            .map(|record| (record["key"].as_str().unwrap().to_owned(), record))
            .collect()
    }
}

fn photo() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let large = pictures::photo("Elephants_5640x3172.jpg");
    let mut made = pictures::rendered(folder.path(), PHOTO, &large);
    made.pop().unwrap().1
}

fn good_key(album: &str, number: usize) -> String {
    format!("{album}/{number}.jpg")
}

fn hostile_key(number: usize, hostile: &Hostile) -> String {
    format!("hostile/{number}.{}", hostile.extension)
}

/// The value under which `percent` of them lie.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent).div_ceil(100).saturating_sub(1)]
}
