//! A webhook against a server on this machine.
use std::sync::{Arc, Mutex};

use minilab_queue::{ManualClock, SystemClock};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn announcement() -> Announcement {
    Announcement {
        id: "5d41402abc4b2a76b9719d911017c592".into(),
        topic: "dev.minilab.derivatives.ready".into(),
        group: "a.jpg".into(),
        media_type: "application/cloudevents+json",
        body: r#"{"specversion":"1.0"}"#.into(),
    }
}

/// Answers each connection's first request with the next of these, and keeps what it was sent.
async fn server(answers: Vec<String>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?token=hunter2", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&requests);
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                let mut part = [0; 4096];
                let read = stream.read(&mut part).await.unwrap();
                request.extend_from_slice(&part[..read]);
            }
            kept.lock().unwrap().push(String::from_utf8(request).unwrap());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, requests)
}

fn answer(head: &str) -> String {
    format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok")
}

fn webhook(url: &str, clock: Arc<dyn Clock>) -> Webhook {
    let config = WebhookConfig {
        url: url.to_owned(),
        keys: vec![SigningKey::parse(SECRET).unwrap()],
        allow_private: true,
    };
    Webhook::new(config, clock).unwrap()
}

#[tokio::test]
async fn request_is_signed_and_a_status_of_success_is_all_it_takes() {
    let (url, requests) = server(vec![answer("204 No Content")]).await;
    let webhook = webhook(&url, Arc::new(ManualClock::default()));
    webhook.give(&announcement()).await.unwrap();
    let request = requests.lock().unwrap()[0].clone();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /hook?token=hunter2 HTTP/1.1\r\n"),
        "{head}"
    );
    let signed = signature::signatures(&webhook.keys, &announcement(), 1_000_000_000);
    for line in [
        "content-type: application/cloudevents+json",
        "webhook-id: 5d41402abc4b2a76b9719d911017c592",
        "webhook-timestamp: 1000000000",
        &format!("webhook-signature: {signed}"),
    ] {
        assert!(head.lines().any(|found| found == line), "{line} is not in {head}");
    }
    assert_eq!(body, r#"{"specversion":"1.0"}"#);
}

#[tokio::test]
async fn what_is_no_success_is_told_by_its_status_and_redirects_are_not_followed() {
    let (url, requests) = server(vec![
        answer("503 Busy\r\nretry-after: 90"),
        answer("404 Not Found\r\nretry-after: 90"),
        answer("307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/elsewhere"),
    ])
    .await;
    let webhook = webhook(&url, Arc::new(SystemClock::default()));
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(webhook.give(&announcement()).await.unwrap_err());
    }
    assert_eq!(told[0].sentence, "127.0.0.1 answered 503 Service Unavailable");
    assert_eq!(
        (told[0].after, told[1].after),
        (Some(Duration::from_secs(90)), None)
    );
    assert!(
        told[2].sentence.contains("redirects are not followed"),
        "{}",
        told[2]
    );
    assert_eq!(requests.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn nobody_there_is_told_without_the_token_in_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?token=hunter2", listener.local_addr().unwrap());
    drop(listener);
    let webhook = webhook(&url, Arc::new(SystemClock::default()));
    let refused = webhook.give(&announcement()).await.unwrap_err();
    assert!(refused.sentence.contains("refused"), "{refused}");
    assert!(!format!("{refused:?} {webhook:?}").contains("hunter2"));
}

#[tokio::test]
async fn addresses_of_private_networks_are_refused_unless_they_are_meant() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let of = |url: &str| {
        let config = WebhookConfig {
            url: url.to_owned(),
            keys: Vec::new(),
            allow_private: false,
        };
        Webhook::new(config, Arc::clone(&clock))
    };
    for literal in [
        "http://127.0.0.1/",
        "http://[::1]:80/",
        "http://169.254.169.254/latest",
    ] {
        assert!(
            matches!(of(literal), Err(InvalidWebhook::Private { .. })),
            "{literal}"
        );
    }
    for wrong in ["", "ftp://example.com", "/path", "http:///path"] {
        assert!(matches!(of(wrong), Err(InvalidWebhook::Url)), "{wrong}");
    }
    // Some machines have no certificates; none has two ways to encrypt that it cannot choose between.
    let encrypted = of("https://example.com/path");
    assert!(
        matches!(encrypted, Ok(_) | Err(InvalidWebhook::Roots(_))),
        "{encrypted:?}"
    );
    let named = of("http://localhost:1/").unwrap();
    let refused = named.give(&announcement()).await.unwrap_err();
    assert!(refused.sentence.contains("allow_private"), "{refused}");
}
