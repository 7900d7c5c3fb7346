//! A renderer that an original took over, behind the walls: what it reaches, and what it does not.
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use minilab_recipe::Isolation;
use minilab_worker::pool::{PoolConfig, ProcessPool};
use minilab_worker::renderer::{CrashKind, Priority, RenderError, Renderer as _};

use crate::world::{config, example, open, render, script, start, thumb};

/// A pool of renderers that any original can take over.
fn taken_over(slots: u32) -> PoolConfig {
    PoolConfig {
        renderer: path(),
        ..config(slots)
    }
}

fn path() -> PathBuf {
    example("taken_over")
}

/// What the attacker says to this original.
async fn ask(pool: &ProcessPool, original: &[u8]) -> String {
    match open(pool, original).await {
        Err(RenderError::Input { code, sentence, .. }) if code == "answer" => sentence,
        other => panic!("{other:?}"),
    }
}

async fn works(pool: &ProcessPool, original: &[u8]) {
    let mut session = open(pool, original).await.unwrap();
    assert!(render(&mut session, &thumb(64), &[0]).await.1.is_ok());
    session.close().await;
}

#[tokio::test]
async fn renderer_taken_over_reaches_no_network_no_file_no_program_no_secret_and_no_other_process() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let pool = start(taken_over(2)).await;
    let neighbour = open(&pool, &script("fine")).await.unwrap();
    let other = pool.idle_pids().first().copied().unwrap_or(1);
    for attack in [
        format!("network {address}"),
        format!("files {other}"),
        "programs".to_owned(),
        "parent".to_owned(),
        "environment".to_owned(),
    ] {
        assert_eq!(
            ask(&pool, &script(&format!("attack {attack}"))).await,
            "refused",
            "{attack}"
        );
    }
    neighbour.close().await;
    works(&pool, &script("fine")).await;
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nobody connected");
}

#[tokio::test]
async fn renderer_taken_over_writes_no_more_than_the_limit() {
    let pool = start(PoolConfig {
        file_bytes_max: 1 << 20,
        ..taken_over(1)
    })
    .await;
    let mut session = open(&pool, &script("flood")).await.unwrap();
    let lost = render(&mut session, &thumb(64), &[0]).await.1.unwrap_err();
    // By SIGXFSZ, or by the lie about the size of what was cut: an ignored signal (an attacker's way, or inherited from
    // whoever started this process) gets it no further.
    let stopped = [CrashKind::Signal(25), CrashKind::Protocol];
    assert!(
        matches!(&lost, RenderError::Crash { how, .. } if stopped.contains(how)),
        "{lost:?}"
    );
    works(&pool, &script("fine")).await;
}

#[tokio::test]
async fn renderer_taken_over_cannot_leave_metadata_in_a_file() {
    let pool = start(taken_over(1)).await;
    let left = ["exif", "xmp", "icc", "chunk", "behind"];
    for what in left {
        let mut session = open(&pool, &script(&format!("leave {what}"))).await.unwrap();
        let lost = render(&mut session, &thumb(64), &[0]).await;
        assert!(
            matches!(
                &lost.1,
                Err(RenderError::Crash {
                    how: CrashKind::Protocol,
                    ..
                })
            ) && lost.0.is_empty(),
            "{what}: {lost:?}"
        );
    }
    // What is kept may be there, and nothing else.
    let mut keeps = (*thumb(64)).clone();
    keeps.files[0].keep.xmp = true;
    let keeps = std::sync::Arc::new(keeps);
    for (what, taken) in [("xmp", true), ("exif", false)] {
        let mut session = open(&pool, &script(&format!("leave {what}"))).await.unwrap();
        assert_eq!(
            render(&mut session, &keeps, &[0]).await.1.is_ok(),
            taken,
            "{what}"
        );
    }
    assert_eq!(pool.counters().crashes.protocol, left.len() as u64 + 1);
    works(&pool, &script("fine")).await;
}

#[tokio::test]
async fn renderer_taken_over_sees_later_originals_of_its_pool_until_it_is_recycled() {
    let pool = start(PoolConfig {
        recycle_after_jobs: 4,
        ..taken_over(1)
    })
    .await;
    // What sharing leaves open, and what ends it.
    assert_eq!(ask(&pool, &script("attack nothing")).await, "refused");
    works(&pool, &script("first secret")).await;
    works(&pool, &script("second secret")).await;
    assert_eq!(
        ask(&pool, &script("tell")).await,
        "first secret, second secret, tell"
    );
    works(&pool, &script("third secret")).await;
    assert_eq!(ask(&pool, &script("tell")).await, "");
    assert_eq!(pool.counters().recycled, 1);
}

#[tokio::test]
async fn renderer_of_one_original_sees_no_other() {
    let pool = start(PoolConfig {
        isolation: Isolation::PerJob,
        ..taken_over(1)
    })
    .await;
    assert_eq!(ask(&pool, &script("attack nothing")).await, "refused");
    works(&pool, &script("secret")).await;
    assert_eq!(ask(&pool, &script("tell")).await, "");
    works(&pool, &script("secret")).await;
    let counters = pool.counters();
    assert_eq!(counters.recycled, 4, "each ended with its original");
    assert_eq!(counters.decodes, 2);
}

#[tokio::test]
async fn originals_with_weaker_decoders_share_no_renderer_whatever_came_before_or_comes_after() {
    let pool = start(taken_over(1)).await;
    works(&pool, &script("secret of a photo")).await;
    // A TIFF takes over what decodes it.
    works(&pool, b"II*a document").await;
    assert_eq!(
        pool.counters().recycled,
        2,
        "the photo's before it, its own after it"
    );
    assert_eq!(ask(&pool, b"II*attack nothing").await, "refused");
    works(&pool, &script("another photo")).await;
    assert_eq!(ask(&pool, &script("tell")).await, "");
}

#[tokio::test]
async fn original_that_needs_a_renderer_to_itself_finds_one_that_was_started_while_it_came() {
    let pool = start(taken_over(1)).await;
    works(&pool, &script("photo")).await;
    pool.expect(b"GIF89a", Priority::Live);
    pool.expect(b"II*a document", Priority::Live);
    let ready = async {
        while pool.counters().started < 2 || pool.idle_pids().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ready)
        .await
        .unwrap();
    let waiting = pool.idle_pids();
    let session = open(&pool, b"II*a document").await.unwrap();
    assert_eq!((waiting.len(), pool.counters().started), (1, 2));
    session.close().await;
}
