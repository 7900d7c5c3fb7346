//! What a text says: words of the recipe and of the original.
use serde::{Serialize, Serializer};

use crate::Original;

/// Characters that are written of one value from outside, and of all of them: a caption, not a page.
const VALUE_CHARS_MAX: usize = 200;
/// As above.
pub(crate) const TEXT_CHARS_MAX: usize = 500;

/// What may stand in braces.
const VARIABLES: &str = "{meta.NAME} of the object's metadata, {exif.NAME}, {iptc.NAME} and {xmp.NAME} of the picture's, \
     {original}, {name}, {stem}; {{ and }} are braces";

/// A text with variables; checked when the document is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTemplate {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Original,
    Name,
    Stem,
    Meta(String),
    /// By its whole name, as `exif.Copyright`.
    Embedded(String),
}

impl TextTemplate {
    /// Or what is wrong, and what would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, (String, String)> {
        let wrong = |message: String| Err((message, format!("allowed: {VARIABLES}")));
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let inner = (brace == "{").then(|| rest.split_once('}')).flatten();
            let Some((name, after)) = inner else {
                return wrong(format!(
                    "the text {text:?} has a {brace:?} without its other half"
                ));
            };
            let Some(piece) = variable(name) else {
                return wrong(format!("the text {text:?} names {{{name}}}, which there is not"));
            };
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(piece);
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self {
            text: text.to_owned(),
            pieces,
        })
    }

    /// Names of the object metadata it reads.
    pub(crate) fn metadata_names(&self) -> impl Iterator<Item = String> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Meta(name) => Some(name.clone()),
            _ => None,
        })
    }

    /// Does it need what EXIF, IPTC or XMP say?
    pub(crate) fn reads_embedded(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Embedded(_)))
    }

    /// The text for an original; `None` if that lacks something, or nothing is left.
    pub(crate) fn fill(&self, original: &Original) -> Option<String> {
        let name = original.key.rsplit('/').next().unwrap_or_default();
        let mut filled = String::new();
        for piece in &self.pieces {
            let value = match piece {
                Piece::Text(text) => {
                    filled.push_str(text);
                    continue;
                }
                Piece::Original => original.key.as_str(),
                Piece::Name => name,
                Piece::Stem => name.rsplit_once('.').map_or(name, |(stem, _)| stem),
                Piece::Meta(name) => original.metadata.get(name)?.as_str(),
                Piece::Embedded(name) => original.findings.embedded.as_ref()?.texts.get(name)?.as_str(),
            };
            let value = legible(value, VALUE_CHARS_MAX);
            if value.trim().is_empty() {
                return None;
            }
            filled.push_str(&value);
        }
        let filled = legible(&filled, TEXT_CHARS_MAX);
        (!filled.trim().is_empty()).then_some(filled)
    }
}

impl Serialize for TextTemplate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

fn variable(name: &str) -> Option<Piece> {
    Some(match name {
        "original" => Piece::Original,
        "name" => Piece::Name,
        "stem" => Piece::Stem,
        other if is_embedded(other) => Piece::Embedded(other.to_owned()),
        other => Piece::Meta(
            other
                .strip_prefix("meta.")
                .filter(|name| !name.is_empty())?
                .to_owned(),
        ),
    })
}

fn is_embedded(name: &str) -> bool {
    let within = |block: &str| name.strip_prefix(block).is_some_and(|name| !name.is_empty());
    ["exif.", "iptc.", "xmp."].into_iter().any(within)
}

/// No control characters but line feeds, none that turn the direction of what comes after, and not too long.
pub(crate) fn legible(text: &str, chars_max: usize) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let kept: Vec<char> = text
        .chars()
        .filter(|&c| c == '\n' || !(c.is_control() || turns(c)))
        .collect();
    if kept.len() <= chars_max {
        return kept.into_iter().collect();
    }
    let cut = kept[..chars_max - 1].iter().collect::<String>();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, Pixels, Probe, Size};

    fn original() -> Original {
        let probe = Probe {
            format: Format::Jpeg,
            stored: Size {
                width: 10,
                height: 10,
            },
            orientation: 1,
            pages: 1,
            alpha: false,
            bits: 8,
            pixels: Pixels::Rgb,
            icc: false,
            whole_image: false,
            further: std::collections::BTreeMap::new(),
        };
        Original::new("2026/cat at sea.jpg", probe)
    }

    fn filled(text: &str, original: &Original) -> Option<String> {
        TextTemplate::parse(text).unwrap().fill(original)
    }

    #[test]
    fn variables_are_filled_and_braces_written_twice_are_braces() {
        let mut original = original();
        original
            .metadata
            .insert("copyright".to_owned(), "A. Nyman".to_owned());
        let cases = [
            ("© {meta.copyright}", "© A. Nyman"),
            ("{stem} of {name}", "cat at sea of cat at sea.jpg"),
            ("{original}", "2026/cat at sea.jpg"),
            ("{{braces}} 100 %", "{braces} 100 %"),
        ];
        for (text, expected) in cases {
            assert_eq!(filled(text, &original).as_deref(), Some(expected));
        }
        let template = TextTemplate::parse("{meta.a} {stem} {meta.b}").unwrap();
        assert_eq!(template.metadata_names().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn what_the_picture_itself_says_is_written_once_it_was_looked_for() {
        let mut original = original();
        let text = "© {exif.Copyright}, {xmp.dc:title}";
        assert!(TextTemplate::parse(text).unwrap().reads_embedded());
        assert!(!TextTemplate::parse("{meta.exif}").unwrap().reads_embedded());
        assert_eq!(filled(text, &original), None);
        let says = [("exif.Copyright", "A. Nyman"), ("xmp.dc:title", "A cat")];
        original.findings.embedded = Some(crate::Embedded {
            texts: says.map(|(name, text)| (name.to_owned(), text.to_owned())).into(),
            regions: Vec::new(),
        });
        assert_eq!(filled(text, &original).as_deref(), Some("© A. Nyman, A cat"));
    }

    #[test]
    fn what_an_original_lacks_leaves_no_text() {
        let mut original = original();
        assert_eq!(filled("© {meta.copyright}", &original), None);
        original
            .metadata
            .insert("copyright".to_owned(), " \u{7}".to_owned());
        assert_eq!(filled("© {meta.copyright}", &original), None);
    }

    #[test]
    fn text_from_outside_is_short_and_cannot_turn_what_follows() {
        let mut original = original();
        original
            .metadata
            .insert("title".to_owned(), format!("a\u{202e}b\u{0}c{}", "d".repeat(500)));
        let text = filled("{meta.title}!", &original).unwrap();
        assert!(text.starts_with("abcd") && text.ends_with("d…!"), "{text}");
        assert_eq!(text.chars().count(), VALUE_CHARS_MAX + 1);
    }

    #[test]
    fn wrong_templates_are_told_apart() {
        for text in ["{", "}", "a { b", "{width}", "{meta.}", "{exif.}", "{stem} }"] {
            assert!(TextTemplate::parse(text).is_err(), "{text}");
        }
    }
}
