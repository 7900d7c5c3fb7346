//! A server's process group, which never outlives the test.
use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
const LOG_LINES_SHOWN: usize = 40;

/// A program that runs until it is killed or dropped.
pub(super) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts the program, whose output is appended to the log.
    pub(super) fn start(name: &'static str, program: &Command, log: &Path) -> Result<Self> {
        let output = OpenOptions::new().create(true).append(true).open(log)?;
        // The kernel kills it when the thread that started it ends, which the test's death brings about.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program.get_program())
            .args(program.get_args())
            .env_clear()
            .envs(
                program
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        if let Some(folder) = program.get_current_dir() {
            command.current_dir(folder);
        }
        let child = start_for_good(command).with_context(|| format!("start {name}"))?;
        let log = log.to_owned();
        Ok(Self { name, child, log })
    }

    /// Returns once the question is answered with yes; tells the log's end if the process ends before or takes too long.
    pub(super) fn wait_until(&mut self, within: Duration, mut is_ready: impl FnMut() -> bool) -> Result<()> {
        let started = Instant::now();
        while !is_ready() {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended ({status}); its log:\n{}", self.name, self.said());
            }
            if started.elapsed() > within {
                bail!(
                    "{} is not ready after {within:?}; its log:\n{}",
                    self.name,
                    self.said()
                );
            }
            thread::sleep(BETWEEN_LOOKS);
        }
        Ok(())
    }

    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process_group(Pid::from_child(&self.child), signal)?)
    }

    fn said(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }
}

impl Drop for Process {
    /// SIGKILL, and gone when this returns.
    fn drop(&mut self) {
        // A process that has ended already is what is wanted.
        let _ = self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Starts the command from a thread that lives as long as this process: the caller's may be one of a runtime that ends.
fn start_for_good(command: Command) -> Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static STARTER: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (sender, orders) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, started) in orders {
                // Who ordered it waits below.
                let _ = started.send(command.spawn());
            }
        });
        sender
    });
    let (sender, started) = mpsc::channel();
    starter.send((command, sender)).expect("the thread never ends");
    Ok(started.recv().expect("every order is answered")?)
}
