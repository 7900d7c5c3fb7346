//! Encodings: explicit defaults per format, overridable in the document and again in each derivative.
use super::aim;
use super::encoders;
use super::read::{Fields, Problems};
use super::scalar;
use super::tree::Tree;
use crate::{
    Aim, AvifTuning, Encoding, Hundredths, Lane, OutputFormat, PngTuning, Subsampling, TiffCompression,
    WebpTuning,
};

/// How each format is encoded unless a derivative says otherwise. Every figure is read from measured curves of photos
/// at 320, 640, 1280 and 2560 px (`docs/adr/0005-avif-defaults.md`). The three lossy formats look alike, so that a page
/// looks the same whichever a browser takes:
///
/// | | quality | effort | mean SSIMULACRA2 at each width | CPU per megapixel |
/// |---|---|---|---|---|
/// | AVIF | 57 | 3 | 75.5 to 76.2 | 280 to 550 ms |
/// | WebP | 81 | 4 | 74.4 to 78.2 | 70 to 100 ms |
/// | JPEG | 75 | 2 | 75.9 to 76.7 | 50 to 80 ms |
///
/// GIF: effort 7, the encoder's own, takes three times as long as 4 for files 5 % smaller (20 frames of a photo: 1.58 against 0.47 s
/// per megapixel). TIFF: deflate with a predictor is the smallest that loses nothing.
#[derive(Debug, Clone)]
pub(super) struct Defaults {
    /// In the order of [`OutputFormat::ALL`].
    told: [Told; OutputFormat::ALL.len()],
}

/// An encoding and the lane that it asks for.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub encoding: Encoding,
    pub aim: Aim,
    pub lane: Option<Lane>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            told: OutputFormat::ALL.map(|format| Told {
                encoding: built_in(format),
                aim: Aim::default(),
                lane: (format == OutputFormat::Avif).then_some(Lane::Bulk),
            }),
        }
    }
}

fn built_in(format: OutputFormat) -> Encoding {
    let subsampling = Subsampling::Auto;
    match format {
        OutputFormat::Avif => Encoding::Avif {
            quality: 57,
            effort: 3,
            lossless: false,
            subsampling,
            tuning: AvifTuning::default(),
        },
        OutputFormat::Webp => Encoding::Webp {
            quality: 81,
            effort: 4,
            lossless: false,
            tuning: WebpTuning::default(),
        },
        OutputFormat::Jpeg => Encoding::Jpeg {
            quality: 75,
            effort: 2,
            progressive: true,
            subsampling,
        },
        OutputFormat::Png => Encoding::Png {
            compression: 6,
            palette: false,
            tuning: PngTuning::default(),
        },
        OutputFormat::Gif => Encoding::Gif {
            effort: 4,
            colours: 256,
            dither: Hundredths::ONE,
        },
        OutputFormat::Tiff => Encoding::Tiff {
            compression: TiffCompression::Deflate,
            quality: encoders::TIFF_QUALITY,
            predictor: true,
            tiled: false,
        },
    }
}

impl Defaults {
    /// The same, each changed.
    pub fn with(&self, change: impl Fn(&mut Told)) -> Self {
        let mut changed = self.clone();
        changed.told.iter_mut().for_each(change);
        changed
    }

    pub fn of(&self, format: OutputFormat) -> &Told {
        &self.told[place(format)]
    }

    /// The same without lanes: a derivative's own lane is stronger than the document's.
    pub fn without_lanes(&self) -> Self {
        let mut base = self.clone();
        for told in &mut base.told {
            told.lane = None;
        }
        base
    }
}

fn place(format: OutputFormat) -> usize {
    OutputFormat::ALL
        .iter()
        .position(|known| *known == format)
        .expect("all formats are listed")
}

/// The built-in defaults, for the schema's readers.
pub(super) fn described() -> String {
    let told = OutputFormat::ALL.map(|format| match built_in(format) {
        Encoding::Avif { quality, effort, .. }
        | Encoding::Webp { quality, effort, .. }
        | Encoding::Jpeg { quality, effort, .. } => {
            format!("{format} quality {quality} effort {effort}")
        }
        Encoding::Png { compression, .. } => format!("{format} compression {compression}"),
        Encoding::Gif { effort, colours, .. } => format!("{format} effort {effort} colours {colours}"),
        Encoding::Tiff { .. } => format!("{format} compression deflate"),
    });
    format!(
        "Defaults per format, on top of the built-in ones: {}.",
        told.join(", ")
    )
}

/// The document's `encodings`, on top of the built-in ones.
pub(super) fn defaults(tree: &Tree, problems: &Problems) -> Option<Defaults> {
    let base = Defaults::default();
    let told = overrides(tree, &base, problems)?;
    Some(Defaults {
        told: OutputFormat::ALL.map(|format| told.of(format).unwrap_or(base.of(format)).clone()),
    })
}

/// What a mapping of encodings says; `None` for formats that it does not name.
pub(super) struct Overrides {
    told: [Option<Told>; OutputFormat::ALL.len()],
}

impl Overrides {
    pub fn of(&self, format: OutputFormat) -> Option<&Told> {
        self.told[place(format)].as_ref()
    }
}

/// A mapping of formats to encodings. A lane is inherited from `base` by [`defaults`] only: a derivative's own lane is
/// stronger than the document's, so an override has one only if it names it.
pub(super) fn overrides(tree: &Tree, base: &Defaults, problems: &Problems) -> Option<Overrides> {
    let mut fields = Fields::open("encodings", tree, problems)?;
    let told = OutputFormat::ALL.map(|format| {
        fields.read(format.as_str(), |tree, problems| {
            encoding(tree, base.of(format), problems)
        })
    });
    fields.close();
    Some(Overrides { told })
}

fn encoding(tree: &Tree, base: &Told, problems: &Problems) -> Option<Told> {
    let mut fields = Fields::open(base.encoding.format().as_str(), tree, problems)?;
    let encoding = encoders::read(&mut fields, &base.encoding);
    let aim = aim::of_encoding(&mut fields, &encoding, base.aim);
    let lane = fields.read("lane", self::lane).or(base.lane);
    fields.close();
    Some(Told { encoding, aim, lane })
}

pub(super) fn lane(tree: &Tree, problems: &Problems) -> Option<Lane> {
    scalar::choice(tree, &Lane::ALL.map(|lane| (lane.as_str(), lane)), problems)
}
