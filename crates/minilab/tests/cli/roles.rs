//! The roles of a fleet, over folders and a queue of this machine, one process at a time.
use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    process::{Child, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    making::get,
    world::{Ran, World, renderer_is_built},
};

const DOCUMENT: &str = "\
version: 1
from: { folder: in }
to: { folder: out }
recipes: { r: { derivatives: { a: { resize: { width: 64 }, formats: [webp], lane: fast } } } }
";
/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);

fn world() -> World {
    let world = World::new();
    world.write("c.yaml", DOCUMENT);
    world.write("in/.keep", "");
    world
}

fn value(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}{}", ran.out, ran.err))
}

/// A role that runs, and where it answers.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start<const N: usize>(world: &World, role: &str, more: [&str; N]) -> Self {
        let mut command = world.command(["--json", role, "--config", "c.yaml", "--listen", "127.0.0.1:0"]);
        let mut child = command
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(said["role"], role);
        let address = said["listening"].as_str().unwrap();
        let address = address.trim_start_matches("http://").trim_end_matches('/');
        Self {
            child,
            address: address.to_owned(),
        }
    }

    /// Asks until it answers so.
    fn until_it_says(&self, path: &str, status: &str, part: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = get(&self.address, path);
            if answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(part) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{path} is not {status} with {part:?} but {answer}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn signal(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    fn stop(mut self) -> ExitStatus {
        self.signal();
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended unless its test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn role_follows_only_the_configuration_that_is_in_force() {
    let world = world();
    let roles = [
        ["dispatcher", "--config", "c.yaml"],
        ["worker", "--config", "c.yaml"],
    ];
    for [role, flag, config] in roles {
        let refused = world.run([role, flag, config, "--listen", "127.0.0.1:0"]);
        assert_eq!(refused.code, 7, "{}", refused.err);
        for part in ["none ever was", "fix: run `minilab config activate"] {
            assert!(refused.err.contains(part), "{}", refused.err);
        }
    }
    let activate = ["--json", "config", "activate", "--config", "c.yaml"];
    world.run(activate);
    world.write("c.yaml", DOCUMENT.replace("64", "65"));
    let refused = world.run(["dispatcher", "--config", "c.yaml", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.code, 7, "{}", refused.err);
    assert!(refused.err.contains("revision 1 since"), "{}", refused.err);
}

#[test]
fn activating_numbers_every_change_once() {
    let world = world();
    let activate = ["--json", "config", "activate", "--config", "c.yaml"];
    let show = ["--json", "config", "show", "--config", "c.yaml"];
    assert_eq!(value(&world.run(show))["revision"], Value::Null);
    let tried = value(&world.run(["--json", "config", "activate", "--config", "c.yaml", "--dry-run"]));
    assert_eq!(
        (&tried["revision"], &tried["changed"]),
        (&1.into(), &false.into())
    );
    for changed in [true, false] {
        let activated = value(&world.run(activate));
        assert_eq!(
            (&activated["revision"], &activated["changed"]),
            (&1.into(), &changed.into())
        );
    }
    let shown = value(&world.run(show));
    assert_eq!(
        (&shown["revision"], &shown["in_force"]),
        (&1.into(), &true.into())
    );
    world.write("c.yaml", DOCUMENT.replace("64", "65"));
    assert_eq!(value(&world.run(show))["in_force"], false);
    assert_eq!(value(&world.run(activate))["revision"], 2);
}

#[test]
fn idle_role_answers_probes_and_stops_on_a_signal() {
    renderer_is_built();
    let world = world();
    world.run(["config", "activate", "--config", "c.yaml"]);
    for role in ["dispatcher", "worker"] {
        let running = Running::start(&world, role, []);
        running.until_it_says("/readyz", "200", "ready");
        assert!(get(&running.address, "/livez").starts_with("HTTP/1.1 200"));
        assert!(get(&running.address, "/metrics").contains("minilab_ready 1"));
        let health = world.run(["health", "--at", &running.address]);
        assert_eq!(health.code, 0, "{}{}", health.out, health.err);
        assert_eq!(running.stop().code(), Some(0), "{role}");
    }
}

#[test]
fn worker_says_that_another_configuration_is_in_force() {
    renderer_is_built();
    let world = world();
    world.run(["config", "activate", "--config", "c.yaml"]);
    let running = Running::start(&world, "worker", ["--lanes", "fast", "--slots", "1"]);
    running.until_it_says("/readyz", "200", "ready");
    world.write("other.yaml", DOCUMENT.replace("64", "65"));
    world.run(["config", "activate", "--config", "other.yaml"]);
    running.until_it_says("/readyz", "503", "configuration: revision 2 is in force");
    assert_eq!(running.stop().code(), Some(0));
}

/// Nobody listens on port 1.
const NO_BROKER: &str = "queue: { rabbitmq: { url: \"amqp://me:hunter2@127.0.0.1:1\" } }\n";

#[test]
fn broker_that_is_away_is_waited_for_and_named_without_its_password() {
    let world = world();
    world.write("c.yaml", DOCUMENT.to_owned() + NO_BROKER);
    let role = [
        "dispatcher",
        "--config",
        "c.yaml",
        "--listen",
        "127.0.0.1:0",
        "--start-timeout",
        "1s",
    ];
    let gave_up = world.run(role);
    assert_eq!(gave_up.code, 5, "{}", gave_up.err);
    assert!(gave_up.err.contains("amqp://127.0.0.1:1/"), "{}", gave_up.err);
    assert!(!gave_up.err.contains("hunter2"), "{}", gave_up.err);

    let waiting = Running::start(&world, "dispatcher", []);
    waiting.until_it_says(
        "/readyz",
        "503",
        "start: the queue cannot be opened: amqp://127.0.0.1:1/",
    );
    assert!(get(&waiting.address, "/livez").starts_with("HTTP/1.1 200"));
    assert_eq!(waiting.stop().code(), Some(0), "it holds nothing");
}

/// A server that has no bucket of any name.
fn server_without_buckets() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
            {}
            let body = "<Error><Code>NoSuchBucket</Code><Message>no such bucket</Message></Error>";
            let length = body.len();
            let head =
                format!("HTTP/1.1 404 Not Found\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            // Whoever asked may have seen enough.
            let _ = stream.write_all((head + body).as_bytes());
        }
    });
    port
}

#[test]
fn bucket_that_is_not_there_is_a_mistake_of_the_configuration() {
    let world = world();
    let bucket = format!(
        "{{ s3: {{ bucket: nobodys, endpoint: \"http://127.0.0.1:{}\" }} }}\nqueue: {{ sqlite: q.db }}",
        server_without_buckets()
    );
    world.write("c.yaml", DOCUMENT.replace("{ folder: out }", &bucket));
    let refused = world
        .command(["worker", "--config", "c.yaml", "--listen", "127.0.0.1:0"])
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("MINILAB_RENDERER", env!("CARGO_BIN_EXE_minilab"))
        .output()
        .unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(78), "{told}");
    assert!(
        told.contains("bucket nobodys") && told.contains("create the bucket"),
        "{told}"
    );
}
