//! An image, unpacked as an engine does: every blob by its digest, layer upon layer; and run in a chroot, as nobody.
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::files::said;

/// What is inside.
pub struct Unpacked {
    folder: TempDir,
    pub config: Value,
    pub manifest: Value,
    /// Owner and time of each entry of the layers.
    pub entries: BTreeMap<String, (String, String)>,
}

impl Unpacked {
    pub fn of(archive: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = folder.path().join("layout");
        let root = folder.path().join("root");
        for path in [&layout, &root] {
            fs::create_dir(path).unwrap();
        }
        // A container's root can be entered by everybody, what mktemp makes cannot.
        open(folder.path());
        open(&root);
        run(Command::new("tar").arg("-xf").arg(archive).arg("-C").arg(&layout));
        let read =
            |name: &str| serde_json::from_slice::<Value>(&fs::read(layout.join(name)).unwrap()).unwrap();
        assert_eq!(read("oci-layout")["imageLayoutVersion"], "1.0.0");
        let manifest: Value =
            serde_json::from_slice(&blob(&layout, &read("index.json")["manifests"][0]).1).unwrap();
        let config: Value = serde_json::from_slice(&blob(&layout, &manifest["config"]).1).unwrap();
        let layers = manifest["layers"].as_array().unwrap();
        let ids = config["rootfs"]["diff_ids"].as_array().unwrap();
        assert_eq!(layers.len(), ids.len());
        let mut entries = BTreeMap::new();
        for (layer, id) in layers.iter().zip(ids) {
            let (path, _) = blob(&layout, layer);
            let plain = run(Command::new("gzip")
                .arg("-dc")
                .stdin(fs::File::open(&path).unwrap()))
            .stdout;
            assert_eq!(&digest(&plain), id.as_str().unwrap());
            let listed = run(Command::new("tar")
                .args(["--numeric-owner", "--full-time", "-tvzf"])
                .arg(&path));
            for line in String::from_utf8(listed.stdout).unwrap().lines() {
                let words: Vec<_> = line.split_whitespace().collect();
                let time = format!("{} {}", words[3], words[4]);
                entries.insert(words[5].to_owned(), (words[1].to_owned(), time));
            }
            run(Command::new("tar").arg("-xzf").arg(&path).arg("-C").arg(&root));
        }
        Self {
            folder,
            config,
            manifest,
            entries,
        }
    }

    /// A file below the root.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("root").join(name)
    }

    /// Runs a program inside, as the image's user, with what every engine mounts.
    pub fn run<const N: usize>(&self, arguments: [&str; N]) -> Output {
        let user = self.config["config"]["User"].as_str().unwrap();
        let script = "mount --bind /proc \"$0/proc\" && mount --bind /dev \"$0/dev\" && user=$1 && shift && \
                      exec chroot --userspec=\"$user\" --groups= \"$0\" \"$@\"";
        Command::new("unshare")
            .args(["--mount", "--", "sh", "-c", script])
            .arg(self.path(""))
            .arg(user)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .output()
            .unwrap()
    }
}

/// Why nothing can be run in a chroot here; `None` if it can.
pub fn unable() -> Option<String> {
    let may = Command::new("unshare")
        .args(["--mount", "--", "chroot", "/", "true"])
        .output();
    match may {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!(
            "this user may not make namespaces and change the root: {}",
            said(&output).trim()
        )),
        Err(error) => Some(format!("unshare (util-linux) cannot be run: {error}")),
    }
}

/// Makes a folder one that everybody may enter.
fn open(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Where it is and its bytes, which are what its descriptor says.
fn blob(layout: &Path, descriptor: &Value) -> (PathBuf, Vec<u8>) {
    let named = descriptor["digest"].as_str().unwrap();
    let path = layout
        .join("blobs/sha256")
        .join(named.strip_prefix("sha256:").unwrap());
    let bytes = fs::read(&path).unwrap();
    assert_eq!(digest(&bytes), named);
    assert_eq!(descriptor["size"], bytes.len());
    (path, bytes)
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    output
}
