//! The servers that other suites trust: they come up, keep through a kill what they confirmed, and leave nothing behind.
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use lapin::{
    BasicProperties, Confirmation, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions},
    types::FieldTable,
};
use minilab_tests::servers::{self, Moto, RabbitMq, RabbitMqOptions, SeaweedFs, Server};

/// A server is killed with its last thread, its children when they see that.
const GONE_WITHIN: Duration = Duration::from_secs(5);

const COUNTED_WITHIN: Duration = Duration::from_secs(30);

/// Whether servers can be started; where CI runs they must.
fn are_here() -> bool {
    let Some(why) = servers::unavailable(&[Server::RabbitMq, Server::SeaweedFs, Server::Moto]) else {
        return true;
    };
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{why}");
    println!("skipped: {why}");
    false
}

#[test]
fn broker_keeps_through_a_kill_what_it_confirmed() -> Result<()> {
    if !are_here() {
        return Ok(());
    }
    let started = Instant::now();
    let mut broker = RabbitMq::start(&RabbitMqOptions::default())?;
    println!("up in {:?}", started.elapsed());
    tokio::runtime::Runtime::new()?.block_on(send(&broker.url(), b"confirmed"))?;
    broker.wait_until_kept("kept")?;
    broker.kill();
    assert!(std::net::TcpStream::connect(broker.address()).is_err());
    let killed = Instant::now();
    broker.restart()?;
    println!("up again in {:?}", killed.elapsed());
    // A quorum queue elects its leader after the broker listens, and its count follows.
    let counting = Instant::now();
    while broker
        .rabbitmqctl(&["list_queues", "messages", "--no-table-headers"])?
        .trim()
        != "1"
    {
        ensure!(
            counting.elapsed() < COUNTED_WITHIN,
            "the confirmed message is not there"
        );
    }
    let node = format!("minilab-{}@localhost", broker.address().port());
    assert!(processes_of(&node).len() >= 2, "broker and name server");
    drop(broker);
    assert_nothing_runs_of(&node);
    Ok(())
}

/// One durable message in the quorum queue `kept`; returns when the broker has confirmed it.
async fn send(url: &str, payload: &[u8]) -> Result<()> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let mut arguments = FieldTable::default();
    arguments.insert(
        "x-queue-type".into(),
        lapin::types::AMQPValue::LongString("quorum".into()),
    );
    let durable = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    channel.queue_declare("kept".into(), durable, arguments).await?;
    let confirmation = channel
        .basic_publish(
            "".into(),
            "kept".into(),
            BasicPublishOptions::default(),
            payload,
            BasicProperties::default().with_delivery_mode(2),
        )
        .await?
        .await?;
    ensure!(
        matches!(confirmation, Confirmation::Ack(_)),
        "not confirmed: {confirmation:?}"
    );
    Ok(())
}

#[test]
fn broker_obeys_its_options() -> Result<()> {
    if !are_here() {
        return Ok(());
    }
    let broker = RabbitMq::start(&RabbitMqOptions {
        consumer_timeout: Some(Duration::from_secs(3)),
        heartbeat: Some(Duration::from_secs(7)),
        settings: vec!["channel_max = 77".to_owned()],
    })?;
    for (name, value) in [
        ("consumer_timeout", "3000"),
        ("channel_tick_interval", "500"),
        ("heartbeat", "7"),
        ("channel_max", "77"),
    ] {
        let asked = format!("{{ok, Value}} = application:get_env(rabbit, {name}), Value.");
        assert_eq!(broker.rabbitmqctl(&["eval", &asked])?.trim(), value, "{name}");
    }
    Ok(())
}

