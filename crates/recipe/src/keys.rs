//! Keys of files: templates, their limits, and the grammar by which a sweep knows a file.
//!
//! Files lie directly under their original's prefix, its whole key, so that `a.jpg` and `a.png` never collide and purge,
//! sweep and cookie policies are prefix operations.
mod grammar;
mod template;

use std::collections::BTreeMap;

pub use grammar::{is_alias_key, is_file_key};
pub use template::KeyTemplate;

use crate::{PlannedFile, Recipe, Rung};

/// The longest key that an object store takes.
pub const KEY_BYTES_MAX: usize = 1024;

/// Metadata of an object in which its focal point is read: `0.3,0.55`, fractions of the upright width and height.
pub const FOCAL: &str = "focal";

/// Name of the object metadata that holds people's own crop of a derivative: `x,y,width,height` as fractions.
pub(crate) fn crop_name(derivative: &str) -> String {
    format!("minilab-crop-{derivative}")
}

/// What a key is built from besides the file; a plain string is the original's key.
#[derive(Debug, Clone, Copy)]
pub struct Naming<'a> {
    /// Key of the original.
    pub original: &'a str,
    /// Whose it is, where its rule tells.
    pub tenant: Option<&'a str>,
    /// Metadata of the original's object.
    pub metadata: Option<&'a BTreeMap<String, String>>,
}

impl<'a> From<&'a str> for Naming<'a> {
    fn from(original: &'a str) -> Self {
        Self {
            original,
            tenant: None,
            metadata: None,
        }
    }
}

/// Why a file of this original can have no key: permanent for the original's key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRefused {
    /// Stores end at 1,024 bytes.
    #[error(
        "the file's key has {bytes} bytes, more than {KEY_BYTES_MAX}; shorten the original's key or the template"
    )]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// A path that could leave its place.
    #[error("the key {key:?} holds {what}, which no file's key may")]
    Unsafe {
        /// The refused key.
        key: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The template reads what this original does not have.
    #[error("the key template reads {{{name}}}, which the original {original:?} does not have")]
    NoValue {
        /// The variable.
        name: String,
        /// Key of the original.
        original: String,
    },
}

impl Recipe {
    /// Key of a file's version, by the recipe's template.
    pub fn key<'a>(
        &self,
        naming: impl Into<Naming<'a>>,
        file: &PlannedFile,
        version: &str,
    ) -> Result<String, KeyRefused> {
        let naming = naming.into();
        checked(naming.original, self.key.fill(&naming, file, version)?)
    }

    /// Key under which a rung is found without a lookup, whatever the template:
    /// `{original}/{name}-{width}w.{ext}`, `-{height}h` where only a height is asked, neither where no size is.
    pub fn stable_key(&self, original_key: &str, rung: &Rung) -> Result<String, KeyRefused> {
        checked(original_key, format!("{original_key}/{}", stable_name(rung)))
    }
}

/// A rung's key below its original's prefix; unique within a recipe (the document's check refuses others).
pub(crate) fn stable_name(rung: &Rung) -> String {
    let extension = rung.format.extension();
    let size = match (rung.width, rung.height) {
        (Some(width), _) => format!("-{width}w"),
        (None, Some(height)) => format!("-{height}h"),
        (None, None) => String::new(),
    };
    format!("{}{size}.{extension}", rung.derivative)
}

/// The last line of defence, whatever the template and the original's key. Control characters other than NUL pass in
/// the original's own key only: the object is already stored under that name.
fn checked(original: &str, key: String) -> Result<String, KeyRefused> {
    let what = if key.contains('\0') {
        Some("a NUL byte")
    } else if key.starts_with('/') {
        Some("a leading slash")
    } else if key.split('/').any(|segment| segment == "..") {
        Some("a segment '..'")
    } else if original.is_empty()
        || key
            .strip_prefix(original)
            .is_none_or(|rest| !rest.starts_with('/'))
    {
        Some("no prefix of its original")
    } else if key[original.len()..].chars().any(char::is_control) {
        Some("a control character")
    } else {
        None
    };
    match what {
        Some(what) => Err(KeyRefused::Unsafe { key, what }),
        None if key.len() > KEY_BYTES_MAX => Err(KeyRefused::TooLong { bytes: key.len() }),
        None => Ok(key),
    }
}
