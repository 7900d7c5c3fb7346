//! Each secret of a fleet is a canary: whatever it logs, measures, writes or answers in trouble holds none of them.
use std::{
    fs,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::TryStreamExt as _;
use minilab_store::{Key, PutOptions, Store, StoreExt as _};
use minilab_tests::servers::RabbitMq;

use crate::{
    comparison,
    events::{self, Said},
    ledger::Upload,
    pictures::Pictures,
    process::Process,
    world::{ORIGINALS, Options, TOKEN, World, free_address, is_possible},
};

const NOTIFY_PATH: &str = "hook-canary-f604";
const NOTIFY_SECRET: &str = "Y2FuYXJ5LW9mLXRoZS1ub3RpZmljYXRpb25zLW9mLXRlc3Rz";
const CORRUPT: &str = "corrupt.jpg";
const AWAY: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_fleet_in_trouble_says_or_keeps_holds_no_secret() {
    if !is_possible() {
        return;
    }
    let world = World::new(Options::default()).await;
    tell_a_receiver_that_is_not_there(&world);
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let (dispatcher, worker) = (world.dispatcher("dispatcher"), world.worker("worker", &[]));
    let mut running = [dispatcher.role.start(), worker.start()];
    for process in &mut running {
        process.ready().await;
    }
    let webhook = dispatcher.webhook;
    made(&world, &pictures, "before.jpg", 0, webhook).await;
    troubles(&world, webhook).await;
    made(&world, &pictures, "after.jpg", 1, webhook).await;

    let mut said = Vec::new();
    for process in &running {
        said.extend(answers(process).await);
    }
    said.extend(operator_s(&world).await);
    for process in running {
        process.terminate(PATIENCE).await.unwrap();
    }
    for role in [&dispatcher.role, &worker] {
        let log = fs::read_to_string(role.log()).unwrap();
        assert!(log.contains("WARN"), "{} was in no trouble", role.name);
        said.push((format!("the log of the {}", role.name), log.into()));
    }
    for (name, store) in [("media", &world.media), ("state", &world.state)] {
        said.extend(kept(name, &**store).await);
    }
    holds_none(&world, &said);
}

fn tell_a_receiver_that_is_not_there(world: &World) {
    let path = world.folder().join("minilab.yaml");
    let nobody = free_address();
    let target = format!(
        "site: {{ webhook: {{ url: \"http://{nobody}/{NOTIFY_PATH}\", secret: whsec_{NOTIFY_SECRET}, allow_private: true }} }}"
    );
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        path,
        text.replace("retain:", &format!("notify: {{ {target} }}\nretain:")),
    )
    .unwrap();
}

/// A picture that is uploaded now has its manifest in the end.
async fn made(world: &World, pictures: &Pictures, key: &str, number: u64, webhook: std::net::SocketAddr) {
    let upload = Upload {
        number,
        picture: number as usize,
    };
    let told = world.upload(pictures, key, upload).await;
    let begun = Instant::now();
    while let Err(refused) = events::post(webhook, TOKEN, &told).await {
        assert!(begun.elapsed() < PATIENCE, "{refused}");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    world
        .manifest(key, |manifest| manifest["status"] == "complete")
        .await;
}

/// A picture that is none, a message that is none, a caller without the token, and a broker and a store that go away.
async fn troubles(world: &World, webhook: std::net::SocketAddr) {
    let bytes = Bytes::from_static(b"\xff\xd8\xff\xe0 and nothing more");
    let told = events::notification(
        ORIGINALS,
        CORRUPT,
        &Said::Created {
            size_bytes: bytes.len(),
        },
    );
    let key = Key::new(CORRUPT).unwrap();
    world
        .originals
        .put(&key, bytes, PutOptions::default())
        .await
        .unwrap();
    let producer = world.producer().await;
    producer.publish(&told).await.unwrap();
    producer.publish(b"no event").await.unwrap();
    let refused = events::post(webhook, "another-token", &told).await;
    assert!(refused.is_err(), "a caller without the token is refused");
    let begun = Instant::now();
    while world.dead().await.is_empty() {
        assert!(begun.elapsed() < PATIENCE, "nothing was given up");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    world
        .manifest(CORRUPT, |manifest| manifest["status"] == "failed")
        .await;
    tokio::task::block_in_place(|| world.broker.away(AWAY));
    world.seaweed.freeze().unwrap();
    tokio::time::sleep(AWAY).await;
    world.seaweed.thaw().unwrap();
}

type Told = (String, Bytes);

async fn answers(process: &Process) -> Vec<Told> {
    let mut told = Vec::new();
    for path in [
        "/metrics",
        "/readyz",
        "/livez",
        "/scaling/v1/lanes/fast",
        "/nowhere",
    ] {
        let answer = process.ask(path).await.unwrap();
        told.push((format!("{} of {}", path, process.role().name), answer.body.into()));
    }
    told
}

/// What an operator asks for.
async fn operator_s(world: &World) -> Vec<Told> {
    let mut told = Vec::new();
    let dead = world.dead().await;
    let letter = dead[0]["sha256"].as_str().unwrap();
    for args in [
        &["--json", "dead", "ls", "--config", "minilab.yaml"][..],
        &["dead", "show", letter, "--config", "minilab.yaml"],
        &["config", "show", "--config", "minilab.yaml"],
    ] {
        let said = world.operate(args).await.unwrap();
        told.push((args.join(" "), said.into()));
    }
    told
}

/// Every object of a store, with its name.
async fn kept(name: &str, store: &dyn Store) -> Vec<Told> {
    let listed: Vec<_> = store.list_all("").try_collect().await.unwrap();
    let mut told = Vec::new();
    for object in listed {
        let bytes = comparison::read(store, object.key.as_str())
            .await
            .expect("nobody is left to delete it");
        told.push((format!("{name}: {}", object.key), bytes.into()));
    }
    told
}

fn holds_none(world: &World, said: &[Told]) {
    let secrets = [
        RabbitMq::PASSWORD,
        world.seaweed.secret_key(),
        TOKEN,
        NOTIFY_PATH,
        NOTIFY_SECRET,
    ];
    for (what, bytes) in said {
        for secret in secrets {
            let found = bytes
                .windows(secret.len())
                .find(|window| *window == secret.as_bytes());
            assert!(found.is_none() && !what.contains(secret), "{what} holds {secret}");
        }
    }
    let bytes: usize = said.iter().map(|(_, bytes)| bytes.len()).sum();
    println!(
        "{} answers, logs and objects of {bytes} bytes hold none of {} secrets",
        said.len(),
        secrets.len()
    );
    // What was to be looked at is there: troubles were told, kept and counted.
    for expected in [
        "state: failures/",
        "manifest.json",
        "/metrics of worker",
        "/metrics of dispatcher",
        "dead show",
    ] {
        assert!(
            said.iter()
                .any(|(what, bytes)| what.contains(expected) && !bytes.is_empty()),
            "no {expected}"
        );
    }
}
