//! Prometheus out of `make deps-chart`: scrapes every second and evaluates rules as often.
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{ports, process::Process};

const READY_WITHIN: Duration = Duration::from_mins(1);

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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("tests/ lies in the workspace")
        .join(".deps/chart/prometheus/prometheus")
}

impl Prometheus {
    /// Starts one; each rule file is its text.
    pub fn start(targets: &[Target], rules: &[String]) -> Result<Self> {
        ports::start("Prometheus", || Self::start_once(targets, rules))
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
        let is_ready = || asked(port, "query", &[("query", "1")]).is_ok();
        server.wait_until(READY_WITHIN, is_ready)?;
        Ok(Self {
            _server: server,
            _folder: folder,
            port,
        })
    }

    /// The series of an expression now: `[{ "metric": {...}, "value": [time, text] }]`.
    pub fn query(&self, expression: &str) -> Result<Vec<Value>> {
        asked(self.port, "query", &[("query", expression)])
    }

    /// The same over the last so many seconds, a point for each `step` of seconds, as `values`.
    pub fn query_range(&self, expression: &str, seconds: u64, step: u64) -> Result<Vec<Value>> {
        let end = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let [start, end, step] = [end - seconds, end, step].map(|number| number.to_string());
        let asking = [
            ("query", expression),
            ("start", &start),
            ("end", &end),
            ("step", &step),
        ];
        asked(self.port, "query_range", &asking)
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

/// HTTP/1.0, so that the answer comes in one piece and ends with the connection.
fn asked(port: u16, what: &str, parameters: &[(&str, &str)]) -> Result<Vec<Value>> {
    let parameters: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    let mut stream = TcpStream::connect(address(port))?;
    let path = format!("/api/v1/{what}?{}", parameters.join("&"));
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .context("an answer without a head")?;
    let body: Value = serde_json::from_str(body)?;
    ensure!(body["status"] == "success", "{what}: {body}");
    let series = body["data"]["result"].as_array();
    // A scalar is a time and a value.
    Ok(series.cloned().unwrap_or_default())
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
