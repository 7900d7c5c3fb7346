//! The image of the programs beside this test: what is in it, that it is the same twice, and that it works.
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::{
    files::{root, said, skipped},
    unpacked::{Unpacked, unable},
};

struct Built {
    folder: tempfile::TempDir,
    digest: String,
}

impl Built {
    fn file(&self, ending: &str) -> PathBuf {
        let mut names = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        names
            .find(|path| path.to_string_lossy().ends_with(ending))
            .unwrap()
    }
}

/// What the script says of the programs beside this test. Packages that have replaced the pinned ones do for a test; `make image`
/// refuses them. `None`, after a word why, where there are none.
fn script(arguments: &[&std::ffi::OsStr], environment: &[(&str, &str)]) -> Option<Output> {
    let programs = std::env::current_exe().unwrap();
    let programs = programs.parent().and_then(Path::parent).unwrap();
    let output = Command::new("python3")
        .arg(root().join("scripts/image/image.py"))
        .arg("--newer")
        .arg("--programs")
        .arg(programs)
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let all = said(&output);
    if all.contains("apt-get is not installed") || all.contains("check the network") {
        skipped(&all);
        return None;
    }
    assert!(output.status.success(), "{all}");
    println!("{all}");
    Some(output)
}

fn build(environment: &[(&str, &str)]) -> Option<Built> {
    let folder = tempfile::tempdir().unwrap();
    let output = script(&["--out".as_ref(), folder.path().as_os_str()], environment)?;
    let digest = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    Some(Built { folder, digest })
}

fn unpacked(built: &Built) -> Unpacked {
    Unpacked::of(&built.file(".oci.tar"))
}

#[test]
fn image_of_the_same_programs_is_the_same_bytes_and_holds_no_more_than_they_need() {
    let Some(first) = build(&[]) else { return };
    let again = build(&[("TZ", "Asia/Tokyo"), ("LC_ALL", "C"), ("PYTHONHASHSEED", "7")]);
    let again = again.expect("what was fetched before is there");
    assert_eq!(first.digest, again.digest);
    assert!(fs::read(first.file(".oci.tar")).unwrap() == fs::read(again.file(".oci.tar")).unwrap());
    assert_eq!(
        fs::read(first.file(".cdx.json")).unwrap(),
        fs::read(again.file(".cdx.json")).unwrap()
    );
    let image = unpacked(&first);
    holds_programs_libraries_licences_and_no_shell(&image);
    says_what_it_is_and_runs_as_the_containerfile_does(&image);
    let bill = fs::read(first.file(".cdx.json")).unwrap();
    names_what_is_inside(&serde_json::from_slice(&bill).unwrap());
}

fn holds_programs_libraries_licences_and_no_shell(image: &Unpacked) {
    let programs: BTreeSet<_> = ["usr/bin", "usr/sbin"]
        .iter()
        .flat_map(|folder| fs::read_dir(image.path(folder)).unwrap())
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        programs,
        BTreeSet::from(["minilab".to_owned(), "minilab-renderer".to_owned()])
    );
    for (path, text) in [
        ("usr/share/doc/minilab/NOTICE", "LGPL"),
        ("usr/share/doc/minilab/licences-of-crates.txt", "tokio 1."),
        ("usr/share/doc/libvips/NOTICE", "LGPL-3.0-or-later"),
        (
            "usr/share/common-licenses/LGPL-3",
            "GNU LESSER GENERAL PUBLIC LICENSE",
        ),
        ("usr/share/doc/libc6/copyright", "GNU"),
        ("etc/ssl/certs/ca-certificates.crt", "BEGIN CERTIFICATE"),
        ("etc/passwd", "minilab:x:65532:65532:"),
        ("etc/os-release", "Debian"),
        ("var/lib/dpkg/status.d/libc6", "Version: "),
    ] {
        let content = fs::read_to_string(image.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(content.contains(text), "{path} has no {text:?}");
    }
    assert!(
        fs::metadata(image.path("usr/share/zoneinfo/Europe/Berlin"))
            .unwrap()
            .is_file()
    );
    let times: BTreeSet<_> = image.entries.values().map(|(_, time)| time).collect();
    assert_eq!(times.len(), 1, "{times:?}");
    for (path, (owner, _)) in &image.entries {
        assert_eq!(owner, "0/0", "{path}");
        let mode = fs::symlink_metadata(image.path(path)).unwrap().mode();
        assert_eq!(mode & 0o6000, 0, "{path} gives rights");
    }
}

