//! What Helm tells after an installation: what runs, how it is scaled, what to ask next, and what is not as it should be.
use super::tools::{HELMS, are_here, chart, helm, run};

/// As Helm 4 prints them: Helm 3 does so only where there is a cluster.
fn notes(example: &str, more: &[&str]) -> String {
    let answer = run(helm(HELMS[1])
        .args([
            "install",
            "media",
            "--namespace",
            "shop",
            "--dry-run=client",
            "--set",
            "skipCrdCheck=true",
        ])
        .arg(chart(""))
        .arg("--values")
        .arg(chart(&format!("examples/{example}.yaml")))
        .args(more)
        // No cluster is asked, whatever this machine knows of one.
        .env("KUBECONFIG", "/nonexistent"));
    assert!(answer.ok, "{}", answer.said);
    let (_, notes) = answer.stdout.split_once("NOTES:\n").unwrap();
    notes.to_owned()
}

#[test]
fn notes_tell_image_groups_autoscalers_and_the_next_command() {
    if !are_here() {
        return;
    }
    let notes = notes("multi-lane", &["--set", "dashboards.enabled=true"]);
    for line in [
        "minilab:0.1.0",
        "fast           fast                       2     2-40 KEDA: 16 messages a pod",
        "standard       standard                   2     1-200 KEDA: 48 messages a pod, 48 s of work a pod",
        "helm test media --namespace shop --logs",
        "minilab iam-policy --role",
        "minilab-overview",
    ] {
        assert!(notes.contains(line), "{line:?} is not there: {notes}");
    }
    assert!(!notes.contains("WARNING"), "{notes}");
}

#[test]
fn notes_warn_of_what_does_not_follow_work_and_of_what_is_not_activated() {
    if !are_here() {
        return;
    }
    let cpu = notes("hpa-only", &["--set", "activation.enabled=false"]);
    assert!(
        cpu.contains("WARNING: the group all is scaled by CPU alone"),
        "{cpu}"
    );
    assert!(cpu.contains("WARNING: activation.enabled is false"), "{cpu}");
    let fixed = notes("minio-rabbitmq", &[]);
    assert!(
        fixed.contains("WARNING: nothing scales the group fast"),
        "{fixed}"
    );
}
