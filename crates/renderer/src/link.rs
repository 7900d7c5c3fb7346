//! The far end of the socket: one datagram is one message, descriptors come beside it.
use std::io::{self, IoSliceMut, Stdin, stdin};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};

use minilab_protos::renderer::{DESCRIPTORS_MAX, FRAME_BYTES_MAX, Reply, Request, reply, request};
use prost::Message as _;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendFlags, recvmsg, send,
};

/// Why this process has nothing more to do.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The worker is gone.
    #[error("the worker closed the socket")]
    Closed,
    /// The worker sent what it never sends.
    #[error("the worker broke the protocol: {0}")]
    Protocol(&'static str),
    /// Standard input is no socket, or the machine refuses.
    #[error("cannot speak to the worker on standard input: {0}; this program is started by minilab")]
    Io(#[from] io::Error),
}

/// A request and the descriptors that came with it.
pub type Received = (request::Body, Vec<OwnedFd>);

/// The socket that the worker left as standard input.
pub struct Link {
    socket: Stdin,
    frame: Vec<u8>,
}

impl Link {
    /// Standard input, whatever it is: a message that does not pass tells.
    pub fn inherited() -> Self {
        Self {
            socket: stdin(),
            frame: vec![0; FRAME_BYTES_MAX],
        }
    }

    /// Waits for the next request.
    pub fn receive(&mut self) -> Result<Received, LinkError> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut self.frame)];
        let received = recvmsg(
            self.socket.as_fd(),
            &mut parts,
            &mut control,
            RecvFlags::CMSG_CLOEXEC,
        );
        let received = received.map_err(io::Error::from)?;
        if received.bytes == 0 {
            return Err(LinkError::Closed);
        }
        if received
            .flags
            .intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC)
        {
            return Err(LinkError::Protocol("a message is too long"));
        }
        let mut descriptors = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                descriptors.extend(rights);
            }
        }
        let request = Request::decode(&self.frame[..received.bytes]);
        let body = request.ok().and_then(|request| request.body);
        Ok((
            body.ok_or(LinkError::Protocol("a message cannot be read"))?,
            descriptors,
        ))
    }

    /// Sends a reply.
    pub fn send(&self, body: reply::Body) -> Result<(), LinkError> {
        let message = Reply { body: Some(body) }.encode_to_vec();
        match send(self.socket.as_fd(), &message, SendFlags::NOSIGNAL) {
            Ok(_) => Ok(()),
            Err(rustix::io::Errno::PIPE | rustix::io::Errno::CONNRESET) => Err(LinkError::Closed),
            Err(cause) => Err(LinkError::Io(cause.into())),
        }
    }
}
