//! One HTTP request over a connection of its own: what a probe, a scraper or a producer of events sends.
use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// Nobody who asks waits longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

pub async fn get(address: SocketAddr, path: &str) -> Result<Answer> {
    request(address, &format!("GET {path}"), "", &[]).await
}

/// `headers` are whole lines, each with its end.
pub async fn post(address: SocketAddr, path: &str, headers: &str, body: &[u8]) -> Result<Answer> {
    request(address, &format!("POST {path}"), headers, body).await
}

pub async fn put(address: SocketAddr, path: &str, headers: &str, body: &[u8]) -> Result<Answer> {
    request(address, &format!("PUT {path}"), headers, body).await
}

async fn request(address: SocketAddr, what: &str, headers: &str, body: &[u8]) -> Result<Answer> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        let length = body.len();
        let head = format!(
            "{what} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        Ok::<_, std::io::Error>(bytes)
    };
    let bytes = timeout(PATIENCE, exchange)
        .await
        .with_context(|| format!("{what}: no answer"))?
        .with_context(|| format!("{what}: the connection failed"))?;
    let text = String::from_utf8_lossy(&bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        bail!("{what}: an answer without an end of its head: {text:?}");
    };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok(Answer {
        status: status.with_context(|| format!("{what}: an answer without a status: {head:?}"))?,
        body: body.to_owned(),
    })
}
