//! Over real TCP on free ports, with stores in memory.
use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use minilab_recipe::{Document, Lane};
use minilab_record::{LaneState, LaneStatus, Loaded, Observation, Placeholder, Record};
use minilab_store::{ETag, Key, Memory, PutOptions, Sha256};
use minilab_telemetry::Metrics;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::*;
use crate::{
    probes::Probes,
    readiness::{Part, Readiness},
    serve::awaited::Outcome,
};

struct World {
    address: SocketAddr,
    files: Memory,
    originals: Memory,
    records: Records,
    _stop: tokio_util::sync::DropGuard,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

fn awaited(originals: &Memory, files: &Memory, records: &Records, patience: Duration) -> Awaited {
    Awaited {
        document: Arc::new(Document::default_for_folders("in", "out")),
        originals: Arc::new(originals.clone()),
        files: Arc::new(files.clone()),
        records: records.clone(),
        patience,
    }
}

async fn world() -> World {
    world_with(Vec::new()).await
}

async fn world_with(wrong: Vec<(Part, &'static str)>) -> World {
    let (files, originals, state) = (Memory::new(), Memory::new(), Memory::new());
    let state: Arc<dyn Store> = Arc::new(state);
    let (records, failures) = (Records::new(Arc::clone(&state)), Failures::new(state));
    let site = Site {
        files: Arc::new(files.clone()),
        records: records.clone(),
        failures,
        awaited: awaited(&originals, &files, &records, Duration::ZERO),
    };
    let probes = Probes::new(Arc::new(Metrics::new("test")), Readiness::default());
    for (part, reason) in wrong {
        probes.readiness.set(part, Some(reason.to_owned()));
    }
    let routes = super::site(Arc::new(site)).merge(admin(Arc::new(probes)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, routes, stop.clone()));
    World {
        address,
        files,
        originals,
        records,
        _stop: stop.drop_guard(),
    }
}

impl World {
    async fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        let host = if headers.contains("Host:") {
            ""
        } else {
            "Host: localhost\r\n"
        };
        let request = format!("{method} {path} HTTP/1.1\r\n{host}{headers}Connection: close\r\n\r\n");
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "").await
    }
}

async fn put(store: &Memory, key: &str, body: &'static str) {
    let options = PutOptions {
        content_type: Some("image/webp".to_owned()),
        cache_control: Some("public, max-age=31536000, immutable".to_owned()),
        sha256: Some(Sha256::of(body.as_bytes())),
        ..PutOptions::default()
    };
    store
        .put(
            &Key::new(key).unwrap(),
            Bytes::from_static(body.as_bytes()),
            options,
        )
        .await
        .unwrap();
}

fn record(key: &str, status: LaneStatus) -> Record {
    let lane = LaneState {
        generation: 1,
        since_generation: 1,
        status,
        recipe_digest: String::new(),
        engine: String::new(),
        files: Vec::new(),
        failures: Vec::new(),
        dropped: Vec::new(),
    };
    Record {
        v: 1,
        key: key.to_owned(),
        generation: 1,
        since_generation: 1,
        revision: 1,
        recipe: "default".to_owned(),
        observation: Some(Observation {
            etag: ETag("1".to_owned()),
            size_bytes: 1,
            version_id: None,
            sha256: None,
            reads: BTreeMap::new(),
            probe: None,
            findings: Box::default(),
            said: None,
        }),
        lanes: Lane::ALL.map(|name| (name, lane.clone())).into(),
        retired: BTreeMap::new(),
        standing: None,
        previous: Vec::new(),
        placeholder: Placeholder::default(),
        updated: Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn file_comes_with_the_headers_it_was_stored_with() {
    let world = world().await;
    put(&world.files, "a b%.jpg/photo.webp", "pixels").await;
    let answer = world.get("/a%20b%25.jpg/photo.webp").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "pixels"));
    for header in [
        "content-type: image/webp",
        "cache-control: public, max-age=31536000, immutable",
        "content-length: 6",
        "x-content-type-options: nosniff",
        "etag: \"",
    ] {
        assert!(answer.head.contains(header), "{header} is not in {}", answer.head);
    }
}

