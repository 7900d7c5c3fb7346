//! Names and sentences that strangers chose, on their way to a terminal: nothing in them may be obeyed.
//!
//! A terminal obeys control characters (colours, titles, the clipboard), and shows a name in another order where it holds
//! characters that turn the direction of text: `a\u{202e}gpj.exe` reads `aexe.jpg`.
use std::{borrow::Cow, fmt::Write as _};

/// Text of several lines, as it may be shown: line ends and tabs stay.
pub fn text(text: &str) -> Cow<'_, str> {
    escaped(
        text,
        |c| is_obeyed(c) && !matches!(c, '\n' | '\t'),
        |c, out| out.extend(c.escape_default()),
    )
}

/// A name or a sentence, in one line.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_obeyed, |c, out| out.extend(c.escape_default()))
}

/// JSON, whose texts are the only place where such characters can stand; they mean the same escaped.
pub fn json(json: &str) -> Cow<'_, str> {
    escaped(json, is_obeyed, |c, out| {
        let _ = write!(out, "\\u{:04x}", u32::from(c));
    })
}

fn escaped(text: &str, is_bad: fn(char) -> bool, escape: fn(char, &mut String)) -> Cow<'_, str> {
    if !text.contains(is_bad) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_bad(c) {
            escape(c, &mut harmless);
        } else {
            harmless.push(c);
        }
    }
    Cow::Owned(harmless)
}

/// Is it a control character, C1 included, or one that turns the direction?
pub fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "a\u{1b}]52;c;eA==\u{7}\u{9b}2J\nb\u{202e}gpj.exe";

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        assert_eq!(text(NAME), "a\\u{1b}]52;c;eA==\\u{7}\\u{9b}2J\nb\\u{202e}gpj.exe");
        assert_eq!(
            line(NAME),
            "a\\u{1b}]52;c;eA==\\u{7}\\u{9b}2J\\nb\\u{202e}gpj.exe"
        );
        assert!(matches!(line("größe 日本 שלום.jpg"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_means_the_same() {
        let written = serde_json::json!({ "key": NAME }).to_string();
        let shown = json(&written);
        assert!(!shown.contains(is_obeyed), "{shown:?}");
        let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(read["key"], NAME);
    }
}
