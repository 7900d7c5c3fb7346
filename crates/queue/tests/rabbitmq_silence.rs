//! A peer that accepts and says nothing. In a process of its own, because it counts the process's threads.
#![cfg(feature = "rabbitmq")]
#![expect(
    clippy::unwrap_used,
    reason = "this is test code: a call that fails, fails the test"
)]
use std::{
    fs,
    time::{Duration, Instant},
};

use futures::future::join_all;
use minilab_queue::{Error, RabbitMq, RabbitMqConfig};
use tokio::{
    io::AsyncReadExt as _,
    net::TcpListener,
    runtime::Handle,
    task::JoinHandle,
    time::{pause, resume, sleep},
};

const ATTEMPTS: usize = 8;
/// Far more than ending a thread takes.
const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn attempts_to_connect_that_nobody_answers_end_and_leave_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("amqp://guest:guest@{}", listener.local_addr().unwrap());
    let before = (threads(), tasks());
    let attempts: Vec<JoinHandle<_>> = (0..ATTEMPTS)
        .map(|_| tokio::spawn(RabbitMq::connect(RabbitMqConfig::at(&url))))
        .collect();
    // Each has sent its greeting, and waits for an answer. The peer keeps its ends open.
    let peers = join_all((0..ATTEMPTS).map(async |_| {
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut greeting = [0; 8];
        peer.read_exact(&mut greeting).await.unwrap();
        assert_eq!(&greeting, b"AMQP\0\0\x09\x01");
        peer
    }))
    .await;
    assert!(
        threads() >= before.0 + ATTEMPTS,
        "the driver has a thread for each"
    );

    // Time passes as soon as there is nothing else to do.
    pause();
    for attempt in attempts {
        let error = attempt.await.unwrap().unwrap_err();
        assert!(
            matches!(&error, Error::Unavailable { cause, .. } if cause.to_string() == "it does not answer"),
            "{error:?}"
        );
    }
    resume();
    let started = Instant::now();
    // The driver has one thread more, for the whole process.
    while threads() > before.0 + 1 || tasks() > before.1 {
        assert!(
            started.elapsed() < DEADLINE,
            "(threads, tasks) were {before:?}, are {:?}",
            (threads(), tasks())
        );
        sleep(Duration::from_millis(10)).await;
    }
    drop(peers);
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
