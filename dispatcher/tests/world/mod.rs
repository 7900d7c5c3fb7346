//! A world of its own for each test: stores and queue in memory, or originals in a real folder.
#![allow(dead_code, reason = "each test binary uses its part")]
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use jiff::Timestamp;
use minilab_dispatcher::{
    Brake, Error, Jobs, Names, Pass, Reconcile, ReconcileConfig, Report, Stores, queue_name,
};
use minilab_protos::job::Job;
use minilab_queue::{Clock, Disposition, Queue};
use minilab_recipe::{Decision, Document, Encoding, Lane, Size, WebpTuning};
use minilab_record::{
    FileEntry, LaneState, LaneStatus, Observation, Placeholder, Previous, Record, Records, Swap,
};
use minilab_store::{Key, Memory, PutOptions, Sha256, Store};
use minilab_telemetry::{Metrics, PassMode};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub struct World {
    pub document: Arc<Document>,
    pub originals: Arc<dyn Store>,
    pub outputs: Arc<dyn Store>,
    pub state: Arc<dyn Store>,
    pub queue: Arc<dyn Queue>,
    pub jobs: Arc<Jobs>,
    pub metrics: Arc<Metrics>,
}

/// Two lanes for all keys but those under `none/`.
pub const RULES: &str = r"
version: 1
from: { folder: ./photos }
to: { folder: ./public }
rules:
  - { match: { prefix: none/ }, recipe: none }
  - { recipe: gallery }
recipes:
  gallery:
    derivatives:
      thumb: { resize: { width: 320 }, formats: [webp], lane: fast }
      photo: { resize: { width: 1280 }, formats: [jpeg] }
";

pub fn key(key: &str) -> Key {
    Key::new(key).unwrap()
}

pub fn rules(text: &str) -> Arc<Document> {
    Arc::new(Document::parse("minilab.yaml", text, &|_| None).expect("the test's document is valid"))
}

impl World {
    pub fn new() -> Self {
        Self::over(Arc::new(Memory::new()))
    }

    pub fn over(originals: Arc<dyn Store>) -> Self {
        let queue: Arc<dyn Queue> = Arc::new(minilab_queue::Memory::default());
        let metrics = Arc::new(Metrics::new("test"));
        let document = rules(RULES);
        let jobs = jobs(&document, &queue, &metrics);
        let (outputs, state) = (Arc::new(Memory::new()), Arc::new(Memory::new()));
        Self {
            document,
            originals,
            outputs,
            state,
            queue,
            jobs,
            metrics,
        }
    }

    /// The same world with another broker.
    pub fn on(self, queue: Arc<dyn Queue>) -> Self {
        let jobs = jobs(&self.document, &queue, &self.metrics);
        Self { queue, jobs, ..self }
    }

    /// The same world after the operator changed the document.
    pub fn with_rules(self, text: &str) -> Self {
        let document = rules(text);
        let jobs = jobs(&document, &self.queue, &self.metrics);
        Self {
            document,
            jobs,
            ..self
        }
    }

    pub fn stores(&self) -> Stores {
        Stores {
            originals: Arc::clone(&self.originals),
            outputs: Arc::clone(&self.outputs),
            state: Arc::clone(&self.state),
        }
    }

    pub fn records(&self) -> Records {
        Records::new(Arc::clone(&self.state))
    }

    pub async fn upload(&self, name: &str) {
        self.originals
            .put(&key(name), Bytes::from_static(b"photo"), PutOptions::default())
            .await
            .unwrap();
    }

    /// Writes the record that a worker would have left of the original as it is now.
    pub async fn finish(&self, name: &str) {
        let head = self.originals.head(&key(name)).await.unwrap();
        let mut record = record(name);
        record.observation = Some(Observation {
            etag: head.etag,
            size_bytes: head.size_bytes,
            version_id: None,
            sha256: None,
            reads: BTreeMap::new(),
            probe: None,
            findings: Box::default(),
            said: None,
        });
        let Decision::Recipe { recipe, .. } = self.document.decide(name) else {
            panic!("a rule takes {name}")
        };
        for lane in recipe.lanes() {
            record
                .lanes
                .insert(lane, lane_state(name, recipe.lane_digest(lane)));
        }
        self.swap(&record).await;
    }

    pub async fn swap(&self, record: &Record) {
        let records = self.records();
        let loaded = records.load(&record.key).await.unwrap();
        assert!(matches!(
            records.swap(&loaded, record).await.unwrap(),
            Swap::Swapped(_)
        ));
    }

