//! Opening a connection, within a time, and with nothing left of those that could not be opened.
//!
//! The driver has a thread for each connection, and takes no limit: where a peer accepts and then says nothing, a call that
//! is dropped leaves its thread there for as long as the peer likes. So the socket is made here and handed over, and shut down
//! when the call ends without a connection; its end also ends the thread.
use std::{
    io,
    net::{Shutdown, TcpStream},
    os::fd::AsFd as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lapin::{
    AsyncTcpStream, Connection, ConnectionProperties,
    runtime::default_runtime,
    tcp::TLSConfig,
    uri::{AMQPScheme, AMQPUri},
};
use tokio::{net::lookup_host, time::timeout};

use super::{
    config::Address,
    failure::{ACCESS_REFUSED, NOT_ALLOWED, reply_code, unavailable},
};
use crate::Error;

/// For everything until the broker has opened the connection.
const CONNECT_WAIT: Duration = Duration::from_secs(10);

/// Opens a connection.
pub(super) async fn open(address: &Address, name: &str) -> Result<Connection, Error> {
    // In a box, because encryption begins with much that every caller would have to make room for.
    match timeout(CONNECT_WAIT, Box::pin(connect(address.uri(), name))).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => {
            Err(refused(address, &error).unwrap_or_else(|| unavailable(address, "connect", error)))
        }
        Err(_) => Err(unavailable(address, "connect", "it does not answer")),
    }
}

async fn connect(uri: AMQPUri, name: &str) -> lapin::Result<Connection> {
    let runtime = default_runtime()?;
    let host = uri.authority.host.as_str();
    let addresses: Vec<_> = lookup_host((host, uri.authority.port)).await?.collect();
    let stream = AsyncTcpStream::connect(&runtime, addresses).await?;
    let AsyncTcpStream::Plain(plain) = &stream else {
        unreachable!("nothing is encrypted yet")
    };
    let unfinished = Unfinished::of(plain.get_ref())?;
    let stream = match uri.scheme {
        AMQPScheme::AMQP => stream,
        AMQPScheme::AMQPS => stream.into_tls(host, TLSConfig::default()).await?,
    };
    let stream = Mutex::new(Some(stream));
    let hand_over = async move |_, _| {
        let stream = stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The driver would connect again where the peer hangs up early. When to do that is said elsewhere.
        stream.ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionAborted).into())
    };
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let connection = Connection::connector(uri, runtime, hand_over, properties).await?;
    unfinished.finish();
    Ok(connection)
}

/// The socket of a connection that is being opened. Dropping it ends that.
struct Unfinished(Option<TcpStream>);

impl Unfinished {
    fn of(socket: &tokio::net::TcpStream) -> io::Result<Self> {
        Ok(Self(Some(socket.as_fd().try_clone_to_owned()?.into())))
    }

    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(socket) = &self.0 {
            // Fails only where the peer has ended it before.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

/// What only a person can change.
fn refused(address: &Address, error: &lapin::Error) -> Option<Error> {
    let reason = match reply_code(error)? {
        ACCESS_REFUSED => "the broker refuses the user or the password: correct them in the URL",
        NOT_ALLOWED => "the broker has no such virtual host, or not for this user: correct the URL's path",
        _ => return None,
    };
    Some(Error::Unusable {
        queue: address.to_string(),
        reason: reason.into(),
    })
}
