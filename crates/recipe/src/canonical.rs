//! The canonical form: fields in a fixed order, defaults resolved, hashed with SHA-256.
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Bump only to regenerate the world on purpose.
const FORM: &str = "minilab canonical 1";

/// SHA-256 (hex) of a value's canonical text; `kind` keeps values of different meaning apart.
pub(crate) fn digest<T: Serialize>(kind: &str, value: &T) -> String {
    let text = serde_json::to_string(value).expect("recipe types have string keys and finite numbers");
    digest_parts(kind, [text.as_str()])
}

/// SHA-256 (hex) of parts, each preceded by its length, so that no two lists of parts read alike.
pub(crate) fn digest_parts<'a>(kind: &'a str, parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in [FORM, kind].into_iter().chain(parts) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}
