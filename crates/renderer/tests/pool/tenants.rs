//! Whose originals a renderer works on.
use std::time::Duration;

use minilab_recipe::Renderers;
use minilab_worker::pool::{PoolConfig, ProcessPool};

use crate::world::{config, ended, start, work_for};

async fn own(slots: u32) -> ProcessPool {
    start(PoolConfig {
        renderers: Renderers::Own,
        ..config(slots)
    })
    .await
}

/// The only renderer of a pool of one slot, while it waits.
fn only(pool: &ProcessPool) -> u32 {
    let [pid] = pool.idle_pids()[..] else {
        panic!("one renderer for one slot");
    };
    pid
}

#[tokio::test]
async fn renderer_that_worked_for_one_tenant_never_works_for_another() {
    let pool = own(1).await;
    let first = only(&pool);
    work_for(&pool, "acme").await;
    work_for(&pool, "acme").await;
    assert_eq!(only(&pool), first, "it is its own, and was nobody's before");
    work_for(&pool, "umbrella").await;
    ended(first).await;
    let second = only(&pool);
    assert_ne!(second, first);
    work_for(&pool, "").await;
    ended(second).await;
    let third = only(&pool);
    work_for(&pool, "").await;
    assert_eq!(only(&pool), third, "originals of no tenant are together one's");
    let counters = pool.counters();
    assert_eq!((counters.started, counters.recycled, counters.files), (3, 2, 5));
}

#[tokio::test]
async fn tenants_that_take_turns_keep_their_renderers_where_there_are_slots() {
    let pool = own(2).await;
    let warm = async {
        while pool.idle_pids().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), warm).await.unwrap();
    for _ in 0..3 {
        work_for(&pool, "acme").await;
        work_for(&pool, "umbrella").await;
    }
    assert_eq!(pool.counters().started, 2);
}

#[tokio::test]
async fn shared_renderers_work_for_everybody() {
    let pool = start(config(1)).await;
    let first = only(&pool);
    for tenant in ["acme", "umbrella", ""] {
        work_for(&pool, tenant).await;
        assert_eq!(only(&pool), first);
    }
}
