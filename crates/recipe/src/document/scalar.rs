//! Single values: numbers, choices, sizes, durations, colours, ratios.
use std::ops::RangeInclusive;
use std::time::Duration;

use super::read::{Problems, kind, suggestion};
use super::tree::{Tree, Value};
use crate::diagnostic::Code;
use crate::{Backdrop, Background, Filling, Ratio, Rgb};

/// The text of a single value.
pub(super) fn text(tree: &Tree, problems: &Problems) -> Option<String> {
    if let Value::Scalar(text) = &tree.value {
        return Some(text.clone());
    }
    let message = format!("a single value belongs here, not {}", kind(tree));
    problems.note(tree.span, Code::WrongType, message, None);
    None
}

fn bad<T>(tree: &Tree, problems: &Problems, message: String, help: impl Into<String>) -> Option<T> {
    problems.note(tree.span, Code::BadValue, message, Some(help.into()));
    None
}

pub(super) fn integer(tree: &Tree, range: RangeInclusive<u32>, problems: &Problems) -> Option<u32> {
    let text = text(tree, problems)?;
    match text.parse::<u32>() {
        Ok(number) if range.contains(&number) => Some(number),
        _ => {
            let help = if range.start() == range.end() {
                format!("allowed: {}", range.start())
            } else {
                format!("a whole number from {} to {}", range.start(), range.end())
            };
            bad(tree, problems, format!("{text:?} is not allowed here"), help)
        }
    }
}

/// An integer that fits a byte.
pub(super) fn small(tree: &Tree, range: RangeInclusive<u8>, problems: &Problems) -> Option<u8> {
    let wide = u32::from(*range.start())..=u32::from(*range.end());
    integer(tree, wide, problems).and_then(|number| u8::try_from(number).ok())
}

pub(super) fn number(tree: &Tree, range: RangeInclusive<f64>, problems: &Problems) -> Option<f64> {
    let text = text(tree, problems)?;
    match text.parse::<f64>() {
        Ok(number) if range.contains(&number) => Some(number),
        _ => {
            let help = format!("a number from {} to {}", range.start(), range.end());
            bad(tree, problems, format!("{text:?} is not allowed here"), help)
        }
    }
}

/// `12.5%`, as 12.5.
pub(super) fn percent(tree: &Tree, range: RangeInclusive<f64>, problems: &Problems) -> Option<f64> {
    let text = text(tree, problems)?;
    let number = text
        .strip_suffix('%')
        .and_then(|number| number.trim().parse::<f64>().ok());
    if number.is_none_or(|number| !range.contains(&number)) {
        let help = format!("from {}% to {}%", range.start(), range.end());
        return bad(tree, problems, format!("{text:?} is not allowed here"), help);
    }
    number
}

pub(super) fn boolean(tree: &Tree, problems: &Problems) -> Option<bool> {
    choice(tree, &[("true", true), ("false", false)], problems)
}

/// One of some words.
pub(super) fn choice<T: Copy>(tree: &Tree, allowed: &[(&str, T)], problems: &Problems) -> Option<T> {
    let text = text(tree, problems)?;
    if let Some((_, value)) = allowed.iter().find(|(word, _)| *word == text) {
        return Some(*value);
    }
    let words: Vec<_> = allowed.iter().map(|(word, _)| *word).collect();
    bad(
        tree,
        problems,
        format!("{text:?} is not allowed here"),
        suggestion(&text, &words),
    )
}

/// `50MiB`, `2GB`, `1000`.
pub(super) fn bytes(tree: &Tree, problems: &Problems) -> Option<u64> {
    let units = [
        ("", 1),
        ("B", 1),
        ("kB", 1_000),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
    ];
    quantity(tree, &units, "a number of bytes, such as 50MiB or 20MB", problems)
}

