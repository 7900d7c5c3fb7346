//! A server on loopback that answers as a test says and remembers what it was asked.
use std::sync::{Arc, Mutex};

use minilab_store::{Error, S3, S3Config, S3Credentials};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub const SECRET: &str = "hunter2-of-the-test";
pub const BUCKET: &str = "media";
const FACTS: &str = "etag: \"e\"\r\nlast-modified: Tue, 24 Nov 2026 01:00:00 GMT\r\n";

/// What is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Status, header lines, body.
    Whole(u16, String, String),
    /// A body of which this is all that comes, before the connection closes.
    Cut { announced: usize, body: String },
    /// A body of which this is all that comes, on a connection that stays open.
    Stalled { announced: usize, body: String },
    /// The connection closes without an answer.
    Nothing,
}

/// An error as S3 writes them.
pub fn error(status: u16, code: &str) -> Reply {
    error_saying(status, code, "of the test")
}

pub fn error_saying(status: u16, code: &str, message: &str) -> Reply {
    let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Reply::Whole(status, String::new(), body)
}

/// An answer without a body, as to HEAD.
pub fn bare(status: u16) -> Reply {
    Reply::Whole(status, String::new(), String::new())
}

pub fn object(body: &str) -> Reply {
    Reply::Whole(200, FACTS.to_owned(), body.to_owned())
}

pub fn listing(inner: &str) -> Reply {
    Reply::Whole(
        200,
        String::new(),
        format!("<ListBucketResult>{inner}</ListBucketResult>"),
    )
}

/// All requests, each as its head.
type Asked = Arc<Mutex<Vec<String>>>;

pub struct Scripted {
    pub endpoint: String,
    asked: Asked,
    serving: JoinHandle<()>,
}

impl Scripted {
    /// `reply` gets the head of the request and how many there were before it.
    pub async fn start(reply: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("it listens"));
        let (asked, reply) = (Asked::default(), Arc::new(reply));
        let told = Arc::clone(&asked);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (reply, asked) = (Arc::clone(&reply), Arc::clone(&told));
                tokio::spawn(async move { serve(stream, &*reply, &asked).await });
            }
        });
        Self {
            endpoint,
            asked,
            serving,
        }
    }

    /// What was asked after the listing that opens a store.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").split_off(1)
    }

    pub fn config(&self) -> S3Config {
        S3Config {
            endpoint: Some(self.endpoint.clone()),
            path_style: true,
            ..S3Config::bucket(BUCKET)
        }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub async fn open(config: S3Config) -> Result<S3, Error> {
    let credentials = S3Credentials {
        access_key: "AKIAOFTHETEST".to_owned(),
        secret_key: SECRET.to_owned(),
        session_token: None,
    };
    S3::open_with(config, credentials).await
}

/// A store that is open; the script answers what comes after.
pub async fn opened(reply: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> (S3, Scripted) {
    let server = Scripted::start(move |head, number| match number.checked_sub(1) {
        None => listing("<IsTruncated>false</IsTruncated>"),
        Some(number) => reply(head, number),
    })
    .await;
    let store = open(server.config()).await.expect("the listing is answered");
    (store, server)
}

async fn serve(mut stream: TcpStream, reply: &(dyn Fn(&str, usize) -> Reply + Send + Sync), asked: &Asked) {
    let Some(head) = read_request(&mut stream).await else {
        return;
    };
    let number = {
        let mut asked = asked.lock().expect("no panic");
        asked.push(head.clone());
        asked.len() - 1
    };
    let (status, headers, announced, body, stays) = match reply(&head, number) {
        Reply::Whole(status, headers, body) => (status, headers, body.len(), body, false),
        Reply::Cut { announced, body } => (200, FACTS.to_owned(), announced, body, false),
        Reply::Stalled { announced, body } => (200, FACTS.to_owned(), announced, body, true),
        Reply::Nothing => return,
    };
    let answer = format!(
        "HTTP/1.1 {status} x\r\ncontent-length: {announced}\r\nconnection: close\r\n{headers}\r\n{body}"
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    if stays {
        // Until the client gives up.
        let _ = stream.read(&mut [0; 1]).await;
    }
}

/// Its head; the body is read and forgotten.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    while read.len() < end + 4 + length {
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
    Some(head)
}
