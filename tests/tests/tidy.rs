//! The rules of the code base that no compiler checks: who may use whom, how long files are, which names are banned.
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

/// Internal dependencies that are allowed; anything else fails. `docs/ARCHITECTURE.md` explains the table.
const MAY_USE: &[(&str, &[&str])] = &[
    ("minilab-faces", &[]),
    ("minilab-failpoint", &[]),
    ("minilab-protos", &[]),
    ("minilab-recipe", &[]),
    ("minilab-inspect", &["minilab-recipe"]),
    ("minilab-queue", &[]),
    ("minilab-store", &["minilab-failpoint"]),
    ("minilab-text", &[]),
    (
        "minilab-imaging",
        &[
            "minilab-faces",
            "minilab-inspect",
            "minilab-recipe",
            "minilab-text",
        ],
    ),
    (
        "minilab-record",
        &[
            "minilab-failpoint",
            "minilab-protos",
            "minilab-recipe",
            "minilab-store",
        ],
    ),
    (
        "minilab-renderer",
        &["minilab-imaging", "minilab-recipe", "minilab-protos"],
    ),
    ("minilab-telemetry", &["minilab-queue", "minilab-store"]),
    (
        "minilab-notify",
        &[
            "minilab-protos",
            "minilab-queue",
            "minilab-recipe",
            "minilab-record",
            "minilab-store",
            "minilab-telemetry",
        ],
    ),
    (
        "minilab-scaling",
        &[
            "minilab-queue",
            "minilab-recipe",
            "minilab-record",
            "minilab-store",
        ],
    ),
    ("minilab-simulate", &[]),
    ("minilab-dispatcher", ROLE),
    (
        "minilab-worker",
        &[
            "minilab-failpoint",
            "minilab-inspect",
            "minilab-notify",
            "minilab-protos",
            "minilab-recipe",
            "minilab-record",
            "minilab-queue",
            "minilab-store",
            "minilab-telemetry",
        ],
    ),
    // The curves encode as the product does; the floor takes only where libvips lies, for what the product is measured
    // against must not be its own pixels.
    ("minilab-bench", &["minilab-imaging", "minilab-recipe"]),
    // Every reader of bytes from outside.
    (
        "minilab-fuzz",
        &[
            "minilab-dispatcher",
            "minilab-imaging",
            "minilab-inspect",
            "minilab-notify",
            "minilab-protos",
            "minilab-queue",
            "minilab-recipe",
            "minilab-record",
            "minilab-store",
            "minilab-telemetry",
            "minilab-worker",
        ],
    ),
    ("minilab", ANY),
    ("minilab-tests", ANY),
];
const ROLE: &[&str] = &[
    "minilab-failpoint",
    "minilab-notify",
    "minilab-protos",
    "minilab-recipe",
    "minilab-record",
    "minilab-queue",
    "minilab-scaling",
    "minilab-store",
    "minilab-telemetry",
];
/// Any but imaging and renderer, which are reached through the process.
const ANY: &[&str] = &[
    "minilab-notify",
    "minilab-protos",
    "minilab-recipe",
    "minilab-record",
    "minilab-queue",
    "minilab-scaling",
    "minilab-simulate",
    "minilab-store",
    "minilab-telemetry",
    "minilab-dispatcher",
    "minilab-worker",
];
/// External crates that only one crate may name.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("rs-vips", &["minilab-imaging", "minilab-bench"]),
    ("rusqlite", &["minilab-queue"]),
    ("lapin", &["minilab-queue"]),
    ("prometheus", &["minilab-telemetry"]),
    ("aws-sdk-s3", &["minilab-store"]),
    ("aws-sdk-sqs", &["minilab-queue"]),
    ("cosmic-text", &["minilab-text"]),
    ("clap", &["minilab"]),
    ("axum", &["minilab"]),
    ("tonic", &["minilab"]),
    ("anyhow", &["minilab", "minilab-bench", "minilab-tests"]),
];
/// The only places where `unsafe` may stand.
const UNSAFE_IN: &[&str] = &[
    "crates/imaging/src/vips",
    "crates/renderer/src/walls",
    "crates/renderer/src/process",
];
const LINES_MAX: usize = 600;
const BANNED_NAMES: &[&str] = &[
    "util",
    "utils",
    "common",
    "helper",
    "helpers",
    "manager",
    "handler",
    "processor",
    "misc",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the workspace")
        .to_owned()
}

