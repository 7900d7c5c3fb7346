//! The program and a webhook receiver that is down at first, on this machine.
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
};

use serde_json::Value;

use crate::{crops, running::Running, world::World};

/// Takes what it is sent for as long as the test runs, each request on a connection of its own.
fn receive_at(address: SocketAddr) -> Arc<Mutex<Vec<(String, Value)>>> {
    let listener = TcpListener::bind(address).unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, mut part) = (Vec::new(), [0; 4096]);
            let (head, body) = loop {
                let read = stream.read(&mut part).unwrap();
                request.extend_from_slice(&part[..read]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                if let Ok(body) = serde_json::from_str(body) {
                    break (head.to_owned(), body);
                }
            };
            keep.lock().unwrap().push((head, body));
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
                .unwrap();
        }
    });
    heard
}

#[test]
fn receiver_that_is_down_at_first_hears_everything_in_order_and_holds_up_nothing() {
    let world = World::new();
    // Nobody listens there until the receiver does.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    world.configure(&format!(
        "recipes: {{ default: {{ derivatives: {{ thumb: {{ resize: {{ width: 64 }}, formats: [jpeg], lane: fast }},\
         photo: {{ resize: {{ width: 320 }}, formats: [webp] }} }} }} }}\n\
         notify: {{ site: {{ webhook: {{ url: 'http://{address}/hook', secret: {secret}, allow_private: true }} }} }}\n"
    ));
    world.write(
        "in/a.jpg",
        std::fs::read(crops::photos().join("Aqua.jpg")).unwrap(),
    );
    let mut running = Running::start(&world, &[]);
    running.until("everything is made", |_| {
        std::fs::read_to_string(world.path("out/a.jpg/manifest.json"))
            .is_ok_and(|manifest| manifest.contains("\"complete\""))
    });
    running.until("the receiver was missed", |running| {
        running.said().contains("a notification was not taken")
    });
    let (ready, _) = running.readiness();
    assert_eq!(ready, 200, "no receiver makes the program unready");
    let heard = receive_at(address);
    running.until("all is told", |_| heard.lock().unwrap().len() >= 3);
    let heard = heard.lock().unwrap();
    let kinds: Vec<&str> = heard
        .iter()
        .map(|(_, said)| said["type"].as_str().unwrap())
        .collect();
    let name = |kind: &str| format!("dev.minilab.derivatives.{kind}");
    assert_eq!(kinds, [name("ready"), name("ready"), name("complete")]);
    for (head, said) in heard.iter() {
        let id = format!("webhook-id: {}", said["id"].as_str().unwrap());
        assert!(head.lines().any(|line| line == id), "{head}");
        assert_eq!(said["subject"], "a.jpg");
    }
    assert_eq!(heard[2].1["data"]["files"].as_array().unwrap().len(), 2);
    assert!(!running.said().contains(&secret[6..]), "no secret in a log");
}
