//! What SNS pushes: `POST /sns`.
//!
//! 200: every job is confirmed, or the subscription is. 202: no known form within, recorded for a person to see. 400, 403,
//! 413: refused for good, with a stable code; SNS does not repeat what was answered so. 503 with `Retry-After`: to be sent
//! again.
use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::HeaderMap,
    response::Response,
    routing::post,
};
use minilab_dispatcher::{Sns, SnsHeaders, WebhookVerdict};
use tokio::sync::Semaphore;

use super::webhook;

/// Bodies of senders that nothing is known of yet: what is held of them in memory is bounded.
const BODIES_AT_ONCE: usize = 32;
/// When SNS should come again that found too many others.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

struct Entrance {
    sns: Sns,
    bodies: Semaphore,
}

/// `/sns`.
pub fn sns(sns: Sns) -> Router {
    let entrance = Entrance {
        sns,
        bodies: Semaphore::new(BODIES_AT_ONCE),
    };
    Router::new()
        .route("/sns", post(take))
        .with_state(Arc::new(entrance))
}

async fn take(State(entrance): State<Arc<Entrance>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let headers = headers(&head.headers);
    // Of who does not even name a topic of ours not a byte is kept.
    if let Err(refusal) = entrance.sns.admits(headers) {
        return webhook::told(WebhookVerdict::Refused(refusal));
    }
    let Ok(_place) = entrance.bodies.try_acquire() else {
        return webhook::told(WebhookVerdict::TryAgain(AGAIN_AFTER));
    };
    match webhook::read_in_time(body, Sns::BODY_BYTES_MAX).await {
        Ok(body) => webhook::told(entrance.sns.take(headers, body).await),
        Err(not_read) => not_read,
    }
}

fn headers(headers: &HeaderMap) -> SnsHeaders<'_> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    SnsHeaders {
        message_type: text("x-amz-sns-message-type"),
        topic: text("x-amz-sns-topic-arn"),
        raw_delivery: text("x-amz-sns-rawdelivery"),
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use bytes::Bytes;
    use minilab_dispatcher::{Fetch, FetchError};
    use minilab_recipe::TopicArn;

    use super::*;
    use crate::serve::webhook::tests::Listening;

    const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:uploads";

    #[derive(Debug)]
    struct Nowhere;

    #[async_trait]
    impl Fetch for Nowhere {
        async fn get(&self, address: &str, _: usize) -> Result<Bytes, FetchError> {
            Err(FetchError::Unavailable {
                address: address.to_owned(),
                reason: "nothing is there".to_owned(),
            })
        }
    }

    async fn listening() -> Listening {
        Listening::at(|dispatcher| {
            let topics = vec![TopicArn::new(TOPIC).unwrap()];
            sns(dispatcher.sns(topics, Arc::new(Nowhere)))
        })
        .await
    }

    #[tokio::test]
    async fn refusals_are_told_by_status_and_code() {
        let listening = listening().await;
        let foreign = "x-amz-sns-topic-arn: arn:aws:sns:eu-central-1:123456789012:other\r\n";
        let ours = format!("x-amz-sns-topic-arn: {TOPIC}\r\n");
        let raw = format!("{ours}x-amz-sns-rawdelivery: true\r\n");
        for (headers, status, code) in [
            (foreign, "403", "sns_topic"),
            (&raw, "400", "sns_raw"),
            (&ours, "400", "sns_malformed"),
            ("", "400", "sns_malformed"),
        ] {
            let answer = listening.post("/sns", headers, b"{}").await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
            assert!(answer.contains(&format!("{code}: ")), "{answer}");
        }
        let answer = listening.post("/events", "", b"{}").await;
        assert!(
            answer.starts_with("HTTP/1.1 404"),
            "no token, no /events: {answer}"
        );
    }

    #[tokio::test]
    async fn what_cannot_be_verified_now_is_to_come_again() {
        let now = jiff::Timestamp::now();
        let message = format!(
            r#"{{"Type":"Notification","MessageId":"1","TopicArn":"{TOPIC}","Message":"m","Timestamp":"{now}",
            "SignatureVersion":"2","Signature":"","SigningCertURL":"https://sns.eu-central-1.amazonaws.com/a.pem"}}"#
        );
        let answer = listening().await.post("/sns", "", message.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.to_lowercase().contains("retry-after: 5"), "{answer}");
    }
}
