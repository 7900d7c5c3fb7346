//! A world of one test: stores, queue, renderer, and workers that run in it on paused time.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;
use minilab_protos::job::{Hint, Job, Via};
use minilab_queue::{
    Clock, Delivery, Disposition, Memory as MemoryQueue, Outgoing, Queue, QueueName, Settled, dead_queue,
};
use minilab_recipe::{Document, Lane, Limits};
use minilab_record::{FailureRecord, Failures, LaneStatus, Record, Records, named_keys};
use minilab_store::{Faulty, Key, Memory, PutOptions, Store, StoreExt as _};
use minilab_worker::{
    Lanes, Ready, Worker, WorkerParts,
    outcome::{Budget, Class},
    renderer::{Engine, OriginalFile, Priority, RenderError, Renderer, Session},
    report::JobReport,
    testing::ScriptedRenderer,
};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

/// Three lanes, a derivative each; `photo` is in two of them.
pub const RECIPE: &str = "\
version: 1
from: { folder: ./in }
to: { folder: ./out, url: \"https://cdn.example.com/\" }
recipes:
  gallery:
    not_an_image: fail
    placeholder: [dominant]
    derivatives:
      thumb: { resize: { width: 320 }, formats: [webp], lane: fast }
      photo: { resize: { widths: [640, 1280] }, formats: [jpeg, avif] }
rules:
  - { match: { prefix: \"tmp/\" }, recipe: none }
  - { recipe: gallery }
";

/// Files that [`RECIPE`] makes of a large original.
pub const FILES: usize = 5;

pub const CAT: &str = "4000x3000 a cat";
pub const DOG: &str = "3000x2000 a dog";

/// tokio's time as calendar time, so that pausing pauses both.
#[derive(Debug)]
pub struct TokioClock(Instant, SystemTime);

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> SystemTime {
        self.1 + self.0.elapsed()
    }

    async fn sleep_until(&self, at: SystemTime) {
        tokio::time::sleep(at.duration_since(self.now()).unwrap_or_default()).await;
    }
}

/// A renderer with a defect.
#[derive(Debug)]
struct Panicking {
    inner: ScriptedRenderer,
    on: Option<u64>,
}

#[async_trait]
impl Renderer for Panicking {
    fn engine(&self) -> &Engine {
        self.inner.engine()
    }

    fn expect(&self, head: &[u8], priority: Priority) {
        self.inner.expect(head, priority);
    }

    async fn open(
        &self,
        original: OriginalFile,
        limits: &Limits,
        priority: Priority,
    ) -> Result<Box<dyn Session>, RenderError> {
        assert_ne!(self.on, Some(original.size_bytes), "a defect");
        self.inner.open(original, limits, priority).await
    }
}

/// The worker sees the stores through their faults, the test as they are.
#[derive(Default)]
pub struct Shelves {
    pub originals: Memory,
    pub output: Memory,
    pub state: Memory,
    pub brand: Memory,
}

pub struct World {
    pub shelves: Shelves,
    pub originals: Faulty,
    pub output: Faulty,
    pub state: Faulty,
    /// The store `brand`, of overlays.
    pub brand: Faulty,
    pub queue: Arc<dyn Queue>,
    pub renderer: ScriptedRenderer,
    /// Originals of this many bytes make the renderer's near end panic.
    pub renderer_panics_on: Option<u64>,
    pub document: Arc<Document>,
    pub revision: u64,
    pub lanes: Lanes,
    pub slots: usize,
    pub reports: Arc<Mutex<Vec<JobReport>>>,
    pub clock: Arc<TokioClock>,
}

/// A worker that runs.
pub struct Running {
    pub ready: watch::Receiver<Ready>,
    pub drain: CancellationToken,
    pub abort: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    pub async fn drained(self) {
        self.drain.cancel();
        self.task.await.unwrap();
    }
}

impl Default for World {
    fn default() -> Self {
        Self::with_queue(Arc::new(MemoryQueue::default()))
    }
}

impl World {
    pub fn with_queue(queue: Arc<dyn Queue>) -> Self {
        let shelves = Shelves::default();
        let faulty = |store: &Memory| Faulty::new(Arc::new(store.clone()));
        Self {
            originals: faulty(&shelves.originals),
            output: faulty(&shelves.output),
            state: faulty(&shelves.state),
            brand: faulty(&shelves.brand),
            shelves,
            queue,
            renderer: ScriptedRenderer::default(),
            renderer_panics_on: None,
            document: document(RECIPE),
            revision: 1,
            lanes: Lanes::default(),
            slots: 2,
            reports: Arc::default(),
            clock: Arc::new(TokioClock(
                Instant::now(),
                SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000),
            )),
        }
    }

    fn assets(&self) -> BTreeMap<String, Arc<dyn Store>> {
        let brand: Arc<dyn Store> = Arc::new(self.brand.clone());
        let is_named = self.document.stores.contains_key("brand");
        is_named
            .then(|| ("brand".to_owned(), brand))
            .into_iter()
            .collect()
    }

    pub fn start(&self) -> Running {
        let reports = Arc::clone(&self.reports);
        let worker = Worker::new(WorkerParts {
            document: Arc::clone(&self.document),
            revision: self.revision,
            originals: Arc::new(self.originals.clone()),
            output: Arc::new(self.output.clone()),
            state: Arc::new(self.state.clone()),
            assets: self.assets(),
            queue: Arc::clone(&self.queue),
            renderer: Arc::new(Panicking {
                inner: self.renderer.clone(),
                on: self.renderer_panics_on,
            }),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            tracer: minilab_telemetry::traces::Tracer::off(),
            observer: Arc::new(move |report| reports.lock().unwrap().push(report.clone())),
            lanes: self.lanes.clone(),
            slots: self.slots,
            budget: Budget::default(),
        });
        let (drain, abort) = (CancellationToken::new(), CancellationToken::new());
        let ready = worker.ready();
        let task = tokio::spawn(worker.run(drain.clone(), abort.clone()));
        Running {
            ready,
            drain,
            abort,
            task,
        }
    }

    /// Runs a worker until no job is left, waiting or leased, and drains it.
    pub async fn settle(&self) {
        let running = self.start();
        self.idle().await;
        running.drained().await;
    }

    /// Waits, on paused time, until no job is left.
    pub async fn idle(&self) {
        while self.jobs_left().await > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub async fn jobs_left(&self) -> u64 {
        let mut left = 0;
        for queue in ["fast", "standard", "bulk", "backfill"] {
            let depth = self.queue.depth(&QueueName::new(queue).unwrap()).await.unwrap();
            left += depth.known();
        }
        left
    }

    /// The dead letters, which stay where they are.
    pub async fn dead_letters(&self) -> Vec<Delivery> {
        let letters = self.take_dead_letters().await;
        for letter in &letters {
            let delay = Duration::ZERO;
            let release = Disposition::Release { delay };
            self.queue.settle(&letter.receipt, release).await.unwrap();
        }
        letters
    }

    async fn take_dead_letters(&self) -> Vec<Delivery> {
        let letters = self.queue.receive(&dead_queue(), 64, Duration::ZERO).await;
        letters.unwrap()
    }

    /// Why jobs were given up.
    pub async fn dead(&self) -> Vec<String> {
        let letters = self.dead_letters().await.into_iter();
        letters
            .map(|letter| letter.reason.expect("the dead say why"))
            .collect()
    }

    /// Puts all dead letters back, as an operator does; answers the lanes of their jobs.
    pub async fn put_back(&self) -> Vec<String> {
        let mut lanes = Vec::new();
        for letter in self.take_dead_letters().await {
            let mut job: Job = serde_json::from_slice(&letter.payload).unwrap();
            job.redrives += 1;
            (job.attempt, job.crashes) = (0, 0);
            self.send(&job.lane, &job).await;
            let settled = self.queue.settle(&letter.receipt, Disposition::Complete).await;
            assert_eq!(settled.unwrap(), Settled::Done);
            lanes.push(job.lane);
        }
        lanes
    }

    /// All jobs that wait in a queue now, taken out of it.
    pub async fn take_jobs(&self, queue: &str) -> Vec<Job> {
        let queue = QueueName::new(queue).unwrap();
        let mut jobs = Vec::new();
        while let Some(delivery) = self.queue.receive(&queue, 1, Duration::ZERO).await.unwrap().pop() {
            assert!(!delivery.redelivered, "it was settled");
            self.queue
                .settle(&delivery.receipt, Disposition::Complete)
                .await
                .unwrap();
            jobs.push(serde_json::from_slice(&delivery.payload).unwrap());
        }
        jobs
    }

    pub async fn upload(&self, name: &str, text: &str) {
        let body = Bytes::from(text.to_owned());
        self.shelves
            .originals
            .put(&key(name), body, PutOptions::default())
            .await
            .unwrap();
    }

    pub async fn delete(&self, name: &str) {
        self.shelves.originals.delete(&key(name)).await.unwrap();
    }

    pub fn job(&self, name: &str, lane: Lane) -> Job {
        Job {
            v: 1,
            id: format!("{name}-{lane}"),
            store: "from".into(),
            key: name.into(),
            hint: Some(Hint::default()),
            lane: lane.as_str().into(),
            via: Via::Live.into(),
            min_rev: self.revision,
            ..Job::default()
        }
    }

    pub async fn send(&self, queue: &str, job: &Job) {
        let payload = serde_json::to_vec(job).unwrap();
        self.queue
            .send(vec![Outgoing::new(QueueName::new(queue).unwrap(), payload)])
            .await
            .unwrap();
    }

    /// An event for the first lane, as the dispatcher sends it.
    pub async fn event(&self, name: &str) {
        self.send("fast", &self.job(name, Lane::Fast)).await;
    }

    /// Uploads, announces, and runs a worker until nothing is left to do.
    pub async fn uploaded(&self, name: &str, text: &str) {
        self.upload(name, text).await;
        self.event(name).await;
        self.settle().await;
    }

    pub async fn record(&self, name: &str) -> Option<Record> {
        Records::new(Arc::new(self.shelves.state.clone()))
            .load(name)
            .await
            .unwrap()
            .record
    }

    pub async fn statuses(&self, name: &str) -> Vec<LaneStatus> {
        self.record(name)
            .await
            .unwrap()
            .lanes
            .values()
            .map(|state| state.status)
            .collect()
    }

    pub async fn failures(&self) -> Vec<FailureRecord> {
        let failures = Failures::new(Arc::new(self.shelves.state.clone()));
        let mut list: Vec<FailureRecord> = failures.list().try_collect().await.unwrap();
        list.sort_by_key(|failure| failure.lane);
        list
    }

    pub async fn manifest(&self, name: &str) -> serde_json::Value {
        let manifest = key(&format!("{name}/manifest.json"));
        let (_, body) = self.shelves.output.get_bytes(&manifest, 1 << 20).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    pub fn classes(&self) -> Vec<Class> {
        self.reports
            .lock()
            .unwrap()
            .iter()
            .map(|report| report.class)
            .collect()
    }

    /// Files made, over all originals.
    pub fn made(&self) -> u32 {
        self.renderer.tally().files.values().sum()
    }

    /// Originals decoded, over all sessions.
    pub fn decodes(&self) -> u32 {
        self.renderer.tally().decodes.values().sum()
    }

    /// Everything the record names is there, and it names exactly what is asked of `text`'s bytes.
    pub async fn assert_current(&self, name: &str, text: &str, files: usize) {
        let record = self
            .record(name)
            .await
            .unwrap_or_else(|| panic!("{name} has no record"));
        let sha256 = minilab_store::Sha256::of(text.as_bytes());
        assert_eq!(
            record.observation.as_ref().and_then(|seen| seen.sha256),
            Some(sha256),
            "{name}: other bytes"
        );
        assert!(
            record
                .lanes
                .values()
                .all(|state| state.status == LaneStatus::Done),
            "{record:#?}"
        );
        let wanted: Vec<_> = record.wanted_files().collect();
        assert_eq!(wanted.len(), files, "{wanted:#?}");
        assert!(record.standing.is_none());
        for file in wanted {
            let (head, body) = self
                .shelves
                .output
                .get_bytes(&key(&file.key), 1 << 20)
                .await
                .unwrap();
            assert!(
                std::str::from_utf8(&body).unwrap().ends_with(&sha256.to_string()),
                "{} is of other bytes",
                file.key
            );
            assert_eq!((head.size_bytes, head.sha256), (file.bytes, Some(file.sha256)));
            assert!(head.cache_control.unwrap().contains("immutable"));
        }
        self.assert_nothing_dangles(name).await;
        assert_eq!(self.manifest(name).await["status"], "complete");
    }

    /// Nothing is named, in record or manifest, that is not there.
    pub async fn assert_nothing_dangles(&self, name: &str) {
        let Some(record) = self.record(name).await else {
            return;
        };
        for named in named_keys(&record) {
            assert!(
                self.shelves.output.head(&key(named)).await.is_ok(),
                "{named} is named and missing"
            );
        }
    }

    /// Keys of files in the output store, manifests and aliases aside.
    pub async fn stored(&self) -> BTreeSet<String> {
        let all: Vec<_> = self.shelves.output.list_all("").try_collect().await.unwrap();
        let keys = all.into_iter().map(|listed| listed.key.as_str().to_owned());
        keys.filter(|key| !key.ends_with("/manifest.json")).collect()
    }
}

pub fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

pub fn document(text: &str) -> Arc<Document> {
    Arc::new(Document::parse("test.yaml", text, &|_| None).unwrap_or_else(|wrong| panic!("{wrong:?}")))
}
