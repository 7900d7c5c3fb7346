//! Is a key one of ours? A sweep deletes only what matches, as `x.jpg/` may also hold the original `x.jpg/y.jpg`.

use crate::OutputFormat;

/// Does the key lie directly under the original's prefix and carry a version as files do?
pub fn is_file_key(original: &str, key: &str) -> bool {
    own_name(original, key).is_some_and(|name| name.split(['.', '_', '@']).any(is_version))
}

/// Does the key lie directly under the original's prefix and read as a stable alias does:
/// `{name}-{width}w.{ext}`, `{name}-{height}h.{ext}`, `{name}.{ext}`?
pub fn is_alias_key(original: &str, key: &str) -> bool {
    own_name(original, key).is_some_and(is_derivative_name)
}

/// The part between the original's prefix and the extension.
fn own_name<'a>(original: &str, key: &'a str) -> Option<&'a str> {
    let name = key.strip_prefix(original)?.strip_prefix('/')?;
    let (stem, extension) = name.rsplit_once('.')?;
    let ours = OutputFormat::ALL
        .iter()
        .any(|format| format.extension() == extension);
    (!name.contains('/') && ours).then_some(stem)
}

/// `g12-0123456789`.
fn is_version(token: &str) -> bool {
    let Some((generation, hash)) = token.strip_prefix('g').and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    let digits = !generation.is_empty() && generation.bytes().all(|b| b.is_ascii_digit());
    digits
        && hash.len() == 10
        && hash
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// `[a-z][a-z0-9-]*`: a derivative's name with or without a size.
fn is_derivative_name(stem: &str) -> bool {
    stem.starts_with(|c: char| c.is_ascii_lowercase())
        && stem
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versioned_names_directly_under_the_prefix_are_files() {
        assert!(is_file_key("a/x.jpg", "a/x.jpg/photo-320w.g12-0123456789.webp"));
        for other in [
            "a/x.jpg",
            "a/x.jpg/manifest.json",
            "a/x.jpg/y.jpg",
            "a/x.jpg/photo-320w.webp",
            "a/x.jpg/deep/photo-320w.g12-0123456789.webp",
            "a/x.jpg/photo-320w.g-0123456789.webp",
            "a/x.jpg/photo-320w.g1-012345678Z.webp",
            "a/x.jpg/photo-320w.g1-0123456789.exe",
            "a/x.jpgphoto-320w.g1-0123456789.webp",
            "b/x.jpg/photo-320w.g1-0123456789.webp",
        ] {
            assert!(!is_file_key("a/x.jpg", other), "{other}");
        }
    }

    #[test]
    fn aliases_are_told_from_files_and_manifests() {
        for alias in ["x/photo-320w.webp", "x/photo.jpg", "x/photo-20h.avif"] {
            assert!(is_alias_key("x", alias), "{alias}");
        }
        for other in [
            "x/photo-320w.g12-0123456789.webp",
            "x/manifest.json",
            "x/Photo.jpg",
            "x/a/b.jpg",
        ] {
            assert!(!is_alias_key("x", other), "{other}");
        }
    }
}
