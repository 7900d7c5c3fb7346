//! Renderers come, are recycled, and go with whoever holds them.
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use minilab_worker::pool::PoolConfig;
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::mpsc;

use crate::png::gradient;
use crate::world::{config, ended, misbehaving, open, render, script, start, thumb};

#[tokio::test]
async fn renderer_is_recycled_after_its_jobs() {
    let pool = start(PoolConfig {
        recycle_after_jobs: 3,
        ..config(1)
    })
    .await;
    for _ in 0..6 {
        let mut session = open(&pool, &gradient(16)).await.unwrap();
        assert!(render(&mut session, &thumb(16), &[0]).await.1.is_ok());
        session.close().await;
    }
    open(&pool, &gradient(16)).await.unwrap().close().await;
    let counters = pool.counters();
    assert_eq!((counters.recycled, counters.started, counters.files), (2, 3, 6));
}

#[tokio::test]
async fn renderer_that_has_seen_an_original_is_recycled_after_its_time_though_nothing_comes() {
    let pool = start(PoolConfig {
        recycle_after: Duration::from_millis(100),
        ..config(2)
    })
    .await;
    let until = async |renewed: u64| {
        while pool.counters().recycled < renewed || pool.idle_pids().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, until(0)).await.unwrap();
    let begun = pool.idle_pids();
    open(&pool, &gradient(16)).await.unwrap().close().await;
    tokio::time::timeout(patience, until(1)).await.unwrap();
    // Whatever has seen nothing stays for as long as there is nothing to see.
    let (after, renewed) = (pool.idle_pids(), pool.counters());
    assert!(
        !begun.iter().all(|pid| after.contains(pid)),
        "{begun:?} {after:?}"
    );
    assert_eq!((renewed.recycled, renewed.started), (1, 3));
    let mut session = open(&pool, &gradient(16)).await.unwrap();
    assert!(render(&mut session, &thumb(16), &[0]).await.1.is_ok());
}

#[tokio::test]
async fn renderer_with_too_much_memory_is_recycled() {
    let pool = start(PoolConfig {
        recycle_rss_bytes: 1 << 20,
        ..config(1)
    })
    .await;
    open(&pool, &gradient(16)).await.unwrap().close().await;
    assert_eq!(pool.counters().recycled, 1);
}

#[tokio::test]
async fn renderer_killed_while_it_waits_is_replaced_unnoticed() {
    let pool = start(config(1)).await;
    let pid = pool.idle_pids()[0];
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), Signal::KILL).unwrap();
    ended(pid).await;
    let mut session = open(&pool, &gradient(16)).await.unwrap();
    assert!(render(&mut session, &thumb(16), &[0]).await.1.is_ok());
}

#[tokio::test]
async fn session_dropped_at_work_ends_its_renderer_and_frees_the_slot() {
    let pool = start(misbehaving(1)).await;
    let pid = pool.idle_pids()[0];
    let mut session = open(&pool, &script("render hang")).await.unwrap();
    let (done, _) = mpsc::channel(1);
    let plan = thumb(64);
    tokio::select! {
        biased;
        _ = session.render(&plan, &[0], done) => panic!("it hangs"),
        () = tokio::task::yield_now() => drop(session),
    }
    ended(pid).await;
    open(&pool, &script("fine")).await.unwrap().close().await;
    assert_eq!((pool.counters().abandoned, pool.counters().started), (1, 2));
}

#[tokio::test]
async fn session_closed_before_its_answer_came_ends_its_renderer() {
    let pool = start(misbehaving(1)).await;
    let mut session = open(&pool, &script("render hang")).await.unwrap();
    let (done, _) = mpsc::channel(1);
    let plan = thumb(64);
    tokio::select! {
        biased;
        _ = session.render(&plan, &[0], done) => panic!("it hangs"),
        () = tokio::task::yield_now() => {}
    }
    session.close().await;
    open(&pool, &script("fine")).await.unwrap().close().await;
    assert_eq!((pool.counters().abandoned, pool.counters().started), (1, 2));
}

#[tokio::test]
async fn session_dropped_at_rest_gives_its_renderer_back() {
    let pool = start(misbehaving(1)).await;
    drop(open(&pool, &script("fine")).await.unwrap());
    open(&pool, &script("fine")).await.unwrap().close().await;
    assert_eq!((pool.counters().abandoned, pool.counters().started), (0, 1));
}

#[tokio::test]
async fn no_renderer_outlives_the_pool() {
    let pool = start(misbehaving(2)).await;
    let session = open(&pool, &script("fine")).await.unwrap();
    session.close().await;
    let pids = pool.idle_pids();
    assert!(!pids.is_empty());
    drop(pool);
    for pid in pids {
        ended(pid).await;
    }
}

#[tokio::test]
async fn no_renderer_outlives_a_killed_worker_even_if_it_hangs() {
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "life::holds_a_hanging_renderer_until_killed",
            "--ignored",
            "--nocapture",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    let pid = lines
        .map_while(Result::ok)
        .find_map(|line| line.split("renderer ").nth(1)?.parse::<u32>().ok())
        .unwrap();
    holder.kill().unwrap();
    holder.wait().unwrap();
    ended(pid).await;
}

#[tokio::test]
#[ignore = "the worker that another test kills"]
async fn holds_a_hanging_renderer_until_killed() {
    let pool = start(misbehaving(1)).await;
    println!("\nrenderer {}", pool.idle_pids()[0]);
    let mut session = open(&pool, &script("render hang")).await.unwrap();
    let _ = render(&mut session, &thumb(64), &[0]).await;
}
