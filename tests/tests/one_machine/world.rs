//! A folder of one test, and the program run in it as a user runs it.
use std::{
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::memory;

const SETTLE: [&str; 12] = [
    "standalone",
    "--config",
    "minilab.yaml",
    "--listen",
    "127.0.0.1:0",
    "--until-idle",
    "--slots",
    "2",
    "--log-format",
    "json",
    "--log-level",
    "info",
];

/// A folder of one test.
pub struct World {
    folder: TempDir,
}

/// What a run came to.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
    /// See [`memory::peak_of_tree`].
    pub peak_bytes: u64,
}

impl World {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn configure(&self, recipes: &str) {
        self.write(
            "minilab.yaml",
            format!("version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\n{recipes}"),
        );
    }

    /// Makes everything that is to be made, with two renderers.
    pub fn settle(&self) -> Ran {
        self.run(&SETTLE)
    }

    /// The same, started by another program that becomes it.
    pub fn settle_through(&self, through: &[String]) -> Ran {
        let Some((starter, args)) = through.split_first() else {
            return self.settle();
        };
        let mut command = Command::new(starter);
        command.args(args).arg(program()).args(SETTLE);
        self.ran(command)
    }

    pub fn run(&self, args: &[impl AsRef<OsStr>]) -> Ran {
        let mut command = Command::new(program());
        command.args(args);
        self.ran(command)
    }

    fn ran(&self, mut command: Command) -> Ran {
        let (out, err) = (self.path(".stdout"), self.path(".stderr"));
        let mut child = command
            .current_dir(self.folder.path())
            .env_remove("MINILAB_RENDERER")
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .spawn()
            .unwrap();
        let (code, peak_bytes) = memory::peak_of_tree(&mut child);
        Ran {
            code,
            out: fs::read_to_string(out).unwrap(),
            err: fs::read_to_string(err).unwrap(),
            peak_bytes,
        }
    }
}

impl Ran {
    /// The values on stdout.
    pub fn values(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The log line of each job that ended.
    pub fn jobs(&self) -> Vec<Value> {
        self.err
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["job.id"].is_string())
            .collect()
    }

    /// The sum of a number over all jobs that ended.
    pub fn sum(&self, field: &str) -> u64 {
        self.jobs()
            .iter()
            .map(|job| job[field].as_u64().expect("each job's line has the number"))
            .sum()
    }
}

/// The program that Cargo built beside this test, with its renderer.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).expect("target/PROFILE/deps");
    for name in ["minilab", "minilab-renderer"] {
        let binary = folder.join(name);
        assert!(
            binary.is_file(),
            "{} is not built: run `make build`",
            binary.display()
        );
    }
    folder.join("minilab")
}
