//! Passes that are killed half-way, whoever makes them: what the next one goes on with ends as if nobody had disturbed it.
use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use minilab_store::{Key, PutOptions};
use minilab_tests::proxy::Condition;
use serde_json::Value;

use crate::{
    comparison::{self, compare},
    dice::Dice,
    ledger::Upload,
    lines::Lines,
    pictures::{PICTURES, Pictures},
    process::program,
    world::{Options, World, is_possible},
};

/// Kills of each kind that meet a pass under way.
const KILLS: u64 = 3;
/// Originals of each kind.
const KEYS: u64 = 16;
/// Changes before each that nobody tells of.
const CHANGES: u64 = 6;
/// In both directions of every request: a pass lasts for a second or two, so that kills meet it.
const SLOW: Duration = Duration::from_millis(25);
/// When in a pass it is killed, at the latest.
const KILLED_WITHIN: Duration = Duration::from_millis(600);
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
const BEGINS_WITHIN: Duration = Duration::from_secs(30);
/// A job for an original that was deleted between its listing and its turn waits two and a half minutes for it to appear.
const REST_WITHIN: Duration = Duration::from_mins(5);
/// Replays a test.
const SEED: u64 = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_that_are_killed_half_way_end_as_if_undisturbed() {
    if !is_possible() {
        return;
    }
    let scene = Scene::new().await;
    let mut working = scene.world.worker("worker", &["--slots", "2"]).start();
    working.ready().await;

    let reconcile = ["reconcile", "--config", "minilab.yaml", "--full"];
    for number in 0..KEYS {
        scene.upload(&overwritten(number)).await;
        scene.upload(&deleted(number)).await;
    }
    scene.world.operate(&reconcile).await.unwrap();
    scene.world.at_rest(REST_WITHIN).await;

    let by_command = scene.killed(&reconcile, "passes/reconcile").await;
    scene.world.operate(&reconcile).await.unwrap();
    scene.world.at_rest(REST_WITHIN).await;
    scene.assert_current("after killed reconciles").await;

    let dispatcher = [
        "dispatcher",
        "--config",
        "polling.yaml",
        "--listen",
        "127.0.0.1:0",
    ];
    let by_dispatcher = scene.killed(&dispatcher, "passes/reconcile").await;
    scene.world.operate(&reconcile).await.unwrap();
    scene.world.at_rest(REST_WITHIN).await;
    scene.assert_current("after killed dispatchers").await;

    let sweep = ["sweep", "--config", "swept.yaml", "--full", "--allow"];
    let by_sweep = scene.killed(&sweep, "passes/sweep").await;
    // What changed meanwhile.
    scene.world.operate(&reconcile).await.unwrap();
    scene.world.at_rest(REST_WITHIN).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.world.operate(&sweep).await.unwrap();
    let compared = scene.compared().await;
    println!(
        "killed half-way: {by_command} times reconcile, {by_dispatcher} times a dispatcher, {by_sweep} times a sweep; {}",
        compared.counts
    );
    assert!(compared.complaints.is_empty(), "{:#?}", compared.complaints);
    assert!(scene.world.dead().await.is_empty());
}

fn overwritten(number: u64) -> String {
    format!("{number}.jpg")
}

fn deleted(number: u64) -> String {
    format!("deleted-{number}.jpg")
}

struct Scene {
    world: World,
    pictures: Pictures,
    dice: Dice,
    lines: Lines,
}

impl Scene {
    async fn new() -> Self {
        let (lines, world) = Lines::world(Options::default()).await;
        let options = Options {
            broker_at: Some(lines.broker.address()),
            endpoint: Some(lines.store.endpoint()),
            ..Options::default()
        };
        world.configure(&options, "swept.yaml", "1s");
        world.poll_instead("polling.yaml");
        Self {
            world,
            pictures: tokio::task::spawn_blocking(Pictures::cut).await.unwrap(),
            dice: Dice::new(SEED, 0),
            lines,
        }
    }

    /// Changes originals and runs this until it is killed half-way, again and again; how often.
    async fn killed(&self, args: &[&str], ledger: &str) -> u64 {
        let mut kills = 0;
        self.lines.store.link().set(Condition::Delayed(SLOW));
        for round in 0.. {
            assert!(
                round < 4 * KILLS,
                "passes are too short for kills: {kills} in {round}"
            );
            self.change().await;
            let mut running = self.start(args);
            self.has_begun(&running, ledger).await;
            tokio::time::sleep(self.dice.up_to(KILLED_WITHIN)).await;
            let is_under_way = running.try_wait().unwrap().is_none() && self.under_way(ledger).await;
            running.kill().unwrap();
            running.wait().unwrap();
            self.forget_holder(ledger).await;
            kills += u64::from(is_under_way);
            if kills == KILLS {
                break;
            }
        }
        self.lines.store.link().set(Condition::Fair);
        kills
    }

    /// Overwrites and deletions that nobody tells of. What is deleted is not uploaded again: a job that came for an upload
    /// and finds nothing would wait for it for minutes.
    async fn change(&self) {
        for _ in 0..CHANGES {
            let key = deleted(self.dice.roll(KEYS));
            if self.dice.one_in(4) && self.world.ledger.now()[&key].is_some() {
                self.world.delete(&key).await;
            } else {
                self.upload(&overwritten(self.dice.roll(KEYS))).await;
            }
        }
    }

    async fn upload(&self, key: &str) {
        let number = self.dice.roll(1 << 40);
        let picture = self.dice.roll(PICTURES as u64) as usize;
        self.world
            .upload(&self.pictures, key, Upload { number, picture })
            .await;
    }

    fn start(&self, args: &[&str]) -> Child {
        Command::new(program())
            .args(args)
            .envs(self.world.env())
            .current_dir(self.world.folder())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Waits until it makes the pass.
    async fn has_begun(&self, running: &Child, ledger: &str) {
        let (process, begun) = (format!(", process {}, ", running.id()), Instant::now());
        loop {
            let known = self.ledger(ledger).await;
            let holder = known["holder"]["name"].as_str().unwrap_or_default();
            if holder.contains(&process) && !known["under_way"].is_null() {
                return;
            }
            // What the dead one had sent can arrive after it.
            if !holder.is_empty() && !holder.contains(&process) {
                self.forget_holder(ledger).await;
            }
            assert!(begun.elapsed() < BEGINS_WITHIN, "no pass begins: {known}");
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn under_way(&self, ledger: &str) -> bool {
        !self.ledger(ledger).await["under_way"].is_null()
    }

    async fn ledger(&self, ledger: &str) -> Value {
        let bytes = comparison::read(&*self.world.state, ledger).await;
        bytes.map_or(Value::Null, |bytes| comparison::json(&bytes))
    }

    /// Whoever is next would wait for a dead one for a minute and a half.
    async fn forget_holder(&self, ledger: &str) {
        let mut known = self.ledger(ledger).await;
        known["holder"] = Value::Null;
        let body = serde_json::to_vec(&known).unwrap();
        let key = Key::new(ledger).unwrap();
        self.world
            .state
            .put(&key, body.into(), PutOptions::default())
            .await
            .unwrap();
    }

    async fn compared(&self) -> comparison::Comparison {
        compare(&*self.world.media, &self.world.ledger, &self.pictures).await
    }

    /// All that is shown is of the newest uploads; what was dropped is there still.
    async fn assert_current(&self, when: &str) {
        let comparison::Comparison { counts, complaints } = self.compared().await;
        let only_dropped = complaints.len() as u64 == counts.orphaned;
        assert!(only_dropped, "{when}: {counts}: {complaints:#?}");
    }
}
