//! What the SQLite adapter promises to processes that are killed: real ones, with SIGKILL. Each test runs this same program
//! again as its child, to play a test that is otherwise ignored.
#![expect(
    clippy::unwrap_used,
    reason = "this is test code: a call that fails, fails the test"
)]
use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use minilab_queue::{Disposition, Error, Outgoing, Queue, QueueName, Settled, Sqlite, SqliteConfig};

const DATABASE: &str = "MINILAB_TEST_QUEUE_DATABASE";
const SAID: &str = "child: ";

#[tokio::test]
async fn a_message_leased_by_a_killed_process_is_due_at_once_and_marked_redelivered() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("queue.db");
    let mut child = Killed::start("child_leases_and_hangs", &database);
    assert_eq!(child.next_word(), "leased");
    child.kill();

    let queue = Sqlite::open(SqliteConfig::at(&database)).await.unwrap();
    let delivery = queue.receive(&fast(), 1, Duration::ZERO).await.unwrap().remove(0);
    assert_eq!(delivery.payload, "in the child's hands");
    assert!(delivery.redelivered);
    assert_eq!(
        queue
            .settle(&delivery.receipt, Disposition::Complete)
            .await
            .unwrap(),
        Settled::Done
    );
}

#[tokio::test]
async fn a_second_process_is_refused_until_the_first_has_died() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("queue.db");
    let mut child = Killed::start("child_leases_and_hangs", &database);
    assert_eq!(child.next_word(), "leased");
    let error = Sqlite::open(SqliteConfig::at(&database)).await.unwrap_err();
    let Error::Unusable { reason, .. } = &error else {
        panic!("{error}")
    };
    assert!(
        reason.contains("queue.db.lock") && reason.contains(&child.0.id().to_string()),
        "{reason}"
    );
    child.kill();
    Sqlite::open(SqliteConfig::at(&database)).await.unwrap();
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("queue.db");
    let mut acknowledged = Vec::new();
    // Two lives, so that the second opens what a kill has left behind.
    for sends in [7, 40] {
        let mut child = Killed::start("child_sends_and_says_so", &database);
        acknowledged.extend((0..sends).map(|_| child.next_word()));
        child.kill();
    }

    let queue = Sqlite::open(SqliteConfig::at(&database)).await.unwrap();
    let mut found = Vec::new();
    loop {
        let some = queue.receive(&fast(), 64, Duration::ZERO).await.unwrap();
        if some.is_empty() {
            break;
        }
        found.extend(
            some.into_iter()
                .map(|delivery| String::from_utf8(delivery.payload.into()).unwrap()),
        );
    }
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|payload| !found.contains(payload))
        .collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
}

#[tokio::test]
#[ignore = "is the child process of the tests above"]
async fn child_leases_and_hangs() {
    let queue = Sqlite::open(SqliteConfig::at(given_database())).await.unwrap();
    queue
        .send(vec![Outgoing::new(fast(), "in the child's hands")])
        .await
        .unwrap();
    let _delivery = queue.receive(&fast(), 1, Duration::ZERO).await.unwrap().remove(0);
    println!("{SAID}leased");
    std::future::pending::<()>().await;
}

#[tokio::test]
#[ignore = "is the child process of the tests above"]
async fn child_sends_and_says_so() {
    let queue = Sqlite::open(SqliteConfig::at(given_database())).await.unwrap();
    for number in 0_u64.. {
        let payload = format!("{}-{number}", std::process::id());
        queue
            .send(vec![Outgoing::new(fast(), payload.clone())])
            .await
            .unwrap();
        println!("{SAID}{payload}");
    }
}

fn fast() -> QueueName {
    QueueName::new("fast").unwrap()
}

fn given_database() -> PathBuf {
    std::env::var_os(DATABASE)
        .expect("only the tests above run this, and say which database")
        .into()
}

/// A child that does not outlive its test.
struct Killed(Child);

impl Killed {
    fn start(test: &str, database: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env(DATABASE, database)
            .stdout(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// What it says next, past what the test harness says.
    fn next_word(&mut self) -> String {
        let mut line = Vec::new();
        // One byte at a time: nothing is read ahead and lost between two calls.
        let mut reader = BufReader::with_capacity(1, self.0.stdout.as_mut().unwrap());
        loop {
            line.clear();
            assert!(
                reader.read_until(b'\n', &mut line).unwrap() > 0,
                "the child ended early"
            );
            let text = String::from_utf8_lossy(&line);
            // The harness writes `test name ... ` without a line end, so ours may follow it.
            if let Some((_, word)) = text.trim_end().split_once(SAID) {
                return word.to_owned();
            }
        }
    }

    /// SIGKILL, as the kernel does when memory runs out.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        // Fails only for a child that has ended, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
