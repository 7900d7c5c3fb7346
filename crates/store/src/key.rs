//! The name of an object, checked once at the edge.
use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of an object in a store: 1 to 1,024 bytes of UTF-8 without NUL, used byte for byte.
///
/// Keys order by their bytes, as S3 lists them. What a folder cannot hold (`..`, an empty segment) is refused by the
/// folder's adapter, not here: such keys are legal in a bucket.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(String);

/// Why a string is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Nothing in it.
    #[error("the key is empty")]
    Empty,
    /// More bytes than S3 takes.
    #[error("the key has {bytes} bytes, more than the {max} an object store takes", max = Key::BYTES_MAX)]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// NUL can be written in no file system and few protocols.
    #[error("the key {key:?} contains a NUL byte")]
    Nul {
        /// The refused string.
        key: String,
    },
}

impl Key {
    /// S3's own limit.
    pub const BYTES_MAX: usize = 1024;

    /// Checks a string.
    pub fn new(key: impl Into<String>) -> Result<Self, InvalidKey> {
        let key = key.into();
        if key.is_empty() {
            return Err(InvalidKey::Empty);
        }
        if key.len() > Self::BYTES_MAX {
            return Err(InvalidKey::TooLong { bytes: key.len() });
        }
        if key.contains('\0') {
            return Err(InvalidKey::Nul { key });
        }
        Ok(Self(key))
    }

    /// The key as it is sent to the store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Key {
    type Error = InvalidKey;
    fn try_from(key: String) -> Result<Self, InvalidKey> {
        Self::new(key)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    /// Control characters and those that turn the direction of text are escaped, so that a hostile name can neither forge a log
    /// line nor read as another one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turns = |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        self.0.chars().try_for_each(|c| {
            if c.is_control() || turns(c) {
                write!(f, "{}", c.escape_default())
            } else {
                write!(f, "{c}")
            }
        })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
