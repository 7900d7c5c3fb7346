//! A service on loopback that answers as a test says and remembers what it was asked.
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use minilab_queue::{Declare, Sqs, SqsConfig};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::world::{config, service_at};

/// What is answered, and when.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    /// `None`: that all went well.
    body: Option<Value>,
    after: Duration,
}

pub fn answer(body: Value) -> Reply {
    Reply {
        status: 200,
        body: Some(body),
        after: Duration::ZERO,
    }
}

pub fn well() -> Reply {
    late(Duration::ZERO)
}

pub fn late(after: Duration) -> Reply {
    Reply {
        status: 200,
        body: None,
        after,
    }
}

/// An error as SQS writes them.
pub fn error(code: &str) -> Reply {
    Reply {
        status: 400,
        ..answer(json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": "of the test" }))
    }
}

/// One question: `SendMessageBatch`, and its body.
pub type Asked = (String, Value);

type Script = dyn Fn(&str, &Value, usize) -> Reply + Send + Sync;

pub struct Scripted {
    pub queue: Arc<Sqs>,
    asked: Arc<Mutex<Vec<Asked>>>,
    serving: JoinHandle<()>,
}

impl Scripted {
    /// `script` gets the operation, the body, and how many of the operation there were before.
    pub async fn start(script: impl Fn(&str, &Value, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(|config| config, script).await
    }

    pub async fn with(
        change: impl FnOnce(SqsConfig) -> SqsConfig,
        script: impl Fn(&str, &Value, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (script, told): (Arc<Script>, _) = (Arc::new(script), Arc::clone(&asked));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, asked) = (Arc::clone(&script), Arc::clone(&told));
                tokio::spawn(async move { serve(stream, &*script, &asked).await });
            }
        });
        let config = SqsConfig {
            declare: Declare::Passive,
            prefix: "p".into(),
            ..config(service_at(endpoint))
        };
        let queue = Arc::new(Sqs::connect(change(config)).await.unwrap());
        asked.lock().unwrap().clear();
        Self {
            queue,
            asked,
            serving,
        }
    }

    /// What was asked of the operation, after the queues were found.
    pub fn asked(&self, operation: &str) -> Vec<Value> {
        let asked = self.asked.lock().unwrap();
        let of_it = asked.iter().filter(|(asked, _)| asked == operation);
        of_it.map(|(_, body)| body.clone()).collect()
    }

    /// In which order, polls aside.
    pub fn order(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let operations = asked.iter().map(|(operation, _)| operation.clone());
        operations
            .filter(|operation| operation != "ReceiveMessage")
            .collect()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One message, at the first poll.
pub fn once(operation: &str, number: usize) -> Reply {
    if (operation, number) != ("ReceiveMessage", 0) {
        return well();
    }
    let message = json!({ "MessageId": "m", "ReceiptHandle": "handle", "Body": "as it was",
        "Attributes": { "ApproximateReceiveCount": "1", "MessageGroupId": "acme" } });
    answer(json!({ "Messages": [message] }))
}

fn went_well(operation: &str, body: &Value) -> Value {
    match operation {
        "GetQueueUrl" => {
            json!({ "QueueUrl": format!("http://sqs/1/{}", body["QueueName"].as_str().unwrap()) })
        }
        "SendMessageBatch" => {
            let entries = body["Entries"].as_array().unwrap().iter();
            let taken =
                entries.map(|entry| json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "d" }));
            json!({ "Successful": taken.collect::<Vec<_>>() })
        }
        _ => json!({}),
    }
}

async fn serve(mut stream: TcpStream, script: &Script, asked: &Mutex<Vec<Asked>>) {
    let Some((operation, body)) = read_request(&mut stream).await else {
        return;
    };
    let number = {
        let mut asked = asked.lock().unwrap();
        asked.push((operation.clone(), body.clone()));
        asked.iter().filter(|(other, _)| *other == operation).count() - 1
    };
    let reply = script(&operation, &body, number);
    tokio::time::sleep(reply.after).await;
    let body = reply
        .body
        .unwrap_or_else(|| went_well(&operation, &body))
        .to_string();
    let answer = format!(
        "HTTP/1.1 {} x\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        reply.status,
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}

async fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
    let header = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::to_owned)
    };
    let length: usize = header("content-length: ")?.parse().ok()?;
    while read.len() < end + 4 + length {
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let operation = head
        .lines()
        .find_map(|line| line.split_once("AmazonSQS."))?
        .1
        .trim();
    Some((
        operation.to_owned(),
        serde_json::from_slice(&read[end + 4..]).ok()?,
    ))
}
