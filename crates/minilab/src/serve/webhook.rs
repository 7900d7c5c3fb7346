//! The webhook: `POST /events`, where stores push their event messages.
//!
//! 200: every job is confirmed. 202: no known form, recorded for a person to see; a refusal would be sent again for ever.
//! 401, 413: not taken. 503 with `Retry-After`: not confirmed, to be sent again.
use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header},
    response::Response,
    routing::post,
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use minilab_dispatcher::{Webhook, WebhookVerdict};

use super::answer;

/// A message is small and its sender a machine: who takes longer is not sending one.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// `/events`.
pub fn webhook(webhook: Arc<Webhook>) -> Router {
    Router::new().route("/events", post(take)).with_state(webhook)
}

async fn take(State(webhook): State<Arc<Webhook>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let authorization = head.headers.get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    // Of strangers not a byte is kept.
    if !webhook.admits(authorization) {
        return told(WebhookVerdict::Unauthorized);
    }
    match read_in_time(body, Webhook::BODY_BYTES_MAX).await {
        Ok(body) => told(webhook.take(authorization, body).await),
        Err(not_read) => not_read,
    }
}

/// The body, or what its sender is told instead.
pub(super) async fn read_in_time(body: Body, bytes_max: usize) -> Result<Bytes, Response> {
    match tokio::time::timeout(READ_WITHIN, read(body, bytes_max)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(NotRead::TooLarge)) => Err(told(WebhookVerdict::TooLarge)),
        Ok(Err(NotRead::Broken)) => Err(answer::text(StatusCode::BAD_REQUEST, "the body ended early\n")),
        Err(_elapsed) => Err(answer::text(
            StatusCode::REQUEST_TIMEOUT,
            "the body came too slowly\n",
        )),
    }
}

enum NotRead {
    TooLarge,
    Broken,
}

