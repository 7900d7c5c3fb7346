//! Two dispatchers tell a webhook what becomes of originals while it is down, and after.
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use minilab_tests::proxy::{Gate, Reply, Verdict};
use serde_json::Value;

use crate::{
    broker::Kind,
    ledger::Upload,
    pictures::Pictures,
    world::{Options, World, is_possible},
};

const ORIGINALS: u64 = 6;
const ROUNDS: u64 = 3;
/// The longest pause of a receiver that is left alone is 2 min.
const HEARD_WITHIN: Duration = Duration::from_mins(4);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// A receiver that answers 503 while it is down, and what it has taken.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<(bool, Vec<Value>)>>);

impl Receiver {
    fn start(&self, behind: std::net::SocketAddr) -> Gate {
        let shared = Arc::clone(&self.0);
        let answer = |status| {
            Verdict::Answer(Reply {
                status,
                headers: String::new(),
                body: String::new(),
            })
        };
        Gate::start(behind, move |request, body| {
            let mut shared = shared.lock().unwrap();
            let (is_up, heard) = &mut *shared;
            if !*is_up {
                return answer("503 Service Unavailable");
            }
            let said: Value = serde_json::from_slice(body).unwrap();
            assert_eq!(request.header("webhook-id"), said["id"].as_str());
            heard.push(said);
            answer("204 No Content")
        })
        .unwrap()
    }

    fn is_up(&self, is_up: bool) {
        self.0.lock().unwrap().0 = is_up;
    }

    fn heard(&self) -> Vec<Value> {
        self.0.lock().unwrap().1.clone()
    }

    async fn until(&self, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let heard = self.heard();
            if wanted(&heard) {
                return heard;
            }
            assert!(begun.elapsed() < HEARD_WITHIN, "{heard:#?}");
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
}

fn key(original: u64) -> String {
    format!("{original}.jpg")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_was_down_hears_all_from_two_dispatchers_once_and_in_order() {
    is_told(Kind::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_was_down_hears_all_from_two_dispatchers_on_sqs_once_and_in_order() {
    is_told(Kind::Sqs).await;
}

async fn is_told(kind: Kind) {
    if !is_possible() {
        return;
    }
    let world = World::new(Options {
        broker: kind,
        ..Options::default()
    })
    .await;
    let receiver = Receiver::default();
    let (starting, behind) = (receiver.clone(), world.seaweed.address());
    let gate = tokio::task::spawn_blocking(move || starting.start(behind))
        .await
        .unwrap();
    notify(&world, "site", &gate);
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let mut roles = [
        world.dispatcher("one").role.start(),
        world.dispatcher("two").role.start(),
        world.worker("worker", &["--slots", "2"]).start(),
    ];
    for role in &mut roles {
        role.ready().await;
    }

    // Down for all of the first uploads and the second ones, up while the third ones are made.
    let producer = world.producer().await;
    for round in 0..ROUNDS {
        if round + 1 == ROUNDS {
            receiver.is_up(true);
        }
        for original in 0..ORIGINALS {
            let number = round * ORIGINALS + original;
            let upload = Upload {
                number,
                picture: original as usize,
            };
            let told = world.upload(&pictures, &key(original), upload).await;
            producer.publish(&told).await.unwrap();
        }
        for original in 0..ORIGINALS {
            let number = round * ORIGINALS + original;
            let digest = crate::pictures::digest(&pictures.upload(original as usize, number));
            let is_it = |manifest: &Value| {
                manifest["status"] == "complete" && manifest["original"]["sha256"] == digest
            };
            world.manifest(&key(original), is_it).await;
        }
    }
    for original in 0..ORIGINALS {
        producer
            .publish(&world.delete(&key(original)).await)
            .await
            .unwrap();
    }
    let is_deleted = |said: &&Value| kind_of(said) == "deleted";
    let heard = receiver
        .until(|heard| heard.iter().filter(is_deleted).count() as u64 == ORIGINALS)
        .await;
    world.at_rest(HEARD_WITHIN).await;
    assert_eq!(
        receiver.heard().len(),
        heard.len(),
        "nothing comes after the last"
    );

    let mut by_key: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for said in &heard {
        by_key
            .entry(said["subject"].as_str().unwrap())
            .or_default()
            .push(said);
    }
    assert_eq!(by_key.len() as u64, ORIGINALS);
    for (key, said) in by_key {
        is_in_order(key, &said);
    }
    println!("{} notifications of {ORIGINALS} originals", heard.len());

    drop(roles);
    later_receiver_is_told_the_same(&world, &heard).await;
}

/// Another receiver, that comes later, is told what the records say by the ids that the first one heard.
async fn later_receiver_is_told_the_same(world: &World, heard: &[Value]) {
    let late = Receiver::default();
    late.is_up(true);
    let (starting, behind) = (late.clone(), world.seaweed.address());
    let gate = tokio::task::spawn_blocking(move || starting.start(behind))
        .await
        .unwrap();
    notify(world, "late", &gate);
    let mut dispatching = world.dispatcher("three").role.start();
    dispatching.ready().await;
    let replay = [
        "notify",
        "replay",
        "--all",
        "--target",
        "late",
        "--config",
        "minilab.yaml",
    ];
    let told = world.operate(&replay).await.unwrap();
    assert!(told.contains("6 notifications of 6 originals"), "{told}");
    let ids =
        |heard: &[Value]| -> BTreeSet<String> { heard.iter().map(|said| said["id"].to_string()).collect() };
    let told = late.until(|heard| heard.len() as u64 >= ORIGINALS).await;
    let last: Vec<_> = heard
        .iter()
        .filter(|said| kind_of(said) == "deleted")
        .cloned()
        .collect();
    assert_eq!(ids(&told), ids(&last));
}

/// Names a receiver in the configuration.
fn notify(world: &World, name: &str, gate: &Gate) {
    let path = world.folder().join("minilab.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let target = format!(
        "{name}: {{ webhook: {{ url: \"http://{}/\", secret: whsec_{}, allow_private: true }} }}",
        gate.address(),
        "c2VjcmV0".repeat(4)
    );
    let text = if text.contains("notify: {") {
        text.replace("notify: {", &format!("notify: {{ {target},"))
    } else {
        text.replace("retain:", &format!("notify: {{ {target} }}\nretain:"))
    };
    fs::write(path, text).unwrap();
}

fn kind_of(said: &Value) -> &str {
    said["type"].as_str().unwrap().rsplit('.').next().unwrap()
}

/// Nothing twice; of what is told of one lane or of the whole each is younger than the one before; the deletion is the last.
fn is_in_order(key: &str, said: &[&Value]) {
    let told: Vec<_> = said
        .iter()
        .map(|said| format!("{} {} {}", said["time"], kind_of(said), said["data"]["lanes"]))
        .collect();
    let ids: BTreeSet<_> = said.iter().map(|said| said["id"].as_str()).collect();
    assert_eq!(ids.len(), said.len(), "{key}: {told:#?}");
    let times: Vec<jiff::Timestamp> = said
        .iter()
        .map(|said| said["time"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(times.is_sorted(), "{key}: {told:#?}");
    assert_eq!(kind_of(said.last().unwrap()), "deleted", "{key}: {told:#?}");
    let complete = said.iter().filter(|said| kind_of(said) == "complete");
    assert_eq!(complete.count() as u64, ROUNDS, "{key}: {told:#?}");
    let lanes = said.iter().filter(|said| kind_of(said) == "ready");
    assert!(lanes.count() as u64 >= ROUNDS, "{key}: {told:#?}");
}
