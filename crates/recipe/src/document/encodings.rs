//! Encodings: explicit defaults per format, overridable in the document and again in each derivative.
use super::read::{Fields, Problems};
use super::scalar;
use super::tree::Tree;
use crate::{Encoding, Lane, OutputFormat, Subsampling};

/// How each format is encoded unless a derivative says otherwise. Every figure is read from measured curves of photos
/// at 320, 640, 1280 and 2560 px (`docs/adr/0005-avif-defaults.md`). The three lossy formats look alike, so that a page
/// looks the same whichever a browser takes:
///
/// | | quality | effort | mean SSIMULACRA2 at each width | CPU per megapixel |
/// |---|---|---|---|---|
/// | AVIF | 57 | 3 | 75.5 to 76.2 | 280 to 550 ms |
/// | WebP | 81 | 4 | 74.4 to 78.2 | 70 to 100 ms |
/// | JPEG | 75 | 2 | 75.9 to 76.7 | 50 to 80 ms |
#[derive(Debug, Clone)]
pub(super) struct Defaults {
    pub avif: Told,
    pub webp: Told,
    pub jpeg: Told,
    pub png: Told,
}

/// An encoding and the lane that it asks for.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub encoding: Encoding,
    pub lane: Option<Lane>,
}

impl Default for Defaults {
    fn default() -> Self {
        let subsampling = Subsampling::Auto;
        let avif = Encoding::Avif {
            quality: 57,
            effort: 3,
            lossless: false,
            subsampling,
        };
        let webp = Encoding::Webp {
            quality: 81,
            effort: 4,
            lossless: false,
        };
        let jpeg = Encoding::Jpeg {
            quality: 75,
            effort: 2,
            progressive: true,
            subsampling,
        };
        let png = Encoding::Png {
            compression: 6,
            palette: false,
        };
        Self {
            avif: Told {
                encoding: avif,
                lane: Some(Lane::Bulk),
            },
            webp: Told {
                encoding: webp,
                lane: None,
            },
            jpeg: Told {
                encoding: jpeg,
                lane: None,
            },
            png: Told {
                encoding: png,
                lane: None,
            },
        }
    }
}

impl Defaults {
    pub fn of(&self, format: OutputFormat) -> &Told {
        match format {
            OutputFormat::Avif => &self.avif,
            OutputFormat::Webp => &self.webp,
            OutputFormat::Jpeg => &self.jpeg,
            OutputFormat::Png => &self.png,
        }
    }
}

/// The built-in defaults, for the schema's readers.
pub(super) fn described() -> String {
    let Defaults {
        avif,
        webp,
        jpeg,
        png,
    } = Defaults::default();
    let told = [avif, webp, jpeg, png].map(|told| {
        let format = told.encoding.format();
        match told.encoding {
            Encoding::Avif { quality, effort, .. }
            | Encoding::Webp { quality, effort, .. }
            | Encoding::Jpeg { quality, effort, .. } => {
                format!("{format} quality {quality} effort {effort}")
            }
            Encoding::Png { compression, .. } => format!("{format} compression {compression}"),
        }
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
        avif: told.avif.0,
        webp: told.webp.0,
        jpeg: told.jpeg.0,
        png: told.png.0,
    })
}

/// What a mapping of encodings says, and whether it says it.
pub(super) struct Overrides {
    avif: (Told, bool),
    webp: (Told, bool),
    jpeg: (Told, bool),
    png: (Told, bool),
}

impl Overrides {
    pub fn of(&self, format: OutputFormat) -> Option<&Told> {
        let (told, said) = match format {
            OutputFormat::Avif => &self.avif,
            OutputFormat::Webp => &self.webp,
            OutputFormat::Jpeg => &self.jpeg,
            OutputFormat::Png => &self.png,
        };
        said.then_some(told)
    }
}

/// A mapping of formats to encodings. A lane is inherited from `base` by [`defaults`] only: a derivative's own lane is
/// stronger than the document's, so an override has one only if it names it.
pub(super) fn overrides(tree: &Tree, base: &Defaults, problems: &Problems) -> Option<Overrides> {
    let mut fields = Fields::open("encodings", tree, problems)?;
    let mut one = |name: &'static str, base: &Told| {
        let told = fields.read(name, |tree, problems| encoding(tree, base, problems));
        let said = told.is_some();
        (told.unwrap_or_else(|| base.clone()), said)
    };
    let told = Overrides {
        avif: one("avif", &base.avif),
        webp: one("webp", &base.webp),
        jpeg: one("jpeg", &base.jpeg),
        png: one("png", &base.png),
    };
    fields.close();
    Some(told)
}

fn encoding(tree: &Tree, base: &Told, problems: &Problems) -> Option<Told> {
    let quality = |fields: &mut Fields<'_>, default: u8| {
        fields
            .read("quality", |t, p| scalar::small(t, 1..=100, p))
            .unwrap_or(default)
    };
    let effort = |fields: &mut Fields<'_>, max: u8, default: u8| {
        fields
            .read("effort", |t, p| scalar::small(t, 0..=max, p))
            .unwrap_or(default)
    };
    let what = match base.encoding.format() {
        OutputFormat::Avif => "avif",
        OutputFormat::Webp => "webp",
        OutputFormat::Jpeg => "jpeg",
        OutputFormat::Png => "png",
    };
    let mut fields = Fields::open(what, tree, problems)?;
    let encoding = match base.encoding.clone() {
        Encoding::Jpeg {
            quality: q,
            effort: e,
            progressive,
            subsampling,
        } => Encoding::Jpeg {
            quality: quality(&mut fields, q),
            effort: effort(&mut fields, 2, e),
            progressive: fields.read("progressive", scalar::boolean).unwrap_or(progressive),
            subsampling: fields
                .read("subsampling", self::subsampling)
                .unwrap_or(subsampling),
        },
        Encoding::Webp {
            quality: q,
            effort: e,
            lossless,
        } => Encoding::Webp {
            quality: quality(&mut fields, q),
            effort: effort(&mut fields, 6, e),
            lossless: fields.read("lossless", scalar::boolean).unwrap_or(lossless),
        },
        Encoding::Avif {
            quality: q,
            effort: e,
            lossless,
            subsampling,
        } => Encoding::Avif {
            quality: quality(&mut fields, q),
            effort: effort(&mut fields, 9, e),
            lossless: fields.read("lossless", scalar::boolean).unwrap_or(lossless),
            subsampling: fields
                .read("subsampling", self::subsampling)
                .unwrap_or(subsampling),
        },
        Encoding::Png { compression, palette } => Encoding::Png {
            compression: fields
                .read("compression", |t, p| scalar::small(t, 0..=9, p))
                .unwrap_or(compression),
            palette: fields.read("palette", scalar::boolean).unwrap_or(palette),
        },
    };
    let lane = fields.read("lane", self::lane).or(base.lane);
    fields.close();
    Some(Told { encoding, lane })
}

fn subsampling(tree: &Tree, problems: &Problems) -> Option<Subsampling> {
    let words = [
        ("auto", Subsampling::Auto),
        ("on", Subsampling::On),
        ("off", Subsampling::Off),
    ];
    scalar::choice(tree, &words, problems)
}

pub(super) fn lane(tree: &Tree, problems: &Problems) -> Option<Lane> {
    scalar::choice(tree, &Lane::ALL.map(|lane| (lane.as_str(), lane)), problems)
}
