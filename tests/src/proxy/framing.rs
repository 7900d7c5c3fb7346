//! Where requests and answers of HTTP/1.1 begin and end.
use std::io;

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy,
};

const HEAD_BYTES_MAX: u64 = 64 * 1024;
const HEADERS_MAX: usize = 100;

/// The head of a request, for deciding what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `PUT`, ...
    pub method: String,
    /// Path with query, as it was sent.
    pub path: String,
    headers: Headers,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Headers(Vec<(String, String)>);

impl Request {
    /// The value of a header, its name in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// Its client sends the body only when told to go on.
    pub(super) fn waits_to_continue(&self) -> bool {
        self.header("expect").is_some()
    }

    pub(super) fn body(&self) -> io::Result<Body> {
        Ok(self.headers.body()?.unwrap_or(Body::Bytes(0)))
    }

    pub(super) fn parse(head: &[u8]) -> io::Result<Self> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        request.parse(head).map_err(io::Error::other)?;
        Ok(Self {
            method: request.method.unwrap_or_default().to_owned(),
            path: request.path.unwrap_or_default().to_owned(),
            headers: Headers::of(request.headers),
        })
    }
}

/// The head of an answer.
pub(super) struct Response {
    pub(super) status: u16,
    headers: Headers,
}

impl Response {
    pub(super) fn parse(head: &[u8]) -> io::Result<Self> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut headers);
        response.parse(head).map_err(io::Error::other)?;
        Ok(Self {
            status: response.code.unwrap_or_default(),
            headers: Headers::of(response.headers),
        })
    }

    /// Another head follows for the same request.
    pub(super) fn is_interim(&self) -> bool {
        self.status < 200
    }

    pub(super) fn body(&self, asked: &Request) -> io::Result<Body> {
        if asked.method == "HEAD" || matches!(self.status, 204 | 304) {
            return Ok(Body::Bytes(0));
        }
        Ok(self.headers.body()?.unwrap_or(Body::UntilClosed))
    }
}

impl Headers {
    fn of(parsed: &[httparse::Header<'_>]) -> Self {
        let owned =
            |h: &httparse::Header<'_>| (h.name.to_owned(), String::from_utf8_lossy(h.value).into_owned());
        Self(parsed.iter().map(owned).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn body(&self) -> io::Result<Option<Body>> {
        if self
            .get("transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
        {
            return Ok(Some(Body::Chunked));
        }
        let length = self.get("content-length").map(str::parse).transpose();
        Ok(length.map_err(io::Error::other)?.map(Body::Bytes))
    }
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Bytes(u64),
    Chunked,
    UntilClosed,
}

/// The next head, with its empty line; `None` if the connection has ended before one.
pub(super) async fn head(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    let mut from = from.take(HEAD_BYTES_MAX);
    loop {
        let before = head.len();
        if from.read_until(b'\n', &mut head).await? == 0 {
            return if head.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
        if &head[before..] == b"\r\n" {
            return Ok(Some(head));
        }
    }
}

impl Body {
    /// Passes the body on as it is framed.
    pub(super) async fn pass(
        self,
        from: &mut (impl AsyncBufRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        match self {
            Self::Bytes(length) => exactly(length, from, to).await?,
            Self::UntilClosed => {
                copy(from, to).await?;
            }
            Self::Chunked => while !chunk(from, to).await? {},
        }
        to.flush().await
    }
}

/// One chunk, or the last with its trailers: then it says true.
async fn chunk(
    from: &mut (impl AsyncBufRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<bool> {
    let size = line(from, to).await?;
    let size = size.split(';').next().unwrap_or_default().trim();
    let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
    if size > 0 {
        exactly(size + 2, from, to).await?;
        return Ok(false);
    }
    while line(from, to).await? != "\r\n" {}
    Ok(true)
}

async fn line(
    from: &mut (impl AsyncBufRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<String> {
    let mut line = String::new();
    if from.take(HEAD_BYTES_MAX).read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    to.write_all(line.as_bytes()).await?;
    Ok(line)
}

async fn exactly(
    length: u64,
    from: &mut (impl AsyncBufRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    if copy(&mut from.take(length), to).await? < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
