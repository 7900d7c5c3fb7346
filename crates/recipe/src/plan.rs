//! The plan: one decode, a tree of images, and the files encoded from it. A pure value, printed by `minilab explain`.
//!
//! The original is decoded once into the **trunk**: upright, in the output's colour space, shrunk to the largest size
//! that any file of the plan needs. Every [`Node`] is made from the trunk or from an earlier node.
use serde::{Deserialize, Serialize};

use crate::{
    Aim, Asset, Caption, Composite, Effect, Encoding, Lane, Mask, OutputFormat, Picture, Rect, Rgb, Size,
    Written,
};

/// How one original becomes its files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// How the trunk is made.
    pub decode: Decode,
    /// And those of further pages, each a trunk of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<Decode>,
    /// Images made from the trunk or from earlier nodes, parents first.
    pub nodes: Vec<Node>,
    /// What is encoded, in the order in which it is wanted: lanes in order, small before large.
    pub files: Vec<PlannedFile>,
    /// What the recipe names and this original does not get.
    pub skipped: Vec<Skipped>,
    /// What is derived from the trunk besides files.
    pub analyses: Vec<Analysis>,
    /// Pictures from elsewhere that files are made with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<Asset>,
    /// What it is expected to cost.
    pub predicted: Predicted,
}

/// How the trunk is made. Order: load with `shrink`, page `page`; resize to the trunk's size (in the stored orientation);
/// turn upright; convert to `colour`, 8 bits per sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decode {
    /// The loader's own reduction.
    pub shrink: Shrink,
    /// Frame or page, from 0.
    pub page: u32,
    /// Size of the trunk, upright. Equal to the loaded size if nothing is to be resized.
    pub size: Size,
    /// Colour space of the trunk and all files.
    pub colour: ColourSpace,
    /// Kernel of the resize to `size`.
    pub kernel: Kernel,
    /// Frames from `page` on: more than 1 where an animation is kept. Each is treated like the picture of a still.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub frames: u32,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_one(number: &u32) -> bool {
    *number == 1
}

/// Reduction while loading: 1 (none), 2, 4 or 8; only JPEG and lossy WebP have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shrink(pub u8);

/// Colour space of what is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColourSpace {
    /// Converted to sRGB.
    #[default]
    Srgb,
    /// Converted to Display P3.
    P3,
    /// The original's own profile, embedded in each file.
    Original,
}

/// What a node or a file is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The decoded original.
    Trunk,
    /// The decoded page of that index in [`Plan::further`].
    Page(usize),
    /// The node of that index in [`Plan::nodes`].
    Node(usize),
}

/// One image of the tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// From what.
    pub from: Source,
    /// By which steps, in order; never empty.
    pub steps: Vec<Step>,
    /// Its size after them.
    pub size: Size,
}

/// One operation on pixels. Transparent pixels are premultiplied where samples are mixed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Keep one frame of an animation, counted from [`Decode::page`].
    Frame(u32),
    /// Turn clockwise by quarters.
    Turn(Turn),
    /// Turn clockwise by any angle; corners are filled (`None`: transparent) and the canvas grows.
    Rotate {
        /// Clockwise.
        degrees: f64,
        /// Colour of the corners.
        background: Option<Rgb>,
    },
    /// Mirror top to bottom.
    Flip,
    /// Mirror left to right.
    Flop,
    /// Keep a part.
    Extract(Rect),
    /// Resample to exactly this size.
    Resize {
        /// Target.
        size: Size,
        /// Resampling kernel.
        kernel: Kernel,
        /// Are samples mixed as light, not as they are stored?
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        linear: bool,
    },
    /// Keep the most interesting part of exactly this size.
    SmartCrop {
        /// Size of what is kept.
        size: Size,
        /// What counts as interesting.
        interest: Interest,
    },
    /// Put onto a larger canvas.
    Extend {
        /// The canvas.
        size: Size,
        /// Columns added on the left.
        left: u32,
        /// Rows added at the top.
        top: u32,
        /// What the added pixels are.
        mode: ExtendMode,
    },
    /// Change what pixels look like.
    Effect(Effect),
    /// Lay another picture on it.
    Composite(Composite),
    /// Keep it where another picture says.
    Mask(Mask),
    /// Write on it.
    Text(Caption),
}

impl Step {
    /// The other picture that it needs.
    pub fn picture(&self) -> Option<&Picture> {
        match self {
            Self::Composite(composite) => Some(&composite.picture),
            Self::Mask(mask) => Some(&mask.picture),
            _ => None,
        }
    }
}

/// Quarter turns, clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Turn {
    /// 90 degrees.
    Quarter,
    /// 180 degrees.
    Half,
    /// 270 degrees.
    ThreeQuarters,
}

/// Resampling kernels, as libvips names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kernel {
    /// Nearest neighbour.
    Nearest,
    /// Triangle.
    Linear,
    /// Catmull-Rom.
    Cubic,
    /// Mitchell.
    Mitchell,
    /// Lanczos with two lobes.
    Lanczos2,
    /// Lanczos with three lobes.
    #[default]
    Lanczos3,
}

/// What a smart crop looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interest {
    /// Skin, saturation, edges.
    Attention,
    /// Detail.
    Entropy,
}

