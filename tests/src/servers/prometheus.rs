//! Prometheus out of `make deps-chart`: scrapes every second, evaluates rules as often, and is asked by promtool.
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{ports, process::Process};

const READY_WITHIN: Duration = Duration::from_mins(1);
const STARTS_MAX: usize = 3;

/// A running Prometheus that knows some targets and rules; killed when dropped.
pub struct Prometheus {
    // In the order of their end: the server, its files.
    _server: Process,
    _folder: TempDir,
    port: u16,
}

/// Somebody who tells metrics, and the labels that he gets.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where `/metrics` is.
    pub address: SocketAddr,
    /// What the monitors of the chart would set.
    pub component: &'static str,
}

pub(super) fn program() -> PathBuf {
    tool("prometheus")
}

fn tool(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the workspace")
        .join(".deps/chart/prometheus")
        .join(name)
}

impl Prometheus {
    /// Starts one; each rule file is its text.
    pub fn start(targets: &[Target], rules: &[String]) -> Result<Self> {
        let mut tried = Self::start_once(targets, rules);
        for _ in 1..STARTS_MAX {
            tried = tried.or_else(|_| Self::start_once(targets, rules));
        }
        tried.context("no Prometheus for this test")
    }

    fn start_once(targets: &[Target], rules: &[String]) -> Result<Self> {
        let folder = TempDir::with_prefix("minilab-prometheus-")?;
        let [port] = ports::free()?;
        for (number, rules) in rules.iter().enumerate() {
            fs::write(folder.path().join(format!("{number}.rules.yaml")), rules)?;
        }
        let config = folder.path().join("prometheus.yaml");
        fs::write(&config, document(targets).to_string())?;
        let mut command = Command::new(program());
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={}", address(port)))
            .arg("--log.level=warn");
        let mut server = Process::start("prometheus", &command, &folder.path().join("prometheus.log"))?;
        let ready = format!("http://{}/", address(port));
        server.wait_until(READY_WITHIN, || {
            TcpStream::connect(address(port)).is_ok() && asked(&["query", "instant", &ready, "1"]).is_ok()
        })?;
        Ok(Self {
            _server: server,
            _folder: folder,
            port,
        })
    }

    /// The series of an expression now: `[{ "metric": {...}, "value": [time, text] }]`.
    pub fn query(&self, expression: &str) -> Result<Vec<Value>> {
        let url = format!("http://{}/", address(self.port));
        let answer = asked(&["query", "instant", "--format=json", &url, expression])?;
        let series: Value = serde_json::from_str(&answer)?;
        series
            .as_array()
            .cloned()
            .context("an answer that is no list of series")
    }

    /// The same over the last so many seconds, a point for each `step`.
    pub fn query_range(&self, expression: &str, seconds: u64, step: u64) -> Result<Vec<Value>> {
        let url = format!("http://{}/", address(self.port));
        let end = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)?
            .as_secs();
        let (start, end) = (format!("--start={}", end - seconds), format!("--end={end}"));
        let step = format!("--step={step}s");
        let answer = asked(&[
            "query",
            "range",
            "--format=json",
            &start,
            &end,
            &step,
            &url,
            expression,
        ])?;
        let series: Value = serde_json::from_str(&answer)?;
        series
            .as_array()
            .cloned()
            .context("an answer that is no list of series")
    }
}

fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn document(targets: &[Target]) -> Value {
    let groups: Vec<_> = targets
        .iter()
        .map(|target| {
            json!({
                "targets": [target.address.to_string()],
                "labels": { "namespace": "media", "component": target.component, "lane_group": "all" },
            })
        })
        .collect();
    json!({
        "global": { "scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s" },
        "rule_files": ["*.rules.yaml"],
        "scrape_configs": [{ "job_name": "minilab", "static_configs": groups }],
    })
}

fn asked(arguments: &[&str]) -> Result<String> {
    let output = Command::new(tool("promtool")).args(arguments).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "promtool {}: {said}",
        arguments.join(" ")
    );
    Ok(String::from_utf8(output.stdout)?)
}