/// The body, of which no more is kept than is taken.
async fn read(body: Body, bytes_max: usize) -> Result<Bytes, NotRead> {
    let (mut chunks, mut whole) = (body.into_data_stream(), BytesMut::new());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| NotRead::Broken)?;
        if whole.len() + chunk.len() > bytes_max {
            return Err(NotRead::TooLarge);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

pub(super) fn told(verdict: WebhookVerdict) -> Response {
    match verdict {
        WebhookVerdict::Accepted => answer::text(StatusCode::OK, "accepted\n"),
        WebhookVerdict::Unknown(reason) => answer::text(
            StatusCode::ACCEPTED,
            format!("recorded as unreadable: {reason}\n"),
        ),
        WebhookVerdict::Unauthorized => {
            let mut response = answer::text(StatusCode::UNAUTHORIZED, "the token is missing or wrong\n");
            answer::set(&mut response, header::WWW_AUTHENTICATE, "Bearer");
            response
        }
        WebhookVerdict::Refused(refusal) => {
            let status = if refusal.is_of_form() {
                StatusCode::BAD_REQUEST
            } else {
                StatusCode::FORBIDDEN
            };
            answer::text(status, format!("{}: {refusal}\n", refusal.code()))
        }
        WebhookVerdict::TooLarge => {
            let limit = Webhook::BODY_BYTES_MAX;
            answer::text(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("more than {limit} bytes\n"),
            )
        }
        WebhookVerdict::TryAgain(after) => {
            let mut response =
                answer::text(StatusCode::SERVICE_UNAVAILABLE, "not confirmed: send it again\n");
            let seconds = after.as_secs().max(1).to_string();
            answer::set(&mut response, header::RETRY_AFTER, &seconds);
            response
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::SocketAddr;

    use minilab_dispatcher::{Config, Dispatcher, Jobs, Stores, Token, queue_name};
    use minilab_queue::{Memory as Broker, Queue, SystemClock};
    use minilab_recipe::{Document, Lane};
    use minilab_store::Memory;
    use minilab_telemetry::Metrics;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    const EVENT: &str =
        r#"{"account":"a","action":"PutObject","bucket":"photos","object":{"key":"in/a.jpg","size":1}}"#;
    const AUTHORIZATION: &str = "Authorization: Bearer 0123456789abcdef\r\n";
    const RULES: &str = r"
version: 1
from: { s3: { bucket: photos, prefix: in/ } }
to: { s3: { bucket: photos, prefix: out/ } }
state: { s3: { bucket: photos, prefix: state/ } }
intake: [{ poll: { every: 1h } }]
recipes: { gallery: { derivatives: { thumb: { resize: { width: 320 }, formats: [webp], lane: fast } } } }
";

    pub(in super::super) struct Listening {
        address: SocketAddr,
        broker: Arc<Broker>,
    }

    impl Listening {
        async fn new() -> Self {
            Self::at(|dispatcher| {
                let token = Token::new("0123456789abcdef").unwrap();
                webhook(Arc::new(dispatcher.webhook(token)))
            })
            .await
        }

        pub(in super::super) async fn at(routes: impl FnOnce(&mut Dispatcher) -> Router) -> Self {
            let document = Document::parse("minilab.yaml", RULES, &|_| None).expect("the document is valid");
            let (broker, metrics) = (Arc::new(Broker::default()), Arc::new(Metrics::new("test")));
            let clock = Arc::new(SystemClock::default());
            let jobs = Jobs::new(Arc::new(document), 1, broker.clone(), clock, Arc::clone(&metrics));
            let store = Arc::new(Memory::new());
            let stores = Stores {
                originals: store.clone(),
                outputs: store.clone(),
                state: store,
            };
            let mut dispatcher = Dispatcher::new(Config::default(), stores, Arc::new(jobs), metrics);
            let routes = routes(&mut dispatcher);
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move { axum::serve(listener, routes).await });
            Self { address, broker }
        }

        pub(in super::super) async fn post(&self, path: &str, headers: &str, body: &[u8]) -> String {
            let length = body.len();
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
            );
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            // A server that refuses does not read to the end.
            let _ = stream.write_all(body).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            String::from_utf8(answer).unwrap()
        }

        async fn waiting(&self) -> u64 {
            self.broker.depth(&queue_name(Lane::Fast)).await.unwrap().ready
        }
    }

    #[tokio::test]
    async fn an_event_is_answered_when_its_job_waits() {
        let listening = Listening::new().await;
        let answer = listening.post("/events", AUTHORIZATION, EVENT.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(listening.waiting().await, 1);
    }

    #[tokio::test]
    async fn strangers_and_other_paths_are_refused() {
        let listening = Listening::new().await;
        for headers in ["", "Authorization: Bearer wrong\r\n"] {
            let answer = listening.post("/events", headers, EVENT.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
            assert!(
                answer.to_lowercase().contains("www-authenticate: bearer"),
                "{answer}"
            );
        }
        let answer = listening.post("/", AUTHORIZATION, EVENT.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        assert_eq!(listening.waiting().await, 0);
    }

    #[tokio::test]
    async fn a_body_of_more_than_a_mebibyte_is_refused_and_one_of_just_that_is_read() {
        let listening = Listening::new().await;
        let mut body = EVENT.as_bytes().to_vec();
        body.resize(Webhook::BODY_BYTES_MAX, b' ');
        let answer = listening.post("/events", AUTHORIZATION, &body).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let read = read(Body::from(vec![b' '; 9]), 8).await;
        assert!(matches!(read, Err(NotRead::TooLarge)));
    }

    #[tokio::test]
    async fn an_unknown_body_is_taken_and_its_sender_told_why_it_is_unreadable() {
        let listening = Listening::new().await;
        let answer = listening.post("/events", AUTHORIZATION, b"{}").await;
        assert!(
            answer.starts_with("HTTP/1.1 202") && answer.contains("unknown form"),
            "{answer}"
        );
    }

    #[test]
    fn what_is_not_confirmed_says_when_to_come_again() {
        let response = told(WebhookVerdict::TryAgain(Duration::from_secs(5)));
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "5");
        assert_eq!(
            told(WebhookVerdict::TooLarge).status(),
            StatusCode::PAYLOAD_TOO_LARGE
        );
    }
}
