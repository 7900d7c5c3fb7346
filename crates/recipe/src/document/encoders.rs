//! What each encoder can be told: one mapping per format, on top of what is told already.
//!
//! An option that another one takes the effect from is a mistake where it is written, and falls back to its default where it is
//! only inherited.
use super::aim;
use super::read::{Fields, Problems};
use super::scalar;
use super::tree::Tree;
use crate::{
    AvifTune, AvifTuning, Encoding, Hundredths, OutputFormat, PngTuning, Subsampling, TiffCompression,
    WebpPreset, WebpTuning,
};

/// Reads the options of the format that `base` has.
pub(super) fn read(fields: &mut Fields<'_>, base: &Encoding) -> Encoding {
    match base.clone() {
        Encoding::Jpeg {
            quality: q,
            effort: e,
            progressive,
            subsampling: s,
        } => Encoding::Jpeg {
            quality: graded(fields, OutputFormat::Jpeg, q),
            effort: effort(fields, 0, 2, e),
            progressive: flag(fields, "progressive", progressive),
            subsampling: subsampling(fields, s),
        },
        Encoding::Webp {
            quality: q,
            effort: e,
            lossless,
            tuning,
        } => {
            let (quality, effort) = (graded(fields, OutputFormat::Webp, q), effort(fields, 0, 6, e));
            webp(fields, quality, effort, lossless, tuning)
        }
        Encoding::Avif {
            quality: q,
            effort: e,
            lossless,
            subsampling: s,
            tuning,
        } => {
            let lossless = flag(fields, "lossless", lossless);
            Encoding::Avif {
                quality: graded(fields, OutputFormat::Avif, q),
                effort: effort(fields, 0, 9, e),
                lossless,
                subsampling: subsampling(fields, s),
                tuning: avif(fields, lossless, tuning),
            }
        }
        Encoding::Png {
            compression,
            palette,
            tuning,
        } => {
            let palette = flag(fields, "palette", palette);
            Encoding::Png {
                compression: small(fields, "compression", 0, 9, compression),
                palette,
                tuning: png(fields, palette, tuning),
            }
        }
        Encoding::Gif {
            effort: e,
            colours: c,
            dither: d,
        } => Encoding::Gif {
            effort: effort(fields, 1, 10, e),
            colours: colours(fields, &GIF_COLOURS, c),
            dither: dither(fields, d),
        },
        Encoding::Tiff {
            compression,
            quality: q,
            predictor,
            tiled,
        } => tiff(fields, compression, q, predictor, tiled),
    }
}

/// Sizes of a GIF's colour table.
const GIF_COLOURS: [(&str, u16); 8] = [
    ("2", 2),
    ("4", 4),
    ("8", 8),
    ("16", 16),
    ("32", 32),
    ("64", 64),
    ("128", 128),
    ("256", 256),
];

/// Palettes whose indexes fill a PNG's bytes: 1, 2, 4 or 8 bits.
const PNG_COLOURS: [(&str, u16); 4] = [("2", 2), ("4", 4), ("16", 16), ("256", 256)];

fn webp(fields: &mut Fields<'_>, quality: u8, effort: u8, lossless: bool, base: WebpTuning) -> Encoding {
    let said = (fields.has("lossless"), fields.has("near_lossless"));
    let mut exact = flag(fields, "lossless", lossless);
    let mut near = flag(fields, "near_lossless", base.near_lossless);
    if exact && near {
        match said {
            (true, true) => fields.conflict(
                "near_lossless",
                "a picture is kept exactly or nearly",
                "leave one of lossless and near_lossless out",
            ),
            (true, false) => near = false,
            _ => exact = false,
        }
    }
    let mut tuning = WebpTuning {
        near_lossless: near,
        alpha_quality: small(fields, "alpha_quality", 0, 100, base.alpha_quality),
        smart_subsample: flag(fields, "smart_subsample", base.smart_subsample),
        preset: fields
            .read("preset", |tree, problems| {
                scalar::choice(tree, &PRESETS, problems)
            })
            .unwrap_or(base.preset),
    };
    if exact || near {
        let idle = WebpTuning::default();
        without_effect(
            fields,
            &["alpha_quality", "smart_subsample", "preset"],
            "a lossless WebP does not use it",
            "it belongs to lossy WebP",
        );
        tuning = WebpTuning {
            near_lossless: near,
            ..idle
        };
    }
    Encoding::Webp {
        quality,
        effort,
        lossless: exact,
        tuning,
    }
}

const PRESETS: [(&str, WebpPreset); 6] = [
    ("default", WebpPreset::Default),
    ("picture", WebpPreset::Picture),
    ("photo", WebpPreset::Photo),
    ("drawing", WebpPreset::Drawing),
    ("icon", WebpPreset::Icon),
    ("text", WebpPreset::Text),
];

