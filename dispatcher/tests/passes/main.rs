//! Passes of a fleet: turns, checkpoints, and that interruptions change nothing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]
mod dispatchers;
mod reconciles;
mod sweeps;
mod turns;
#[path = "../world/mod.rs"]
mod world;

use std::{sync::Arc, time::Duration};

use minilab_dispatcher::{
    Brake, Offer, Pass, Periods, Reconcile, ReconcileConfig, ReconcileWay, Sharing, Tenure, Turns, Wanted,
};
use minilab_store::Faulty;
use minilab_telemetry::PassMode;
use world::{RuntimeClock, World, key};

const DAY: Duration = Duration::from_hours(24);
const PERIODS: Periods = Periods {
    every: Duration::from_hours(1),
    full_every: DAY,
};
/// Few enough that a pass over a small world sends and notes often.
const WINDOW: usize = 5;

fn reconcile_of(world: &World) -> Reconcile {
    let config = ReconcileConfig {
        window: WINDOW,
        ..ReconcileConfig::default()
    };
    Reconcile::new(
        Arc::clone(&world.originals),
        world.records(),
        Arc::clone(&world.jobs),
        Arc::clone(&world.metrics),
        config,
    )
}

fn whole(brake: Brake) -> Pass {
    Pass {
        mode: PassMode::Full,
        prefix: String::new(),
        brake,
    }
}

fn turns(world: &World) -> Turns<ReconcileWay> {
    let clock = Arc::new(RuntimeClock::default());
    Turns::new(Arc::clone(&world.state), clock, Sharing::Fleet)
}

fn wanted(now: Option<PassMode>) -> Wanted {
    Wanted {
        now,
        revision: 7,
        periods: PERIODS,
    }
}

async fn ours(turns: &mut Turns<ReconcileWay>, now: Option<PassMode>) -> Option<Box<Tenure<ReconcileWay>>> {
    match turns.ask(wanted(now)).await.unwrap() {
        Offer::Ours(tenure) => Some(tenure),
        Offer::Later(_) => None,
    }
}

/// Originals without records, and records without originals.
async fn ragged(missing: usize, gone: usize) -> World {
    let world = World::new();
    for number in 0..missing {
        world.upload(&format!("{number:05}.jpg")).await;
    }
    for number in 0..gone {
        let name = format!("gone/{number:05}.jpg");
        world.upload(&name).await;
        world.finish(&name).await;
        world.originals.delete(&key(&name)).await.unwrap();
    }
    world
}

/// The world with originals that are listed slowly, so that a pass over them renews.
struct Slow {
    world: World,
    originals: Faulty,
}

fn slow(world: World) -> Slow {
    let originals = Faulty::new(Arc::clone(&world.originals));
    let world = World {
        originals: Arc::new(originals.clone()),
        ..world
    };
    Slow { world, originals }
}
