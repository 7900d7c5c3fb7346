//! How fast passes are that find nothing to do: `cargo run -p minilab-dispatcher --example passes -- 100000`.
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on says so by a panic"
)]
#[path = "../tests/world/mod.rs"]
mod world;

use std::{sync::Arc, time::Instant};

use futures::StreamExt as _;
use jiff::Timestamp;
use minilab_dispatcher::{Brake, Ended, Sweep, SweepConfig};
use minilab_store::{Fs, Layout};
use minilab_telemetry::PassMode;
use tokio_util::sync::CancellationToken;
use world::World;

#[tokio::main]
async fn main() {
    let count: usize = std::env::args()
        .nth(1)
        .map_or(100_000, |count| count.parse().unwrap());
    measure("memory", World::new(), count).await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, layout| Arc::new(Fs::create(folder.path().join(name), layout).unwrap());
    let world = World {
        outputs: at("to", Layout::Plain),
        state: at("state", Layout::Marked),
        ..World::over(at("from", Layout::Plain))
    };
    measure("folders", world, count).await;
}

async fn measure(stores: &str, world: World, count: usize) {
    let begun = Instant::now();
    let names = (0..count).map(|number| format!("{:03}/{number:07}.jpg", number / 1000));
    futures::stream::iter(names)
        .for_each_concurrent(32, |name| {
            let world = &world;
            async move {
                world.upload(&name).await;
                world.finish(&name).await;
            }
        })
        .await;
    println!(
        "{stores}: {count} originals and records made in {:.1?}",
        begun.elapsed()
    );
    for mode in [PassMode::Incremental, PassMode::Full] {
        let begun = Instant::now();
        let report = world.reconcile(mode, Brake::default()).await;
        assert_eq!((report.ended, report.enqueued), (Ended::Complete, 0));
        tell(&format!("{stores}: {mode:?} reconcile"), count, begun);
    }
    let sweep = Sweep::new(
        world.records(),
        Arc::clone(&world.outputs),
        Arc::clone(&world.metrics),
        SweepConfig::default(),
    );
    let begun = Instant::now();
    let report = sweep
        .run_full(Timestamp::now(), &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!((report.ended, report.due), (Ended::Complete, 0));
    tell(&format!("{stores}: full sweep"), count, begun);
}

fn tell(what: &str, count: usize, begun: Instant) {
    let took = begun.elapsed();
    println!(
        "{what}: {took:.2?}, {:.0} keys/s",
        count as f64 / took.as_secs_f64()
    );
}
