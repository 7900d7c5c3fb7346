//! Reading `formats`: which encodings a derivative has, and in which lanes.
use super::encodings::{Defaults, Overrides};
use super::read::{Problems, one_or_many, suggestion};
use super::scalar;
use super::tree::Tree;
use crate::diagnostic::Code;
use crate::{Lane, LanedEncoding, OutputFormat};

/// An entry of `formats`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// That format.
    One(OutputFormat),
    /// For every browser: a JPEG, or a PNG where there is transparency.
    Auto,
}

impl Named {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::One(format) => format.as_str(),
            Self::Auto => "auto",
        }
    }

    /// What it may come out as.
    fn formats(self) -> Vec<OutputFormat> {
        match self {
            Self::One(format) => vec![format],
            Self::Auto => vec![OutputFormat::Jpeg, OutputFormat::Png],
        }
    }
}

pub(super) fn formats(tree: &Tree, own: Option<&Overrides>, problems: &Problems) -> Option<Vec<Named>> {
    let all: Vec<(&str, Named)> = OutputFormat::ALL
        .into_iter()
        .map(Named::One)
        .chain([Named::Auto])
        .map(|named| (named.as_str(), named))
        .collect();
    let read = |tree: &Tree, problems: &Problems| scalar::choice(tree, &all, problems);
    let mut named = one_or_many(tree, problems, read)?;
    if named.is_empty() {
        let words: Vec<&str> = all.iter().map(|(word, _)| *word).collect();
        problems.note(
            tree.span,
            Code::BadValue,
            "a derivative needs at least one format",
            Some(suggestion("", &words)),
        );
    }
    let mut seen = Vec::new();
    named.retain(|one| {
        let fresh = !seen.contains(one);
        if !fresh {
            let message = format!("the format {} is there twice", one.as_str());
            problems.note(tree.span, Code::SameKey, message, None);
        }
        seen.push(*one);
        fresh
    });
    if named.contains(&Named::Auto)
        && let Some(also) = named
            .iter()
            .find(|one| **one != Named::Auto && Named::Auto.formats().contains(&one.formats()[0]))
    {
        let message = format!("auto may come out as {}, which is there too", also.as_str());
        let help = "leave one of them out".to_owned();
        problems.note(tree.span, Code::SameKey, message, Some(help));
    }
    let made: Vec<OutputFormat> = named.iter().flat_map(|one| one.formats()).collect();
    for format in OutputFormat::ALL {
        if own.and_then(|own| own.of(format)).is_some() && !made.contains(&format) {
            let message = format!("encodings names {format}, formats does not");
            let help = "add it to one or drop it from the other".to_owned();
            problems.note(tree.span, Code::Conflict, message, Some(help));
        }
    }
    Some(named)
}

/// The encodings of an entry. Lanes: the derivative's override wins, then its own `lane`, then the document's.
pub(super) fn laned(
    named: Named,
    defaults: &Defaults,
    own: Option<&Overrides>,
    lane: Option<Lane>,
) -> LanedEncoding {
    let formats = named.formats();
    let encoding = |format: OutputFormat| {
        let told = own.and_then(|own| own.of(format));
        told.unwrap_or(defaults.of(format)).encoding.clone()
    };
    let told = own.and_then(|own| own.of(formats[0]));
    let aim = told.unwrap_or(defaults.of(formats[0])).aim;
    LanedEncoding {
        aim,
        encoding: encoding(formats[0]),
        where_clear: formats.get(1).map(|format| encoding(*format)),
        lane: told
            .and_then(|told| told.lane)
            .or(lane)
            .or(defaults.of(formats[0]).lane)
            .unwrap_or(Lane::Standard),
    }
}
