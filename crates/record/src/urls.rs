//! URLs of keys.
use minilab_recipe::Recipe;

/// Where what is stored can be read, and which keys a manifest names.
#[derive(Debug, Clone, Copy)]
pub struct PublicUrls<'a> {
    /// The output store's root: `https://cdn.example.com/`. With or without a slash at the end.
    pub base: &'a str,
    /// The recipe in force for the original; `None` (no rule matches any more) names versioned keys only.
    pub recipe: Option<&'a Recipe>,
}

impl PublicUrls<'_> {
    /// The URL of a key.
    pub fn of(&self, key: &str) -> String {
        format!("{}/{}", self.base.trim_end_matches('/'), percent_encoded(key))
    }
}

/// Everything but `/` and unreserved characters is encoded, so that `%`, `#`, `?`, commas, spaces and line ends in an
/// upload's name stay part of the name.
pub(crate) fn percent_encoded(key: &str) -> String {
    let mut encoded = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            byte => {
                let hex = |digit: u8| char::from(b"0123456789ABCDEF"[usize::from(digit)]);
                encoded.extend(['%', hex(byte >> 4), hex(byte & 15)]);
            }
        }
    }
    encoded
}
