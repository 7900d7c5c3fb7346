//! What an operator sees: a real Prometheus scrapes a fleet at work, every panel has data, and an outage raises its alerts.
//!
//! The rules are those of the chart, with time sixty times faster: a minute in them is a second here, an hour a minute.
//! `MINILAB_WATCHED=FOLDER` keeps what the panels' queries answered, for `scripts/dashboard_pictures.py`.
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use minilab_store::{Key, PutOptions};
use minilab_tests::servers::{Prometheus, Server, Target, unavailable};
use serde_json::{Value, json};

use crate::{
    events::{self, Said},
    pictures::Pictures,
    poison::misbehaving,
    process::Process,
    world::{ORIGINALS, Options, World, is_possible},
};

const VARIABLE: &str = "MINILAB_WATCHED";
const UPLOADS: u64 = 60;
/// More than a depth that is looked at every 15 s, a rule's quarter of an hour, and a busy machine take.
const SEEN_WITHIN: Duration = Duration::from_mins(3);
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
const REST_WITHIN: Duration = Duration::from_mins(3);
/// What a run lasts, as pictures show it.
const SHOWN_SECONDS: u64 = 150;
/// Told by nobody here: Kubernetes, KEDA, and what dispatchers will tell of the work that waits.
const NOT_HERE: [&str; 4] = ["container_", "kube_", "keda_", "minilab_work_waiting_seconds"];

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
    watch.every_panel_has_data().await;
    world.at_rest(REST_WITHIN).await;
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

    // It comes back, with an original among the others that kills every renderer.
    let mut poisoned = worker.clone();
    poisoned
        .args
        .extend(["--renderer".to_owned(), misbehaving().display().to_string()]);
    upload_poison(&world).await;
    let mut working: Process = poisoned.start();
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

async fn upload_poison(world: &World) {
    let (key, words) = ("signal.jpg", "render segfault");
    let bytes = Bytes::from_static(words.as_bytes());
    let put = world
        .originals
        .put(&Key::new(key).unwrap(), bytes, PutOptions::default());
    put.await.unwrap();
    let told = events::notification(
        ORIGINALS,
        key,
        &Said::Created {
            size_bytes: words.len(),
        },
    );
    world.producer().await.publish(&told).await.unwrap();
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

    async fn every_panel_has_data(&self) {
        let mut empty = Vec::new();
        let panels = panels();
        for panel in &panels {
            if self.ask(&panel.expression).await.is_empty() {
                empty.push(format!("{}: {}", panel.at, panel.expression));
            }
        }
        assert!(panels.len() > 60, "only {} queries", panels.len());
        assert!(empty.is_empty(), "no data:\n{}", empty.join("\n"));
        println!("{} queries of panels have data", panels.len());
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

/// One query of a panel about what the program itself tells.
struct Panel {
    at: String,
    dashboard: String,
    number: u64,
    target: String,
    expression: String,
}

fn panels() -> Vec<Panel> {
    let mut panels = Vec::new();
    for text in files("files/dashboards") {
        let dashboard: Value = serde_json::from_str(&text).unwrap();
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                let expression = target["expr"].as_str().unwrap();
                let is_alone = expression.contains("or vector(0)");
                if !is_alone && NOT_HERE.iter().any(|metric| expression.contains(metric)) {
                    continue;
                }
                panels.push(Panel {
                    at: format!("{}: {}", dashboard["title"], panel["title"]),
                    dashboard: dashboard["uid"].as_str().unwrap().to_owned(),
                    number: panel["id"].as_u64().unwrap(),
                    target: target["refId"].as_str().unwrap().to_owned(),
                    expression: filled(expression),
                });
            }
        }
    }
    panels
}

/// With what Grafana would put in place of its variables.
fn filled(expression: &str) -> String {
    [
        ("$__rate_interval", "15s"),
        ("$__range", "5m"),
        ("$namespace", ".*"),
        ("$job", ".+"),
        ("$instance", ".+"),
        ("$lane", ".+"),
        ("$cpu_hour", "0.04"),
        ("$put_1000", "0.005"),
        ("$get_1000", "0.0004"),
    ]
    .into_iter()
    .fold(expression.to_owned(), |text, (variable, value)| {
        text.replace(variable, value)
    })
}

/// Rules with a minute made a second, and an hour a minute: in ranges, offsets, and how long alerts wait.
fn faster(rules: &str) -> String {
    let mut text = String::with_capacity(rules.len());
    let mut rest = rules;
    while let Some((found, prefix)) = ["[", "offset ", "for: "]
        .into_iter()
        .filter_map(|prefix| Some((rest.find(prefix)?, prefix)))
        .min()
    {
        let (before, after) = rest.split_at(found + prefix.len());
        text += before;
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        text += &after[..digits];
        rest = &after[digits..];
        if digits > 0 {
            for (slow, fast) in [("m", "s"), ("h", "m"), ("d", "h")] {
                if let Some(left) = rest.strip_prefix(slow) {
                    text += fast;
                    rest = left;
                    break;
                }
            }
        }
    }
    text + rest
}

/// The files of a folder of the chart.
fn files(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../helm").join(folder);
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn rules_are_made_faster_where_they_say_times_and_nowhere_else() {
    let text = "record: minilab:failed:ratio_rate5m\nexpr: rate(a[1h]) - a offset 5m > b[3d]\nfor: 15m\nkeep_firing_for: 2m\n";
    let expected = "record: minilab:failed:ratio_rate5m\nexpr: rate(a[1m]) - a offset 5s > b[3h]\nfor: 15s\nkeep_firing_for: 2s\n";
    assert_eq!(faster(text), expected);
}
