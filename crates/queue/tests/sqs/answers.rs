//! What the service may answer, and what becomes of it.
use std::{sync::Arc, time::Duration};

use minilab_queue::{
    Disposition, Error, LeaseEnd, LeaseKeeper, Outgoing, Queue, QueueName, Settled, SqsConfig,
};
use serde_json::{Value, json};

use crate::{
    scripted::{Scripted, answer, error, late, once, well},
    world::{DEADLINE, SECRET, chain, fast, lane},
};

/// Takes all but those with these ids.
fn all_but(body: &Value, ids: &[&str], sender_fault: bool) -> Value {
    let entries = body["Entries"].as_array().unwrap();
    let (failed, taken): (Vec<_>, Vec<_>) = entries
        .iter()
        .partition(|entry| ids.contains(&entry["Id"].as_str().unwrap()));
    let taken = taken
        .iter()
        .map(|entry| json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "d" }));
    let failed = failed.iter().map(|entry| {
        json!({ "Id": entry["Id"], "Code": "InternalError", "Message": "of the test", "SenderFault": sender_fault })
    });
    json!({ "Successful": taken.collect::<Vec<_>>(), "Failed": failed.collect::<Vec<_>>() })
}

fn messages(count: usize) -> Vec<Outgoing> {
    (0..count)
        .map(|number| Outgoing::new(fast(), number.to_string()))
        .collect()
}

/// How many messages each request had.
fn sizes(scripted: &Scripted) -> Vec<usize> {
    let asked = scripted.asked("SendMessageBatch");
    asked
        .iter()
        .map(|body| body["Entries"].as_array().unwrap().len())
        .collect()
}

#[tokio::test]
async fn what_a_batch_lost_is_sent_again_and_nothing_else() {
    let scripted = Scripted::start(|operation, body, number| match (operation, number) {
        ("SendMessageBatch", 0) => answer(all_but(body, &["1", "2"], false)),
        ("SendMessageBatch", 1) => answer(all_but(body, &["2"], false)),
        _ => well(),
    })
    .await;
    scripted.queue.send(messages(4)).await.unwrap();
    assert_eq!(sizes(&scripted), [4, 2, 1]);
    let last = scripted.asked("SendMessageBatch").pop().unwrap();
    assert_eq!(last["Entries"][0]["MessageBody"], "2");
}

#[tokio::test]
async fn what_is_lost_again_and_again_is_named_and_may_come_again() {
    let scripted = Scripted::start(|operation, body, _| match operation {
        "SendMessageBatch" => answer(all_but(body, &["1"], false)),
        _ => well(),
    })
    .await;
    let error = scripted.queue.send(messages(3)).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    let told = chain(&error);
    assert!(
        told.contains("1 of 3 messages not taken, #2: InternalError"),
        "{told}"
    );
    assert_eq!(sizes(&scripted), [3, 1, 1]);
}

#[tokio::test]
async fn what_the_service_will_never_take_is_refused_at_once() {
    let scripted = Scripted::start(|operation, body, _| match operation {
        "SendMessageBatch" => answer(all_but(body, &["0", "2"], true)),
        _ => well(),
    })
    .await;
    let error = scripted.queue.send(messages(3)).await.unwrap_err();
    assert!(
        matches!(&error, Error::Refused { queue, reason } if queue == "p-jobs-fast" && reason.contains("#1, #3")),
        "{error}"
    );
    assert_eq!(sizes(&scripted), [3]);
}

/// A service that says nothing of a message has not said that it took it.
#[tokio::test]
async fn what_is_not_said_to_be_taken_is_not() {
    let scripted = Scripted::start(|operation, _, number| match (operation, number) {
        ("SendMessageBatch", 0) => answer(json!({ "Successful": [] })),
        _ => well(),
    })
    .await;
    scripted.queue.send(messages(2)).await.unwrap();
    assert_eq!(sizes(&scripted), [2, 2]);
}