fn avif(fields: &mut Fields<'_>, lossless: bool, base: AvifTuning) -> AvifTuning {
    let tuning = AvifTuning {
        bits: fields
            .read("bits", |tree, problems| {
                scalar::choice(tree, &[("8", 8), ("10", 10)], problems)
            })
            .unwrap_or(base.bits),
        tune: fields
            .read("tune", |tree, problems| {
                let words = [
                    ("auto", AvifTune::Auto),
                    ("psnr", AvifTune::Psnr),
                    ("ssim", AvifTune::Ssim),
                    ("iq", AvifTune::Iq),
                ];
                scalar::choice(tree, &words, problems)
            })
            .unwrap_or(base.tune),
    };
    if !lossless {
        return tuning;
    }
    without_effect(
        fields,
        &["bits", "tune"],
        "a lossless AVIF has the picture's own 8-bit samples",
        "it belongs to lossy AVIF",
    );
    AvifTuning::default()
}

fn png(fields: &mut Fields<'_>, palette: bool, base: PngTuning) -> PngTuning {
    let tuning = PngTuning {
        colours: colours(fields, &PNG_COLOURS, base.colours),
        quality: quality(fields, base.quality),
        dither: dither(fields, base.dither),
        effort: effort(fields, 1, 10, base.effort),
    };
    if palette {
        return tuning;
    }
    without_effect(
        fields,
        &["colours", "quality", "dither", "effort"],
        "only a PNG with a palette uses it",
        "add palette: true; compression is how hard a PNG is packed",
    );
    PngTuning::default()
}

fn tiff(
    fields: &mut Fields<'_>,
    base: TiffCompression,
    quality_before: u8,
    predictor: bool,
    tiled: bool,
) -> Encoding {
    let compression = fields.read("compression", |tree, problems| {
        let words = [
            ("none", TiffCompression::None),
            ("lzw", TiffCompression::Lzw),
            ("deflate", TiffCompression::Deflate),
            ("jpeg", TiffCompression::Jpeg),
        ];
        scalar::choice(tree, &words, problems)
    });
    let compression = compression.unwrap_or(base);
    let mut asked = quality(fields, quality_before);
    let mut predicts = flag(fields, "predictor", predictor);
    if compression != TiffCompression::Jpeg {
        without_effect(
            fields,
            &["quality"],
            "only compression: jpeg loses anything",
            "leave it out",
        );
        asked = TIFF_QUALITY;
    }
    if !matches!(compression, TiffCompression::Lzw | TiffCompression::Deflate) {
        without_effect(
            fields,
            &["predictor"],
            "only lzw and deflate use a predictor",
            "leave it out",
        );
        predicts = false;
    }
    Encoding::Tiff {
        compression,
        quality: asked,
        predictor: predicts,
        tiled: flag(fields, "tiled", tiled),
    }
}

/// What a TIFF is told where its compression is `jpeg` and nothing is said: files for editors, not for pages.
pub(super) const TIFF_QUALITY: u8 = 90;

/// A quality that may be a word.
fn graded(fields: &mut Fields<'_>, format: OutputFormat, default: u8) -> u8 {
    let read = |tree, problems: &_| aim::quality(tree, format, problems);
    fields.read("quality", read).unwrap_or(default)
}

fn quality(fields: &mut Fields<'_>, default: u8) -> u8 {
    small(fields, "quality", 1, 100, default)
}

fn effort(fields: &mut Fields<'_>, least: u8, most: u8, default: u8) -> u8 {
    small(fields, "effort", least, most, default)
}

fn small(fields: &mut Fields<'_>, key: &'static str, least: u8, most: u8, default: u8) -> u8 {
    fields
        .read(key, |tree, problems| scalar::small(tree, least..=most, problems))
        .unwrap_or(default)
}

fn flag(fields: &mut Fields<'_>, key: &'static str, default: bool) -> bool {
    fields.read(key, scalar::boolean).unwrap_or(default)
}

fn colours(fields: &mut Fields<'_>, allowed: &[(&str, u16)], default: u16) -> u16 {
    fields
        .read("colours", |tree, problems| {
            scalar::choice(tree, allowed, problems)
        })
        .unwrap_or(default)
}

fn dither(fields: &mut Fields<'_>, default: Hundredths) -> Hundredths {
    fields
        .read("dither", |tree: &Tree, problems: &Problems| {
            scalar::number(tree, 0.0..=1.0, problems).map(|share| Hundredths((share * 100.0).round() as u8))
        })
        .unwrap_or(default)
}

fn subsampling(fields: &mut Fields<'_>, default: Subsampling) -> Subsampling {
    let words = [
        ("auto", Subsampling::Auto),
        ("on", Subsampling::On),
        ("off", Subsampling::Off),
    ];
    fields
        .read("subsampling", |tree, problems| {
            scalar::choice(tree, &words, problems)
        })
        .unwrap_or(default)
}

/// Notes those of the keys that are written here.
fn without_effect(fields: &Fields<'_>, keys: &[&str], why: &str, help: &str) {
    for key in keys.iter().filter(|key| fields.has(key)) {
        fields.conflict(key, format!("{key} has no effect here: {why}"), help);
    }
}