/// What added pixels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExtendMode {
    /// One colour.
    Background(Rgb),
    /// Fully transparent.
    Transparent,
    /// The edge's pixels, repeated.
    Copy,
    /// The picture, mirrored.
    Mirror,
    /// The picture itself, covering the canvas, blurred.
    Blur,
    /// The colour that most of the picture's edge has.
    Auto,
}

/// Which metadata a file carries. Orientation is always baked in; GPS only if asked for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Keep {
    /// The colour profile, also where it is plain sRGB.
    pub icc: bool,
    /// EXIF Copyright and Artist.
    pub copyright: bool,
    /// All EXIF but GPS, thumbnail and orientation.
    pub exif: bool,
    /// The GPS block of EXIF.
    pub gps: bool,
    /// XMP; its GPS properties only with `gps`.
    pub xmp: bool,
    /// IPTC's captions and credits, in JPEG.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub iptc: bool,
}

/// One object that will be stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedFile {
    /// Which derivative it belongs to.
    pub derivative: String,
    /// Of which face it is, where its derivative is made for each: the number that ends the derivative's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<u32>,
    /// Which lane makes it.
    pub lane: Lane,
    /// Encoded from.
    pub from: Source,
    /// Its size; equal to that of `from`.
    pub size: Size,
    /// How it is encoded.
    pub encoding: Encoding,
    /// What its quality is searched for.
    #[serde(default, skip_serializing_if = "Aim::is_none")]
    pub aim: Aim,
    /// Formats, next best first: it is dropped if it comes out larger than the first of them that is kept, of the same
    /// derivative and size. These files come before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless_larger: Vec<OutputFormat>,
    /// Put on this colour first, where the format has no transparency and the image has.
    pub flatten: Option<Rgb>,
    /// Metadata that survives.
    pub keep: Keep,
    /// How many frames it has: 1 but for animations.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub frames: u32,
    /// Metadata that is written.
    #[serde(default, skip_serializing_if = "Written::is_none")]
    pub written: Written,
    /// What a reader of the manifest must know of it.
    pub notes: Vec<Note>,
    /// SHA-256 (hex) of everything about it but the original's bytes: the canonical derivative, size and encoding.
    pub canonical: String,
}

/// Something that happened to a file that its user did not ask for by name.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// Transparency was put on the background colour.
    Flattened,
    /// Only the first frame of an animation is shown.
    FirstFrame,
    /// The region of a step lies outside of the file, and the step was left out.
    RegionOutside,
    /// A border inside of the picture would have covered all of it, and is as wide as leaves a pixel.
    BorderNarrowed,
    /// The frame that was asked for is not there: the last one is shown.
    LastFrame,
    /// Transparency is all or nothing, as the format cannot do better.
    HardEdges,
    /// The format carries none of the metadata that the recipe keeps.
    MetadataNotKept,
    /// The recipe asks for a face and none was found: what it names instead was taken.
    NoFace,
    /// There are more faces than the recipe makes files of: the largest have them.
    FacesLeftOut,
    /// The original has no page of the number that the recipe asks.
    NoSuchPage,
    /// The original lacks what a text would say, and it was left out.
    TextLeftOut,
    /// A text has letters that no bundled font has; boxes stand for them.
    LettersMissing,
    /// A text was larger than its file and was cut.
    TextCut,
    /// No quality that is allowed looks as asked; it has the best one.
    TargetMissed,
    /// No quality that is allowed is as short as asked; it has the worst one.
    BytesMissed,
    /// The format that was chosen for this original (`formats: [auto]`) is exact: what the recipe says of a quality, a look or a
    /// length does not apply.
    ExactFormat,
    /// The animation is shorter without loss, and is written so: no quality applies.
    Lossless,
    /// The animation came out with more bytes than its original.
    LargerThanOriginal,
}

impl Note {
    /// As it is written in records and manifests.
    pub fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => unreachable!("notes are written as plain names"),
        }
    }

    /// By that name.
    pub fn named(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }
}

/// A file that the recipe names and this original does not get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Of which derivative.
    pub derivative: String,
    /// Which file, as the recipe writes it: `width 2560`, `2x`.
    pub what: String,
    /// Why, as a sentence.
    pub reason: String,
}

/// Something derived from the trunk besides files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Analysis {
    /// A blurred preview in about 25 bytes.
    Thumbhash,
    /// The one colour that stands for the picture.
    Dominant,
    /// A blurred preview as text, by components across and down.
    Blurhash {
        /// Across, 1 to 9.
        x: u8,
        /// Down, 1 to 9.
        y: u8,
    },
    /// The colours that the picture is made of.
    Palette {
        /// How many at most.
        colours: u8,
    },
    /// A tiny picture as a data URI.
    Lqip {
        /// Its format.
        format: TinyFormat,
        /// Length of the data URI at most.
        bytes: u32,
    },
}

/// Formats of a tiny picture.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum TinyFormat {
    /// WebP: shorter, with transparency.
    Webp,
    /// JPEG: for mail readers and what is older than WebP; transparency is put on white.
    Jpeg,
}

/// Expected cost, for admission and scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Predicted {
    /// Peak memory of the renderer for this plan, above its idle state.
    pub memory_bytes: u64,
    /// CPU time.
    pub cpu_ms: u64,
}
