//! What a stranger has sent, where a sentence repeats it: short, and nothing that a terminal or a log would obey.

/// Longest sentence about a message. It goes into logs, answers and dead letters, and the message may have a mebibyte.
const CHARS_MAX: usize = 300;

/// The sentence, cut to what one may have; control characters and those that turn the direction of what follows are replaced.
pub(crate) fn sentence(text: &str) -> String {
    let mut kept: String = text.chars().take(CHARS_MAX).map(harmless).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        kept.push('\u{2026}');
    }
    kept
}

fn harmless(c: char) -> char {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || turns {
        char::REPLACEMENT_CHARACTER
    } else {
        c
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_is_short_and_harmless() {
        assert_eq!(sentence("eventName \"x\""), "eventName \"x\"");
        assert_eq!(
            sentence("a\u{1b}[31m\nb\u{202e}c"),
            "a\u{fffd}[31m\u{fffd}b\u{fffd}c"
        );
        let long = sentence(&"é".repeat(1 << 20));
        assert_eq!(
            (long.chars().count(), long.chars().last()),
            (CHARS_MAX + 1, Some('\u{2026}'))
        );
        assert_eq!(sentence(&"x".repeat(CHARS_MAX)).len(), CHARS_MAX);
    }
}
