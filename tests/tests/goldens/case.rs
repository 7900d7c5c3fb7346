//! The cases: an original, a derivative of a recipe, and how near the result must be to sharp's.
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value, json};

use crate::{distance::Threshold, lab::Order};

/// One entry of `cases.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Also of its reference.
    pub name: String,
    original: String,
    /// Keys of the recipe around the derivative.
    #[serde(default)]
    recipe: Map<String, Value>,
    derivative: Map<String, Value>,
    /// What the script calls of sharp.
    #[serde(rename = "sharp")]
    _sharp: IgnoredAny,
    #[serde(rename = "open")]
    _open: Option<IgnoredAny>,
    /// How many of an animation are compared: all that it has.
    #[serde(default = "one")]
    pub frames: u32,
    /// Least score.
    score: f64,
    /// Greatest difference of a sample.
    max: u8,
    /// How much larger or smaller an encoded file may be than sharp's, as a part of it.
    #[serde(default = "bytes_off")]
    bytes: f64,
    /// Why that is not what an equal result has.
    #[serde(default)]
    pub because: String,
    /// Changes that must not pass for the right result.
    #[serde(default)]
    pub wrong: BTreeMap<String, Change>,
}

fn one() -> u32 {
    1
}

/// Files encoded from equal samples with equal settings differ by little more than their metadata.
fn bytes_off() -> f64 {
    0.01
}

/// What makes a case wrong; keys replace those of the case.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    original: Option<String>,
    recipe: Map<String, Value>,
    derivative: Map<String, Value>,
}

/// `tests/goldens`.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens")
}

/// All cases, in the document's order.
pub fn all() -> Vec<Case> {
    serde_json::from_str(&fs::read_to_string(folder().join("cases.json")).unwrap()).unwrap()
}

impl Case {
    /// What it asks of the program.
    pub fn order(&self) -> Order {
        self.changed(&self.name, &Change::default())
    }

    /// The same with something wrong.
    pub fn changed(&self, name: &str, change: &Change) -> Order {
        let original = change.original.as_ref().unwrap_or(&self.original);
        let with = |base: &Map<String, Value>, more: &Map<String, Value>| {
            let mut all = base.clone();
            all.extend(more.clone());
            all
        };
        let mut derivative = with(&self.derivative, &change.derivative);
        derivative.entry("formats").or_insert(json!(["png"]));
        let mut recipe = with(&self.recipe, &change.recipe);
        recipe.insert("derivatives".to_owned(), json!({ "made": derivative }));
        Order {
            name: name.to_owned(),
            original: folder().join("originals").join(original),
            recipe,
        }
    }

    /// What sharp made.
    pub fn reference(&self) -> PathBuf {
        let format = self
            .derivative
            .get("formats")
            .map_or("png", |formats| formats[0].as_str().unwrap());
        let ending = match format {
            "jpeg" => "jpg",
            "tiff" => "tif",
            other => other,
        };
        folder()
            .join("references")
            .join(format!("{}.{ending}", self.name))
    }

    /// How near is near enough.
    pub fn threshold(&self) -> Threshold {
        Threshold {
            score: self.score,
            max: self.max,
            bytes: self.bytes,
        }
    }
}