/// `100M`, `12k`, `1000`.
pub(super) fn count(tree: &Tree, problems: &Problems) -> Option<u64> {
    let units = [
        ("", 1),
        ("k", 1_000),
        ("K", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
    ];
    quantity(tree, &units, "a number such as 100M or 250k", problems)
}

/// A number that `read` reads, if it is no more than `max`; `why` it may not be.
pub(super) fn at_most(
    tree: &Tree,
    read: fn(&Tree, &Problems) -> Option<u64>,
    (max, why): (u64, &str),
    problems: &Problems,
) -> Option<u64> {
    let number = read(tree, problems)?;
    if number > max {
        let message = format!("{number} is more than is taken");
        return bad(tree, problems, message, format!("at most {max}: {why}"));
    }
    Some(number)
}

/// A duration between these bounds.
pub(super) fn duration_within(
    tree: &Tree,
    range: RangeInclusive<Duration>,
    problems: &Problems,
) -> Option<Duration> {
    let duration = duration(tree, problems)?;
    if range.contains(&duration) {
        return Some(duration);
    }
    let help = format!(
        "from {} s to {} s",
        range.start().as_secs(),
        range.end().as_secs()
    );
    bad(
        tree,
        problems,
        "this duration is not allowed here".to_owned(),
        help,
    )
}

/// `30d`, `12h`, `90s`.
pub(super) fn duration(tree: &Tree, problems: &Problems) -> Option<Duration> {
    let units = [
        ("s", 1),
        ("m", 60),
        ("min", 60),
        ("h", 3600),
        ("d", 86_400),
        ("days", 86_400),
        ("w", 604_800),
    ];
    quantity(tree, &units, "a duration such as 30d, 12h or 90s", problems).map(Duration::from_secs)
}

fn quantity(tree: &Tree, units: &[(&str, u64)], help: &str, problems: &Problems) -> Option<u64> {
    let text = text(tree, problems)?;
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let factor = units
        .iter()
        .find(|(name, _)| *name == unit.trim())
        .map(|(_, factor)| *factor);
    let value = factor
        .zip(digits.parse::<f64>().ok())
        .map(|(factor, number)| number * factor as f64);
    match value {
        Some(value) if (1.0..1e15).contains(&value) => Some(value.round() as u64),
        _ => bad(tree, problems, format!("{text:?} is not allowed here"), help),
    }
}

/// `#fff`, `#ffffff`, `white`, `black`, or `transparent`.
pub(super) fn background(tree: &Tree, problems: &Problems) -> Option<Background> {
    if matches!(&tree.value, Value::Scalar(text) if text == "transparent") {
        return Some(Background::Transparent);
    }
    colour(tree, problems).map(Background::Colour)
}

/// The same, or `blur` or `auto`: what the picture itself gives.
pub(super) fn filling(tree: &Tree, problems: &Problems) -> Option<Filling> {
    match &tree.value {
        Value::Scalar(text) if text == "blur" => Some(Filling::Backdrop(Backdrop::Blur)),
        Value::Scalar(text) if text == "auto" => Some(Filling::Backdrop(Backdrop::Auto)),
        _ => background(tree, problems).map(Filling::Background),
    }
}

pub(super) fn colour(tree: &Tree, problems: &Problems) -> Option<Rgb> {
    let text = text(tree, problems)?;
    let parsed = match text.as_str() {
        "white" => Some(Rgb([255; 3])),
        "black" => Some(Rgb([0; 3])),
        other => hex_colour(other),
    };
    parsed.or_else(|| {
        let help = "a colour as \"#rrggbb\" or \"#rgb\" (in quotes: # begins a comment), white or black";
        bad(tree, problems, format!("{text:?} is no colour"), help)
    })
}

fn hex_colour(text: &str) -> Option<Rgb> {
    let digits = text.strip_prefix('#')?;
    let long = match digits.len() {
        3 => digits.chars().flat_map(|c| [c, c]).collect(),
        6 => digits.to_owned(),
        _ => return None,
    };
    let mut samples = [0; 3];
    hex::decode_to_slice(long, &mut samples)
        .ok()
        .map(|()| Rgb(samples))
}

/// `16/9`.
pub(super) fn ratio(tree: &Tree, problems: &Problems) -> Option<Ratio> {
    let text = text(tree, problems)?;
    let parts = text
        .split_once('/')
        .and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?)));
    match parts {
        Some((width, height)) if (1..=10_000).contains(&width) && (1..=10_000).contains(&height) => {
            Some(Ratio { width, height })
        }
        _ => bad(
            tree,
            problems,
            format!("{text:?} is no ratio"),
            "width to height with a slash: 16/9",
        ),
    }
}
