//! A registry for images and charts out of `make deps-ship`: plain HTTP, in a temporary folder.
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::Result;
use tempfile::TempDir;

use super::{ports, process::Process};

const READY_WITHIN: Duration = Duration::from_mins(1);

/// A running registry; killed when dropped.
pub struct Registry {
    // In the order of their end: the server, its files.
    _server: Process,
    _folder: TempDir,
    address: SocketAddr,
}

pub(super) fn program() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("tests/ lies in the workspace")
        .join(".deps/ship/registry/docker-registry")
}

impl Registry {
    /// Starts one that is empty.
    pub fn start() -> Result<Self> {
        ports::start("registry", Self::start_once)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn start_once() -> Result<Self> {
        let folder = TempDir::with_prefix("minilab-registry-")?;
        let [port] = ports::free()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let config = folder.path().join("config.yaml");
        let storage = folder.path().join("content");
        fs::write(
            &config,
            format!(
                "version: 0.1\nlog: {{ level: warn }}\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\nhttp: {{ addr: \"{address}\" }}\n",
                storage.display()
            ),
        )?;
        let mut command = Command::new(program());
        command.arg("serve").arg(&config);
        let mut server = Process::start("registry", &command, &folder.path().join("registry.log"))?;
        server.wait_until(READY_WITHIN, || TcpStream::connect(address).is_ok())?;
        Ok(Self {
            _server: server,
            _folder: folder,
            address,
        })
    }
}
