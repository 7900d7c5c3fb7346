//! ministack: another emulator of AWS, in one process and in memory, for where emulators differ. Whoever asks may do everything.
use std::{
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::Result;
use tempfile::TempDir;

use super::{ports, process::Process, servers};

const READY_WITHIN: Duration = Duration::from_mins(1);
/// As moto has it.
const ACCOUNT: &str = "123456789012";

/// A running account without anything in it, in region `us-east-1`; killed when dropped, and everything is gone.
pub struct Ministack {
    // In the order of their end: the server, its files.
    _server: Process,
    _folder: TempDir,
    port: u16,
}

pub(super) fn program() -> PathBuf {
    servers().join("ministack/server")
}

impl Ministack {
    /// A new and empty account that takes requests.
    pub fn start() -> Result<Self> {
        ports::start("ministack", Self::start_once)
    }

    fn start_once() -> Result<Self> {
        let folder = TempDir::with_prefix("minilab-ministack-")?;
        let [port] = ports::free()?;
        let server = command(folder.path(), port);
        let mut server = Process::start("ministack", &server, &folder.path().join("ministack.log"))?;
        let address: SocketAddr = (Ipv4Addr::LOCALHOST, port).into();
        server.wait_until(READY_WITHIN, || TcpStream::connect(address).is_ok())?;
        Ok(Self {
            _server: server,
            _folder: folder,
            port,
        })
    }

    /// Where all services listen, and nowhere else.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// `http://...` of all services.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address())
    }
}

/// It listens for the whole network unless it is told not to; what `make deps-test` has made of it ends where it does.
fn command(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(program());
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env("PATH", "/usr/bin:/bin")
        // The installed packages are every test's.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("BIND_HOST", Ipv4Addr::LOCALHOST.to_string())
        .env("GATEWAY_PORT", port.to_string())
        .env("MINISTACK_HOST", Ipv4Addr::LOCALHOST.to_string())
        .env("MINISTACK_ACCOUNT_ID", ACCOUNT)
        .env("SERVICES", "s3,sqs,sns,events")
        // MQTT, whose place cannot be told.
        .env("IOT_MTLS_ENABLED", "0");
    command
}