fn says_what_it_is_and_runs_as_the_containerfile_does(image: &Unpacked) {
    let config = &image.config["config"];
    let labels = config["Labels"].as_object().unwrap();
    for name in ["title", "description", "version", "revision", "licenses"] {
        let label = &labels[&format!("org.opencontainers.image.{name}")];
        assert!(label.as_str().is_some_and(|label| !label.is_empty()), "{name}");
    }
    assert_eq!(image.manifest["annotations"], config["Labels"]);
    let containerfile = fs::read_to_string(root().join("Containerfile")).unwrap();
    let user = config["User"].as_str().unwrap();
    let ports: Vec<_> = config["ExposedPorts"]
        .as_object()
        .unwrap()
        .keys()
        .map(|port| port.trim_end_matches("/tcp"))
        .collect();
    for line in [
        format!("USER {user}"),
        format!("WORKDIR {}", config["WorkingDir"].as_str().unwrap()),
        format!("EXPOSE {}", ports.join(" ")),
        format!("STOPSIGNAL {}", config["StopSignal"].as_str().unwrap()),
        format!("ENTRYPOINT {}", config["Entrypoint"]),
        format!("CMD {}", config["Cmd"]),
        format!("ENV {}", config["Env"][0].as_str().unwrap()),
    ] {
        assert!(containerfile.lines().any(|found| found == line), "{line}");
    }
    let values = fs::read_to_string(root().join("helm/values.yaml")).unwrap();
    assert!(values.contains(&format!("runAsUser: {}\n", user.split(':').next().unwrap())));
}

/// The bill of materials.
fn names_what_is_inside(bill: &Value) {
    assert_eq!(
        (&bill["bomFormat"], &bill["specVersion"]),
        (&"CycloneDX".into(), &"1.5".into())
    );
    let named: BTreeSet<_> = bill["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["purl"].as_str().unwrap())
        .collect();
    println!("{} components", named.len());
    for begins in [
        "pkg:cargo/tokio@",
        "pkg:cargo/rs-vips@",
        "pkg:deb/debian/libc6@",
        "pkg:pypi/pyvips-binary@",
    ] {
        assert!(named.iter().any(|purl| purl.starts_with(begins)), "{begins}");
    }
    assert!(
        !named.iter().any(|purl| purl.starts_with("pkg:cargo/proptest@")),
        "what only tests use is not inside"
    );
}

/// That is all which the Containerfile does after the build.
#[test]
fn folder_for_a_container_engine_holds_what_the_image_holds() {
    let Some(built) = build(&[]) else { return };
    let image = unpacked(&built);
    let folder = tempfile::tempdir().unwrap();
    let written = folder.path().join("root");
    if script(&["--root".as_ref(), written.as_os_str()], &[]).is_none() {
        return;
    }
    let listed = |folder: &Path| {
        let found = Command::new("find")
            .arg(folder)
            .args(["-mindepth", "1", "-printf", "%P %y %m %l\n"])
            .output()
            .unwrap();
        let found = String::from_utf8(found.stdout).unwrap();
        found.lines().map(str::to_owned).collect::<BTreeSet<_>>()
    };
    assert_eq!(listed(&written), listed(&image.path("")));
    let differ = Command::new("diff")
        .args(["--recursive", "--no-dereference", "--brief"])
        .arg(&written)
        .arg(image.path(""))
        .output()
        .unwrap();
    assert!(differ.status.success(), "{}", said(&differ));
}

#[test]
fn image_makes_photos_in_a_chroot_as_nobody() {
    if let Some(why) = unable() {
        return skipped(&why);
    }
    let Some(built) = build(&[]) else { return };
    let image = unpacked(&built);
    let ran = |output: Output| {
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let minilab = "/usr/bin/minilab";
    assert!(ran(image.run([minilab, "--version"])).starts_with("minilab "));
    assert!(ran(image.run([minilab, "version"])).contains("libvips 8.18"));
    assert!(ran(image.run(["/usr/bin/minilab-renderer", "--selftest"])).contains(" 0 got through"));
    let health = image.run([minilab, "health", "--at", "127.0.0.1:1"]);
    assert_eq!(health.status.code(), Some(5), "{}", said(&health));

    fs::create_dir(image.path("photos")).unwrap();
    fs::copy(
        root().join("tests/goldens/originals/cat.jpg"),
        image.path("photos/cat.jpg"),
    )
    .unwrap();
    fs::write(
        image.path("photos/minilab.yaml"),
        "version: 1\nfrom: { folder: /photos }\nto: { folder: /tmp/out }\n",
    )
    .unwrap();
    ran(image.run([minilab, "check", "/photos/minilab.yaml"]));
    fs::remove_file(image.path("photos/minilab.yaml")).unwrap();
    fs::set_permissions(image.path("photos/cat.jpg"), fs::Permissions::from_mode(0o644)).unwrap();
    let made = image.run([
        minilab,
        "standalone",
        "/photos",
        "/tmp/out",
        "--listen",
        "127.0.0.1:0",
        "--until-idle",
    ]);
    ran(made);
    let manifest = ran(image.run([minilab, "manifest", "cat.jpg", "--out", "/tmp/out"]));
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let derivatives = manifest["derivatives"].as_object().unwrap();
    assert!(!derivatives.is_empty(), "{manifest}");
    let files = fs::read_dir(image.path("tmp/out/cat.jpg")).unwrap();
    let owners: BTreeSet<_> = files
        .map(|file| file.unwrap().metadata().unwrap().uid())
        .collect();
    assert_eq!(owners, BTreeSet::from([65532]));
}
