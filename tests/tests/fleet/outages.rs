//! The broker or the store is away for a while: nobody ends, everybody says why nothing goes on, nothing is charged for it, and
//! it goes on by itself.
//!
//! `MINILAB_OUTAGE_SECONDS=60` makes the outages longer.
use std::{
    fmt,
    time::{Duration, Instant},
};

use minilab_tests::{
    proxy::{Condition, Fault},
    servers::RabbitMq,
};
use rustix::process::Signal;

use crate::{
    comparison::compare,
    events,
    http::Answer,
    jobs::{classes, told},
    ledger::Upload,
    lines::Lines,
    pictures::Pictures,
    process::{Process, Role},
    world::{Dispatcher, Options, TOKEN, World, is_possible},
};

const VARIABLE: &str = "MINILAB_OUTAGE_SECONDS";
const SECONDS_USUAL: u64 = 10;
const UPLOADS: u64 = 40;
/// So many jobs are done when the outage begins, and the others are not.
const DONE_BEFORE: usize = 5;
/// Uploads during the outage.
const MORE: u64 = 3;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
const REST_WITHIN: Duration = Duration::from_mins(2);
const ENDS_WITHIN: Duration = Duration::from_secs(30);
/// Declared last of all queues.
const LAST_QUEUE: &str = "minilab.v1.dead";

