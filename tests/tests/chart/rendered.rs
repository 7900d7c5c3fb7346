//! What Helm makes of a file of values: objects, as data.
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::tools::{Ended, chart, files, helm, python, root, run, run_with};

const NAMESPACE: &str = "media";

/// Every file of values that the chart comes with.
pub fn values() -> Vec<PathBuf> {
    let mut all = files(&chart("ci"), "-values.yaml");
    all.extend(files(&chart("examples"), ".yaml"));
    all
}

/// Documents of YAML as data.
pub fn parse(yaml: &str) -> Vec<Value> {
    let script = root().join("tests/tests/chart/as_json.py");
    let read = run_with(python().arg(script), yaml);
    assert!(read.ok, "{}", read.said);
    serde_json::from_str(&read.stdout).unwrap()
}

/// `helm template` for a cluster that knows KEDA and the operator of Prometheus.
pub fn template(major: &str, values: &Path, more: &[&str]) -> Ended {
    let known = [
        "--api-versions",
        "keda.sh/v1alpha1",
        "--api-versions",
        "monitoring.coreos.com/v1",
    ];
    run(helm(major)
        .args(["template", "release", "--namespace", NAMESPACE])
        .arg(chart(""))
        .arg("--values")
        .arg(values)
        .args(known)
        .args(more))
}

/// Its objects.
pub fn objects(major: &str, values: &Path, more: &[&str]) -> Vec<Value> {
    let rendered = template(major, values, more);
    assert!(rendered.ok, "{}: {}", values.display(), rendered.said);
    let objects = parse(&rendered.stdout);
    assert!(objects.len() > 5, "{} makes nothing", values.display());
    objects
}

/// Kind and name, for people.
pub fn name(object: &Value) -> String {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or("?");
    format!("{} {}", text("/kind"), text("/metadata/name"))
}

/// Pods that an object makes: their metadata and specification.
pub fn pod(object: &Value) -> Option<&Value> {
    match object["kind"].as_str()? {
        "Deployment" | "Job" => object.pointer("/spec/template"),
        "CronJob" => object.pointer("/spec/jobTemplate/spec/template"),
        "Pod" => Some(object),
        _ => None,
    }
}

/// All containers of a pod, those that prepare it included.
pub fn containers(pod: &Value) -> Vec<&Value> {
    ["initContainers", "containers"]
        .into_iter()
        .filter_map(|kind| pod["spec"][kind].as_array())
        .flatten()
        .collect()
}
