//! A proxy that knows where requests begin and end, behind a [`Link`].
use std::{
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use tokio::{
    io::{AsyncWriteExt as _, BufReader, sink},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
};

use super::{
    Fault, Hits, Link, Request,
    acceptor::Acceptor,
    framing::{Body, Response, head},
    link::reset,
};

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpFault {
    /// The proxy answers it; the server does not see it.
    Answer(S3Error),
    /// The server does it and answers; its client gets a reset connection instead.
    Swallow,
}

/// Refusals as S3 words them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum S3Error {
    /// 503: too many requests.
    SlowDown,
    /// 500.
    InternalError,
    /// 409: another conditional write to that key goes on.
    ConditionalRequestConflict,
    /// 412: the object is not the one of `If-Match`, or is there in spite of `If-None-Match`.
    PreconditionFailed,
}

impl S3Error {
    fn status(self) -> (u16, &'static str) {
        match self {
            Self::SlowDown => (503, "Service Unavailable"),
            Self::InternalError => (500, "Internal Server Error"),
            Self::ConditionalRequestConflict => (409, "Conflict"),
            Self::PreconditionFailed => (412, "Precondition Failed"),
        }
    }

    /// `HEAD` gets no body, and so no code.
    fn answer(self, asked: &Request) -> String {
        let (status, reason) = self.status();
        let body = match asked.method.as_str() {
            "HEAD" => String::new(),
            _ => format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{self:?}</Code><Message>{reason}</Message>\
                 <RequestId>proxy</RequestId></Error>"
            ),
        };
        let length = body.len();
        format!(
            "HTTP/1.1 {status} {reason}\r\ncontent-type: application/xml\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    }
}

/// An HTTP/1.1 proxy before one server; what breaks bytes is its [`Link`]. Dropping it closes all connections.
pub struct HttpProxy {
    link: Link,
    _relay: Acceptor,
    script: Arc<Script>,
}

struct Script {
    server: SocketAddr,
    asked: Mutex<Vec<Asked>>,
    hits: Hits,
}

struct Asked {
    fault: HttpFault,
    left: u64,
    meets: Box<dyn Fn(&Request) -> bool + Send>,
}

impl HttpProxy {
    /// A proxy that passes all on to the server.
    pub fn start(server: SocketAddr) -> Result<Self> {
        let hits = Hits::default();
        let script = Arc::new(Script {
            server,
            asked: Mutex::default(),
            hits: hits.clone(),
        });
        let serving = Arc::clone(&script);
        let relay = Acceptor::start(move |client| Arc::clone(&serving).serve(client))?;
        Ok(Self {
            link: Link::counting_in(relay.address(), hits)?,
            _relay: relay,
            script,
        })
    }

    /// What clients connect to; it breaks connections as the test says.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// How often that fault met something.
    pub fn hits(&self, fault: Fault) -> u64 {
        self.script.hits.of(fault)
    }

    /// `http://...` of the proxy.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.link.address())
    }

    /// The fault meets the next so many requests for which the question is answered with yes. Of several faults that could
    /// meet a request, the one asked for first does.
    pub fn fail_next(
        &self,
        requests: u64,
        fault: HttpFault,
        meets: impl Fn(&Request) -> bool + Send + 'static,
    ) {
        self.script.asked().push(Asked {
            fault,
            left: requests,
            meets: Box::new(meets),
        });
    }

    /// As [`Link::mend`], for requests too.
    pub fn mend(&self) {
        self.script.asked().clear();
        self.link.mend();
    }
}

/// What is left of a connection after a request.
#[derive(PartialEq, Eq)]
enum After {
    Next,
    Closed,
    Reset,
}

impl Script {
    fn asked(&self) -> std::sync::MutexGuard<'_, Vec<Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault_for(&self, request: &Request) -> Option<HttpFault> {
        let mut asked = self.asked();
        let met = asked
            .iter_mut()
            .find(|asked| asked.left > 0 && (asked.meets)(request))?;
        met.left -= 1;
        Some(met.fault)
    }

    async fn serve(self: Arc<Self>, mut client: TcpStream) {
        let Ok(mut server) = TcpStream::connect(self.server).await else {
            reset(client);
            return;
        };
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        // A connection that broke on one side is broken on the other.
        if !matches!(self.relay(&mut client, &mut server).await, Ok(After::Closed)) {
            reset(client);
            reset(server);
        }
    }

    async fn relay(&self, client: &mut TcpStream, server: &mut TcpStream) -> io::Result<After> {
        let (from, mut to_client) = client.split();
        let mut from_client = BufReader::new(from);
        let (from, mut to_server) = server.split();
        let mut from_server = BufReader::new(from);
        while let Some(head) = head(&mut from_client).await? {
            let request = Request::parse(&head)?;
            let after = match self.fault_for(&request) {
                Some(HttpFault::Answer(error)) => {
                    self.hits.count(Fault::Answered(error));
                    refuse(error, &request, &mut from_client, &mut to_client).await?
                }
                fault => {
                    to_server.write_all(&head).await?;
                    let asked = Exchange {
                        request: &request,
                        is_swallowed: fault.is_some(),
                    };
                    let answered = asked.answer(&mut from_server, &mut to_client);
                    let body = request.body()?.pass(&mut from_client, &mut to_server);
                    both(body, answered).await?
                }
            };
            if after == After::Reset {
                self.hits.count(Fault::Swallowed);
            }
            if after != After::Next {
                return Ok(after);
            }
        }
        Ok(After::Closed)
    }
}

/// A request on its way to the server.
struct Exchange<'a> {
    request: &'a Request,
    is_swallowed: bool,
}

impl Exchange<'_> {
    /// Passes on what the server says to the request, or reads it whole and keeps it back.
    async fn answer(&self, from: &mut BufReader<ReadHalf<'_>>, to: &mut WriteHalf<'_>) -> io::Result<After> {
        loop {
            let head = head(from).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let response = Response::parse(&head)?;
            // Without `100 Continue` the client would keep its body to itself.
            if response.is_interim() {
                to.write_all(&head).await?;
                continue;
            }
            let body = response.body(self.request)?;
            if self.is_swallowed {
                body.pass(from, &mut sink()).await?;
                return Ok(After::Reset);
            }
            to.write_all(&head).await?;
            body.pass(from, to).await?;
            return Ok(if body == Body::UntilClosed {
                After::Closed
            } else {
                After::Next
            });
        }
    }
}

/// Sends the body while the answer is awaited: it may come before, and then the rest of the body is wanted by nobody.
async fn both(
    body: impl Future<Output = io::Result<()>>,
    answered: impl Future<Output = io::Result<After>>,
) -> io::Result<After> {
    let mut answered = pin!(answered);
    tokio::select! {
        biased;
        sent = body => {
            sent?;
            answered.await
        }
        after = &mut answered => Ok(match after? {
            After::Next => After::Closed,
            after => after,
        }),
    }
}

async fn refuse(
    error: S3Error,
    request: &Request,
    from: &mut BufReader<ReadHalf<'_>>,
    to: &mut WriteHalf<'_>,
) -> io::Result<After> {
    let after = if request.waits_to_continue() {
        After::Closed
    } else {
        request.body()?.pass(from, &mut sink()).await?;
        After::Next
    };
    to.write_all(error.answer(request).as_bytes()).await?;
    Ok(after)
}
