//! What an operator sees: a real Prometheus scrapes a fleet at work, every panel has data, and an outage raises its alerts.
//!
//! The rules are those of the chart, with time sixty times faster: a minute in them is a second here, an hour a minute.
//! `MINILAB_WATCHED=FOLDER` keeps what the panels' queries answered, for `scripts/dashboard_pictures.py`.
use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use minilab_tests::servers::{Prometheus, Server, Target, unavailable};
use serde_json::{Value, json};

use crate::{
    events::Exchange,
    panels::{faster, files, panels},
    pictures::Pictures,
    process::Process,
    world::{Options, World, is_possible},
};

/// The broker's name of a lane's queue.
const FAST: &str = "minilab.v1.jobs.fast";
const VARIABLE: &str = "MINILAB_WATCHED";
const UPLOADS: u64 = 60;
/// From here on, those that come while panels are looked at.
const MORE: u64 = 1_000;
/// More than a depth that is looked at every 15 s, a rule's quarter of an hour, and a busy machine take.
const SEEN_WITHIN: Duration = Duration::from_mins(3);
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
/// What a run lasts, as pictures show it.
const SHOWN_SECONDS: u64 = 150;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dashboards_show_a_fleet_at_work_and_an_outage_raises_its_alerts() {
    if !is_possible() || !has_prometheus() {
        return;
    }
    let world = World::new(Options {
        queue: ", waits: [1s, 2s]".to_owned(),
        ..Options::default()
    })
    .await;
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let dispatcher = world.dispatcher("dispatcher");
    let worker = world.worker("worker", &["--slots", "2"]);
    let watch = Watch::start(&[(dispatcher.role.admin, "dispatcher"), (worker.admin, "worker")]).await;
    let (mut dispatching, mut working) = (dispatcher.role.start(), worker.start());
    dispatching.ready().await;
    working.ready().await;

    world.upload_all(&pictures, 0..UPLOADS).await;
    watch.until_published(UPLOADS / 2).await;
    watch.every_panel_has_data(&world, &pictures).await;
    watch.until_at_rest().await;
    watch.nothing_fires().await;

    // The last worker is gone, and uploads go on.
    working.kill();
    world.upload_all(&pictures, UPLOADS..UPLOADS + 30).await;
    for alert in [
        "MinilabNoConsumers",
        "MinilabBacklogNotDraining",
        "MinilabOldestMessageTooOld",
        "MinilabTargetDown",
    ] {
        watch.until_firing(alert).await;
    }

    // It comes back, and finds a message among the others that is no job.
    let broker = world.broker.rabbitmq().url();
    let exchange = Exchange::open(&broker).await.unwrap();
    exchange.publish_to("", FAST, b"no job").await.unwrap();
    let mut working: Process = worker.start();
    working.ready().await;
    watch.until_firing("MinilabDeadLettersGrowing").await;
    watch.until_over("MinilabNoConsumers").await;
    watch.until_over("MinilabBacklogNotDraining").await;
    watch.keep().await;
}

fn has_prometheus() -> bool {
    let Some(why) = unavailable(&[Server::Prometheus]) else {
        return true;
    };
    assert!(std::env::var_os("CI").is_none(), "{why}");
    println!("skipped: {why}");
    false
}

/// A Prometheus that watches, with the rules of the chart.
struct Watch {
    prometheus: Arc<Prometheus>,
}

