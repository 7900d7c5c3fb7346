//! The chart, pushed to a registry and pulled from it by both Helms.
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use minilab_tests::servers::{Registry, Server, unavailable};

use crate::files::{root, said, skipped};

fn helm(major: &str, home: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(root().join(".deps/chart").join(major).join("helm"));
    for variable in ["HELM_CONFIG_HOME", "HELM_CACHE_HOME", "HELM_DATA_HOME"] {
        command.env(variable, home.join(variable));
    }
    let output = command.args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{major} {arguments:?}: {}",
        said(&output)
    );
    said(&output)
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).unwrap();
    files.next().unwrap().unwrap().path()
}

#[test]
fn chart_goes_through_a_registry_and_comes_back_as_it_was_under_both_helms() {
    if let Some(why) = unavailable(&[Server::Registry]) {
        return skipped(&why);
    }
    let registry = Registry::start().unwrap();
    for major in ["helm3", "helm4"] {
        if !root().join(".deps/chart").join(major).is_dir() {
            return skipped("Helm is missing; run `make deps-chart`");
        }
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name).display().to_string();
        fs::create_dir(place("pulled")).unwrap();
        let run = |arguments: &[&str]| helm(major, folder.path(), arguments);
        let chart = root().join("helm").display().to_string();
        run(&["package", &chart, "--destination", &place("packed")]);
        let packed = only_file(Path::new(&place("packed")));
        let repository = format!("oci://{}/{major}/charts", registry.address());
        let pushed = run(&["push", &packed.display().to_string(), &repository, "--plain-http"]);
        // What the release workflow signs.
        let digest = pushed
            .lines()
            .find_map(|line| line.strip_prefix("Digest: sha256:"));
        assert!(digest.is_some_and(|digest| digest.trim().len() == 64), "{pushed}");
        let from = format!("{repository}/minilab");
        run(&[
            "pull",
            &from,
            "--version",
            "0.1.0",
            "--plain-http",
            "--destination",
            &place("pulled"),
        ]);
        let pulled = fs::read(only_file(Path::new(&place("pulled")))).unwrap();
        assert_eq!(pulled, fs::read(&packed).unwrap());
        let shown = run(&["show", "chart", &from, "--version", "0.1.0", "--plain-http"]);
        assert!(shown.contains("name: minilab"), "{shown}");
    }
}