/// Every file that git tracks or would track.
fn files() -> Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .context("git lists the files of the checkout")?;
    anyhow::ensure!(
        output.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let listed: Vec<_> = String::from_utf8(output.stdout)?
        .lines()
        .map(PathBuf::from)
        .collect();
    anyhow::ensure!(listed.len() > 50, "git lists only {} files", listed.len());
    Ok(listed
        .into_iter()
        .filter(|path| root().join(path).is_file())
        .collect())
}

fn rust_files() -> Result<Vec<(PathBuf, String)>> {
    files()?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .map(|path| {
            let text = fs::read_to_string(root().join(&path))?;
            Ok((path, text))
        })
        .collect()
}

/// Direct normal and build dependencies of every member; what only tests use is free.
fn dependencies() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()?;
    anyhow::ensure!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("packages")?;
    packages
        .iter()
        .map(|package| {
            let name = package["name"].as_str().context("name")?.to_owned();
            let used = package["dependencies"]
                .as_array()
                .context("dependencies")?
                .iter()
                .filter(|d| d["kind"].as_str() != Some("dev"))
                .filter_map(|d| d["name"].as_str().map(str::to_owned))
                .collect();
            Ok((name, used))
        })
        .collect()
}

fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn crates_use_only_what_the_table_allows() -> Result<()> {
    let table: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut complaints = Vec::new();
    let found = dependencies()?;
    for (name, used) in &found {
        let Some(allowed) = table.get(name.as_str()) else {
            complaints.push(format!("{name} is not in the dependency table"));
            continue;
        };
        for dependency in used.iter().filter(|d| found.contains_key(*d)) {
            if !allowed.contains(&dependency.as_str()) {
                complaints.push(format!("{name} may not use {dependency}"));
            }
        }
    }
    none(&complaints);
    Ok(())
}

#[test]
fn outside_things_are_known_to_one_crate_each() -> Result<()> {
    let mut complaints = Vec::new();
    for (name, used) in dependencies()? {
        for (crate_name, homes) in ONLY_IN {
            if used.contains(*crate_name) && !homes.contains(&name.as_str()) {
                complaints.push(format!(
                    "{name} uses {crate_name}, which belongs to {}",
                    homes.join(", ")
                ));
            }
        }
    }
    none(&complaints);
    Ok(())
}

#[test]
fn source_files_have_one_idea_and_say_it_first() -> Result<()> {
    let mut complaints = Vec::new();
    for (path, text) in rust_files()? {
        let lines = text.lines().count();
        if lines > LINES_MAX {
            complaints.push(format!(
                "{}: {lines} lines, more than {LINES_MAX}; split it by idea",
                path.display()
            ));
        }
        if !text.starts_with("//!") {
            complaints.push(format!(
                "{}: does not begin with `//!` and its idea",
                path.display()
            ));
        }
    }
    none(&complaints);
    Ok(())
}

#[test]
fn names_say_what_a_thing_is() -> Result<()> {
    let mut complaints = Vec::new();
    for path in files()? {
        let stem = path
            .file_stem()
            .and_then(|s| s.to_str())
            .unwrap_or_default()
            .to_lowercase();
        let folders = path
            .parent()
            .into_iter()
            .flat_map(Path::iter)
            .filter_map(|c| c.to_str());
        for name in folders.chain([stem.as_str()]) {
            if BANNED_NAMES.contains(&name) {
                complaints.push(format!("{}: `{name}` is no home for an idea", path.display()));
            }
        }
    }
    none(&complaints);
    Ok(())
}

