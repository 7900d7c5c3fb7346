//! Examples of the reference: `docs/recipe/examples/NAME.yaml`, each a sentence, an original and a derivative.
use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::docs;

/// Of one example on the page.
pub const PICTURES_MAX: usize = 3;

/// What originals are called, and where they lie; all are credited in `docs/recipe/introduction.md`.
const ORIGINALS: &[(&str, &str)] = &[
    ("photo", "../tests/goldens/originals/coffee.png"),
    ("bird", "../tests/goldens/originals/coffee.png"),
    ("night", "../tests/goldens/originals/rocket.jpg"),
    ("portrait", "../tests/goldens/originals/portrait.png"),
    ("logo", "../tests/goldens/originals/clear.png"),
    ("scan", "../tests/goldens/originals/framed.png"),
    ("group", "../crates/faces/tests/photos/group.jpg"),
    ("pages", "../crates/imaging/tests/samples/pages.tiff"),
    ("animation", "../crates/imaging/tests/samples/animation.gif"),
];

/// One option at work.
pub struct Example {
    pub name: String,
    pub sentence: String,
    /// Where the original lies.
    pub original: PathBuf,
    /// What else belongs into the recipe, without indentation.
    pub recipe: String,
    /// The derivative, without indentation.
    pub derivative: String,
}

impl Example {
    /// All, by name.
    pub fn all() -> Vec<Self> {
        let folder = fs::read_dir(docs("recipe/examples")).unwrap();
        let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let told = |what: &str| format!("{}: {what}", path.display());
        let sentence = text.lines().next().and_then(|line| line.strip_prefix("# "));
        let original = text.lines().find_map(|line| line.strip_prefix("original: "));
        let called = original.map_or("photo", |name| name.split('#').next().unwrap().trim());
        let place = ORIGINALS.iter().find(|(name, _)| *name == called);
        let place = place.unwrap_or_else(|| panic!("{}", told("names an original that is not there")));
        Self {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            sentence: sentence
                .unwrap_or_else(|| panic!("{}", told("begins with no sentence")))
                .to_owned(),
            original: docs(place.1),
            recipe: block(&text, "recipe:"),
            derivative: block(&text, "derivative:"),
        }
    }

    /// Does it use a key?
    pub fn uses(&self, key: &str) -> bool {
        let is_part = |before: &str| {
            !before.ends_with(|letter: char| letter.is_alphanumeric() || "_-".contains(letter))
        };
        let names = |text: &str| {
            text.match_indices(&format!("{key}:"))
                .any(|(at, _)| is_part(&text[..at]))
                || text
                    .match_indices(key)
                    .any(|(at, _)| is_part(&text[..at]) && text[..at].trim_end().ends_with(['[', '-', ',']))
        };
        names(&self.derivative) || names(&self.recipe)
    }

    /// What is shown of it, in order.
    pub fn pictures(&self) -> Vec<PathBuf> {
        let folder = fs::read_dir(docs("recipe/pictures")).into_iter().flatten();
        let is_ours = |path: &PathBuf| {
            let stem = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default();
            stem.rsplit_once('.')
                .is_some_and(|(name, number)| name == self.name && number.parse::<u8>().is_ok())
        };
        let mut paths: Vec<PathBuf> = folder
            .map(|entry| entry.unwrap().path())
            .filter(is_ours)
            .collect();
        paths.sort();
        paths
    }

    /// Shows these from now on.
    pub fn write_pictures(&self, made: &[PathBuf]) {
        for old in self.pictures() {
            fs::remove_file(old).unwrap();
        }
        fs::create_dir_all(docs("recipe/pictures")).unwrap();
        for (number, path) in made.iter().take(PICTURES_MAX).enumerate() {
            let extension = path.extension().unwrap().to_str().unwrap();
            let name = format!("recipe/pictures/{}.{}.{extension}", self.name, number + 1);
            fs::copy(path, docs(&name)).unwrap();
        }
    }
}

/// What stands indented under a key, without the indentation.
fn block(text: &str, key: &str) -> String {
    let mut lines = text.lines().skip_while(|line| line.trim_end() != key).skip(1);
    let mut block = String::new();
    while let Some(line) = lines
        .next()
        .filter(|line| line.starts_with("  ") || line.trim().is_empty())
    {
        block.push_str(line.strip_prefix("  ").unwrap_or(""));
        block.push('\n');
    }
    block.trim_end().to_owned()
}
