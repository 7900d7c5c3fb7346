//! One renderer process as the pool sees it: started, asked, ended, and its end told apart by how it died.
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use minilab_protos::renderer::{Close, EXIT_NO_SANDBOX, EXIT_OUT_OF_MEMORY, Request, reply, request};
use tokio::time::{Instant, timeout, timeout_at};

use super::deadline::Deadline;
use super::link::{Link, LinkError};
use super::spawner::Spawner;
use super::stderr::StderrTail;
use super::{Gap, PoolConfig, build, gaps, process};
use crate::renderer::{CrashKind, Priority, RenderError};

/// How long a renderer whose socket is closed may take to be dead.
const DEATH_DEADLINE: Duration = Duration::from_secs(1);

/// A warm renderer.
#[derive(Debug)]
pub(super) struct Child {
    process: tokio::process::Child,
    link: Link,
    stderr: StderrTail,
    /// `libvips 8.18.7 (...)`, as it said.
    pub(super) engine: String,
    /// Walls that it does without, as it said.
    pub(super) gaps: Vec<Gap>,
    pub(super) started: Instant,
    /// Originals that it has been given.
    pub(super) jobs: u32,
    /// Of which kind it was started.
    pub(super) priority: Priority,
    /// Whose originals it works on, where it works on nobody else's; `None`: nobody's yet, or everybody's.
    pub(super) owner: Option<String>,
    /// Does it take only the CPU time that nothing else wants?
    in_background: bool,
    /// CPU time that was asked for already.
    cpu_told: Duration,
}

/// Why a renderer is of no more use.
#[derive(Debug)]
pub(super) enum Loss {
    /// Its time is over.
    Deadline,
    /// It is gone or going.
    Closed,
    /// It said what it must not say.
    Protocol,
    /// The machine refuses; nothing is known about the renderer.
    Machine(String),
}

impl From<LinkError> for Loss {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Closed => Self::Closed,
            LinkError::Garbage => Self::Protocol,
            LinkError::TooLong(_) | LinkError::Io(_) => Self::Machine(error.to_string()),
        }
    }
}

impl Child {
    /// Starts one and waits until it is warm.
    pub(super) async fn start(
        config: &PoolConfig,
        spawner: &Spawner,
        priority: Priority,
    ) -> Result<Self, RenderError> {
        let (link, far) = Link::pair().map_err(|cause| unavailable(format!("no socket pair: {cause}")))?;
        let path = config.renderer.display();
        let mut process = spawner
            .spawn(command(config, far, priority))
            .await
            .map_err(|cause| {
                unavailable(format!(
                    "cannot start {path}: {cause}; is it installed beside minilab?"
                ))
            })?;
        let stderr = StderrTail::follow(process.stderr.take().expect("it was asked to be piped"));
        let started = Instant::now();
        let mut child = Self {
            process,
            link,
            stderr,
            engine: String::new(),
            gaps: Vec::new(),
            started,
            jobs: 0,
            priority,
            owner: None,
            in_background: priority == Priority::Background,
            cpu_told: Duration::ZERO,
        };
        let deadline = Deadline::after(config.start_deadline);
        match child.answer(deadline).await {
            Ok(reply::Body::Hello(hello)) if hello.build_id == build::ID => {
                child.gaps = gaps::read(&hello.gaps);
                child.engine = hello.engine;
                Ok(child)
            }
            Ok(reply::Body::Hello(hello)) => Err(unavailable(format!(
                "{path} is of another build ({}, where {} is needed): install both binaries together",
                printable(&hello.build_id, 64),
                build::ID,
            ))),
            Ok(_) => Err(unavailable(format!(
                "{path} does not speak the renderer protocol"
            ))),
            Err(loss) => {
                let (how, stderr) = child.end(&loss).await;
                if how == CrashKind::Exit(EXIT_NO_SANDBOX) {
                    return Err(RenderError::Unwalled { said: stderr });
                }
                Err(unavailable(format!(
                    "{path} did not start: {how}; it said: {stderr}"
                )))
            }
        }
    }

    /// When an answer is too late that takes so much time where nothing else wants the CPU.
    pub(super) fn deadline(&self, allowed: Duration) -> Deadline {
        if self.in_background {
            Deadline::after_cpu(allowed, self.pid())
        } else {
            Deadline::after(allowed)
        }
    }

    /// It is about to be told to step back.
    pub(super) fn steps_back(&mut self) {
        self.in_background = true;
    }

