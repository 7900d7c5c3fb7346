//! A folder in which examples are made by the program, as users make them.
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{docs, example::Example, picture::Picture};

/// Where examples find overlays and masks, as the store `originals`.
const BRAND: &str = "recipe/brand";

const DECODING: &str = "version: 1
from: { folder: in }
to: { folder: out }
recipes: { decoded: { accept: { formats: [jpeg, png, webp, avif, gif, tiff] }, derivatives: { all: { formats: [png], autorotate: false } } } }
";

pub struct Studio {
    folder: TempDir,
}

impl Studio {
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("decoding.yaml"), DECODING).unwrap();
        Self { folder }
    }

    /// The files of an example that a page can show, in the order of their keys; or what the program said.
    pub fn make(&self, example: &Example) -> Result<Vec<PathBuf>, String> {
        let is_shown = |path: &PathBuf| path.extension().is_some_and(|end| end != "tiff" && end != "tif");
        Ok(self.files(example)?.into_iter().filter(is_shown).collect())
    }

    /// All of them.
    pub fn files(&self, example: &Example) -> Result<Vec<PathBuf>, String> {
        let config = format!(
            "version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\nstores: {{ originals: {{ folder: \"{}\" }} }}\nrecipes:\n  example:\n{}    derivatives:\n      shown:\n{}",
            docs(BRAND).canonicalize().unwrap().display(),
            indented(&example.recipe, 4),
            indented(&example.derivative, 8),
        );
        let name = format!("{}.yaml", example.name);
        fs::write(self.folder.path().join(&name), config).unwrap();
        self.render(&name, &example.original, &example.name)
    }

    /// A picture's samples; of an animation those of its first frame.
    pub fn decoded(&self, path: &Path) -> Picture {
        let made = self.render("decoding.yaml", path, "decoded").unwrap();
        let picture = Picture::read(&fs::read(&made[0]).unwrap());
        fs::remove_dir_all(self.folder.path().join("decoded")).unwrap();
        picture
    }

    fn render(&self, config: &str, original: &Path, out: &str) -> Result<Vec<PathBuf>, String> {
        let ran = Command::new(program())
            .args(["render", config])
            .arg(original.canonicalize().unwrap())
            .args(["--out", out])
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        if !ran.status.success() {
            return Err(String::from_utf8_lossy(&ran.stderr).into_owned());
        }
        Ok(files(&self.folder.path().join(out)))
    }
}

fn indented(block: &str, by: usize) -> String {
    let pad = " ".repeat(by);
    block.lines().flat_map(|line| [&pad, line, "\n"]).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).expect("target/PROFILE/deps");
    let binary = folder.join("minilab");
    assert!(
        binary.is_file(),
        "{} is not built: run `make build`",
        binary.display()
    );
    binary
}
