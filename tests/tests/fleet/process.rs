//! Roles as processes: started, frozen, killed, ended, and asked how they are.
use std::{
    fs::{self, File, OpenOptions},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::http::{self, Answer};

/// A role is up, or has ended, long before.
const PATIENCE: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// The program that Cargo built beside this test.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).expect("target/PROFILE/deps");
    let program = folder.join("minilab");
    assert!(
        program.is_file(),
        "{} is not built: run `make build`",
        program.display()
    );
    program
}

/// How one role is started, again and again.
#[derive(Debug, Clone)]
pub struct Role {
    /// Names its log.
    pub name: String,
    pub program: PathBuf,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    pub folder: PathBuf,
    /// Where it tells how it is.
    pub admin: SocketAddr,
}

impl Role {
    /// Starts it; what it logs is added to what earlier processes of it logged.
    pub fn start(&self) -> Process {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        let child = Command::new(&self.program)
            .args(&self.args)
            .args([
                "--listen",
                &self.admin.to_string(),
                "--log-format",
                "json",
                "--log-level",
                "info",
            ])
            .envs(self.env.iter().cloned())
            .env_remove("MINILAB_RENDERER")
            .current_dir(&self.folder)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Process {
            child,
            role: self.clone(),
        }
    }

    pub fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    /// Every line it logged that is JSON.
    pub fn logged(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// What a person would look at first.
    pub fn last_words(&self) -> String {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = &lines[lines.len().saturating_sub(15)..];
        format!("{}:\n{}", self.name, last.join("\n"))
    }
}

/// A role that runs. Dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    role: Role,
}

impl Process {
    pub fn role(&self) -> &Role {
        &self.role
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// SIGKILL, without a word.
    pub fn kill(mut self) {
        self.end();
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGTERM, and its exit once it has drained.
    pub async fn terminate(mut self, within: Duration) -> Result<(ExitStatus, Duration)> {
        self.signal(Signal::TERM);
        self.ended(within).await
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self, within: Duration) -> Result<(ExitStatus, Duration)> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok((status, begun.elapsed()));
            }
            ensure!(
                begun.elapsed() < within,
                "it has not ended within {within:?}\n{}",
                self.role.last_words()
            );
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Asks its admin listener.
    pub async fn ask(&self, path: &str) -> Result<Answer> {
        http::get(self.role.admin, path).await
    }

    /// Waits until it takes work.
    pub async fn ready(&mut self) {
        self.until("ready", |answer| answer.status == 200).await;
    }

    /// Waits until `/readyz` answers so.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let begun = Instant::now();
        loop {
            assert!(self.is_running(), "it has ended\n{}", self.role.last_words());
            let last = self.ask("/readyz").await;
            match last {
                Ok(answer) if wanted(&answer) => return answer,
                last => assert!(
                    begun.elapsed() < PATIENCE,
                    "{} is not {what} within {PATIENCE:?}: {last:?}\n{}",
                    self.role.name,
                    self.role.last_words()
                ),
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// The sum of a metric over those of its series that contain `labels`.
    pub async fn metric(&self, name: &str, labels: &str) -> f64 {
        let text = self.ask("/metrics").await.unwrap().body;
        let series = text.lines().filter(|line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' '])) && line.contains(labels)
        });
        series
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    fn end(&mut self) {
        // It may have ended by itself; the wait below tells no less.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs a command to its end.
pub fn run(folder: &Path, env: &[(String, String)], args: &[&str]) -> Result<String> {
    let out = File::create(folder.join("command.out"))?;
    let err = File::create(folder.join("command.err"))?;
    let status = Command::new(program())
        .args(args)
        .envs(env.iter().cloned())
        .env_remove("MINILAB_RENDERER")
        .current_dir(folder)
        .stdout(out)
        .stderr(err)
        .status()?;
    ensure!(
        status.success(),
        "minilab {}: {status}\n{}",
        args.join(" "),
        fs::read_to_string(folder.join("command.err"))?
    );
    Ok(fs::read_to_string(folder.join("command.out"))?)
}
