//! moto: S3, SQS, SNS and EventBridge of AWS, in one process and in memory. Whoever asks may do everything.
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use super::{
    Answer, ports,
    process::Process,
    servers,
    signed::{self, Credentials},
};

/// It takes less than a second on an idle core; tests share them.
const READY_WITHIN: Duration = Duration::from_mins(1);
const CREDENTIALS: Credentials = Credentials {
    access_key: "minilab",
    secret_key: "minilab-secret",
};

/// A running account without anything in it, in region `us-east-1`; killed when dropped, and everything is gone.
pub struct Moto {
    // In the order of their end: the server, its files.
    server: Process,
    _folder: TempDir,
    port: u16,
}

pub(super) fn program() -> PathBuf {
    servers().join("moto/server")
}

impl Moto {
    /// A new and empty account that takes requests.
    pub fn start() -> Result<Self> {
        ports::start("moto", Self::start_once)
    }

    fn start_once() -> Result<Self> {
        let folder = TempDir::with_prefix("minilab-moto-")?;
        let [port] = ports::free()?;
        fs::create_dir(folder.path().join("bodies"))?;
        let server = command(folder.path(), port);
        let server = Process::start("moto", &server, &folder.path().join("moto.log"))?;
        let mut started = Self {
            server,
            _folder: folder,
            port,
        };
        let address = started.address();
        let is_ready =
            || signed::send(address, CREDENTIALS, ("GET", "/"), b"").is_ok_and(|answer| answer.status == 200);
        started.server.wait_until(READY_WITHIN, is_ready)?;
        Ok(started)
    }

    /// Where all services listen; for a proxy.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// `http://...` of all services.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Region of everything that [`Self::send`] makes.
    pub fn region(&self) -> &'static str {
        "us-east-1"
    }

    /// Of the account's owner; any other would do, too.
    pub fn access_key(&self) -> &'static str {
        CREDENTIALS.access_key
    }

    /// Of the account's owner; any other would do, too.
    pub fn secret_key(&self) -> &'static str {
        CREDENTIALS.secret_key
    }

    /// Makes an empty bucket.
    pub fn create_bucket(&self, name: &str) -> Result<()> {
        let answer = self.send("PUT", &format!("/{name}"), b"")?;
        ensure!(
            answer.status == 200,
            "bucket {name} is not made: {}, {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        Ok(())
    }

    /// Stops it where it is: connections stay open and nothing is answered, until [`Self::thaw`]. Killed, it would lose all.
    pub fn freeze(&self) -> Result<()> {
        self.server.signal(Signal::STOP).context("freeze")
    }

    /// Lets a frozen account go on.
    pub fn thaw(&self) -> Result<()> {
        self.server.signal(Signal::CONT).context("thaw")
    }

    /// One signed request to S3's `/bucket/key`, past any proxy.
    pub fn send(&self, method: &str, path: &str, body: &[u8]) -> Result<Answer> {
        signed::send(self.address(), CREDENTIALS, (method, path), body)
    }
}

fn command(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(program());
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        // Large bodies lie there.
        .env("TMPDIR", folder.join("bodies"))
        .env("PATH", "/usr/bin:/bin")
        // The installed packages are every test's.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    command
}