#[tokio::test]
async fn batches_have_ten_messages_with_ids_of_their_own() {
    let scripted = Scripted::start(|_, _, _| well()).await;
    scripted.queue.send(messages(23)).await.unwrap();
    let mut found = sizes(&scripted);
    found.sort_unstable();
    assert_eq!(found, [3, 10, 10]);
    let mut ids: Vec<_> = scripted
        .asked("SendMessageBatch")
        .iter()
        .flat_map(|body| body["Entries"].as_array().unwrap().clone())
        .map(|entry| entry["Id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 23);
}

#[tokio::test]
async fn a_throttled_or_broken_service_may_be_asked_again() {
    for code in ["RequestThrottled", "OverLimit", "ServiceUnavailable"] {
        let scripted = Scripted::start(move |operation, _, _| match operation {
            "SendMessageBatch" | "GetQueueAttributes" => error(code),
            _ => well(),
        })
        .await;
        let failed = scripted.queue.depth(&fast()).await.unwrap_err();
        assert!(
            failed.is_transient() && chain(&failed).contains(code),
            "{}",
            chain(&failed)
        );
    }
}

#[tokio::test]
async fn denied_access_names_the_permission_and_no_secret() {
    let scripted = Scripted::start(|operation, _, _| match operation {
        "GetQueueUrl" => well(),
        _ => error("AccessDenied"),
    })
    .await;
    let failures = [
        (
            "sqs:SendMessage",
            scripted.queue.send(messages(1)).await.unwrap_err(),
        ),
        (
            "sqs:ReceiveMessage",
            scripted
                .queue
                .receive(&fast(), 1, Duration::ZERO)
                .await
                .unwrap_err(),
        ),
        (
            "sqs:GetQueueAttributes",
            scripted.queue.depth(&fast()).await.unwrap_err(),
        ),
    ];
    for (permission, error) in failures {
        let told = chain(&error);
        assert!(matches!(error, Error::Unusable { .. }), "{told}");
        assert!(
            told.contains(permission) && told.contains("p-jobs-fast") && !told.contains(SECRET),
            "{told}"
        );
    }
}

/// The first to wait hears of it, whoever's poll it was.
#[tokio::test]
async fn a_poll_that_fails_is_told_to_who_waits() {
    let scripted = Scripted::start(|operation, _, _| match operation {
        "ReceiveMessage" => error("AWS.SimpleQueueService.NonExistentQueue"),
        _ => well(),
    })
    .await;
    let error = scripted
        .queue
        .receive(&fast(), 1, Duration::from_secs(20))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Unusable { reason, .. } if reason.contains("minilab topology apply")),
        "{error}"
    );
}

/// Twelve hours after it was received, SQS extends nothing any more.
#[tokio::test]
async fn an_extension_that_is_refused_is_a_lost_lease() {
    let scripted = Scripted::start(|operation, _, number| match operation {
        "ChangeMessageVisibility" => error("InvalidParameterValue"),
        _ => once(operation, number),
    })
    .await;
    let delivery = received(&scripted).await;
    assert_eq!(
        scripted.queue.extend(&delivery.receipt).await.unwrap(),
        Settled::LeaseLost
    );
    assert_eq!(
        scripted
            .queue
            .settle(&delivery.receipt, Disposition::Complete)
            .await
            .unwrap(),
        Settled::LeaseLost
    );
    assert!(
        scripted.asked("DeleteMessage").is_empty(),
        "it may be somebody else's by now"
    );
}

/// A worker that is cut off loses what it holds, knows it, and does no harm when it is back.
#[tokio::test]
async fn a_lost_heartbeat_ends_the_lease() {
    let scripted = Scripted::with(short, |operation, _, number| match operation {
        "ChangeMessageVisibility" => error("ServiceUnavailable"),
        _ => once(operation, number),
    })
    .await;
    let delivery = received(&scripted).await;
    let queue: Arc<dyn Queue> = scripted.queue.clone();
    let keeper = LeaseKeeper::start(queue, &delivery, DEADLINE);
    tokio::time::timeout(DEADLINE, keeper.ended().cancelled())
        .await
        .unwrap();
    assert_eq!(keeper.reason(), Some(LeaseEnd::Lost));
    let late = scripted
        .queue
        .settle(&delivery.receipt, Disposition::Complete)
        .await;
    assert_eq!(late.unwrap(), Settled::LeaseLost);
    assert!(scripted.asked("DeleteMessage").is_empty());
}

/// SQS keeps a message a little longer from others than we count on.
#[tokio::test]
async fn an_extension_is_for_a_lease_and_the_way() {
    let scripted = Scripted::start(|operation, _, number| once(operation, number)).await;
    let delivery = received(&scripted).await;
    assert_eq!(
        scripted.queue.extend(&delivery.receipt).await.unwrap(),
        Settled::Done
    );
    assert_eq!(scripted.asked("ReceiveMessage")[0]["VisibilityTimeout"], 5);
    assert_eq!(
        scripted.asked("ChangeMessageVisibility")[0]["VisibilityTimeout"],
        5
    );
}

