//! A handful of small originals in two versions each: crops of real photos, cut by the program itself.
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use crate::{process, world::World};

/// Three JPEGs and a PNG.
pub const KEYS: [&str; 4] = ["a.jpg", "b.jpg", "c.jpg", "d.png"];
pub const VERSIONS: usize = 2;

/// What lies under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    Version(usize),
    Gone,
}

/// Bytes of each version of each key.
pub struct Photos(Vec<Vec<u8>>);

impl Photos {
    pub fn cut() -> Self {
        let world = World::empty();
        let mut recipe = "recipes:\n  crops:\n    derivatives:\n".to_owned();
        for index in 0..KEYS.len() * VERSIONS {
            let format = if KEYS[index / VERSIONS].ends_with("png") {
                "png"
            } else {
                "jpeg"
            };
            let left = 5 * index;
            writeln!(
                recipe,
                "      c{index}: {{ extract: {{ left: {left}, top: {left}, width: 60, height: 50, unit: percent }}, \
                 resize: {{ width: 240 }}, formats: [{format}] }}"
            )
            .unwrap();
        }
        world.write("crops.yaml", &recipe);
        let photo = photos().join("Garden.jpg");
        let args = [
            "--json",
            "render",
            "crops.yaml",
            photo.to_str().unwrap(),
            "--out",
            "crops",
        ];
        let ran = process::command(&world, &args).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let mut cut = vec![Vec::new(); KEYS.len() * VERSIONS];
        for line in String::from_utf8(ran.stdout).unwrap().lines() {
            let made: serde_json::Value = serde_json::from_str(line).unwrap();
            if let (Some(derivative), Some(file)) = (made["derivative"].as_str(), made["file"].as_str()) {
                let index: usize = derivative[1..].parse().unwrap();
                cut[index] = fs::read(world.path(file)).unwrap();
            }
        }
        assert!(cut.iter().all(|bytes| !bytes.is_empty()));
        Self(cut)
    }

    pub fn bytes(&self, key: usize, version: usize) -> &[u8] {
        &self.0[key * VERSIONS + version]
    }
}

/// The folder of photos that `make photos` fills.
fn photos() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.deps/photos");
    assert!(
        folder.is_dir(),
        "{} is absent: run `make photos`",
        folder.display()
    );
    folder
}
