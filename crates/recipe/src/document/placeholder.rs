//! Reading what is shown before a file has arrived: by words, or with what each can be told.
use serde_json::{Value as Json, json};

use super::read::{Fields, Problems, list, one_or_many};
use super::scalar;
use super::schema_parts::{Mapping, whole, words};
use super::tree::{Tree, Value};
use crate::diagnostic::Code;
use crate::{Analysis, TinyFormat};

/// As most front ends do.
const BLURHASH: Analysis = Analysis::Blurhash { x: 4, y: 3 };
const PALETTE: Analysis = Analysis::Palette { colours: 5 };
/// Short enough to inline hundreds in a page.
const LQIP: Analysis = Analysis::Lqip {
    format: TinyFormat::Webp,
    bytes: 600,
};

const WORDS: [(&str, Analysis); 5] = [
    ("thumbhash", Analysis::Thumbhash),
    ("dominant", Analysis::Dominant),
    ("blurhash", BLURHASH),
    ("palette", PALETTE),
    ("lqip", LQIP),
];

/// Longest data URI; more is a picture of its own.
const LQIP_BYTES_MAX: u32 = 4096;

/// Shorter data URIs than this cannot be promised.
fn lqip_bytes_min(format: TinyFormat) -> u32 {
    match format {
        TinyFormat::Webp => 200,
        // The tables alone take as much.
        TinyFormat::Jpeg => 500,
    }
}

/// `thumbhash`, a list of words and mappings, or one mapping; sorted, each once.
pub(super) fn placeholder(tree: &Tree, problems: &Problems) -> Option<Vec<Analysis>> {
    let mut asked: Vec<Analysis> = one_or_many(tree, problems, one)?.into_iter().flatten().collect();
    asked.sort();
    asked.dedup();
    let kind = std::mem::discriminant::<Analysis>;
    if asked.windows(2).any(|pair| kind(&pair[0]) == kind(&pair[1])) {
        let help = Some("keep one of them: a manifest has one of each".to_owned());
        problems.note(
            tree.span,
            Code::SameKey,
            "a placeholder is asked twice, in two ways",
            help,
        );
    }
    Some(asked)
}

fn one(tree: &Tree, problems: &Problems) -> Option<Vec<Analysis>> {
    if !matches!(tree.value, Value::Map(_)) {
        return scalar::choice(tree, &WORDS, problems).map(|analysis| vec![analysis]);
    }
    let mut fields = Fields::open("placeholder", tree, problems)?;
    let flag = |fields: &mut Fields<'_>, key, analysis| {
        let asked = fields.read(key, scalar::boolean).unwrap_or(false);
        asked.then_some(analysis)
    };
    let asked = [
        flag(&mut fields, "thumbhash", Analysis::Thumbhash),
        flag(&mut fields, "dominant", Analysis::Dominant),
        fields.read("blurhash", blurhash),
        fields.read("palette", |tree, problems| {
            let colours = scalar::small(tree, 1..=16, problems)?;
            Some(Analysis::Palette { colours })
        }),
        fields.read("lqip", lqip),
    ];
    fields.close();
    Some(asked.into_iter().flatten().collect())
}

/// `[4, 3]`: components across and down.
fn blurhash(tree: &Tree, problems: &Problems) -> Option<Analysis> {
    let components = list(tree, problems, |tree, problems| {
        scalar::small(tree, 1..=9, problems)
    })?;
    if let [x, y] = components[..] {
        return Some(Analysis::Blurhash { x, y });
    }
    let help = "components across and down, such as [4, 3]".to_owned();
    problems.note(
        tree.span,
        Code::BadValue,
        "a blurhash has two numbers",
        Some(help),
    );
    None
}

/// `webp`, or `{ format: webp, bytes: 400 }`.
fn lqip(tree: &Tree, problems: &Problems) -> Option<Analysis> {
    let formats = [("webp", TinyFormat::Webp), ("jpeg", TinyFormat::Jpeg)];
    let Analysis::Lqip {
        format: usual,
        bytes: roomy,
    } = LQIP
    else {
        unreachable!("it is one")
    };
    if !matches!(tree.value, Value::Map(_)) {
        let format = scalar::choice(tree, &formats, problems)?;
        return Some(Analysis::Lqip {
            format,
            bytes: roomy.max(lqip_bytes_min(format)),
        });
    }
    let mut fields = Fields::open("lqip", tree, problems)?;
    let format = fields
        .read("format", |tree, problems| {
            scalar::choice(tree, &formats, problems)
        })
        .unwrap_or(usual);
    let range = lqip_bytes_min(format)..=LQIP_BYTES_MAX;
    let bytes = fields.read("bytes", |tree, problems| {
        let bytes = scalar::bytes(tree, problems)?;
        if let Some(bytes) = u32::try_from(bytes).ok().filter(|bytes| range.contains(bytes)) {
            return Some(bytes);
        }
        let help = format!("from {} to {} bytes of data URI", range.start(), range.end());
        problems.note(
            tree.span,
            Code::BadValue,
            "this length is not allowed here",
            Some(help),
        );
        None
    });
    fields.close();
    Some(Analysis::Lqip {
        format,
        bytes: bytes.unwrap_or(roomy),
    })
}

pub(super) fn schema() -> Json {
    let item = json!({ "anyOf": [{ "enum": WORDS.map(|(word, _)| word) }, { "$ref": "#/definitions/placeholder" }] });
    json!({
        "description": "What a page shows before a file has arrived, in the manifest.",
        "anyOf": [item, { "type": "array", "items": item, "uniqueItems": true }],
    })
}

pub(super) fn mappings() -> Vec<Mapping> {
    let flag = |description: &str| json!({ "type": "boolean", "description": description });
    let components = json!({
        "type": "array", "items": whole(1, 9), "minItems": 2, "maxItems": 2, "default": [4, 3],
        "description": "A blurred preview as about 30 characters of BlurHash: components across and down.",
    });
    let colours = json!({
        "type": "integer", "minimum": 1, "maximum": 16, "default": 5,
        "description": "The colours that the picture is made of, largest share first; at most so many.",
    });
    let format = words::<TinyFormat>();
    vec![
        (
            "placeholder",
            json!({
                "thumbhash": flag("A blurred preview with its shape and transparency, in about 25 bytes."),
                "dominant": flag("The one colour that stands for the picture."),
                "blurhash": components,
                "palette": colours,
                "lqip": {
                    "description": "A tiny picture as a data URI.",
                    "anyOf": [format, { "$ref": "#/definitions/lqip" }],
                },
            }),
            &[],
        ),
        (
            "lqip",
            json!({
                "format": format,
                "bytes": {
                    "type": ["string", "integer"], "default": 600,
                    "description": "The data URI is no longer: from 200 (WebP) or 500 (JPEG) to 4096 bytes.",
                },
            }),
            &[],
        ),
    ]
}
