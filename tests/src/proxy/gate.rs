//! A proxy that reads every request whole and lets a test decide what becomes of it.
use std::{io, net::SocketAddr, sync::Arc};

use anyhow::Result;
use tokio::{
    io::{AsyncWriteExt as _, BufReader},
    net::{TcpStream, tcp::ReadHalf},
};

use super::{
    Request,
    acceptor::Acceptor,
    framing::{Response, head},
};

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The server answers it.
    Pass,
    /// The server does not see it: this is the answer.
    Answer(Reply),
    /// The server sees it; should it say that there is nothing (404), this is said instead.
    HideAbsence(Reply),
    /// The server answers it, with this as the answer's `Date`.
    Dated(String),
}

/// An answer of the proxy's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// `403 Forbidden`.
    pub status: &'static str,
    /// Whole lines, each with its end.
    pub headers: String,
    /// Not sent to who asked with `HEAD`.
    pub body: String,
}

impl Reply {
    fn bytes(&self, asked: &Request) -> Vec<u8> {
        let (length, body) = match asked.method.as_str() {
            "HEAD" => (0, ""),
            _ => (self.body.len(), self.body.as_str()),
        };
        format!(
            "HTTP/1.1 {}\r\n{}content-length: {length}\r\n\r\n{body}",
            self.status, self.headers
        )
        .into_bytes()
    }
}

type Decide = dyn Fn(&Request, &[u8]) -> Verdict + Send + Sync;

/// An HTTP/1.1 proxy before one server. Dropping it closes all connections.
pub struct Gate {
    acceptor: Acceptor,
}

impl Gate {
    /// `decide` is asked with every request and its body.
    pub fn start(
        server: SocketAddr,
        decide: impl Fn(&Request, &[u8]) -> Verdict + Send + Sync + 'static,
    ) -> Result<Self> {
        let decide: Arc<Decide> = Arc::new(decide);
        let acceptor = Acceptor::start(move |client| {
            let decide = Arc::clone(&decide);
            async move {
                // A connection that breaks is closed on both sides; who notices asks again.
                let _ = serve(client, server, &*decide).await;
            }
        })?;
        Ok(Self { acceptor })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.acceptor.address()
    }

    /// `http://...` of the proxy.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address())
    }
}

async fn serve(mut client: TcpStream, server: SocketAddr, decide: &Decide) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from, mut to_client) = client.split();
    let mut from_client = BufReader::new(from);
    let (from, mut to_server) = server.split();
    let mut from_server = BufReader::new(from);
    while let Some(asked) = head(&mut from_client).await? {
        let request = Request::parse(&asked)?;
        if request.waits_to_continue() {
            to_client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let mut body = Vec::new();
        request.body()?.pass(&mut from_client, &mut body).await?;
        let verdict = decide(&request, &body);
        if let Verdict::Answer(reply) = verdict {
            to_client.write_all(&reply.bytes(&request)).await?;
            continue;
        }
        to_server.write_all(&asked).await?;
        to_server.write_all(&body).await?;
        let answer = answer(&request, &mut from_server).await?;
        to_client.write_all(&judged(&request, &verdict, answer)).await?;
    }
    Ok(())
}

struct Answer {
    status: u16,
    head: Vec<u8>,
    body: Vec<u8>,
}

async fn answer(asked: &Request, from: &mut BufReader<ReadHalf<'_>>) -> io::Result<Answer> {
    loop {
        let head = head(from).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let response = Response::parse(&head)?;
        // Its client has been told to continue already.
        if response.is_interim() {
            continue;
        }
        let mut body = Vec::new();
        response.body(asked)?.pass(from, &mut body).await?;
        let status = response.status;
        return Ok(Answer { status, head, body });
    }
}

fn judged(asked: &Request, verdict: &Verdict, answer: Answer) -> Vec<u8> {
    let Answer { status, head, body } = answer;
    let head = match verdict {
        Verdict::HideAbsence(reply) if status == 404 => return reply.bytes(asked),
        Verdict::Dated(date) => dated(&head, date),
        _ => head,
    };
    [head, body].concat()
}

/// The head with another `Date`.
fn dated(head: &[u8], date: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(head);
    let lines = text.split_inclusive("\r\n").map(|line| {
        let is_date = line
            .get(..5)
            .is_some_and(|name| name.eq_ignore_ascii_case("date:"));
        if is_date {
            format!("date: {date}\r\n")
        } else {
            line.to_owned()
        }
    });
    lines.collect::<String>().into_bytes()
}
