//! SeaweedFS: master, volume server, filer and S3 gateway in one process.
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

/// It takes 3 s on two idle cores; tests share them.
const READY_WITHIN: Duration = Duration::from_secs(90);
/// More than the filer would keep beside a file's name.
const READY_BYTES: usize = 4096;
const CREDENTIALS: Credentials = Credentials {
    access_key: "minilab",
    secret_key: "minilab-canary-2e90",
};

/// More keys of the same user, with the same secret: a proxy that tells roles apart sees whose request it is.
const ROLE_KEYS: [&str; 3] = ["dispatcher", "worker", "operator"];

/// A running store with one user who may do everything; killed when dropped.
pub struct SeaweedFs {
    server: Option<Process>,
    folder: TempDir,
    ports: Ports,
}

/// Every part listens twice, for HTTP and for gRPC.
#[derive(Clone, Copy)]
struct Ports {
    master: [u16; 2],
    volume: [u16; 2],
    filer: [u16; 2],
    s3: [u16; 2],
}

pub(super) fn program() -> PathBuf {
    servers().join("seaweedfs/weed")
}

impl SeaweedFs {
    /// A new and empty store that accepts reads and writes.
    pub fn start() -> Result<Self> {
        ports::start("SeaweedFS", Self::start_once)
    }

    fn start_once() -> Result<Self> {
        let folder = TempDir::with_prefix("minilab-seaweedfs-")?;
        let free: [u16; 8] = ports::free()?;
        let ports = Ports {
            master: [free[0], free[1]],
            volume: [free[2], free[3]],
            filer: [free[4], free[5]],
            s3: [free[6], free[7]],
        };
        fs::create_dir(folder.path().join("data"))?;
        fs::write(folder.path().join("s3.json"), user())?;
        let mut started = Self {
            server: None,
            folder,
            ports,
        };
        started.restart()?;
        Ok(started)
    }

    /// Where the S3 gateway listens; for a proxy.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.s3[0]).into()
    }

    /// `http://...` of the S3 gateway itself.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Of the user who may do everything.
    pub fn access_key(&self) -> &'static str {
        CREDENTIALS.access_key
    }

    /// More keys of the same user, one for each role of a fleet.
    pub fn role_keys(&self) -> [&'static str; 3] {
        ROLE_KEYS
    }

    /// Of the user who may do everything, with whichever key.
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

    /// One signed request to `/bucket/key`, past any proxy.
    pub fn send(&self, method: &str, path: &str, body: &[u8]) -> Result<Answer> {
        signed::send(self.address(), CREDENTIALS, (method, path), body)
    }

    /// SIGKILL; what it had answered is in the page cache or on disk.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Kills it if it runs and starts it again, with the same ports and data.
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        let weed = command(self.folder.path(), self.ports);
        let log = self.folder.path().join("weed.log");
        let mut server = Process::start("SeaweedFS", &weed, &log)?;
        server.wait_until(READY_WITHIN, || self.is_ready().unwrap_or(false))?;
        self.server = Some(server);
        Ok(())
    }

    /// Stops it where it is: connections stay open and nothing is answered, until [`Self::thaw`].
    pub fn freeze(&self) -> Result<()> {
        self.running()?.signal(Signal::STOP).context("freeze")
    }

    /// Lets a frozen store go on.
    pub fn thaw(&self) -> Result<()> {
        self.running()?.signal(Signal::CONT).context("thaw")
    }

    fn running(&self) -> Result<&Process> {
        self.server.as_ref().context("the store has been killed")
    }

    /// The gateway knows its user, and a file can be written: the gateway listens before there is a volume to write to.
    fn is_ready(&self) -> Result<bool> {
        let filer = (Ipv4Addr::LOCALHOST, self.ports.filer[0]).into();
        let head = format!(
            "PUT /ready HTTP/1.0\r\nhost:{filer}\r\ncontent-type:application/octet-stream\r\ncontent-length:{READY_BYTES}\r\n\r\n"
        );
        let written = signed::exchange(filer, head.as_bytes(), &[0; READY_BYTES])?;
        Ok(written.status == 201 && self.send("GET", "/", b"")?.status == 200)
    }
}

impl Drop for SeaweedFs {
    fn drop(&mut self) {
        self.kill();
        // It puts these sockets there wherever its files are, and a killed one leaves them.
        for (part, [_, grpc]) in [
            ("master", self.ports.master),
            ("volume", self.ports.volume),
            ("filer", self.ports.filer),
            ("s3", self.ports.s3),
        ] {
            let _ = fs::remove_file(format!("/tmp/seaweedfs-{part}-grpc-{grpc}.sock"));
        }
    }
}

fn user() -> String {
    let secret = CREDENTIALS.secret_key;
    let keys = [CREDENTIALS.access_key].into_iter().chain(ROLE_KEYS);
    let keys: Vec<_> = keys
        .map(|key| format!(r#"{{"accessKey":"{key}","secretKey":"{secret}"}}"#))
        .collect();
    format!(
        r#"{{"identities":[{{"name":"minilab","actions":["Admin","Read","Write","List","Tagging"],
        "credentials":[{}]}}]}}"#,
        keys.join(",")
    )
}

fn command(folder: &Path, ports: Ports) -> Command {
    let mut command = Command::new(program());
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env("PATH", "/usr/bin:/bin")
        .args(["server", "-dir=data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"])
        .args(["-filer", "-filer.localSocket=filer.sock"])
        .args(["-s3", "-s3.config=s3.json", "-s3.localSocket=s3.sock"])
        .args(["-s3.port.iceberg=0", "-s3.port.lance=0"])
        // A bucket takes seven volumes, and they grow from nothing.
        .args(["-volume.max=2000", "-master.volumeSizeLimitMB=64"])
        .args(["-volume.minFreeSpace=1MiB", "-master.telemetry=false"])
        // The only master knows all from its only volume server: with a log of elections it would wait 15 s for votes.
        .args(["-master.resumeState=false", "-master.electionTimeout=1s"]);
    for (part, [http, grpc]) in [
        ("master", ports.master),
        ("volume", ports.volume),
        ("filer", ports.filer),
        ("s3", ports.s3),
    ] {
        command.arg(format!("-{part}.port={http}"));
        command.arg(format!("-{part}.port.grpc={grpc}"));
    }
    command
}
