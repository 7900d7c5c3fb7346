//! The manifest: what front ends read of one original, published as `{original}/manifest.json`.
//!
//! Public API. Within one `schema` version fields are only added; readers ignore fields they do not know.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the form that this build writes.
pub const MANIFEST_SCHEMA: u32 = 1;

/// What there is of one original. It never mixes files of two uploads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// Version of this form: 1.
    pub schema: u32,
    /// The upload that everything below was made from.
    pub original: Original,
    /// How much there is of what was asked.
    pub status: Status,
    /// Lanes that are still to be made, of this upload or of a newer one. While it is not empty, look again later.
    pub pending: Vec<String>,
    /// What to show while files load.
    pub placeholder: Placeholder,
    /// What there is, by the derivative's name.
    pub derivatives: BTreeMap<String, Derivative>,
    /// Pictures of a page, if the recipe has some: which derivative on which screen.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pictures: BTreeMap<String, Picture>,
    /// What could not be made, and why.
    pub failures: Vec<Failure>,
    /// Rises with every change; a manifest with a lower one is older.
    pub generation: u64,
    /// Made by what.
    pub provenance: Provenance,
    /// When it last changed, RFC 3339.
    pub updated: String,
    /// Faces found in the original, the surest first; absent unless the recipe publishes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faces: Option<Vec<Face>>,
    /// What the original's EXIF, IPTC and XMP say, as `exif.Model`, `iptc.Headline`, `xmp.dc:title`: at most 64 texts of 1,024
    /// bytes, 16 KiB in all. Written by anybody: escape them. Absent unless the recipe publishes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// Where it was taken; absent unless the recipe publishes that and the original says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A place on earth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Metres above the sea.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude: Option<f64>,
}

/// A face: about from the brows to the chin, in pixels of the upright original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Face {
    /// Left edge.
    pub left: u32,
    /// Upper edge.
    pub top: u32,
    /// Across.
    pub width: u32,
    /// Down.
    pub height: u32,
    /// How sure the detector is, in hundredths.
    pub score: u8,
}

/// An uploaded object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Original {
    /// Its key in the store of originals.
    pub key: String,
    /// Its ETag; absent once it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Pixels across, upright; absent if it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels down, upright; absent if it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// `jpeg`, `png`, `webp`, `avif`, `gif`, `tiff`, `heic`, `jxl` or `svg`, told by content; absent if it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// EXIF orientation that was applied, 1 to 8, 1 where there is none; absent if it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orientation: Option<u8>,
    /// Has it transparency? Absent if it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpha: Option<bool>,
    /// Does it carry a colour profile? Absent if it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icc: Option<bool>,
    /// Frames of an animation, or pages; 1 for a still. Absent if it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// Length; absent once it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// SHA-256 of its bytes, hex; absent if they were not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// How much there is of what was asked of the upload that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Some files are missing: still pending, or told by `failures`.
    Partial,
    /// All files are there.
    Complete,
    /// Nothing could be made; `failures` says why.
    Failed,
    /// The original was deleted; files already linked to stay for a time of grace.
    Deleted,
}

/// What to show while files load; each only if the recipe asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Placeholder {
    /// A blurred preview, base64 of a ThumbHash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbhash: Option<String>,
    /// The one colour that stands for the picture, `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dominant: Option<String>,
    /// A blurred preview as a BlurHash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blurhash: Option<String>,
    /// The colours that the picture is made of, `#rrggbb` each, largest share first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub palette: Vec<String>,
    /// A tiny picture as a data URI, for the `src` of an image or a background.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lqip: Option<String>,
}

/// One derivative of the recipe.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Derivative {
    /// Ready for `srcset` attributes, by format: `https://... 320w, https://... 640w`.
    pub srcset: BTreeMap<String, String>,
    /// All files, by format and small before large.
    pub files: Vec<File>,
    /// Files that the recipe names and that were not kept, since the next format's is smaller.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// What the original lacks for it: `no_face`, `no_such_page`; or `faces_left_out`, where there are more than get files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A file that came out larger than that of the next format, of the same size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dropped {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Its format.
    pub format: String,
    /// How long it was.
    pub bytes: u64,
    /// The format whose file is smaller.
    pub larger_than: String,
}

/// A picture of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Picture {
    /// The first whose condition holds is shown.
    pub sets: Vec<PictureSet>,
}

/// A derivative, and when it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PictureSet {
    /// A media condition, as CSS has it; absent: on all other screens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// Its name under `derivatives`.
    pub derivative: String,
    /// How wide it is laid out, as the attribute `sizes` has it; absent: as wide as the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<String>,
}

/// One stored file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct File {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Width by height, to four decimals: room that a page can keep before the file has arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// `avif`, `webp`, `jpeg` or `png`.
    pub format: String,
    /// Media type.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Length.
    pub bytes: u64,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// Where it is; its content never changes under this URL, unless the recipe publishes stable URLs only.
    pub url: String,
    /// Where a page can find the current version without a lookup, if the recipe publishes stable URLs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stable_url: Option<String>,
    /// What the encoder was told, 1 to 100; absent where the format has no quality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
    /// Its SSIMULACRA2 beside the picture it was encoded from, if the recipe seeks one: 90 cannot be told apart, 70 is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// What was lost on the way: `flattened` (transparency), `first_frame` (animation), or sought and not reached:
    /// `target_missed` (the look), `bytes_missed` (the length).
    pub notes: Vec<String>,
}

/// One thing that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Which derivative; absent: the original as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derivative: Option<String>,
    /// `input`, `crash`, ...
    pub class: String,
    /// For people.
    pub sentence: String,
}

/// Made by what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Builds of the engine that made the files.
    pub engines: Vec<String>,
    /// Name of the recipe.
    pub recipe: String,
}

/// The JSON Schema (draft-07) of [`Manifest`], as published in `schema/manifest.schema.json`.
pub fn manifest_schema() -> serde_json::Value {
    let generator = schemars::generate::SchemaSettings::draft07().into_generator();
    generator.into_root_schema_for::<Manifest>().to_value()
}
