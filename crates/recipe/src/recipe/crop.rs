//! A crop to what the picture is of: faces that were found in it, or the part that people have marked.
use serde::Serialize;

use super::Gravity;

/// Zooms to a subject. It takes the place of an extract in the order of geometry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Crop {
    /// To what.
    pub to: Subject,
    /// Room on each side, as a share of the subject's own width and height.
    pub padding: f64,
    /// Which face, where there are several.
    pub pick: Pick,
    /// How far to go: 0 leaves the whole picture, 1 only the subject with its padding.
    pub closeness: f64,
    /// Which part stays instead where there is no such subject; the first that applies. Empty: no file is made then.
    #[serde(rename = "else")]
    pub otherwise: Vec<Gravity>,
}

/// What is cropped to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A face, or several.
    Face,
    /// The point or rectangle that the object's metadata or the picture's own XMP marks.
    Focal,
}

/// Which face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The one of the largest area.
    Largest,
    /// All of them, in one crop.
    All,
    /// The one whose middle is nearest to the picture's.
    MostCentral,
    /// The one of that number, from 1, the largest.
    Nth(u32),
}

/// What of the findings is published in manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Publish {
    /// Boxes of faces.
    Faces,
    /// Texts of EXIF, IPTC and XMP.
    Metadata,
    /// Where it was taken.
    Gps,
}