#[tokio::test]
async fn head_answers_without_a_body() {
    let world = world().await;
    put(&world.files, "x/y.webp", "pixels").await;
    let answer = world.ask("HEAD", "/x/y.webp", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert!(answer.head.contains("content-length: 6"));
}

#[tokio::test]
async fn known_tag_answers_not_modified() {
    let world = world().await;
    put(&world.files, "x/y.webp", "pixels").await;
    let tag = format!("\"{}\"", Sha256::of(b"pixels"));
    for condition in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let answer = world
            .ask("GET", "/x/y.webp", &format!("If-None-Match: {condition}\r\n"))
            .await;
        assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{condition}");
    }
    assert_eq!(
        world
            .ask("GET", "/x/y.webp", "If-None-Match: \"other\"\r\n")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn keys_are_decoded_exactly_once() {
    let world = world().await;
    put(&world.files, "a%2Fb", "encoded").await;
    put(&world.files, "a/b", "plain").await;
    assert_eq!(world.get("/a%252Fb").await.body, "encoded");
    assert_eq!(world.get("/a/b").await.body, "plain");
    assert_eq!(world.get("/a%zz").await.status, 404);
}

#[tokio::test]
async fn reserved_folder_and_what_is_not_there_are_not_found() {
    let world = world().await;
    put(&world.files, ".minilab/state/records", "private").await;
    put(&world.files, "x/y.webp", "pixels").await;
    for path in [
        "/.minilab/state/records",
        "/.MiniLab/state/records",
        "/%2eminilab/state/records",
        "/x",
        "/x/",
        "/z",
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.head.contains("cache-control: no-store"), "{path}");
    }
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let world = world().await;
    let answer = world.ask("DELETE", "/x/y.webp", "").await;
    assert_eq!(answer.status, 405);
    assert!(answer.head.contains("allow: get, head"));
}

#[tokio::test]
async fn events_are_not_taken_where_files_and_metrics_are() {
    let world = world().await;
    for path in ["/events", "/sns"] {
        assert_eq!(
            world.ask("POST", path, "Content-Length: 0\r\n").await.status,
            405,
            "{path}"
        );
    }
}

#[tokio::test]
async fn other_sites_names_for_this_machine_are_refused() {
    let world = world().await;
    for (host, status) in [
        ("evil.example", 421),
        ("localhost.evil.example:80", 421),
        ("127.0.0.1:8080", 200),
        ("[::1]", 200),
    ] {
        assert_eq!(
            world
                .ask("GET", "/livez", &format!("Host: {host}\r\n"))
                .await
                .status,
            status,
            "{host}"
        );
    }
}

#[tokio::test]
async fn probes_win_over_files_and_tell_reasons() {
    let world = world_with(vec![(Part::Work, "disk full: free some space")]).await;
    put(&world.files, "livez", "a file").await;
    assert_eq!(world.get("/livez").await.body, "alive\n");
    let ready = world.get("/readyz").await;
    assert_eq!(
        (ready.status, ready.body.as_str()),
        (503, "not ready\nwork: disk full: free some space\n")
    );
    let accepts = world.ask("GET", "/readyz", "Accept: application/json\r\n").await;
    let value: serde_json::Value = serde_json::from_str(&accepts.body).unwrap();
    assert_eq!((accepts.status, &value["ready"]), (503, &false.into()));
    assert_eq!(value["reasons"][0]["part"], "work");
    assert!(world.get("/metrics").await.body.contains("minilab_ready 0"));
    assert!(world.get("/").await.body.contains("Contact sheet"));
}

#[tokio::test]
async fn configured_file_that_is_not_made_in_time_is_answered_by_the_original() {
    let world = world().await;
    put(&world.originals, "cat.jpg", "original").await;
    let answer = world.get("/cat.jpg/photo-640w.webp").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "original"));
    assert!(answer.head.contains("cache-control: no-store"));
    assert!(answer.head.contains("content-type: image/jpeg"));
    assert!(!answer.head.contains("etag:"));
    for other in [
        "/cat.jpg/photo-641w.webp",
        "/cat.jpg/manifest.json",
        "/dog.jpg/photo-640w.webp",
    ] {
        assert_eq!(world.get(other).await.status, 404, "{other}");
    }
}

#[tokio::test]
async fn nobody_waits_for_what_has_failed() {
    let world = world().await;
    put(&world.originals, "cat.jpg", "text").await;
    world
        .records
        .swap(&Loaded::default(), &record("cat.jpg", LaneStatus::Failed))
        .await
        .unwrap();
    assert_eq!(world.get("/cat.jpg/photo-640w.webp").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn file_that_appears_while_a_client_waits_ends_the_wait() {
    let (files, originals) = (Memory::new(), Memory::new());
    let records = Records::new(Arc::new(Memory::new()));
    put(&originals, "cat.jpg", "original").await;
    records
        .swap(&Loaded::default(), &record("cat.jpg", LaneStatus::Pending))
        .await
        .unwrap();
    let awaited = awaited(&originals, &files, &records, Duration::from_secs(30));
    let key = Key::new("cat.jpg/thumb-320w.webp").unwrap();
    let making = async {
        tokio::time::sleep(Duration::from_secs(12)).await;
        put(&files, "cat.jpg/thumb-320w.webp", "pixels").await;
    };
    let started = tokio::time::Instant::now();
    let (outcome, ()) = tokio::join!(awaited.wait(&key), making);
    assert!(matches!(outcome.unwrap(), Outcome::Made));
    assert!(started.elapsed() < Duration::from_secs(13));
}

#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let (files, originals) = (Memory::new(), Memory::new());
    put(&originals, "cat.jpg", "original").await;
    let awaited = awaited(
        &originals,
        &files,
        &Records::new(Arc::new(Memory::new())),
        Duration::from_secs(30),
    );
    let started = tokio::time::Instant::now();
    let outcome = awaited
        .wait(&Key::new("cat.jpg/thumb-320w.webp").unwrap())
        .await
        .unwrap();
    assert!(matches!(outcome, Outcome::StillBeingMade(_)));
    assert_eq!(started.elapsed().as_secs(), 30);
}
