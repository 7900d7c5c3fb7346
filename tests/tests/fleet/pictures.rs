//! Small pictures cut from a real photo by the program itself, and what must become of each.
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest as _, Sha256};

use crate::process::program;

/// How many there are: enough that two uploads of one key rarely show the same.
pub const PICTURES: usize = 8;

/// Sizes so close that none is made from another: which lanes are decoded together depends on what else is queued, and a
/// picture that is made from a larger one differs in its last bits. So digests can be compared.
pub const RECIPE: &str = "\
recipes:
  three:
    urls: both
    derivatives:
      thumb: { resize: { width: 144, height: 76, fit: cover, gravity: attention }, formats: [webp, jpeg], lane: fast }
      photo: { resize: { widths: [150] }, formats: [jpeg], lane: standard }
      small: { resize: { width: 140 }, formats: [webp], lane: bulk }
";

/// Which file of an original: derivative, width, format.
pub type FileName = (String, u64, String);

/// The pictures, and the digest of every file of each.
pub struct Pictures {
    bytes: Vec<Vec<u8>>,
    files: Vec<BTreeMap<FileName, String>>,
}

impl Pictures {
    pub fn cut() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bytes = crops(folder.path());
        let files = (0..PICTURES)
            .map(|picture| {
                let original = folder.path().join(format!("{picture}.jpg"));
                fs::write(&original, &bytes[picture]).unwrap();
                made(folder.path(), &original)
            })
            .collect();
        Self { bytes, files }
    }

    /// An upload of its own: decoders stop at the picture's end, so what follows tells uploads of one picture apart.
    pub fn upload(&self, picture: usize, number: u64) -> Vec<u8> {
        [
            self.bytes[picture].as_slice(),
            format!("upload {number}").as_bytes(),
        ]
        .concat()
    }

    /// Digests of its files.
    pub fn files(&self, picture: usize) -> &BTreeMap<FileName, String> {
        &self.files[picture]
    }
}

fn crops(folder: &Path) -> Vec<Vec<u8>> {
    let mut recipe = "recipes:\n  crops:\n    derivatives:\n".to_owned();
    for index in 0..PICTURES {
        let left = 5 * index;
        writeln!(
            recipe,
            "      c{index}: {{ extract: {{ left: {left}, top: {left}, width: 60, height: 50, unit: percent }}, \
             resize: {{ width: 240 }}, formats: [jpeg] }}"
        )
        .unwrap();
    }
    let mut crops = vec![Vec::new(); PICTURES];
    for made in rendered(folder, &recipe, &photo("Garden.jpg")) {
        let index: usize = made.0.0[1..].parse().unwrap();
        crops[index] = made.1;
    }
    assert!(crops.iter().all(|bytes| !bytes.is_empty()));
    crops
}

fn made(folder: &Path, original: &Path) -> BTreeMap<FileName, String> {
    rendered(folder, RECIPE, original)
        .into_iter()
        .map(|(name, bytes)| (name, digest(&bytes)))
        .collect()
}

/// What `minilab render` makes of a file.
pub fn rendered(folder: &Path, recipe: &str, original: &Path) -> Vec<(FileName, Vec<u8>)> {
    fs::write(folder.join("recipe.yaml"), recipe).unwrap();
    let ran = Command::new(program())
        .args(["--json", "render", "recipe.yaml", "--out", "made"])
        .arg(original)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let lines = String::from_utf8(ran.stdout).unwrap();
    lines
        .lines()
        .filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let file = line["file"].as_str()?;
            let name = (
                line["derivative"].as_str()?.to_owned(),
                line["width"].as_u64()?,
                line["format"].as_str()?.to_owned(),
            );
            Some((name, fs::read(folder.join(file)).unwrap()))
        })
        .collect()
}

pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// One of the photos that `make photos` fetches.
pub fn photo(name: &str) -> PathBuf {
    let photo = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../.deps/photos")
        .join(name);
    assert!(
        photo.is_file(),
        "{} is absent: run `make photos`",
        photo.display()
    );
    photo.canonicalize().unwrap()
}
