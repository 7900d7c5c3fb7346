//! No metric is a promise only: in a fleet at work every one moves, but for those of troubles, which tests of those move.
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use minilab_telemetry::Metrics;

use crate::{
    pictures::Pictures,
    process::Process,
    world::{Options, World, is_possible},
};

const UPLOADS: u64 = 40;
const QUEUE: &str = "minilab.v1.jobs.fast";
const SEEN_WITHIN: Duration = Duration::from_mins(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// What stays at zero while nothing goes wrong, and where it is seen to move.
const TROUBLES: [(&str, &str); 17] = [
    ("ack_lost_total", "outages.rs"),
    ("breaker_open", "outages.rs"),
    ("cas_conflicts_total", "duplicates.rs"),
    ("dead_letters_recorded_total", "watched.rs"),
    ("dead_letters_total", "poison.rs"),
    ("duplicate_work_total", "duplicates.rs"),
    ("job_retries_total", "outages.rs"),
    ("keys_refused_total", "dispatcher/tests/event_intake"),
    ("lease_lost_total", "outages.rs"),
    ("queue_messages_delayed", "outages.rs"),
    (
        "queue_messages_rescued_total",
        "crates/queue/tests/rabbitmq/stranding.rs",
    ),
    ("reconcile_braked_keys", "passes.rs"),
    ("reconcile_braked_timestamp_seconds", "passes.rs"),
    ("renderer_exits_total", "poison.rs"),
    ("renderer_walls_missing", "crates/renderer/tests/pool/walls.rs"),
    ("sweep_braked_originals", "passes.rs"),
    ("sweep_braked_timestamp_seconds", "passes.rs"),
];
/// What this fleet has not: receivers outside (`telling.rs`), a collector of traces (`traces.rs`), a folder to watch (`tests/tests/one_machine`), and passes that
/// take longer to come than the test (`passes.rs`).
const ELSEWHERE: [&str; 6] = [
    "notification",
    "receiver_",
    "watch_",
    "reconcile_",
    "sweep_",
    "trace_spans_",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_series_of_work_moves_in_a_fleet_at_work() {
    if !is_possible() {
        return;
    }
    let world = World::new(Options::default()).await;
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let mut dispatching = world.dispatcher("dispatcher").role.start();
    dispatching.ready().await;
    world.upload_all(&pictures, 0..UPLOADS).await;
    world.queued(QUEUE, UPLOADS).await;
    // It looks at queues every so many seconds.
    let mut seen = BTreeMap::new();
    until(
        &mut seen,
        &[&dispatching],
        "minilab_work_waiting_seconds{lane=\"fast\"}",
    )
    .await;
    let mut working = world.worker("worker", &["--slots", "2"]).start();
    working.ready().await;
    until(
        &mut seen,
        &[&dispatching, &working],
        "minilab_slots{state=\"busy\"}",
    )
    .await;
    world.at_rest(SEEN_WITHIN).await;
    look(&mut seen, &[&dispatching, &working]).await;

    for stage in ["fetch", "probe", "decode", "render", "put", "publish"] {
        moved(
            &seen,
            &format!("minilab_stage_duration_seconds_count{{stage=\"{stage}\"}}"),
        );
    }
    for lane in ["fast", "standard", "bulk"] {
        moved(
            &seen,
            &format!("minilab_render_cpu_seconds_total{{lane=\"{lane}\"}}"),
        );
        for sli in ["queueing", "execution", "end_to_end"] {
            let labels = format!("{{lane=\"{lane}\",sli=\"{sli}\"}}");
            moved(&seen, &format!("minilab_sli_total{labels}"));
            moved(&seen, &format!("minilab_slo_target_seconds{labels}"));
            let [good, all] = ["good_", ""].map(|kind| seen[&format!("minilab_sli_{kind}total{labels}")]);
            assert!(good <= all, "{good} of {all} {labels}");
        }
    }
    let still: BTreeSet<_> = families()
        .into_iter()
        .filter(|family| {
            !seen
                .iter()
                .any(|(series, value)| of(family, series) && *value != 0.0)
        })
        .filter(|family| !ELSEWHERE.iter().any(|prefix| family.starts_with(prefix)))
        .collect();
    let troubles: BTreeSet<_> = TROUBLES.iter().map(|(family, _)| (*family).to_owned()).collect();
    let never: Vec<_> = still.difference(&troubles).collect();
    assert!(never.is_empty(), "declared, and never fed: {never:?}");
    println!(
        "{} families, {} of them move in a calm fleet",
        families().len(),
        families().len() - still.len()
    );
}

/// Every family that there is, without its prefix.
fn families() -> BTreeSet<String> {
    let text = Metrics::new("test").render();
    let types = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE minilab_"));
    types
        .filter_map(|rest| rest.split(' ').next().map(str::to_owned))
        .collect()
}

fn of(family: &str, series: &str) -> bool {
    let name = series
        .split('{')
        .next()
        .unwrap_or(series)
        .trim_start_matches("minilab_");
    name == family || name.strip_suffix("_count") == Some(family)
}

fn moved(seen: &BTreeMap<String, f64>, series: &str) {
    let value = seen.get(series);
    assert!(value.is_some_and(|value| *value > 0.0), "{series}: {value:?}");
}

async fn until(seen: &mut BTreeMap<String, f64>, of: &[&Process], series: &str) {
    let begun = Instant::now();
    while seen.get(series).is_none_or(|value| *value == 0.0) {
        assert!(begun.elapsed() < SEEN_WITHIN, "{series} does not move");
        look(seen, of).await;
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Keeps the largest value of each series.
async fn look(seen: &mut BTreeMap<String, f64>, processes: &[&Process]) {
    for process in processes {
        let text = process.ask("/metrics").await.unwrap().body;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some((series, value)) = line.rsplit_once(' ')
                && let Ok(value) = value.parse::<f64>()
            {
                let known = seen.entry(series.to_owned()).or_insert(value);
                *known = known.max(value);
            }
        }
    }
}