    /// Sends a request with its descriptors.
    pub(super) async fn ask(
        &mut self,
        body: request::Body,
        descriptors: &[OwnedFd],
        deadline: Deadline,
    ) -> Result<(), Loss> {
        let borrowed: Vec<BorrowedFd<'_>> = descriptors.iter().map(|descriptor| descriptor.as_fd()).collect();
        let request = Request { body: Some(body) };
        let sent = timeout_at(deadline.wall(), self.link.send(&request, &borrowed)).await;
        Ok(sent.map_err(|_| Loss::Deadline)??)
    }

    /// Waits for the next reply.
    pub(super) async fn answer(&mut self, mut deadline: Deadline) -> Result<reply::Body, Loss> {
        loop {
            match timeout_at(deadline.wall(), self.link.receive()).await {
                Ok(received) => return received?.body.ok_or(Loss::Protocol),
                Err(_) if deadline.is_over() => return Err(Loss::Deadline),
                Err(_) => {}
            }
        }
    }

    /// Has it forget its original.
    pub(super) async fn close(&mut self, deadline: Deadline) -> Result<(), Loss> {
        self.ask(request::Body::Close(Close {}), &[], deadline).await?;
        match self.answer(deadline).await? {
            reply::Body::Closed(_) => Ok(()),
            _ => Err(Loss::Protocol),
        }
    }

    /// How much memory it holds, by the kernel's word.
    pub(super) fn resident_bytes(&self) -> u64 {
        self.pid().map_or(0, process::resident_bytes)
    }

    /// Did nothing end it while it waited for work?
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// The process, for logs and tests.
    pub(super) fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    /// CPU time that it has used since it was last asked; at first with its start. The kernel rounds down, which evens out.
    pub(super) fn cpu(&mut self) -> Duration {
        let used = self.pid().and_then(process::used).unwrap_or(self.cpu_told);
        let fresh = used.saturating_sub(self.cpu_told);
        self.cpu_told = used;
        fresh
    }

    /// Kills it, reaps it, and tells how it was lost and what it said last.
    pub(super) async fn end(mut self, loss: &Loss) -> (CrashKind, String) {
        let died = match loss {
            // Its socket closes a moment before its status is known.
            Loss::Closed => timeout(DEATH_DEADLINE, self.process.wait())
                .await
                .ok()
                .and_then(Result::ok),
            _ => None,
        };
        // Reaps; killing what is dead already does nothing.
        let _ = self.process.kill().await;
        let how = match (loss, died) {
            (Loss::Deadline, _) => CrashKind::Deadline,
            (Loss::Closed, Some(status)) => how_it_died(status),
            (Loss::Closed | Loss::Protocol | Loss::Machine(_), _) => CrashKind::Protocol,
        };
        (how, self.stderr.finish().await)
    }

    /// Ends one that has nothing to do.
    pub(super) async fn retire(mut self) {
        let _ = self.process.kill().await;
    }
}

/// Nothing of this process reaches the renderer but one socket, as its standard input.
fn command(config: &PoolConfig, socket: OwnedFd, priority: Priority) -> Command {
    let mut command = Command::new(&config.renderer);
    command
        .arg(format!("--address-space-bytes={}", config.address_space_bytes))
        .arg(format!("--file-bytes-max={}", config.file_bytes_max))
        .arg(format!("--sandbox={}", config.sandbox.name()))
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(socket))
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    if priority == Priority::Background {
        command.arg("--background");
    }
    command
}

/// By status alone. A SIGKILL that is not ours comes from the kernel when memory is out, or from an operator who has
/// his reasons.
fn how_it_died(status: ExitStatus) -> CrashKind {
    match (status.code(), status.signal()) {
        (Some(EXIT_OUT_OF_MEMORY), _) | (None, Some(SIGKILL)) => CrashKind::Memory,
        (Some(code), _) => CrashKind::Exit(code),
        (None, signal) => CrashKind::Signal(signal.unwrap_or_default()),
    }
}

const SIGKILL: i32 = rustix::process::Signal::KILL.as_raw();

fn unavailable(reason: String) -> RenderError {
    RenderError::Unavailable { reason }
}

/// Text of a renderer, cut to `length_max` characters and without control characters.
pub(super) fn printable(text: &str, length_max: usize) -> String {
    text.chars()
        .take(length_max)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn death_is_told_by_status_alone() {
        let exited = |code: i32| how_it_died(ExitStatus::from_raw(code << 8));
        assert_eq!(exited(101), CrashKind::Exit(101));
        assert_eq!(exited(EXIT_OUT_OF_MEMORY), CrashKind::Memory);
        assert_eq!(how_it_died(ExitStatus::from_raw(11)), CrashKind::Signal(11));
        assert_eq!(how_it_died(ExitStatus::from_raw(9)), CrashKind::Memory);
    }

    #[test]
    fn renderer_text_is_cut_and_cleaned() {
        assert_eq!(printable("ab\u{1b}[31mc", 6), "ab\u{fffd}[31");
    }
}
