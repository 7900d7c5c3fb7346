//! The webhook: `POST /events`, where stores push their event messages.
//!
//! 200: every job is confirmed. 202: no known form, recorded for a person to see; a refusal would be sent again for ever.
//! 401, 413: not taken. 429 and 503 with `Retry-After`: too many, or not confirmed; to be sent again.
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
use tokio::sync::Semaphore;

use super::{answer, pace::Pace};

/// A message is small and its sender a machine: who takes longer is not sending one.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// Bodies of known senders that are held in memory at once: a mebibyte each at most.
const BODIES_AT_ONCE: usize = 64;
/// A third of what one core turns into jobs, so that whatever is sent leaves room for reconciling and sweeping.
const MESSAGES_PER_SECOND: u32 = 2_000;
/// What a producer may have saved up while it was away.
const MESSAGES_AT_ONCE: u32 = 4_000;
/// When a sender should come again that found too many others.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

struct Entrance {
    webhook: Arc<Webhook>,
    bodies: Semaphore,
    pace: Pace,
}

/// `/events`.
pub fn webhook(webhook: Arc<Webhook>) -> Router {
    let entrance = Entrance {
        webhook,
        bodies: Semaphore::new(BODIES_AT_ONCE),
        pace: Pace::new(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE),
    };
    Router::new()
        .route("/events", post(take))
        .with_state(Arc::new(entrance))
}

async fn take(State(entrance): State<Arc<Entrance>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let authorization = head.headers.get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let webhook = &entrance.webhook;
    // Of strangers not a byte is kept, and they use up nobody's pace.
    if !webhook.admits(authorization) {
        return told(WebhookVerdict::Unauthorized);
    }
    let Ok(_place) = entrance.bodies.try_acquire() else {
        return too_many(AGAIN_AFTER);
    };
    if let Err(wait) = entrance.pace.take() {
        return too_many(wait);
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

fn too_many(wait: Duration) -> Response {
    let sentence = "too many messages at once: send it again after a pause\n";
    let mut response = answer::text(StatusCode::TOO_MANY_REQUESTS, sentence);
    let seconds = wait.as_secs_f64().ceil().max(1.0).to_string();
    answer::set(&mut response, header::RETRY_AFTER, &seconds);
    response
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
        // Nothing but events is here: what an operator's tools ask is at a listener of its own.
        for other in [
            "/",
            "/livez",
            "/readyz",
            "/metrics",
            "/events/",
            "/events/../metrics",
        ] {
            let answer = listening.post(other, AUTHORIZATION, EVENT.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 404"), "{other}: {answer}");
        }
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

    /// Opens a request and sends no more than its head and some of its body.
    async fn begun(listening: &Listening, length: usize) -> TcpStream {
        let head = format!(
            "POST /events HTTP/1.1\r\nHost: localhost\r\n{AUTHORIZATION}Connection: close\r\nContent-Length: {length}\r\n\r\n{{"
        );
        let mut stream = TcpStream::connect(listening.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    async fn end(mut stream: TcpStream) -> String {
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_a_body_byte_by_byte_is_told_so_after_a_while() {
        let listening = Listening::new().await;
        let started = tokio::time::Instant::now();
        let answer = end(begun(&listening, 1000).await).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(started.elapsed() >= READ_WITHIN);
    }

    #[tokio::test]
    async fn more_bodies_at_once_than_fit_are_to_come_again() {
        let listening = Listening::new().await;
        let mut held = Vec::new();
        for _ in 0..BODIES_AT_ONCE {
            held.push(begun(&listening, 1000).await);
        }
        // Until the server has come to all of them.
        let mut answer = String::new();
        for _ in 0..1000 {
            answer = listening.post("/events", AUTHORIZATION, EVENT.as_bytes()).await;
            if !answer.starts_with("HTTP/1.1 200") {
                break;
            }
        }
        assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
        assert!(answer.to_lowercase().contains("retry-after: 1"), "{answer}");
        assert!(answer.contains("too many messages at once"), "{answer}");
        // Strangers are strangers all the same.
        let answer = listening.post("/events", "", b"{}").await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }

    #[test]
    fn who_sends_too_often_is_told_when_to_come_again() {
        let response = too_many(Duration::from_millis(1));
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
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
