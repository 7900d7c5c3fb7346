//! The program as a process: started, stopped at a fail point, killed with what it started.
use std::{
    ffi::OsStr,
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command},
    time::{Duration, Instant},
};

use rustix::process::{Pid, WaitOptions, waitpid};

use crate::world::World;

const GONE_WITHIN: Duration = Duration::from_secs(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);
const ARGS: [&str; 11] = [
    "standalone",
    "--config",
    "minilab.yaml",
    "--listen",
    "127.0.0.1:0",
    "--slots",
    "2",
    "--log-format",
    "json",
    "--log-level",
    "info",
];

/// The program that Cargo built beside this test, in a world.
pub fn command(world: &World, args: &[impl AsRef<OsStr>]) -> Command {
    let test = std::env::current_exe().unwrap();
    let folder = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("target/PROFILE/deps");
    let program = folder.join("minilab");
    assert!(
        program.is_file(),
        "{} is not built: run `make build`",
        program.display()
    );
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(world.path(""))
        .env_remove("MINILAB_RENDERER");
    command
}

/// A running `minilab standalone`, which does not end by itself.
pub struct Standalone {
    child: Child,
    log: PathBuf,
}

impl Standalone {
    pub fn start(world: &World) -> Self {
        Self::spawn(world, command(world, &ARGS))
    }

    /// Waits until it is at the point for the given time; `None` if it became idle before.
    pub fn at(world: &World, point: &str, hit: u32) -> Option<Self> {
        let mut command = command(world, &ARGS);
        command
            .arg("--until-idle")
            .env("MINILAB_FAIL_POINT", format!("{point}:{hit}"));
        let running = Self::spawn(world, command);
        let (_, status) = waitpid(Some(running.pid()), WaitOptions::UNTRACED)
            .unwrap()
            .expect("it waits until something has happened");
        if status.stopped() {
            return Some(running);
        }
        assert_eq!(status.exit_status(), Some(0), "{}", running.said());
        None
    }

    /// Runs until nothing is left to do.
    pub fn settle(world: &World) {
        let mut command = command(world, &ARGS);
        command.arg("--until-idle");
        let mut running = Self::spawn(world, command);
        let status = running.child.wait().unwrap();
        assert!(status.success(), "{status}\n{}", running.said());
    }

    fn spawn(world: &World, mut command: Command) -> Self {
        let log = world.path("log");
        let (out, err) = (
            File::create(world.path("said")).unwrap(),
            File::create(&log).unwrap(),
        );
        let child = command.stdout(out).stderr(err).spawn().unwrap();
        Self { child, log }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Kills it alone; how many children it had, and how long the last of them outlived it.
    pub fn kill(mut self) -> Killed {
        let children = children(self.child.id());
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(
            status.code(),
            None,
            "it had ended before it was killed\n{}",
            self.said()
        );
        let killed = Instant::now();
        while children.iter().any(Process::is_alive) {
            assert!(
                killed.elapsed() <= GONE_WITHIN,
                "renderers outlive their worker: {children:?}"
            );
            std::thread::sleep(BETWEEN_LOOKS);
        }
        Killed {
            children: children.len(),
            outlived: killed.elapsed(),
        }
    }
}

pub struct Killed {
    pub children: usize,
    pub outlived: Duration,
}

/// A process number may come again, with its time of birth it does not.
#[derive(Debug)]
struct Process {
    pid: u32,
    born: String,
}

impl Process {
    fn of(pid: u32) -> Option<Self> {
        let (_, born) = stat(pid)?;
        Some(Self { pid, born })
    }

    /// A zombie is dead, whoever is slow to bury it.
    fn is_alive(&self) -> bool {
        stat(self.pid).is_some_and(|(state, born)| born == self.born && !"ZX".contains(&state))
    }
}

/// State and time of birth.
fn stat(pid: u32) -> Option<(String, String)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<_> = rest.split(' ').collect();
    Some((fields[0].to_owned(), fields[19].to_owned()))
}

/// Each thread lists the children that it started.
fn children(pid: u32) -> Vec<Process> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let listed = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
    let pids: Vec<u32> = listed
        .flat_map(|line| {
            line.split_whitespace()
                .map(|pid| pid.parse().unwrap())
                .collect::<Vec<_>>()
        })
        .collect();
    pids.into_iter().filter_map(Process::of).collect()
}
