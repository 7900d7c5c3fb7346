//! Every file of values lints, renders and packages under both Helms, and what comes out is valid where it is sent to.
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    rendered::{objects, values},
    tools::{HELMS, KUBERNETES, are_here, chart, checker, helm, python, root, run},
};

/// Groups whose schemas are their own projects'.
const OTHERS: [&str; 2] = ["keda.sh/v1alpha1", "monitoring.coreos.com/v1"];

#[test]
fn chart_lints_strictly_with_every_file_of_values() {
    if !are_here() {
        return;
    }
    for major in HELMS {
        for values in values() {
            for version in KUBERNETES {
                let linted = run(helm(major)
                    .args([
                        "lint",
                        "--strict",
                        "--set",
                        "skipCrdCheck=true",
                        "--kube-version",
                        version,
                    ])
                    .arg(chart(""))
                    .arg("--values")
                    .arg(&values));
                assert!(linted.ok, "{major} {}: {}", values.display(), linted.said);
            }
        }
    }
}

#[test]
fn chart_packages_without_what_only_its_authors_need() {
    if !are_here() {
        return;
    }
    for major in HELMS {
        let folder = tempfile::tempdir().unwrap();
        let packaged = run(helm(major)
            .arg("package")
            .arg(chart(""))
            .arg("--destination")
            .arg(folder.path()));
        assert!(packaged.ok, "{}", packaged.said);
        let archive = fs::read_dir(folder.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let shown = run(helm(major).args(["show", "values"]).arg(&archive));
        assert_eq!(
            shown.stdout.trim(),
            fs::read_to_string(chart("values.yaml")).unwrap().trim()
        );
        let listed = run(python().args(["-m", "tarfile", "--list"]).arg(&archive)).stdout;
        for needed in [
            "minilab/values.schema.json",
            "minilab/files/dashboards/overview.json",
            "minilab/files/rules/alerts.yaml",
        ] {
            assert!(
                listed.contains(needed),
                "{needed} is not in the package: {listed}"
            );
        }
        assert!(
            !listed.contains("minilab/ci/") && !listed.contains("minilab/examples/"),
            "{listed}"
        );
    }
}

#[test]
fn both_helms_make_the_same() {
    if !are_here() {
        return;
    }
    for values in values() {
        assert!(
            objects(HELMS[0], &values, &[]) == objects(HELMS[1], &values, &[]),
            "{}",
            values.display()
        );
    }
}

#[test]
fn what_is_kubernetes_own_is_valid_in_the_oldest_and_the_newest() {
    if !are_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for version in KUBERNETES {
        let mut written: Vec<PathBuf> = Vec::new();
        for values in values() {
            let own: Vec<_> = objects(HELMS[1], &values, &["--kube-version", version])
                .into_iter()
                .filter(|object| !OTHERS.contains(&object["apiVersion"].as_str().unwrap()))
                .map(|object| object.to_string())
                .collect();
            let path = folder.path().join(values.file_name().unwrap());
            fs::write(&path, own.join("\n---\n")).unwrap();
            written.push(path);
        }
        let checked = run(checker("kubernetes-validate")
            .args(["--strict", "--kubernetes-version", version])
            .args(&written));
        assert!(
            checked.ok && !checked.said.contains("WARN"),
            "{version}: {}",
            checked.said
        );
        let broken = folder.path().join("broken.json");
        fs::write(
            &broken,
            fs::read_to_string(&written[0])
                .unwrap()
                .replace("\"replicas\"", "\"replica\""),
        )
        .unwrap();
        let seen = run(checker("kubernetes-validate")
            .args(["--strict", "--kubernetes-version", version])
            .arg(broken));
        assert!(!seen.ok, "a misspelt field is not seen");
    }
}

#[test]
fn what_is_keda_s_and_the_operator_s_is_valid_by_the_types_of_their_models() {
    if are_here() {
        keda_s_and_the_operator_s_are_valid(None);
    }
}

/// Stricter and newer than the models.
#[test]
fn what_is_keda_s_and_the_operator_s_is_valid_by_their_closed_schemas() {
    if !are_here() {
        return;
    }
    let named = std::env::var_os("MINILAB_CRDS").map(PathBuf::from);
    if let Some(folder) = &named {
        assert!(folder.is_dir(), "MINILAB_CRDS: {} is not there", folder.display());
    }
    let definitions = named.unwrap_or_else(|| root().join("../shared/crds"));
    if definitions.is_dir() {
        return keda_s_and_the_operator_s_are_valid(Some(&definitions));
    }
    println!(
        "skipped, only the models are asked: {} is not there; set MINILAB_CRDS to a folder with the CustomResourceDefinitions of \
         KEDA and of the operator of Prometheus",
        definitions.display()
    );
}

fn keda_s_and_the_operator_s_are_valid(definitions: Option<&Path>) {
    let others: Vec<Value> = values()
        .iter()
        .flat_map(|values| objects(HELMS[1], values, &[]))
        .filter(|object| OTHERS.contains(&object["apiVersion"].as_str().unwrap()))
        .collect();
    let one_of_each: BTreeMap<_, _> = others
        .iter()
        .map(|object| (object["kind"].as_str().unwrap(), object))
        .collect();
    assert_eq!(one_of_each.len(), 5, "{:?}", one_of_each.keys());
    let script = root().join("tests/tests/chart/custom_resources.py");
    let check = |objects: &[Value]| {
        let text = serde_json::to_string(objects).unwrap();
        super::tools::run_with(python().arg(&script).args(definitions), &text)
    };
    let checked = check(&others);
    assert!(checked.ok, "{}", checked.said);
    let broken: Vec<Value> = one_of_each
        .into_values()
        .map(|object| {
            let mut broken = object.clone();
            broken["spec"]["nobodyKnowsThis"] = true.into();
            broken
        })
        .collect();
    let seen = check(&broken).said.matches("nobodyKnowsThis").count();
    assert_eq!(seen, broken.len(), "an unknown field is not seen");
}