impl Watch {
    async fn start(targets: &[(std::net::SocketAddr, &'static str)]) -> Self {
        let targets: Vec<_> = targets
            .iter()
            .map(|(address, component)| Target {
                address: *address,
                component,
            })
            .collect();
        let rules: Vec<_> = files("files/rules").iter().map(|text| faster(text)).collect();
        let starting = tokio::task::spawn_blocking(move || Prometheus::start(&targets, &rules).unwrap());
        Self {
            prometheus: Arc::new(starting.await.unwrap()),
        }
    }

    async fn ask(&self, expression: &str) -> Vec<Value> {
        let (prometheus, expression) = (Arc::clone(&self.prometheus), expression.to_owned());
        let asking = tokio::task::spawn_blocking(move || prometheus.query(&expression).unwrap());
        asking.await.unwrap()
    }

    async fn until(&self, what: &str, wanted: impl Fn(&[Value]) -> bool, expression: &str) {
        let begun = Instant::now();
        loop {
            let series = self.ask(expression).await;
            if wanted(&series) {
                println!("{what} after {:.1?}", begun.elapsed());
                return;
            }
            assert!(
                begun.elapsed() < SEEN_WITHIN,
                "{what}: not seen; {expression}: {series:#?}"
            );
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn until_published(&self, count: u64) {
        let expression = format!("sum(minilab_upload_to_published_seconds_count) >= {count}");
        self.until("work under way", |series| !series.is_empty(), &expression)
            .await;
    }

    /// Nothing waits, nothing is worked on, and dispatchers have looked since.
    async fn until_at_rest(&self) {
        let expression = "sum(minilab_slots{state=\"busy\"}) == 0 and sum(rate(minilab_jobs_total[20s])) == 0 \
                          and sum(minilab_queue_messages) == 0";
        self.until("at rest", |series| !series.is_empty(), expression)
            .await;
    }

    async fn until_firing(&self, alert: &str) {
        let expression = format!("ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}}");
        self.until(
            &format!("{alert} fires"),
            |series| !series.is_empty(),
            &expression,
        )
        .await;
    }

    async fn until_over(&self, alert: &str) {
        let expression = format!("ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}}");
        self.until(&format!("{alert} is over"), <[Value]>::is_empty, &expression)
            .await;
    }

    async fn nothing_fires(&self) {
        let firing = self.ask("ALERTS{alertstate=\"firing\",severity=\"page\"}").await;
        // Uploads of a minute are more than the lanes' targets are for, on a machine that is busy.
        let firing: BTreeSet<_> = firing
            .iter()
            .map(|series| series["metric"]["alertname"].as_str().unwrap())
            .collect();
        let about_lateness = |name: &&str| {
            name.contains("PublishLatency") || name.contains("OldestMessage") || name.contains("Backlog")
        };
        let others: Vec<_> = firing.iter().filter(|name| !about_lateness(name)).collect();
        assert!(others.is_empty(), "a fleet at rest pages: {others:?}");
    }

    /// Each for itself, at some time while there is work: a rate needs two scrapes, and a busy machine some time to look at all.
    async fn every_panel_has_data(&self, world: &World, pictures: &Pictures) {
        let (begun, mut empty) = (Instant::now(), panels());
        let all = empty.len();
        assert!(all > 60, "only {all} queries");
        let mut more = MORE..MORE + 2;
        while !empty.is_empty() {
            let mut left = Vec::new();
            for panel in empty {
                if self.ask(&panel.expression).await.is_empty() {
                    left.push(panel);
                }
            }
            empty = left;
            let named: Vec<_> = empty
                .iter()
                .map(|panel| format!("{}: {}", panel.at, panel.expression))
                .collect();
            assert!(begun.elapsed() < SEEN_WITHIN, "no data:\n{}", named.join("\n"));
            world.upload_all(pictures, more.clone()).await;
            more = more.end..more.end + 2;
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        println!("{all} queries of panels have data");
    }

    /// What the panels showed during the run.
    async fn keep(&self) {
        let Some(folder) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
            return;
        };
        let mut kept = Vec::new();
        for panel in panels() {
            let (prometheus, expression) = (Arc::clone(&self.prometheus), panel.expression.clone());
            let asking = tokio::task::spawn_blocking(move || {
                prometheus.query_range(&expression, SHOWN_SECONDS, 1).unwrap()
            });
            kept.push(json!({ "dashboard": panel.dashboard, "panel": panel.number, "target": panel.target, "series": asking.await.unwrap() }));
        }
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("panels.json"), json!(kept).to_string()).unwrap();
    }
}
