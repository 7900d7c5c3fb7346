//! Two kinds of renderers: those that somebody waits for, and those behind everything else.
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use minilab_worker::pool::{PoolConfig, ProcessPool};
use minilab_worker::renderer::Priority;

use crate::png::gradient;
use crate::world::{config, ended, open, open_as, render, start, thumb};

/// `SCHED_OTHER` and `SCHED_IDLE`.
const NORMAL: u32 = 0;
const IDLE: u32 = 5;
/// Field of `/proc/<pid>/stat` after the name.
const POLICY: usize = 38;

/// Of all threads of a process.
fn policies(pid: u32) -> BTreeSet<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    threads
        .map(|thread| {
            let stat = fs::read_to_string(thread.unwrap().path().join("stat")).unwrap();
            let (_, fields) = stat.rsplit_once(") ").unwrap();
            fields.split(' ').nth(POLICY).unwrap().parse().unwrap()
        })
        .collect()
}

/// A picture of this priority made, and the policies of the pool's only renderer after it.
async fn after_one(pool: &ProcessPool, priority: Priority) -> BTreeSet<u32> {
    let mut session = open_as(pool, &gradient(64), priority).await.unwrap();
    assert!(render(&mut session, &thumb(64), &[0]).await.1.is_ok());
    session.close().await;
    let [pid] = pool.idle_pids()[..] else {
        panic!("one renderer for one slot");
    };
    policies(pid)
}

#[tokio::test]
async fn what_nobody_waits_for_is_rendered_behind_everything_else() {
    let pool = start(config(1)).await;
    let first = pool.idle_pids()[0];
    assert_eq!(policies(first), [NORMAL].into());
    assert_eq!(after_one(&pool, Priority::Background).await, [IDLE].into());
    // It made room: a pool of one slot has one renderer.
    ended(first).await;
    assert_eq!(after_one(&pool, Priority::Background).await, [IDLE].into());
    assert_eq!(pool.counters().started, 2);
    assert_eq!(after_one(&pool, Priority::Live).await, [NORMAL].into());
}

#[tokio::test]
async fn both_kinds_wait_side_by_side_and_are_recycled_as_what_they_are() {
    let pool = start(PoolConfig {
        recycle_after_jobs: 1,
        ..config(2)
    })
    .await;
    let live = open(&pool, &gradient(16)).await.unwrap();
    let behind = open_as(&pool, &gradient(16), Priority::Background).await.unwrap();
    live.close().await;
    behind.close().await;
    let replaced = async {
        while pool.idle_pids().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), replaced)
        .await
        .unwrap();
    let kinds: Vec<_> = pool.idle_pids().into_iter().map(policies).collect();
    assert!(
        kinds.contains(&[NORMAL].into()) && kinds.contains(&[IDLE].into()),
        "{kinds:?}"
    );
    // Each finds its own.
    let _live = open(&pool, &gradient(16)).await.unwrap();
    let _behind = open_as(&pool, &gradient(16), Priority::Background).await.unwrap();
    assert_eq!(pool.counters().started, 5);
}

#[tokio::test]
async fn session_that_steps_back_keeps_what_it_decoded_and_ends_its_renderer() {
    let pool = start(config(1)).await;
    let first = pool.idle_pids()[0];
    let mut session = open(&pool, &gradient(64)).await.unwrap();
    let two = crate::world::plan(
        crate::world::square(64),
        &[
            (crate::world::square(32), crate::world::WEBP),
            (crate::world::square(16), crate::world::WEBP),
        ],
    );
    assert!(render(&mut session, &two, &[0]).await.1.is_ok());
    assert_eq!(policies(first), [NORMAL].into());
    session.step_back();
    assert!(render(&mut session, &two, &[1]).await.1.is_ok());
    assert_eq!(session.decodes(), 1);
    assert_eq!(policies(first), [IDLE].into());
    session.close().await;
    ended(first).await;
    assert_eq!(after_one(&pool, Priority::Live).await, [NORMAL].into());
}
