//! One thread that starts all renderers of a pool.
//!
//! A renderer asks the kernel to die with its parent, and for the kernel that is the *thread* that started it. Threads of
//! a runtime come and go; this one lives exactly as long as the pool, so its end takes every renderer along.
use std::io;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use tokio::process::Child;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

type Request = (Command, oneshot::Sender<io::Result<Child>>);

/// The thread. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Spawner {
    requests: mpsc::Sender<Request>,
}

impl Spawner {
    /// Starts the thread; its children belong to the runtime of the caller.
    pub(super) fn start() -> io::Result<Self> {
        let (requests, inbox) = mpsc::channel::<Request>();
        let runtime = Handle::current();
        thread::Builder::new()
            .name("renderer-spawn".to_owned())
            .spawn(move || {
                let _entered = runtime.enter();
                for (command, reply) in inbox {
                    let mut command = tokio::process::Command::from(command);
                    // If nobody waits any more, dropping the child kills it.
                    let _ = reply.send(command.kill_on_drop(true).spawn());
                }
            })?;
        Ok(Self { requests })
    }

    /// Starts one child.
    pub(super) async fn spawn(&self, command: Command) -> io::Result<Child> {
        let (reply, answer) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts renderers is gone");
        self.requests.send((command, reply)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}