#[test]
fn unsafe_stays_where_it_is_listed() -> Result<()> {
    let mut complaints = Vec::new();
    let (block, function) = (concat!("unsafe", " {"), concat!("unsafe", " fn"));
    for (path, text) in rust_files()? {
        let listed = UNSAFE_IN
            .iter()
            .any(|home| path.to_string_lossy().starts_with(home));
        let lines: Vec<_> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if !code.contains(block) && !code.contains(function) {
                continue;
            }
            if !listed {
                complaints.push(format!(
                    "{}:{}: unsafe outside the listed files",
                    path.display(),
                    index + 1
                ));
            }
            let before = &lines[index.saturating_sub(6)..index];
            if code.contains(block) && !before.iter().any(|l| l.contains("SAFETY")) {
                complaints.push(format!(
                    "{}:{}: no SAFETY comment above",
                    path.display(),
                    index + 1
                ));
            }
        }
    }
    none(&complaints);
    Ok(())
}

#[test]
fn promises_name_tests_that_exist() -> Result<()> {
    let promises = fs::read_to_string(root().join("docs/PROMISES.md"))?;
    let sources: String = rust_files()?.into_iter().map(|(_, text)| text).collect();
    let mut named = 0;
    let mut complaints = Vec::new();
    // A test is named as `file::function` or `function` in backquotes, with an underscore in it.
    for word in promises.split('`').skip(1).step_by(2) {
        let name = word.rsplit("::").next().unwrap_or(word);
        let is_test = name.contains('_')
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !is_test || name.starts_with("minilab_") {
            continue;
        }
        named += 1;
        if !sources.contains(&format!("fn {name}(")) {
            complaints.push(format!("docs/PROMISES.md names `{word}`, which is no test"));
        }
    }
    assert!(named >= 10, "docs/PROMISES.md names only {named} tests");
    none(&complaints);
    Ok(())
}

/// What a line does that fetches something from elsewhere.
const FETCHES: &[&str] = &[
    "curl ",
    "wget ",
    "urlopen(",
    "urlretrieve(",
    "npm install",
    "git clone",
];
/// Scripts that speak to our own server on this machine, and fetch nothing.
const SPEAK_TO_US: &[&str] = &["scripts/demo.py", "scripts/bench/parts.py"];

/// Debian's packages are checked by apt against signed lists, npm's and Cargo's by the hashes of their lock files.
#[test]
fn nothing_is_downloaded_without_a_hash() -> Result<()> {
    let mut complaints = Vec::new();
    let mut by_pip = 0;
    for path in files()? {
        let name = path.display().to_string();
        let is_script = name.starts_with("scripts/") || name.starts_with(".ci/") || name == "Makefile";
        if !is_script || SPEAK_TO_US.contains(&name.as_str()) {
            continue;
        }
        let Ok(text) = fs::read_to_string(root().join(&path)) else {
            continue;
        };
        let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        for (line, fetch) in code.flat_map(|line| FETCHES.iter().map(move |fetch| (line, fetch))) {
            if line.contains(fetch) {
                complaints.push(format!("{name}: `{}` checks no hash", line.trim()));
            }
        }
        let uses_pip = [
            "pip download",
            "pip install",
            "\"pip\", \"download\"",
            "\"pip\", \"install\"",
        ]
        .iter()
        .any(|call| {
            text.lines()
                .any(|line| line.contains(call) && !line.starts_with('`'))
        });
        if uses_pip {
            by_pip += 1;
            if !text.contains("--require-hashes") && !text.contains("sha256(") {
                complaints.push(format!(
                    "{name}: pip fetches something, and nothing looks at its hash"
                ));
            }
        }
    }
    assert!(by_pip >= 4, "only {by_pip} scripts fetch with pip");
    none(&complaints);
    Ok(())
}