/// AWS would delete what somebody else has by now.
#[tokio::test]
async fn a_receipt_of_an_ended_lease_is_never_shown_to_the_service() {
    let scripted = Scripted::with(short, |operation, _, number| once(operation, number)).await;
    let delivery = received(&scripted).await;
    tokio::time::sleep(delivery.lease).await;
    for disposition in [
        Disposition::Complete,
        Disposition::Release {
            delay: Duration::ZERO,
        },
    ] {
        let settled = scripted.queue.settle(&delivery.receipt, disposition).await;
        assert_eq!(settled.unwrap(), Settled::LeaseLost);
    }
    assert_eq!(
        scripted.queue.extend(&delivery.receipt).await.unwrap(),
        Settled::LeaseLost
    );
    assert!(scripted.order().is_empty(), "{:?}", scripted.order());
}

#[tokio::test]
async fn a_lease_that_ends_while_its_copy_is_sent_deletes_nothing() {
    let scripted = Scripted::with(short, |operation, _, number| match operation {
        "SendMessageBatch" => late(Duration::from_millis(1200)),
        _ => once(operation, number),
    })
    .await;
    let delivery = received(&scripted).await;
    let retry = Disposition::Retry {
        payload: "again".into(),
        delay: Duration::ZERO,
    };
    let settled = scripted.queue.settle(&delivery.receipt, retry).await;
    assert_eq!(settled.unwrap(), Settled::LeaseLost);
    assert_eq!(scripted.order(), ["SendMessageBatch"]);
}

#[tokio::test]
async fn the_copy_is_safe_before_the_message_goes() {
    let hour = Duration::from_hours(1);
    for (disposition, queue, body, delay) in [
        (
            Disposition::Release { delay: hour },
            "p-jobs-fast",
            "as it was",
            900,
        ),
        (
            Disposition::Retry {
                payload: "attempt 2".into(),
                delay: Duration::from_millis(4100),
            },
            "p-jobs-fast",
            "attempt 2",
            5,
        ),
        (
            Disposition::Reject {
                payload: "last words".into(),
                reason: "poison: it died".into(),
            },
            "p-dead",
            "last words",
            0,
        ),
    ] {
        let scripted = Scripted::start(|operation, _, number| once(operation, number)).await;
        let delivery = received(&scripted).await;
        let settled = scripted.queue.settle(&delivery.receipt, disposition).await;
        assert_eq!(settled.unwrap(), Settled::Done);
        assert_eq!(scripted.order(), ["SendMessageBatch", "DeleteMessage"]);
        let sent = scripted.asked("SendMessageBatch").pop().unwrap();
        assert_eq!(sent["QueueUrl"], format!("http://sqs/1/{queue}"));
        let entry = &sent["Entries"][0];
        assert_eq!(
            (
                &entry["MessageBody"],
                &entry["DelaySeconds"],
                &entry["MessageGroupId"]
            ),
            (&json!(body), &json!(delay), &json!("acme")),
            "{entry}"
        );
    }
}

/// A settlement that may have failed can be asked for again.
#[tokio::test]
async fn a_copy_that_is_not_taken_keeps_the_message() {
    let scripted = Scripted::start(|operation, body, number| match (operation, number) {
        ("SendMessageBatch", 0..3) => answer(all_but(body, &["0"], false)),
        _ => once(operation, number),
    })
    .await;
    let delivery = received(&scripted).await;
    let release = || Disposition::Release {
        delay: Duration::ZERO,
    };
    let error = scripted
        .queue
        .settle(&delivery.receipt, release())
        .await
        .unwrap_err();
    assert!(
        error.is_transient() && scripted.asked("DeleteMessage").is_empty(),
        "{error}"
    );
    let settled = scripted.queue.settle(&delivery.receipt, release()).await;
    assert_eq!(settled.unwrap(), Settled::Done);
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_refused() {
    let scripted = Scripted::start(|_, _, _| well()).await;
    let other: QueueName = lane("other");
    let refused = [
        scripted
            .queue
            .send(vec![Outgoing::new(other.clone(), "x")])
            .await
            .unwrap_err(),
        scripted
            .queue
            .receive(&other, 1, Duration::ZERO)
            .await
            .unwrap_err(),
        scripted.queue.depth(&other).await.unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, Error::Refused { .. }), "{error}");
    }
    assert!(scripted.order().is_empty());
}

fn short(config: SqsConfig) -> SqsConfig {
    SqsConfig {
        lease: Duration::from_secs(1),
        ..config
    }
}

async fn received(scripted: &Scripted) -> minilab_queue::Delivery {
    let mut received = scripted
        .queue
        .receive(&fast(), 1, Duration::from_secs(5))
        .await
        .unwrap();
    received.pop().expect("the first poll has one")
}
