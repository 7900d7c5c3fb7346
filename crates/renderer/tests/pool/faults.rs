//! Renderers that die, hang, lie or break the protocol: told apart, counted, replaced.
use std::time::Duration;

use minilab_recipe::Survey;
use minilab_worker::pool::{Crashes, PoolConfig, ProcessPool};
use minilab_worker::renderer::{CrashKind, RenderError};

use crate::png::gradient;
use crate::world::{config, misbehaving, misbehaving_path, open, render, script, square, start, thumb};

/// How a renderer was lost that was given this original, and that the pool works on.
async fn lost(pool: &ProcessPool, misdeed: &str) -> CrashKind {
    let outcome = match open(pool, &script(misdeed)).await {
        Ok(mut session) => render(&mut session, &thumb(64), &[0]).await.1.map(drop),
        Err(error) => Err(error),
    };
    let how = match outcome {
        Err(RenderError::Crash { how, .. }) => how,
        other => panic!("`{misdeed}` came to {other:?}"),
    };
    let mut session = open(pool, &script("fine")).await.unwrap();
    assert!(
        render(&mut session, &thumb(64), &[0]).await.1.is_ok(),
        "after `{misdeed}`"
    );
    session.close().await;
    how
}

#[tokio::test]
async fn deaths_are_told_apart() {
    let pool = start(misbehaving(1)).await;
    for stage in ["probe", "render"] {
        for (misdeed, how) in [
            ("segfault", CrashKind::Signal(11)),
            ("exit", CrashKind::Exit(3)),
            ("memory", CrashKind::Memory),
            ("kill", CrashKind::Memory),
        ] {
            assert_eq!(lost(&pool, &format!("{stage} {misdeed}")).await, how);
        }
    }
    let expected = Crashes {
        signal: 2,
        exit: 2,
        memory: 4,
        ..Crashes::default()
    };
    assert_eq!(pool.counters().crashes, expected);
}

#[tokio::test]
async fn lies_break_the_protocol() {
    let pool = start(misbehaving(1)).await;
    let lies = [
        "probe garbage",
        "probe huge",
        "render garbage",
        "render oversized",
        "render text",
        "render wider",
        "render short",
        "render stranger",
        "render unasked score",
        "render unasked colour",
        "render early",
        "render twice",
    ];
    for lie in lies {
        assert_eq!(lost(&pool, lie).await, CrashKind::Protocol, "{lie}");
    }
    assert_eq!(pool.counters().crashes.protocol, lies.len() as u64);
}

#[tokio::test]
async fn findings_outside_the_picture_or_beyond_the_question_break_the_protocol() {
    let pool = start(misbehaving(1)).await;
    let survey = Survey {
        trims: vec!["threshold=10".to_owned()],
        ..Survey::default()
    };
    for misdeed in ["survey outside", "survey more"] {
        let mut session = open(&pool, &script(misdeed)).await.unwrap();
        let lie = session.survey(&survey).await.unwrap_err();
        let broken = RenderError::Crash {
            how: CrashKind::Protocol,
            stage: "survey".to_owned(),
        };
        assert_eq!(format!("{lie:?}"), format!("{broken:?}"), "{misdeed}");
    }
}

#[tokio::test]
async fn hanging_renderer_is_killed_at_its_deadline() {
    let short = Duration::from_millis(300);
    let config = PoolConfig {
        probe_deadline: short,
        render_deadline: short,
        ..misbehaving(1)
    };
    let pool = start(config).await;
    for script in ["probe hang", "render hang"] {
        assert_eq!(lost(&pool, script).await, CrashKind::Deadline);
    }
}

#[tokio::test]
async fn neighbour_of_a_lost_renderer_works_on() {
    let pool = start(misbehaving(2)).await;
    let mut neighbour = open(&pool, &script("fine")).await.unwrap();
    assert_eq!(lost(&pool, "render segfault").await, CrashKind::Signal(11));
    assert!(render(&mut neighbour, &thumb(64), &[0]).await.1.is_ok());
}

#[tokio::test]
async fn chatter_on_standard_error_stops_nothing() {
    let pool = start(misbehaving(1)).await;
    let mut session = open(&pool, &script("render chatter")).await.unwrap();
    assert!(render(&mut session, &thumb(64), &[0]).await.1.is_ok());
}

#[tokio::test]
async fn memory_limit_of_the_process_is_told_from_other_ends() {
    // Enough to start and for a small picture, too little for the pixels of a large one.
    let config = PoolConfig {
        address_space_bytes: 270 << 20,
        ..config(1)
    };
    let pool = start(config).await;
    let ended = match open(&pool, &gradient(6000)).await {
        Ok(mut session) => render(&mut session, &thumb(6000), &[0]).await.1.map(drop),
        Err(error) => Err(error),
    };
    let memory = CrashKind::Memory;
    assert!(
        matches!(ended, Err(RenderError::Crash { how, .. }) if how == memory),
        "{ended:?}"
    );

    let mut session = open(&pool, &gradient(64)).await.unwrap();
    assert!(render(&mut session, &thumb(64), &[0]).await.1.is_ok());
    assert_eq!(session.probe().stored, square(64));
}

#[tokio::test]
async fn renderer_of_another_build_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &'static str| {
        let path = folder.path().join(name);
        std::os::unix::fs::symlink(misbehaving_path(), &path).unwrap();
        let start_deadline = Duration::from_millis(300);
        async move {
            let config = PoolConfig {
                renderer: path,
                start_deadline,
                ..misbehaving(1)
            };
            ProcessPool::start(config).await.unwrap_err().to_string()
        }
    };
    let stranger = refused("stranger").await;
    assert!(
        stranger.contains("is of another build (another, where"),
        "{stranger}"
    );
    let mute = refused("mute").await;
    assert!(mute.contains("did not start: killed at its deadline"), "{mute}");
    let absent = ProcessPool::start(PoolConfig {
        renderer: folder.path().join("absent"),
        ..misbehaving(1)
    });
    assert!(
        absent
            .await
            .unwrap_err()
            .to_string()
            .contains("is it installed beside minilab?")
    );
}
