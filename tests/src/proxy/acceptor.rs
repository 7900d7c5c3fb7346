//! A listener with a thread and runtime of its own, so that it serves tests of any runtime and of none.
use std::{
    net::{Ipv4Addr, SocketAddr},
    thread::{self, JoinHandle},
};

use anyhow::Result;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime,
    sync::oneshot,
};

/// Dropping it closes the listener and every connection.
pub(super) struct Acceptor {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Acceptor {
    pub(super) fn start<Served>(mut serve: impl FnMut(TcpStream) -> Served + Send + 'static) -> Result<Self>
    where
        Served: Future<Output = ()> + Send + 'static,
    {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let accept = async move {
            loop {
                // A connection that was gone before it was accepted is none.
                if let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream));
                }
            }
        };
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept => {}
                    _ = stopped => {}
                }
            });
        });
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It cannot have panicked where nobody saw it: tasks catch their own panics.
            let _ = thread.join();
        }
    }
}
