//! Reading which metadata files carry: what of the original is kept, what is written.
use serde_json::{Value as Json, json};

use super::read::{Fields, Problems, one_or_many};
use super::scalar;
use super::schema_parts::{Mapping, whole};
use super::tree::Tree;
use crate::diagnostic::Code;
use crate::{Keep, Written};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    None,
    All,
    Icc,
    Copyright,
    Exif,
    Gps,
    Xmp,
    Iptc,
}

const WORDS: [(&str, Kept); 8] = [
    ("none", Kept::None),
    ("all", Kept::All),
    ("icc", Kept::Icc),
    ("copyright", Kept::Copyright),
    ("exif", Kept::Exif),
    ("gps", Kept::Gps),
    ("xmp", Kept::Xmp),
    ("iptc", Kept::Iptc),
];

/// `none`, `all` (which has no place in it: that is asked for by name), or blocks.
pub(super) fn keep(tree: &Tree, problems: &Problems) -> Option<Keep> {
    let named = one_or_many(tree, problems, |tree, problems| {
        scalar::choice(tree, &WORDS, problems)
    })?;
    if named.contains(&Kept::None) && named.len() > 1 {
        let help = Some("keep: none, or the blocks to keep".to_owned());
        problems.note(tree.span, Code::Conflict, "none stands alone", help);
    }
    let mut keep = Keep::default();
    for kept in named {
        match kept {
            Kept::None => {}
            Kept::All => {
                let gps = keep.gps;
                keep = Keep {
                    icc: true,
                    copyright: true,
                    exif: true,
                    gps,
                    xmp: true,
                    iptc: true,
                };
            }
            Kept::Icc => keep.icc = true,
            Kept::Copyright => keep.copyright = true,
            Kept::Exif => keep.exif = true,
            Kept::Gps => keep.gps = true,
            Kept::Xmp => keep.xmp = true,
            Kept::Iptc => keep.iptc = true,
        }
    }
    Some(keep)
}

/// `{ set: { copyright, artist, description }, dpi }`.
pub(super) fn metadata(tree: &Tree, problems: &Problems) -> Option<Written> {
    let mut fields = Fields::open("metadata", tree, problems)?;
    let set = fields.read("set", set).unwrap_or_default();
    let dpi = fields.read("dpi", |tree, problems| {
        scalar::integer(tree, 1..=10_000, problems)
    });
    fields.close();
    Some(Written {
        dpi: dpi.and_then(|dpi| u16::try_from(dpi).ok()),
        ..set
    })
}

fn set(tree: &Tree, problems: &Problems) -> Option<Written> {
    let mut fields = Fields::open("metadata_set", tree, problems)?;
    let written = Written {
        copyright: fields.read("copyright", text),
        artist: fields.read("artist", text),
        description: fields.read("description", text),
        dpi: None,
    };
    fields.close();
    Some(written)
}

/// More is no caption; and it is in every file.
const TEXT_BYTES_MAX: usize = 500;

fn text(tree: &Tree, problems: &Problems) -> Option<String> {
    // As EXIF, which has no other letters, is written everywhere.
    let text = scalar::text(tree, problems)?.replace('\u{a9}', "(C)");
    let is_written = text
        .chars()
        .all(|letter| letter.is_ascii() && !letter.is_control());
    if !text.is_empty() && text.len() <= TEXT_BYTES_MAX && is_written {
        return Some(text);
    }
    let help = format!(
        "one line of 1 to {TEXT_BYTES_MAX} letters of ASCII, which is all that EXIF holds; \u{a9} becomes (C)"
    );
    problems.note(
        tree.span,
        Code::BadValue,
        "this text cannot be written into a file",
        Some(help),
    );
    None
}

pub(super) fn keep_schema() -> Json {
    let word = json!({ "enum": WORDS.map(|(word, _)| word) });
    json!({
        "description": "Metadata of the original that files keep; `all` is all but `gps`, which never survives unless it is named. \
             Orientation is baked in and the thumbnail dropped in any case. `iptc` is kept in JPEG.",
        "anyOf": [word, { "type": "array", "items": word, "uniqueItems": true }],
    })
}

pub(super) fn metadata_schema() -> Json {
    json!({
        "description": "Metadata that is written into files, whatever the original has.",
        "allOf": [{ "$ref": "#/definitions/metadata" }],
    })
}

pub(super) fn mappings() -> Vec<Mapping> {
    let text = |description: &str| json!({ "type": "string", "minLength": 1, "maxLength": TEXT_BYTES_MAX, "description": description });
    let mut dpi = whole(1, 10_000);
    dpi["description"] = json!("Pixels per inch, for print; it changes no pixel.");
    vec![
        (
            "metadata",
            json!({
                "set": {
                    "description": "Texts, each in place of the original's.",
                    "allOf": [{ "$ref": "#/definitions/metadata_set" }],
                },
                "dpi": dpi,
            }),
            &[],
        ),
        (
            "metadata_set",
            json!({
                "copyright": text("Whose it is, as EXIF Copyright and `dc:rights` of XMP."),
                "artist": text("Who made it, as EXIF Artist and `dc:creator`."),
                "description": text("What it shows, as EXIF ImageDescription and `dc:description`."),
            }),
            &[],
        ),
    ]
}
