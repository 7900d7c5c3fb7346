//! The program as a service that is asked how it is while its disk fills up and its permissions change.
use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::world::{World, program};

/// For what the program does in seconds; the pause between its own looks grows to half a minute.
const PATIENCE: Duration = Duration::from_secs(90);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// A running `minilab standalone`, which does not end by itself. Dropped, it is killed.
pub struct Running {
    child: Child,
    address: String,
    log: PathBuf,
}

impl Running {
    /// `through` is what starts the program, e.g. with fewer rights, and becomes it; empty: it is started as it is.
    pub fn start(world: &World, through: &[String]) -> Self {
        let (said, log) = (world.path(".said"), world.path(".log"));
        let own = program().into_os_string().into_string().unwrap();
        let mut words = through.iter().cloned().chain([own]);
        let mut command = Command::new(words.next().expect("the program at least"));
        command.args(words).args(["--json", "--log-format", "json"]);
        command.args([
            "standalone",
            "--config",
            "minilab.yaml",
            "--listen",
            "127.0.0.1:0",
        ]);
        command
            .current_dir(world.path(""))
            .env_remove("MINILAB_RENDERER")
            .stdout(File::create(&said).unwrap())
            .stderr(File::create(&log).unwrap());
        let mut running = Self {
            child: command.spawn().unwrap(),
            address: String::new(),
            log,
        };
        running.until("it listens", |_| {
            fs::read_to_string(&said).unwrap().ends_with('\n')
        });
        let told: Value = serde_json::from_str(&fs::read_to_string(said).unwrap()).unwrap();
        let url = told["listening"].as_str().unwrap();
        url.trim_start_matches("http://")
            .trim_end_matches('/')
            .clone_into(&mut running.address);
        running
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Status and body of `/readyz`.
    pub fn readiness(&self) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET /readyz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// Returns when it is so; fails the test if the program ends before, or it takes too long.
    pub fn until(&mut self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let begun = Instant::now();
        while !is_so(self) {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < PATIENCE,
                "not so: {what} (ended: {ended:?})\n{}",
                self.said()
            );
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }

    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What makes the program obey the modes of files: nothing for a user, the loss of its capabilities for root.
pub fn bound() -> Vec<String> {
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        words("setpriv --bounding-set=-all --inh-caps=-all --")
    } else {
        Vec::new()
    }
}

/// What gives the program a disk of its own, of the given size, in place of a folder. `None`, said aloud: this machine does
/// not allow it.
pub fn on_disk(folder: &Path, size: &str) -> Option<Vec<String>> {
    let mut through = words("unshare --user --map-root-user --mount -- sh -ec");
    let mount = format!("mount -t tmpfs -o size={size} tmpfs \"$0\"");
    through.push(format!("{mount} && exec \"$@\""));
    through.push(folder.to_str().unwrap().to_owned());
    let (command, args) = through.split_first().expect("it has words");
    let tried = Command::new(command).args(args).arg("true").output().unwrap();
    if tried.status.success() {
        return Some(through);
    }
    let why = String::from_utf8_lossy(&tried.stderr);
    eprintln!("skipped: a disk of its own cannot be mounted here: {why}");
    None
}

/// Another size for the disk that a process sees in place of a folder.
pub fn resize_disk(pid: u32, folder: &Path, size: &str) {
    let mut words = words("nsenter --user --mount --preserve-credentials");
    words.extend(["--target".into(), pid.to_string(), "mount".into()]);
    words.extend(["-o".into(), format!("remount,size={size}")]);
    let (command, args) = words.split_first().expect("it has words");
    let done = Command::new(command).args(args).arg(folder).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}