#[test]
fn store_keeps_through_a_kill_what_it_answered() -> Result<()> {
    if !are_here() {
        return Ok(());
    }
    let started = Instant::now();
    let mut store = SeaweedFs::start()?;
    println!("up in {:?}", started.elapsed());
    store.create_bucket("originals")?;
    let photo = vec![7; 100_000];
    assert_eq!(store.send("PUT", "/originals/a/photo.jpg", &photo)?.status, 200);
    store.kill();
    assert!(std::net::TcpStream::connect(store.address()).is_err());
    let killed = Instant::now();
    store.restart()?;
    println!("up again in {:?}", killed.elapsed());
    let kept = store.send("GET", "/originals/a/photo.jpg", b"")?;
    assert_eq!((kept.status, kept.body), (200, photo));
    assert_eq!(store.send("GET", "/originals/none", b"")?.status, 404);
    let port = format!("-s3.port={}", store.address().port());
    assert_eq!(processes_of(&port).len(), 1);
    drop(store);
    assert_nothing_runs_of(&port);
    Ok(())
}

#[test]
fn account_starts_empty_and_ends_with_its_test() -> Result<()> {
    if !are_here() {
        return Ok(());
    }
    let started = Instant::now();
    let account = Moto::start()?;
    println!("up in {:?}", started.elapsed());
    let listed = account.send("GET", "/", b"")?;
    assert!(!String::from_utf8_lossy(&listed.body).contains("<Name>"));
    account.create_bucket("originals")?;
    let photo = vec![7; 100_000];
    assert_eq!(account.send("PUT", "/originals/a/photo.jpg", &photo)?.status, 200);
    let kept = account.send("GET", "/originals/a/photo.jpg", b"")?;
    assert_eq!((kept.status, kept.body), (200, photo));
    let other = Moto::start()?;
    assert_eq!(other.send("GET", "/originals/a/photo.jpg", b"")?.status, 404);
    drop(other);
    let port = format!("-p {} ", account.address().port());
    assert_eq!(processes_of(&port).len(), 1);
    drop(account);
    assert_nothing_runs_of(&port);
    Ok(())
}

#[test]
fn nothing_outlives_a_test_that_is_killed() -> Result<()> {
    if !are_here() {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let mut test = Command::new(std::env::current_exe()?)
        .args([
            "--exact",
            "waits_with_all_servers_to_be_killed",
            "--ignored",
            "--nocapture",
        ])
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .spawn()?;
    let said = BufReader::new(test.stdout.take().context("piped")?);
    let up = said.lines().any(|line| line.is_ok_and(|line| line == ALL_UP));
    let marker = folder.path().display().to_string();
    let running = processes_of(&marker).len();
    test.kill()?;
    test.wait()?;
    assert!(
        up && running >= 5,
        "up: {up}, {running} processes: the test, a broker, its name server, a store, an account"
    );
    assert_nothing_runs_of(&marker);
    Ok(())
}

const ALL_UP: &str = "all servers are up";

#[test]
#[ignore = "runs inside nothing_outlives_a_test_that_is_killed"]
fn waits_with_all_servers_to_be_killed() -> Result<()> {
    // Started by a thread that ends: the servers must live on.
    let starting = thread::spawn(|| {
        let broker = RabbitMq::start(&RabbitMqOptions::default())?;
        Ok::<_, anyhow::Error>((broker, SeaweedFs::start()?, Moto::start()?))
    });
    let _servers = starting.join().expect("no panic")?;
    println!("\n{ALL_UP}");
    loop {
        thread::park();
    }
}

/// The processes whose command or environment names the marker.
fn processes_of(marker: &str) -> Vec<String> {
    let said = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).replace('\0', " ");
    fs::read_dir("/proc")
        .expect("Linux has it")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|process| {
            said(&process.join("environ")).contains(marker) || said(&process.join("cmdline")).contains(marker)
        })
        .map(|process| said(&process.join("cmdline")))
        .collect()
}

fn assert_nothing_runs_of(marker: &str) {
    let started = Instant::now();
    loop {
        let left = processes_of(marker);
        if left.is_empty() {
            return;
        }
        assert!(started.elapsed() < GONE_WITHIN, "still running: {left:#?}");
        thread::yield_now();
    }
}
