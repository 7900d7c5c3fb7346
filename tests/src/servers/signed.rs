//! One S3 request, signed by hand (AWS Signature Version 4), so that the servers need no SDK.
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const BLOCK: usize = 64;

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status of HTTP.
    pub status: u16,
    /// The body, whole.
    pub body: Vec<u8>,
}

#[derive(Clone, Copy)]
pub(super) struct Credentials {
    pub(super) access_key: &'static str,
    pub(super) secret_key: &'static str,
}

/// Sends a request without a query; the path's characters need no escaping.
pub(super) fn send(
    address: SocketAddr,
    credentials: Credentials,
    (method, path): (&str, &str),
    body: &[u8],
) -> Result<Answer> {
    ensure!(
        path.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b)),
        "{path} would have to be escaped"
    );
    let now = Timestamp::now();
    let (day, second) = (
        now.strftime("%Y%m%d").to_string(),
        now.strftime("%Y%m%dT%H%M%SZ").to_string(),
    );
    let digest = hex::encode(Sha256::digest(body));
    let scope = format!("{day}/us-east-1/s3/aws4_request");
    let names = "host;x-amz-content-sha256;x-amz-date";
    let headers = format!("host:{address}\nx-amz-content-sha256:{digest}\nx-amz-date:{second}\n");
    let canonical = format!("{method}\n{path}\n\n{headers}\n{names}\n{digest}");
    let canonical = hex::encode(Sha256::digest(canonical));
    let to_sign = format!("AWS4-HMAC-SHA256\n{second}\n{scope}\n{canonical}");
    let key = ["us-east-1", "s3", "aws4_request"].iter().fold(
        hmac(format!("AWS4{}", credentials.secret_key).as_bytes(), &day),
        |key, part| hmac(&key, part),
    );
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
        credentials.access_key,
        hex::encode(hmac(&key, &to_sign))
    );
    let head = format!(
        "{method} {path} HTTP/1.0\r\n{}authorization:{authorization}\r\ncontent-length:{}\r\n\r\n",
        headers.replace('\n', "\r\n"),
        body.len()
    );
    exchange(address, head.as_bytes(), body).with_context(|| format!("{method} {path}"))
}

/// HTTP 1.0, in which a body is never chunked and ends with its connection.
pub(super) fn exchange(address: SocketAddr, head: &[u8], body: &[u8]) -> Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.write_all(head)?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer
        .windows(4)
        .position(|bytes| bytes == b"\r\n\r\n")
        .context("the answer has no head")?;
    let status = str::from_utf8(&answer[..end])?
        .split(' ')
        .nth(1)
        .context("the answer has no status")?
        .parse()?;
    let body = answer.split_off(end + 4);
    Ok(Answer { status, body })
}

fn hmac(key: &[u8], message: &str) -> [u8; 32] {
    debug_assert!(key.len() <= BLOCK, "longer keys would have to be hashed");
    let padded = |pad: u8| {
        let mut block = [pad; BLOCK];
        for (byte, key) in block.iter_mut().zip(key) {
            *byte ^= key;
        }
        Sha256::new().chain_update(block)
    };
    let inner = padded(0x36).chain_update(message).finalize();
    padded(0x5c).chain_update(inner).finalize().into()
}
