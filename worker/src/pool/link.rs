//! The near end of the socket to one renderer: one datagram is one message.
//!
//! Descriptors go out beside messages and never come in: without a control buffer the kernel drops what a renderer attaches.
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use minilab_protos::renderer::{DESCRIPTORS_MAX, FRAME_BYTES_MAX, Reply, Request};
use prost::Message as _;
use rustix::net::sockopt::{set_socket_send_buffer_size, socket_send_buffer_size};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
    recv, sendmsg, socketpair,
};
use tokio::io::Interest;
use tokio::net::UnixDatagram;

/// What the kernel sets aside of a send buffer for itself.
const SEND_BUFFER_OVERHEAD_BYTES: usize = 32;

/// Why a message did not pass.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    /// The other end is closed.
    #[error("the renderer closed its socket")]
    Closed,
    /// What came is not a message of this protocol.
    #[error("the renderer sent garbage")]
    Garbage,
    /// Our message is over the frame's limit.
    #[error("a message of {0} bytes is longer than the {FRAME_BYTES_MAX} that may pass")]
    TooLong(usize),
    /// The machine refused.
    #[error("the socket to a renderer failed: {0}")]
    Io(io::Error),
}

/// The near end.
#[derive(Debug)]
pub(super) struct Link {
    /// Of type SEQPACKET in truth; the runtime waits for all sockets alike, and messages pass by our own calls.
    socket: UnixDatagram,
    frame: Box<[u8]>,
}

impl Link {
    /// A connected pair: the near end, and the far end for the renderer to inherit.
    pub(super) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (near, far) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        set_socket_send_buffer_size(&near, FRAME_BYTES_MAX + SEND_BUFFER_OVERHEAD_BYTES)?;
        if socket_send_buffer_size(&near)? < FRAME_BYTES_MAX + SEND_BUFFER_OVERHEAD_BYTES {
            return Err(io::Error::other(format!(
                "the kernel lets no message of {FRAME_BYTES_MAX} bytes pass: set net.core.wmem_max to at least that"
            )));
        }
        let near = std::os::unix::net::UnixDatagram::from(near);
        // Of the near end alone: the renderer waits on its own.
        near.set_nonblocking(true)?;
        let link = Self {
            socket: UnixDatagram::from_std(near)?,
            frame: vec![0; FRAME_BYTES_MAX].into(),
        };
        Ok((link, far))
    }

    /// Sends one message and the descriptors that it speaks of.
    pub(super) async fn send(
        &self,
        request: &Request,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<(), LinkError> {
        let message = request.encode_to_vec();
        if message.len() > FRAME_BYTES_MAX || descriptors.len() > DESCRIPTORS_MAX {
            return Err(LinkError::TooLong(message.len()));
        }
        let send = || send_now(&self.socket, &message, descriptors);
        match self.socket.async_io(Interest::WRITABLE, send).await {
            Ok(()) => Ok(()),
            Err(cause) if is_closed(&cause) => Err(LinkError::Closed),
            Err(cause) => Err(LinkError::Io(cause)),
        }
    }

    /// Receives one message. Nothing is lost if the future is dropped.
    pub(super) async fn receive(&mut self) -> Result<Reply, LinkError> {
        let (socket, frame) = (&self.socket, &mut self.frame);
        let read = || {
            // The real length is told even of what did not fit.
            let (_, length) = recv(socket, &mut frame[..], RecvFlags::TRUNC)?;
            Ok(length)
        };
        let length = match self.socket.async_io(Interest::READABLE, read).await {
            // No message of the protocol is empty, so this is the end.
            Ok(0) => return Err(LinkError::Closed),
            Ok(length) => length,
            Err(cause) if is_closed(&cause) => return Err(LinkError::Closed),
            Err(cause) => return Err(LinkError::Io(cause)),
        };
        let message = self.frame.get(..length).ok_or(LinkError::Garbage)?;
        Reply::decode(message).map_err(|_| LinkError::Garbage)
    }
}

fn send_now(socket: &UnixDatagram, message: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        let pushed = control.push(SendAncillaryMessage::ScmRights(descriptors));
        assert!(
            pushed,
            "the buffer has room for the most descriptors that may pass"
        );
    }
    sendmsg(
        socket,
        &[IoSlice::new(message)],
        &mut control,
        SendFlags::NOSIGNAL,
    )?;
    Ok(())
}

fn is_closed(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}