const BROKER: &[&str] = &["broker"];
const STORES: &[&str] = &["originals", "files", "output", "state"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_dead_for_a_while_costs_no_attempt() {
    if !is_possible() {
        return;
    }
    let mut scene = Scene::at_work(World::new(Options::default()).await).await;
    scene.on_broker(|broker| {
        broker.wait_until_kept(LAST_QUEUE).unwrap();
        broker.kill();
    });
    let mut away = scene.away("dead broker", BROKER).await;
    scene.upload_more(&mut away).await;
    assert_eq!(
        away.refused.len() as u64,
        MORE,
        "events were taken without a broker"
    );
    away.last().await;
    scene.on_broker(|broker| broker.restart().unwrap());
    scene.back(away, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_silent_for_a_while_costs_no_attempt() {
    if !is_possible() {
        return;
    }
    let (lines, world) = Lines::world(Options::default()).await;
    let mut scene = Scene::at_work(world).await;
    lines.broker.set(Condition::BlackHole);
    let mut away = scene.away("silent broker", BROKER).await;
    scene.upload_more(&mut away).await;
    assert_eq!(
        away.refused.len() as u64,
        MORE,
        "events were taken without a broker"
    );
    away.last().await;
    lines.broker.mend();
    assert!(lines.broker.hits(Fault::Withheld) > 0);
    scene.back(away, 0).await;
}

/// Short of memory, it takes nothing from anybody, but it answers and delivers: only who sends is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_blocked_for_a_while_costs_no_attempt() {
    if !is_possible() {
        return;
    }
    let mut scene = Scene::at_work(World::new(Options::default()).await).await;
    let watermark = |to: &'static str| {
        move |broker: &mut RabbitMq| {
            broker.rabbitmqctl(&["set_vm_memory_high_watermark", to]).unwrap();
        }
    };
    // While it is stopped its jobs stay where handing the next lane on follows, of which it is told.
    scene.working.signal(Signal::STOP);
    scene.on_broker(watermark("0.00001"));
    scene.working.signal(Signal::CONT);
    // A broker tells of its alarm only who sends.
    let first = scene.upload_one(UPLOADS + MORE).await;
    let mut away = scene.away("blocked broker", BROKER).await;
    scene.upload_more(&mut away).await;
    assert_eq!(
        away.refused.len() as u64,
        MORE,
        "events were taken by a broker that takes nothing"
    );
    away.refused.extend(first);
    away.last().await;
    for process in [&scene.working, &scene.dispatching] {
        let answer = process.ask("/readyz").await.unwrap();
        let is_told = answer.status == 503 && answer.body.contains("takes no messages now");
        assert!(is_told, "it says no longer why: {answer:?}");
    }
    scene.on_broker(watermark("0.4"));
    scene.back(away, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_dead_for_a_while_costs_no_attempt() {
    if !is_possible() {
        return;
    }
    let mut scene = Scene::at_work(World::new(Options::default()).await).await;
    scene.world.seaweed.kill();
    let away = scene.away("dead store", STORES).await;
    away.last().await;
    tokio::task::block_in_place(|| scene.world.seaweed.restart().unwrap());
    scene.back(away, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_silent_for_a_while_costs_one_attempt_at_most() {
    if !is_possible() {
        return;
    }
    let (lines, world) = Lines::world(Options::default()).await;
    let mut scene = Scene::at_work(world).await;
    lines.store.link().set(Condition::BlackHole);
    let mut away = scene.away("silent store", STORES).await;
    // Events are taken all the same: they need the broker only.
    scene.upload_more(&mut away).await;
    assert!(away.refused.is_empty(), "{:?}", away.refused);
    away.last().await;
    lines.store.mend();
    assert!(lines.store.hits(Fault::Withheld) > 0);
    // A call that times out when the store is just back looks like one that failed alone.
    scene.back(away, 1).await;
}

/// How long an outage lasts at least.
fn lasts() -> Duration {
    let seconds = std::env::var(VARIABLE).map_or(Ok(SECONDS_USUAL), |text| text.parse());
    Duration::from_secs(seconds.unwrap_or_else(|_| panic!("{VARIABLE} is no number of seconds")))
}

/// A fleet with work going on.
struct Scene {
    world: World,
    pictures: Pictures,
    dispatcher: Dispatcher,
    worker: Role,
    dispatching: Process,
    working: Process,
}

/// An outage, while it lasts.
struct Away {
    name: &'static str,
    since: Instant,
    /// When worker and dispatcher said so, and the worker's words.
    told: [Duration; 2],
    words: String,
    /// Events that nobody took.
    refused: Vec<Vec<u8>>,
}

impl Scene {
    async fn at_work(world: World) -> Self {
        let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
        let dispatcher = world.dispatcher("dispatcher");
        let worker = world.worker("worker", &["--slots", "2"]);
        let (mut dispatching, mut working) = (dispatcher.role.start(), worker.start());
        dispatching.ready().await;
        working.ready().await;
        world.upload_all(&pictures, 0..UPLOADS).await;
        let begun = Instant::now();
        while told(&worker).len() < DONE_BEFORE {
            assert!(begun.elapsed() < REST_WITHIN, "{}", worker.last_words());
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Self {
            world,
            pictures,
            dispatcher,
            worker,
            dispatching,
            working,
        }
    }

    fn on_broker(&self, act: impl FnOnce(&mut RabbitMq)) {
        tokio::task::block_in_place(|| act(&mut self.world.broker.rabbitmq()));
    }

    /// It has begun. Returns when both processes say what is missing.
    async fn away(&mut self, name: &'static str, missing: &[&str]) -> Away {
        let since = Instant::now();
        let is_told = |answer: &Answer| {
            let mut parts = missing.iter().map(|part| format!("{part}: "));
            answer.status == 503 && parts.any(|part| answer.body.contains(&part))
        };
        let told = async |process: &mut Process| {
            let answer = process.until("unready", is_told).await;
            (since.elapsed(), answer.body)
        };
        let (worker, dispatcher) = tokio::join!(told(&mut self.working), told(&mut self.dispatching));
        Away {
            name,
            since,
            told: [worker.0, dispatcher.0],
            words: worker.1,
            refused: Vec::new(),
        }
    }

    /// Uploads, each told of once by webhook; what the dispatcher cannot take now is kept, as producers do.
    async fn upload_more(&self, away: &mut Away) {
        for number in UPLOADS..UPLOADS + MORE {
            away.refused.extend(self.upload_one(number).await);
        }
    }

    /// One of them; its event, if that is refused.
    async fn upload_one(&self, number: u64) -> Option<Vec<u8>> {
        let (key, upload) = (format!("{number}.jpg"), Upload { number, picture: 0 });
        let event = self.world.upload(&self.pictures, &key, upload).await;
        let error = events::post(self.dispatcher.webhook, TOKEN, &event).await.err()?;
        assert!(error.to_string().contains("status: 503"), "{error:#}");
        Some(event)
    }

    /// It is over, and has cost no job more attempts than these.
    async fn back(mut self, away: Away, spent_max: u64) {
        let lasted = away.since.elapsed();
        let over = Instant::now();
        let ready = async |process: &mut Process| {
            process.ready().await;
            over.elapsed()
        };
        let (worker, dispatcher) = tokio::join!(ready(&mut self.working), ready(&mut self.dispatching));
        for event in &away.refused {
            events::post(self.dispatcher.webhook, TOKEN, event).await.unwrap();
        }
        for key in self.world.ledger.now().into_keys() {
            let complete = |manifest: &serde_json::Value| manifest["status"] == "complete";
            self.world.manifest(&key, complete).await;
        }
        let complete = over.elapsed();
        self.world.at_rest(REST_WITHIN).await;
        assert!(self.working.is_running() && self.dispatching.is_running());
        for process in [self.working, self.dispatching] {
            let (status, _) = process.terminate(ENDS_WITHIN).await.unwrap();
            assert!(status.success(), "{status}");
        }
        let jobs = told(&self.worker);
        let compare = async || compare(&*self.world.media, &self.world.ledger, &self.pictures).await;
        println!(
            "{away} lasted {lasted:.1?}; the worker is ready again after {worker:.1?}, the dispatcher after {dispatcher:.1?}, \
             all is complete after {complete:.1?}; jobs {:?}; before a sweep: {}",
            classes(&jobs),
            compare().await.counts
        );
        for job in jobs {
            assert!(job.attempt <= 1 + spent_max, "an attempt was spent: {job:?}");
        }
        let dead = self.world.dead().await;
        assert!(dead.is_empty(), "{dead:#?}");
        // What was put by attempts that the outage ended.
        self.world.configure(&Options::default(), "swept.yaml", "1s");
        let sweep = ["sweep", "--config", "swept.yaml", "--full", "--allow"];
        self.world.operate(&sweep).await.unwrap();
        let compared = compare().await;
        assert!(compared.complaints.is_empty(), "{:#?}", compared.complaints);
    }
}

impl Away {
    /// Waits until it has lasted long enough.
    async fn last(&self) {
        tokio::time::sleep(lasts().saturating_sub(self.since.elapsed())).await;
    }
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [worker, dispatcher] = self.told;
        write!(
            f,
            "{}: told by the worker after {worker:.1?} ({:?}), by the dispatcher after {dispatcher:.1?}; {} events refused;",
            self.name,
            self.words,
            self.refused.len()
        )
    }
}
