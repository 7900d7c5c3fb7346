//! A path for TCP connections that breaks on command.
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    time::sleep,
};

use super::{Fault, Hits, acceptor::Acceptor};

const PIECE: usize = 16 * 1024;
/// A trickle passes so many slices a second, of whole bytes.
const SLICES: u32 = 20;

/// How connections fare until the test says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// All passes.
    Fair,
    /// Every piece, in either direction, waits that long.
    Delayed(Duration),
    /// So many bytes a second in either direction, one connection at a time.
    Trickling(u32),
    /// Connections are accepted and nothing passes, on old ones neither; what is held passes when the condition changes.
    BlackHole,
    /// New connections are reset at once; open ones are spared (see [`Link::cut`]).
    Refusing,
}

/// Whose bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What the client sends.
    Client,
    /// What the server answers.
    Server,
}

/// A TCP proxy before one server. Dropping it closes all connections.
pub struct Link {
    acceptor: Acceptor,
    state: Arc<State>,
}

struct State {
    server: SocketAddr,
    condition: watch::Sender<Condition>,
    cuts: watch::Sender<u64>,
    breaks: Mutex<[Option<Break>; 2]>,
    hits: Hits,
}

/// The connection that carries one side's next bytes is reset after so many of them.
#[derive(Clone, Copy)]
struct Break {
    bytes: usize,
    fault: Fault,
    /// Pieces that this does not hold of pass.
    of: fn(&[u8]) -> bool,
}

impl Link {
    /// A fair link to the server.
    pub fn start(server: SocketAddr) -> Result<Self> {
        Self::counting_in(server, Hits::default())
    }

    pub(super) fn counting_in(server: SocketAddr, hits: Hits) -> Result<Self> {
        let state = Arc::new(State {
            server,
            condition: watch::Sender::new(Condition::Fair),
            cuts: watch::Sender::new(0),
            breaks: Mutex::default(),
            hits,
        });
        let serving = Arc::clone(&state);
        let acceptor = Acceptor::start(move |client| Arc::clone(&serving).serve(client))?;
        Ok(Self { acceptor, state })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.acceptor.address()
    }

    /// How connections fare from now on.
    pub fn set(&self, condition: Condition) {
        self.state.condition.send_replace(condition);
    }

    /// Resets every open connection, on both sides.
    pub fn cut(&self) {
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Passes that many bytes of one side, counted from now over all connections, then resets the one that carried the last.
    pub fn reset_after(&self, side: Side, bytes: usize) {
        let (fault, of) = (Fault::Reset, any as fn(&[u8]) -> bool);
        self.break_at(side, Break { bytes, fault, of });
    }

    /// Keeps back what the server says next, on whatever connection, and resets that: the server has done what it was asked.
    pub fn swallow_answer(&self) {
        self.swallow_answer_of(any);
    }

    /// The same with the next piece of an answer that `of` says yes to; others pass.
    pub fn swallow_answer_of(&self, of: fn(&[u8]) -> bool) {
        let (bytes, fault) = (0, Fault::Swallowed);
        self.break_at(Side::Server, Break { bytes, fault, of });
    }

    fn break_at(&self, side: Side, at: Break) {
        self.state.breaks()[side as usize] = Some(at);
    }

    /// Fair from now on; what was asked for and met nothing yet is forgotten.
    pub fn mend(&self) {
        *self.state.breaks() = [None, None];
        self.set(Condition::Fair);
    }

    /// How often that fault met something.
    pub fn hits(&self, fault: Fault) -> u64 {
        self.state.hits.of(fault)
    }
}

impl State {
    fn breaks(&self) -> std::sync::MutexGuard<'_, [Option<Break>; 2]> {
        self.breaks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(self: Arc<Self>, mut client: TcpStream) {
        let mut cuts = self.cuts.subscribe();
        if *self.condition.borrow() == Condition::Refusing {
            self.hits.count(Fault::Refused);
            reset(client);
            return;
        }
        self.out_of_the_black_hole().await;
        let Ok(mut server) = TcpStream::connect(self.server).await else {
            reset(client);
            return;
        };
        // A piece is passed on as it came; waiting for more would be a delay nobody asked for.
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let ended = tokio::select! {
            ended = async {
                tokio::try_join!(
                    self.pass_all(Side::Client, from_client, to_server),
                    self.pass_all(Side::Server, from_server, to_client),
                )
            } => ended.is_ok(),
            _ = cuts.changed() => {
                self.hits.count(Fault::Cut);
                false
            }
        };
        if !ended {
            reset(client);
            reset(server);
        }
    }

    /// Until the side has said all; an error means that both connections are to be reset.
    async fn pass_all(&self, side: Side, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> io::Result<()> {
        let mut buffer = vec![0; PIECE];
        loop {
            let piece = match from.read(&mut buffer).await? {
                0 => return to.shutdown().await,
                length => &buffer[..length],
            };
            let (passed, fault) = self.breaking(side, piece);
            self.pass(&piece[..passed], &mut to).await?;
            if let Some(fault) = fault {
                self.hits.count(fault);
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
    }

    /// How much of a piece passes, and what then breaks its connection.
    fn breaking(&self, side: Side, piece: &[u8]) -> (usize, Option<Fault>) {
        let asked = &mut self.breaks()[side as usize];
        let Some(at) = asked.as_mut().filter(|at| (at.of)(piece)) else {
            return (piece.len(), None);
        };
        if piece.len() < at.bytes {
            at.bytes -= piece.len();
            return (piece.len(), None);
        }
        let broken = (at.bytes, Some(at.fault));
        *asked = None;
        broken
    }

    async fn pass(&self, mut piece: &[u8], to: &mut WriteHalf<'_>) -> io::Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        self.out_of_the_black_hole().await;
        let condition = *self.condition.borrow();
        match condition {
            Condition::Fair | Condition::Refusing | Condition::BlackHole => {}
            Condition::Delayed(time) => {
                self.hits.count(Fault::Delayed);
                sleep(time).await;
            }
            Condition::Trickling(rate) => {
                self.hits.count(Fault::Trickled);
                let slice = (rate / SLICES).max(1);
                while piece.len() > slice as usize && *self.condition.borrow() == condition {
                    let (first, rest) = piece.split_at(slice as usize);
                    to.write_all(first).await?;
                    sleep(Duration::from_secs(1) * slice / rate.max(1)).await;
                    piece = rest;
                }
            }
        }
        to.write_all(piece).await
    }

    async fn out_of_the_black_hole(&self) {
        let mut condition = self.condition.subscribe();
        if *condition.borrow() == Condition::BlackHole {
            self.hits.count(Fault::Withheld);
            // The sender lives in this state.
            let _ = condition.wait_for(|c| *c != Condition::BlackHole).await;
        }
    }
}

fn any(_: &[u8]) -> bool {
    true
}

/// Closes with RST, which a client takes for a crash, instead of FIN, which it may take for an end.
pub(super) fn reset(stream: TcpStream) {
    // Without it the connection is closed all the same.
    let _ = stream.set_zero_linger();
    drop(stream);
}
