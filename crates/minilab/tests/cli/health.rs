//! `minilab health`: what it says of a process and how it ends.
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
};

use crate::world::{Ran, World};

/// A process that answers one question so; it says which path was asked for.
fn answering(status: &'static str, body: &'static str) -> (SocketAddr, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 1024];
        let read = stream.read(&mut head).unwrap();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&head[..read]).into_owned()
    });
    (address, asked)
}

fn asked(status: &'static str, body: &'static str, more: &str) -> (Ran, String) {
    let (address, asked) = answering(status, body);
    let address = address.to_string();
    let ran = World::new().run(["--json", "health", "--within", "30s", "--at", &address, more]);
    (ran, asked.join().unwrap())
}

#[test]
fn ready_is_0_and_not_ready_is_3_with_the_reasons() {
    let (ran, head) = asked("200 OK", r#"{"ready":true,"reasons":[]}"#, "--log-level=warn");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(
        head.starts_with("GET /readyz ") && head.contains("application/json"),
        "{head}"
    );
    let body = r#"{"ready":false,"reasons":[{"part":"broker","reason":"refused"}]}"#;
    let (ran, _) = asked("503 Service Unavailable", body, "--log-level=warn");
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    let said: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(said["health"], "not ready");
    assert_eq!(said["reasons"][0]["reason"], "refused");
}

#[test]
fn alive_is_asked_for_by_itself() {
    let (ran, head) = asked("200 OK", "alive\n", "--live");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(
        head.starts_with("GET /livez ") && ran.out.contains("\"alive\""),
        "{head}{}",
        ran.out
    );
}

#[test]
fn no_answer_and_the_answer_of_somebody_else_are_5() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let ran = World::new().run(["health", "--at", &free]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(
        ran.err.contains("gives no answer") && ran.err.contains("fix: is it running?"),
        "{}",
        ran.err
    );
    let (ran, _) = asked("200 OK", "<html>welcome</html>", "--log-level=warn");
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("is not that of minilab"), "{}", ran.err);
}