    pub async fn reconcile(&self, mode: PassMode, brake: Brake) -> Report {
        let config = ReconcileConfig {
            names: Names::Folder,
            ..ReconcileConfig::default()
        };
        self.reconcile_as(config, mode, brake, &CancellationToken::new())
            .await
            .unwrap()
    }

    pub async fn reconcile_as(
        &self,
        config: ReconcileConfig,
        mode: PassMode,
        brake: Brake,
        drain: &CancellationToken,
    ) -> Result<Report, Error> {
        let reconcile = Reconcile::new(
            Arc::clone(&self.originals),
            self.records(),
            Arc::clone(&self.jobs),
            Arc::clone(&self.metrics),
            config,
        );
        let pass = Pass {
            mode,
            prefix: String::new(),
            brake,
        };
        reconcile.run_once(&pass, drain).await
    }

    /// Takes the jobs that wait in one lane.
    pub async fn take(&self, lane: Lane) -> Vec<Job> {
        self.take_within(lane, Duration::ZERO).await
    }

    pub async fn take_within(&self, lane: Lane, wait: Duration) -> Vec<Job> {
        let mut jobs: Vec<Job> = Vec::new();
        loop {
            let wait = if jobs.is_empty() { wait } else { Duration::ZERO };
            let deliveries = self.queue.receive(&queue_name(lane), 10, wait).await.unwrap();
            if deliveries.is_empty() {
                jobs.sort_by(|a, b| a.key.cmp(&b.key));
                return jobs;
            }
            for delivery in deliveries {
                jobs.push(serde_json::from_slice(&delivery.payload).unwrap());
                self.queue
                    .settle(&delivery.receipt, Disposition::Complete)
                    .await
                    .unwrap();
            }
        }
    }

    pub async fn keys(&self) -> Vec<String> {
        self.take(Lane::Fast)
            .await
            .into_iter()
            .map(|job| job.key)
            .collect()
    }
}

/// The time of the test's runtime, which a test may pause and advance.
#[derive(Debug)]
pub struct RuntimeClock {
    wall: SystemTime,
    start: Instant,
}

impl Default for RuntimeClock {
    fn default() -> Self {
        Self {
            wall: SystemTime::now(),
            start: Instant::now(),
        }
    }
}

#[async_trait::async_trait]
impl Clock for RuntimeClock {
    fn now(&self) -> SystemTime {
        self.wall + self.start.elapsed()
    }

    async fn sleep_until(&self, at: SystemTime) {
        tokio::time::sleep(at.duration_since(self.now()).unwrap_or_default()).await;
    }
}

fn jobs(document: &Arc<Document>, queue: &Arc<dyn Queue>, metrics: &Arc<Metrics>) -> Arc<Jobs> {
    let clock = Arc::new(RuntimeClock::default());
    Arc::new(Jobs::new(
        Arc::clone(document),
        7,
        Arc::clone(queue),
        clock,
        Arc::clone(metrics),
    ))
}

/// A tombstone.
pub fn record(name: &str) -> Record {
    Record {
        v: 1,
        key: name.to_owned(),
        generation: 1,
        since_generation: 1,
        revision: 7,
        recipe: "gallery".to_owned(),
        observation: None,
        lanes: BTreeMap::new(),
        retired: BTreeMap::new(),
        standing: None,
        previous: Vec::new(),
        placeholder: Placeholder::default(),
        updated: Timestamp::UNIX_EPOCH,
    }
}

pub fn lane_state(name: &str, recipe_digest: String) -> LaneState {
    LaneState {
        generation: 2,
        since_generation: 2,
        status: LaneStatus::Done,
        recipe_digest,
        engine: "test".to_owned(),
        files: vec![file(&format!("{name}/photo-320w.g2-0123456789.webp"))],
        failures: Vec::new(),
        dropped: Vec::new(),
    }
}

pub fn file(key: &str) -> FileEntry {
    FileEntry {
        derivative: "photo".to_owned(),
        key: key.to_owned(),
        size: Size { width: 1, height: 1 },
        encoding: Encoding::Webp {
            quality: 78,
            effort: 4,
            lossless: false,
            tuning: WebpTuning::DEFAULT,
        },
        bytes: 1,
        sha256: Sha256::of(b""),
        fingerprint: "f".to_owned(),
        notes: Vec::new(),
        engine: "test".to_owned(),
        micros: 1,
        quality: None,
        score: None,
    }
}

pub fn previous(key: &str, since: Timestamp) -> Previous {
    Previous {
        key: key.to_owned(),
        since,
    }
}
