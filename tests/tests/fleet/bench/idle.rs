//! Roles that have nothing to do: how soon they are ready, and what they cost until then and after.
use std::time::{Duration, Instant};

use super::{
    report::{Report, percentile},
    usage::Cpu,
};
use crate::{process::Role, world::World};

const STARTS: usize = 5;
const LOOKED_AT_FOR: Duration = Duration::from_secs(30);
/// Connections that idle roles keep are warm by then.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

pub async fn measure(world: &World, report: &mut Report) {
    let (dispatcher, worker) = (
        world.dispatcher("idle-dispatcher").role,
        world.worker("idle-worker", &[]),
    );
    for (what, role) in [("dispatcher", &dispatcher), ("worker", &worker)] {
        let mut starts = Vec::new();
        for _ in 0..STARTS {
            starts.push(start(role).await);
        }
        starts.sort_by(f64::total_cmp);
        let what = format!("{what}: start to ready, median of {STARTS}");
        report.at_most(&what, 300.0, percentile(&starts, 50), " ms");
    }
    for (what, role) in [("dispatcher", &dispatcher), ("worker", &worker)] {
        let mut process = role.start();
        process.ready().await;
        tokio::time::sleep(SETTLED_AFTER).await;
        let before = Cpu::of(&process);
        tokio::time::sleep(LOOKED_AT_FOR).await;
        let share = Cpu::of(&process).since(before).total().as_secs_f64() / LOOKED_AT_FOR.as_secs_f64();
        report.at_most(
            &format!("{what}: CPU while idle"),
            0.5,
            share * 100.0,
            " % of a core",
        );
    }
}

/// Milliseconds.
async fn start(role: &Role) -> f64 {
    let begun = Instant::now();
    let process = role.start();
    while !process
        .ask("/readyz")
        .await
        .is_ok_and(|answer| answer.status == 200)
    {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    begun.elapsed().as_secs_f64() * 1000.0
}
