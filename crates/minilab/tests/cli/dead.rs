//! `minilab dead`, on folders and on the queue of one machine.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use minilab_protos::job::Job;
use minilab_queue::{Queue as _, QueueName, Sqlite, SqliteConfig};
use minilab_recipe::Lane;
use minilab_record::{FailureRecord, Failures, UnreadableRecord};
use minilab_store::{Fs, Layout};
use serde_json::Value;

use crate::world::{Ran, World, picture, renderer_is_built};

const DOCUMENT: &str = "version: 1\nfrom: { folder: in }\nto: { folder: out }\n\
    recipes: { r: { derivatives: { thumb: { resize: { width: 32 }, formats: [webp], lane: fast } } } }\n\
    rules: [{ recipe: r }]\n";

#[tokio::test]
async fn what_was_given_up_is_listed_without_originals_at_fault() {
    let world = world().await;
    let listed = world.run(["dead", "ls", "--config", "minilab.yaml"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    for shown in [
        "a/1.png",
        "a/2.png",
        "envelope: no",
        "3 dead letters (1 exhausted, 1 poison, 1 unreadable)",
    ] {
        assert!(listed.out.contains(shown), "{shown}: {}", listed.out);
    }
    assert!(!listed.out.contains("b/3.png"), "{}", listed.out);
    assert!(
        listed
            .out
            .contains("1 lane of originals that are at fault themselves left out")
    );

    let limited = world.run(["dead", "ls", "--config", "minilab.yaml", "--limit", "1", "--json"]);
    assert_eq!(lines(&limited).len(), 1);
    let input = world.run([
        "dead",
        "ls",
        "--config",
        "minilab.yaml",
        "--class",
        "input",
        "--json",
    ]);
    assert_eq!(keys(&input), ["b/3.png"]);
    let old = world.run([
        "dead",
        "ls",
        "--config",
        "minilab.yaml",
        "--older-than",
        "2h",
        "--json",
    ]);
    assert_eq!(keys(&old), ["a/2.png"]);
}

#[tokio::test]
async fn one_is_told_in_sentences() {
    let world = world().await;
    let shown = world.run(["dead", "show", "a/1.png", "--config", "minilab.yaml"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    for told in [
        "a/1.png, lane fast: poison\n  killed by signal 11 [renderer_signal]\n",
        "It failed at the stage `encode`. Attempts: 0; crashes: 2; times it had been put back: 1.",
        "Tried last by host:7 (minilab 0.1.0, engine e1)",
        "The last attempt spent: fetch 12 ms.",
        "minilab dead redrive --config minilab.yaml --class poison --lane fast --prefix 'a/1.png'",
    ] {
        assert!(shown.out.contains(told), "{told}: {}", shown.out);
    }
    let message = UnreadableRecord::new(b"not json", "envelope: no".into(), Timestamp::now());
    let digest = message.sha256.to_string();
    let shown = world.run(["dead", "show", &digest, "--config", "minilab.yaml"]);
    assert!(shown.out.contains("\n\nnot json\n\n"), "{}", shown.out);
    let nothing = world.run(["dead", "show", "fine.png", "--config", "minilab.yaml"]);
    assert_eq!(nothing.code, 4);
    assert!(
        nothing.err.contains("nothing was given up of fine.png"),
        "{}",
        nothing.err
    );
}

#[tokio::test]
async fn purge_forgets_what_is_chosen_and_a_dry_run_nothing() {
    let world = world().await;
    let purge = [
        "dead",
        "purge",
        "--config",
        "minilab.yaml",
        "--prefix",
        "a/",
        "--lane",
        "bulk",
    ];
    let dry = world.run([
        "dead",
        "purge",
        "--config",
        "minilab.yaml",
        "--prefix",
        "a/",
        "--dry-run",
    ]);
    assert_eq!(
        dry.out,
        "2 failure records (1 exhausted, 1 poison) would be deleted\n"
    );
    let purged = world.run(purge);
    assert!(
        purged
            .out
            .starts_with("1 failure record (1 exhausted) deleted; nothing else was touched"),
        "{}",
        purged.out
    );
    assert!(world.run(purge).out.starts_with("0 failure records deleted"));
    let left = world.run([
        "dead",
        "ls",
        "--config",
        "minilab.yaml",
        "--class",
        "poison",
        "--json",
    ]);
    assert_eq!(keys(&left), ["a/1.png"]);
}

#[tokio::test]
async fn what_is_put_back_is_tried_and_forgotten_when_it_succeeds() {
    renderer_is_built();
    let world = world().await;
    world.write("in/a/1.png", picture(64, 48));
    let redrive = [
        "dead",
        "redrive",
        "--config",
        "minilab.yaml",
        "--prefix",
        "a/1",
        "--rate",
        "50/s",
    ];
    let dry = world.run(["dead", "redrive", "--config", "minilab.yaml", "--dry-run"]);
    assert!(
        dry.out
            .starts_with("2 jobs (1 exhausted, 1 poison) would be sent")
            && dry.out.contains("1 message that no job can be made of"),
        "{}",
        dry.out
    );
    let sent = world.run(redrive);
    assert_eq!(sent.code, 0, "{}", sent.err);
    assert_eq!(
        sent.out,
        "1 job (1 poison) sent; each failure record stays until its lane succeeds\n"
    );
    let failures = failures(&world);
    assert!(failures.load("a/1.png", Lane::Fast).await.unwrap().is_some());
    let queue = open_queue(&world).await;
    let fast = QueueName::new("fast").unwrap();
    let job = queue.receive(&fast, 1, Duration::ZERO).await.unwrap().remove(0);
    let job: Job = serde_json::from_slice(&job.payload).unwrap();
    assert_eq!((job.key.as_str(), job.redrives, job.crashes), ("a/1.png", 2, 0));
    queue.close().await;

    // The others were never there, and would be told as failed.
    for (key, lane) in [("a/2.png", Lane::Bulk), ("b/3.png", Lane::Fast)] {
        failures.clear(key, lane).await.unwrap();
    }
    let made = world.run([
        "standalone",
        "--config",
        "minilab.yaml",
        "--listen",
        "127.0.0.1:0",
        "--until-idle",
    ]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert_eq!(failures.load("a/1.png", Lane::Fast).await.unwrap(), None);
}

#[tokio::test]
async fn beside_a_standalone_nothing_is_put_back_but_the_list_is_shown() {
    let world = world().await;
    let queue = open_queue(&world).await;
    let refused = world.run(["dead", "redrive", "--config", "minilab.yaml"]);
    assert_eq!(refused.code, 78, "{}", refused.err);
    assert!(
        refused
            .err
            .contains("fix: a SQLite queue belongs to one process: stop `minilab standalone`"),
        "{}",
        refused.err
    );
    assert_eq!(world.run(["dead", "ls", "--config", "minilab.yaml"]).code, 0);
    queue.close().await;
}

/// Folders in which four things were given up.
async fn world() -> World {
    let world = World::new();
    world.write("minilab.yaml", DOCUMENT);
    world.write("in/.keep", "");
    let failures = failures(&world);
    for failure in [
        failure("a/1.png", Lane::Fast, "poison", 1),
        failure("a/2.png", Lane::Bulk, "exhausted", 3),
        failure("b/3.png", Lane::Fast, "input", 1),
    ] {
        failures.write(&failure).await.unwrap();
    }
    let message = UnreadableRecord::new(b"not json", "envelope: no".into(), Timestamp::now());
    failures.keep_unreadable(&message).await.unwrap();
    world
}

fn failures(world: &World) -> Failures {
    let state = Fs::create(world.path("out/.minilab/state"), Layout::Marked).unwrap();
    Failures::new(Arc::new(state))
}

async fn open_queue(world: &World) -> Sqlite {
    let path = world.path("out/.minilab/queue.db");
    Sqlite::open(SqliteConfig::at(path)).await.unwrap()
}

fn failure(key: &str, lane: Lane, class: &str, hours_ago: i64) -> FailureRecord {
    let at = Timestamp::now() - SignedDuration::from_hours(hours_ago);
    FailureRecord {
        v: 1,
        key: key.into(),
        lane,
        class: class.into(),
        code: "renderer_signal".into(),
        sentence: "killed by signal 11".into(),
        stage: Some("encode".into()),
        job: Some("01JOB".into()),
        attempts: 0,
        crashes: 2,
        redrives: 1,
        worker: Some("host:7".into()),
        program: Some("0.1.0".into()),
        engine: "e1".into(),
        spent_ms: BTreeMap::from([("fetch".into(), 12)]),
        first_seen: at,
        at,
    }
}

fn lines(ran: &Ran) -> Vec<Value> {
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn keys(ran: &Ran) -> Vec<String> {
    let lines = lines(ran);
    lines
        .iter()
        .map(|line| line["key"].as_str().unwrap().to_owned())
        .collect()
}
