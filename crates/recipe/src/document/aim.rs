//! Reading how good a file must be: a number or a word, a look to reach, a number of bytes to keep.
use super::encodings::Told;
use super::read::{Fields, Problems};
use super::scalar;
use super::tree::{Tree, Value};
use crate::{Aim, Encoding, Look, OutputFormat, Score};

/// Words for a quality. Each is one look in all formats, read from the curves of `docs/adr/0005-avif-defaults.md`: the mean
/// SSIMULACRA2 of six photos at 320, 640, 1280 and 2560 px. JPEG ends at 85: from 86 on it pays double for the next points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// About 82: a portfolio, a product under a lens.
    High,
    /// About 76: the defaults.
    Medium,
    /// About 67: previews and grids.
    Low,
}

pub(super) const LEVELS: [(&str, Level); 3] = [
    ("high", Level::High),
    ("medium", Level::Medium),
    ("low", Level::Low),
];

impl Level {
    /// What it means for a format; nothing for one without qualities.
    pub fn quality(self, format: OutputFormat) -> Option<u8> {
        let [high, medium, low] = match format {
            OutputFormat::Avif => [70, 57, 46],
            OutputFormat::Webp => [88, 81, 61],
            OutputFormat::Jpeg => [85, 75, 60],
            OutputFormat::Png | OutputFormat::Gif | OutputFormat::Tiff => return None,
        };
        Some(match self {
            Self::High => high,
            Self::Medium => medium,
            Self::Low => low,
        })
    }
}

/// `quality`: a number of the format's own scale, or a word.
pub(super) fn quality(tree: &Tree, format: OutputFormat, problems: &Problems) -> Option<u8> {
    let is_word =
        matches!(&tree.value, Value::Scalar(text) if text.starts_with(|c: char| c.is_ascii_alphabetic()));
    if is_word {
        scalar::choice(tree, &LEVELS, problems).and_then(|level| level.quality(format))
    } else {
        scalar::small(tree, 1..=100, problems)
    }
}

/// The keys of an encoding that a search is made of, on top of `base`. Call it after the rest was read.
pub(super) fn of_encoding(fields: &mut Fields<'_>, encoding: &Encoding, base: Aim) -> Aim {
    let has_keys = matches!(
        encoding.format(),
        OutputFormat::Jpeg | OutputFormat::Webp | OutputFormat::Avif
    );
    if !has_keys {
        return Aim::default();
    }
    let told = fields.read("target", target);
    let max_bytes = fields.read("max_bytes", scalar::bytes);
    let has_quality = fields.has("quality");
    if told.is_some() && has_quality {
        conflict(fields, "target");
    }
    if !encoding.is_graded() {
        for key in ["target", "max_bytes"].into_iter().filter(|key| fields.has(key)) {
            no_quality(fields, key, encoding.format().as_str());
        }
        // What is exact answers the question that an inherited search asks.
        return Aim::default();
    }
    Aim {
        // So does a quality that is told.
        target: told.or(base.target.filter(|_| !has_quality)),
        max_bytes: max_bytes.or(base.max_bytes),
    }
}

fn no_quality(fields: &Fields<'_>, key: &str, formats: &str) {
    let message = format!("{key} needs a quality to change, and {formats} has none here");
    let help = "say it under `encodings` for the formats that have one, and not where they are lossless";
    fields.conflict(key, message, help);
}

fn conflict(fields: &Fields<'_>, key: &str) {
    fields.conflict(
        key,
        "a target finds the quality, and a quality is told as well",
        "keep one of them; target has bounds of its own: { ssimulacra2: 80, min: 40, max: 90 }",
    );
}

/// What a derivative says for all its formats.
pub(super) struct ForAll {
    level: Option<Level>,
    aim: Aim,
}

impl ForAll {
    pub fn read(fields: &mut Fields<'_>) -> Self {
        let level = fields.read("quality", |tree, problems| {
            scalar::choice(tree, &LEVELS, problems)
        });
        let aim = Aim {
            target: fields.read("target", target),
            max_bytes: fields.read("max_bytes", scalar::bytes),
        };
        if aim.target.is_some() && fields.has("quality") {
            conflict(fields, "target");
        }
        Self { level, aim }
    }

    /// Puts it on an encoding of the document, which it is stronger than.
    pub fn apply(&self, told: &mut Told) {
        if let Some(quality) = self.level.and_then(|level| level.quality(told.encoding.format())) {
            told.encoding = told.encoding.at_quality(quality);
            told.aim.target = None;
        }
        told.aim.target = self.aim.target.or(told.aim.target);
        told.aim.max_bytes = self.aim.max_bytes.or(told.aim.max_bytes);
    }

    /// Notes what it asks of formats that cannot give it.
    pub fn check<'e>(&self, fields: &Fields<'_>, used: impl Iterator<Item = &'e Encoding>) {
        let without: Vec<&str> = used
            .filter(|encoding| !encoding.is_graded())
            .map(|encoding| encoding.format().as_str())
            .collect();
        let asked = [
            ("quality", self.level.is_some()),
            ("target", self.aim.target.is_some()),
            ("max_bytes", self.aim.max_bytes.is_some()),
        ];
        for (key, _) in asked
            .into_iter()
            .filter(|(_, asked)| *asked && !without.is_empty())
        {
            no_quality(fields, key, &without.join(", "));
        }
    }
}

/// `{ ssimulacra2: 80, min: 40, max: 90 }`.
fn target(tree: &Tree, problems: &Problems) -> Option<Look> {
    let mut fields = Fields::open("perceptual_target", tree, problems)?;
    let score = fields.require("ssimulacra2", |t, p| scalar::number(t, 30.0..=95.0, p));
    let bound = |fields: &mut Fields<'_>, key, default| {
        fields
            .read(key, |t, p| scalar::small(t, 1..=100, p))
            .unwrap_or(default)
    };
    let min = bound(&mut fields, "min", Look::QUALITY_MIN);
    let max = bound(&mut fields, "max", Look::QUALITY_MAX.max(min));
    if min > max {
        fields.conflict(
            "min",
            "min is above max",
            "min is the worst quality, max the best",
        );
    }
    fields.close();
    Some(Look {
        ssimulacra2: Score::new(score?),
        min,
        max: max.max(min),
    })
}
