//! The programs that check the chart, as `make deps-chart` puts them under .deps/chart, and how they are run.
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Both majors that the chart supports.
pub const HELMS: [&str; 2] = ["helm3", "helm4"];
/// The oldest Kubernetes that the chart takes, and the newest whose schemas are known.
pub const KUBERNETES: [&str; 2] = ["1.29", "1.37"];

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    pub ok: bool,
    pub stdout: String,
    /// All that it said.
    pub said: String,
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A file of the chart.
pub fn chart(name: &str) -> PathBuf {
    root().join("helm").join(name)
}

/// Whether the tools are here; where CI runs they must be.
pub fn are_here() -> bool {
    let needed = [
        "helm3/helm",
        "helm4/helm",
        "prometheus/promtool",
        "checkers/python",
    ];
    let Some(missing) = needed.into_iter().map(tool).find(|path| !path.is_file()) else {
        return true;
    };
    let why = format!("{} is missing; run `make deps-chart`", missing.display());
    assert!(!in_ci(), "{why}");
    println!("skipped: {why}");
    false
}

fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|ci| ci == "true")
}

fn tool(name: &str) -> PathBuf {
    root().join(".deps/chart").join(name)
}

pub fn helm(major: &str) -> Command {
    let mut command = Command::new(tool(major).join("helm"));
    // Neither plug-ins nor repositories of whoever runs the tests.
    let own = std::env::temp_dir().join("minilab-chart-tests");
    for (variable, folder) in [
        ("HELM_CONFIG_HOME", "config"),
        ("HELM_CACHE_HOME", "cache"),
        ("HELM_DATA_HOME", "data"),
    ] {
        command.env(variable, own.join(folder));
    }
    command
}

pub fn promtool() -> Command {
    Command::new(tool("prometheus/promtool"))
}

/// Python with the packages of .deps/chart/checkers.
pub fn python() -> Command {
    Command::new(tool("checkers/python"))
}

pub fn checker(name: &str) -> Command {
    Command::new(tool("checkers").join(name))
}

/// Runs it to its end.
pub fn run(command: &mut Command) -> Ended {
    run_with(command, "")
}

/// The same, with something to read.
pub fn run_with(command: &mut Command, input: &str) -> Ended {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writing = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    // A program that has heard enough closes its end.
    let _ = writing.join();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = format!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
    Ended {
        ok: output.status.success(),
        stdout,
        said,
    }
}

/// Names of the files of a folder with this ending.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{} has no {ending}", folder.display());
    found
}
