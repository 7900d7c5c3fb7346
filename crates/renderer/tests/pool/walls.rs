//! The walls around a renderer: that they stand, that the self-test finds where they do not, and what then happens.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use minilab_recipe::Sandbox;
use minilab_worker::pool::{PoolConfig, ProcessPool};
use minilab_worker::renderer::RenderError;

use crate::png::gradient;
use crate::world::{config, example, open, render, start, thumb};

/// A renderer for which the kernel lacks a wall.
fn without(wall: &str, folder: &Path) -> PathBuf {
    let path = folder.join(format!("without-{wall}"));
    std::os::unix::fs::symlink(example("without"), &path).unwrap();
    path
}

fn selftest(renderer: &Path) -> (Option<i32>, String) {
    let Output { status, stdout, .. } = Command::new(renderer)
        .arg("--selftest")
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .unwrap();
    (status.code(), String::from_utf8(stdout).unwrap())
}

async fn works(pool: &ProcessPool) {
    let mut session = open(pool, &gradient(64)).await.unwrap();
    assert!(render(&mut session, &thumb(64), &[0]).await.1.is_ok());
    session.close().await;
}

#[tokio::test]
async fn every_thread_of_a_renderer_is_filtered_and_has_no_capability() {
    let pool = start(config(1)).await;
    assert_eq!(pool.gaps(), []);
    works(&pool).await;
    let tasks = format!("/proc/{}/task", pool.idle_pids()[0]);
    let mut threads = 0;
    for task in fs::read_dir(tasks).unwrap() {
        let status = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        let is = |name: &str, value: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            assert_eq!(line.map(str::trim), Some(value), "{name}");
        };
        is("Seccomp:", "2");
        is("NoNewPrivs:", "1");
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
            is(set, "0000000000000000");
        }
        threads += 1;
    }
    assert!(threads > 1, "libvips keeps threads");
}

#[test]
fn selftest_tries_every_attempt_from_every_thread_and_none_gets_through() {
    let (status, table) = selftest(Path::new(env!("CARGO_BIN_EXE_minilab-renderer")));
    assert_eq!(status, Some(0), "{table}");
    let refused = table.lines().filter(|line| line.starts_with("refused  ")).count();
    assert!(refused >= 40, "{table}");
    let sum = table.lines().last().unwrap();
    assert!(
        sum.starts_with(&format!("{refused} attempts from each of ")),
        "{sum}"
    );
    assert!(
        sum.ends_with("0 got through") && !sum.contains("of 1 threads"),
        "{sum}"
    );
}

#[tokio::test]
async fn machine_without_seccomp_is_refused_or_told_of_and_the_selftest_finds_what_gets_through() {
    let folder = tempfile::tempdir().unwrap();
    let renderer = without("seccomp", folder.path());

    let (status, table) = selftest(&renderer);
    assert_eq!(status, Some(77), "{table}");
    for through in [
        "socket of TCP",
        "execve",
        "ptrace the parent",
        "clone of a process",
    ] {
        let line = table.lines().find(|line| line.contains(through)).unwrap();
        assert!(line.starts_with("THROUGH  "), "{line}");
    }

    let required = PoolConfig {
        renderer,
        ..config(1)
    };
    let refused = ProcessPool::start(required.clone()).await.unwrap_err();
    let RenderError::Unwalled { said } = &refused else {
        panic!("{refused:?}");
    };
    assert!(
        said.contains("seccomp: ") && said.contains("sandbox: best_effort"),
        "{said}"
    );

    let pool = start(PoolConfig {
        sandbox: Sandbox::BestEffort,
        ..required
    })
    .await;
    let gaps: Vec<&str> = pool.gaps().iter().map(|gap| gap.wall.as_str()).collect();
    assert_eq!(gaps, ["seccomp", "trial"]);
    works(&pool).await;
}

#[tokio::test]
async fn machine_without_landlock_is_told_of_and_good_enough() {
    let folder = tempfile::tempdir().unwrap();
    let renderer = without("landlock", folder.path());
    assert_eq!(selftest(&renderer).0, Some(0));
    let pool = start(PoolConfig {
        renderer,
        ..config(1)
    })
    .await;
    assert!(pool.gaps().iter().all(|gap| gap.wall == "landlock") && !pool.gaps().is_empty());
    works(&pool).await;
}
