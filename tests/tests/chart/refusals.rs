//! Values that contradict each other, or that no value may have, are refused with a sentence, by both Helms.
use std::fs;

use super::{
    contradictions::{CONTRADICTIONS, SAME, TAKEN, WRONG},
    rendered::template,
    tools::{HELMS, are_here, chart, helm, run},
};

/// What Helm says of these values; it must not take them.
fn refusal(major: &str, [part, other]: [&str; 2], over: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (whole, path) = (folder.path().join("whole.yaml"), folder.path().join("over.yaml"));
    fs::write(&whole, TAKEN.replacen(part, other, 1)).unwrap();
    fs::write(&path, over).unwrap();
    let rendered = template(major, &whole, &["--values", &path.to_string_lossy()]);
    assert!(!rendered.ok, "{major} takes {other} {over}");
    // Helm 4 breaks long messages.
    rendered.said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn values_that_all_others_differ_from_are_taken() {
    if !are_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("values.yaml");
    fs::write(&path, TAKEN).unwrap();
    for major in HELMS {
        let rendered = template(major, &path, &[]);
        assert!(rendered.ok, "{}", rendered.said);
    }
}

#[test]
fn contradictions_are_refused_with_a_sentence() {
    if !are_here() {
        return;
    }
    let mut silent = Vec::new();
    for major in HELMS {
        for (change, over, sentence) in CONTRADICTIONS {
            let said = refusal(major, *change, over);
            if !said.contains(sentence) {
                silent.push(format!("{major}: {change:?} {over}: {said}"));
            }
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn all_contradictions_are_told_at_once() {
    if !are_here() {
        return;
    }
    let said = refusal("helm4", SAME, "image: { tag: latest }\nlanes: { bulk: null }");
    for sentence in ["image.tag is latest", "takes bulk", "takes backfill"] {
        assert!(said.contains(sentence), "{said}");
    }
}

#[test]
fn values_outside_the_schema_are_refused_where_they_are() {
    if !are_here() {
        return;
    }
    for (index, major) in HELMS.into_iter().enumerate() {
        for (over, places) in WRONG {
            let said = refusal(major, SAME, over);
            assert!(
                said.contains("schema") && said.contains(places[index]),
                "{major}: {over}: {said}"
            );
        }
    }
}

#[test]
fn cluster_without_the_definitions_is_told_so() {
    if !are_here() {
        return;
    }
    for major in HELMS {
        for (example, group) in [
            ("rabbitmq-keda", "keda.sh/v1alpha1"),
            ("sqs-keda-irsa", "monitoring.coreos.com/v1"),
        ] {
            let values = chart(&format!("examples/{example}.yaml"));
            let plain = |more: &[&str]| {
                run(helm(major)
                    .args(["template", "release"])
                    .arg(chart(""))
                    .arg("--values")
                    .arg(&values)
                    .args(more))
            };
            let refused = plain(&[]);
            assert!(
                !refused.ok && refused.said.contains(&format!("does not know {group}")),
                "{}",
                refused.said
            );
            assert!(plain(&["--set", "skipCrdCheck=true"]).ok);
        }
        let old = template(
            major,
            &chart("ci/minimal-values.yaml"),
            &["--kube-version", "1.28.0"],
        );
        assert!(!old.ok && old.said.contains("1.29.0"), "{}", old.said);
    }
}
