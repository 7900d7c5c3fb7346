//! The contract, on the SQLite adapter with a clock that stands still, and what its durability adds.
#![expect(
    clippy::unwrap_used,
    reason = "this is test code: a call that fails, fails the test"
)]
#[path = "sqlite/folder.rs"]
mod folder;

use std::time::Duration;

use minilab_queue::{Disposition, Error, Outgoing, Queue, QueueName, Settled, conformance, dead_queue};

use folder::Folder;

macro_rules! suite {
    ($($promise:ident,)*) => {$(
        #[tokio::test]
        async fn $promise() {
            conformance::$promise(&Folder::new().open().await).await;
        }
    )*};
}

minilab_queue::conformance_tests!(suite);
minilab_queue::coalescing_tests!(suite);

fn fast() -> QueueName {
    QueueName::new("fast").unwrap()
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let world = Folder::new().open().await;
    let queue = &world.sqlite;
    let reject = Disposition::Reject {
        payload: "dead".into(),
        reason: "input: for the test".into(),
    };
    queue
        .send(vec![Outgoing::new(fast(), "to be rejected")])
        .await
        .unwrap();
    let delivery = queue.receive(&fast(), 1, Duration::ZERO).await.unwrap().remove(0);
    queue.settle(&delivery.receipt, reject).await.unwrap();
    let delayed = Outgoing::new(fast(), "delayed")
        .after(Duration::from_mins(1))
        .coalescing("key");
    queue
        .send(vec![Outgoing::new(fast(), "ready"), delayed])
        .await
        .unwrap();
    let before = queue.depth(&fast()).await.unwrap();

    let world = world.reopen().await;
    let queue = &world.sqlite;
    assert_eq!(queue.depth(&fast()).await.unwrap(), before);
    let letter = queue
        .receive(&dead_queue(), 1, Duration::ZERO)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (&letter.payload[..], letter.reason.as_deref()),
        (&b"dead"[..], Some("input: for the test"))
    );
    queue
        .send(vec![Outgoing::new(fast(), "absorbed").coalescing("key")])
        .await
        .unwrap();
    let deliveries = queue.receive(&fast(), 10, Duration::ZERO).await.unwrap();
    let mut payloads: Vec<_> = deliveries.iter().map(|delivery| &delivery.payload[..]).collect();
    payloads.sort_unstable();
    assert_eq!(payloads, [&b"delayed"[..], b"ready"]);
    assert!(deliveries.iter().all(|delivery| !delivery.redelivered));
}

#[tokio::test]
async fn a_restart_ends_leases_at_once_and_their_receipts_settle_nothing() {
    let world = Folder::new().open().await;
    world
        .sqlite
        .send(vec![Outgoing::new(fast(), "leased")])
        .await
        .unwrap();
    let stale = world
        .sqlite
        .receive(&fast(), 1, Duration::ZERO)
        .await
        .unwrap()
        .remove(0);

    let world = world.reopen().await;
    assert_eq!(
        world
            .sqlite
            .settle(&stale.receipt, Disposition::Complete)
            .await
            .unwrap(),
        Settled::LeaseLost
    );
    let delivery = world
        .sqlite
        .receive(&fast(), 1, Duration::ZERO)
        .await
        .unwrap()
        .remove(0);
    assert!(delivery.redelivered);
    assert_eq!(
        world
            .sqlite
            .settle(&stale.receipt, Disposition::Complete)
            .await
            .unwrap(),
        Settled::LeaseLost
    );
}

#[tokio::test]
async fn a_second_opening_is_refused_and_says_what_to_do() {
    let folder = Folder::new();
    let _first = folder.open().await;
    let error = folder.try_open().await.unwrap_err();
    let Error::Unusable { queue, reason } = &error else {
        panic!("{error}")
    };
    assert!(
        queue.ends_with("queue.db") && reason.contains("queue.db.lock") && reason.contains("stop it"),
        "{error}"
    );
}

#[tokio::test]
async fn a_missing_folder_is_unusable_and_says_what_to_do() {
    let folder = Folder::new();
    let config = minilab_queue::SqliteConfig::at(folder.path().join("absent/queue.db"));
    let error = minilab_queue::Sqlite::open(config).await.unwrap_err();
    assert!(
        matches!(&error, Error::Unusable { reason, .. } if reason.contains("create the folder")),
        "{error}"
    );
}

#[tokio::test]
async fn a_closed_broker_is_unavailable_to_who_calls_and_who_waits() {
    let world = Folder::new().open().await;
    let waiting = tokio::spawn({
        let queue = world.sqlite.clone();
        async move { queue.receive(&fast(), 1, Duration::from_mins(1)).await }
    });
    world.sqlite.close().await;
    assert!(waiting.await.unwrap().unwrap_err().is_transient());
    assert!(world.sqlite.depth(&fast()).await.unwrap_err().is_transient());
    world.sqlite.close().await;
}

#[tokio::test]
async fn a_delivery_nobody_got_goes_back_at_once_and_unmarked() {
    let world = Folder::new().open().await;
    let queue = &world.sqlite;
    for _ in 0..50 {
        queue.send(vec![Outgoing::new(fast(), "precious")]).await.unwrap();
        // Polled once, the wish is on its way; then the caller is gone.
        {
            let lane = fast();
            let mut receive = std::pin::pin!(queue.receive(&lane, 1, Duration::ZERO));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(receive.as_mut().poll(&mut context).is_pending());
        }
        let delivery = queue
            .receive(&fast(), 1, Duration::from_secs(1))
            .await
            .unwrap()
            .remove(0);
        assert!(!delivery.redelivered);
        queue
            .settle(&delivery.receipt, Disposition::Complete)
            .await
            .unwrap();
    }
}
