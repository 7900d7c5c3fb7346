//! Keys as URL paths, both ways: percent-encoded per segment, and decoded exactly once.

/// A relative URL of a key. Everything but unreserved characters is encoded, so that `%`, `#`, `?`, spaces, line ends and
/// colons (which would read as a scheme) arrive as they are; commas and spaces would also end a `srcset` candidate.
pub fn encode_path(key: &str) -> String {
    key.split('/')
        .map(|segment| encode_bytes(segment.as_bytes()))
        .collect::<Vec<_>>()
        .join("/")
}

/// One segment.
pub fn encode_bytes(segment: &[u8]) -> String {
    let mut encoded = String::with_capacity(segment.len());
    for &byte in segment {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    encoded
}

/// The key of a request's path without its leading slash; `None` where the encoding is broken or not UTF-8.
pub fn decode_path(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_at_checked(2)?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        bytes.push((digit(digits[0])? * 16 + digit(digits[1])?) as u8);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn awkward_names_survive_the_way_there_and_back() {
        for key in [
            "a b.jpg",
            "100%.jpg",
            "x#1?.jpg",
            "a:b/c,d.jpg",
            "line\nend.jpg",
            "größe+1.jpg",
            "%2F.jpg",
        ] {
            let url = encode_path(key);
            assert!(
                url.bytes()
                    .all(|b| b.is_ascii_graphic() && !b"#?:,\"'<>&".contains(&b)),
                "{url}"
            );
            assert_eq!(decode_path(&url).as_deref(), Some(key));
        }
    }

    #[test]
    fn decoding_happens_once() {
        assert_eq!(decode_path("a%252Fb").as_deref(), Some("a%2Fb"));
    }

    #[test]
    fn broken_encodings_are_no_keys() {
        for path in ["%", "%2", "%zz", "%ff", "%+1"] {
            assert_eq!(decode_path(path), None, "{path}");
        }
    }
}
