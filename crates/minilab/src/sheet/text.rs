//! Text in HTML.

/// Escaped for content and for quoted attributes; control characters are shown as Rust writes them.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            c if c.is_control() => escaped.extend(c.escape_default()),
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
    }
}
