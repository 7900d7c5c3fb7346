//! The same over HTTP: what its sender is told.
use bytes::Bytes;

use super::*;

const AUTHORIZATION: Option<&str> = Some("Bearer 0123456789abcdef");

fn body(message: &Value) -> Bytes {
    message.to_string().into()
}

#[tokio::test(start_paused = true)]
async fn an_event_is_accepted_when_its_job_is_there() {
    let fleet = Fleet::new();
    let verdict = fleet.webhook.take(AUTHORIZATION, body(&s3("in/a.jpg"))).await;
    assert_eq!(verdict, WebhookVerdict::Accepted);
    let waiting: Vec<_> = fleet.world.keys().await;
    assert_eq!(waiting, ["a.jpg"]);
    fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_the_token_nothing_is_taken() {
    let fleet = Fleet::new();
    for wrong in [None, Some("Bearer wrong"), Some(SECRET)] {
        let verdict = fleet.webhook.take(wrong, body(&s3("in/a.jpg"))).await;
        assert_eq!(verdict, WebhookVerdict::Unauthorized);
    }
    assert_eq!(fleet.keys().await, [""; 0]);
    fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_over_the_limit_is_too_large() {
    let fleet = Fleet::new();
    let long = Bytes::from(vec![b' '; Webhook::BODY_BYTES_MAX + 1]);
    assert_eq!(
        fleet.webhook.take(AUTHORIZATION, long).await,
        WebhookVerdict::TooLarge
    );
    fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_body_becomes_a_dead_letter_with_the_reason_that_its_sender_is_told() {
    let fleet = Fleet::new();
    let verdict = fleet
        .webhook
        .take(AUTHORIZATION, Bytes::from_static(b"hello"))
        .await;
    let WebhookVerdict::Unknown(reason) = verdict else {
        panic!("{verdict:?}")
    };
    let kept = fleet.unreadable().await;
    assert_eq!(
        (kept.begins.as_str(), kept.reason),
        ("hello", format!("events: {reason}"))
    );
    fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn while_the_broker_confirms_nothing_the_sender_is_told_to_come_again() {
    let fleet = Fleet::new();
    fleet.broker.cut();
    for message in [body(&s3("in/a.jpg")), Bytes::from_static(b"hello")] {
        let verdict = fleet.webhook.take(AUTHORIZATION, message).await;
        assert!(matches!(verdict, WebhookVerdict::TryAgain(_)), "{verdict:?}");
    }
    fleet.broker.mend();
    let verdict = fleet.webhook.take(AUTHORIZATION, body(&s3("in/a.jpg"))).await;
    assert_eq!(verdict, WebhookVerdict::Accepted);
    fleet.stop().await;
}
