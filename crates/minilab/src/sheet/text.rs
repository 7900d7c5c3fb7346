//! Text in HTML.
use crate::harmless::is_obeyed;

/// Escaped for content and for quoted attributes; control characters and those that turn the direction of text are shown as
/// Rust writes them.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            c if is_obeyed(c) => escaped.extend(c.escape_default()),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place() {
        assert_eq!(
            escape("<img src=x onerror='a&b'>\n\""),
            "&lt;img src=x onerror=&#39;a&amp;b&#39;&gt;\\n&quot;"
        );
        assert_eq!(escape("a\u{202e}gpj.exe"), "a\\u{202e}gpj.exe");
    }
}
