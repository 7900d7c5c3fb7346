//! The port: what the protocol asks of a store. The docs are the contract; each sentence has a conformance test.
use std::{collections::BTreeMap, fmt, pin::Pin, time::SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use futures::Stream;
use serde::{Deserialize, Serialize};

use crate::{Error, Key};

/// A body as it arrives. Dropping it ends the read.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;

/// A version of an object, opaque, compared byte for byte. Two different contents never share one; the same content
/// written twice may or may not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ETag(pub String);

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A SHA-256 of a body.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// What an adapter answers, as the cause of [`Error::Io`], for a body that is not the one announced.
    pub(crate) fn mismatch(self, body: Self) -> std::io::Error {
        let sentence = format!("the body has the SHA-256 {body}, not {self} as announced");
        std::io::Error::new(std::io::ErrorKind::InvalidData, sentence)
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Sha256 {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let mut digest = [0; 32];
        hex::decode_to_slice(&text, &mut digest).map_err(|e| format!("{text:?} is not a SHA-256: {e}"))?;
        Ok(Self(digest))
    }
}

/// What is known of an object without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The version these facts and, in [`Object`], the body belong to.
    pub etag: ETag,
    /// Length of the body.
    pub size_bytes: u64,
    /// The store's own version id, where it keeps versions.
    pub version_id: Option<String>,
    /// When the object was last written, by the store's clock.
    pub modified: SystemTime,
    /// Media type it was put with, if any.
    pub content_type: Option<String>,
    /// `Cache-Control` it was put with, if any.
    pub cache_control: Option<String>,
    /// The digest it was put with, if any.
    pub sha256: Option<Sha256>,
    /// User metadata; names are lower-case.
    pub metadata: BTreeMap<String, String>,
}

/// An object being read.
pub struct Object {
    /// Facts of exactly the version that `body` yields.
    pub head: Head,
    /// The body, whole or an error: a body that ends early is never reported as complete.
    pub body: ByteStream,
}

/// What a write demands of the object that is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Condition {
    /// Nothing.
    #[default]
    None,
    /// The object is absent (`If-None-Match: *`).
    Absent,
    /// The object is this version (`If-Match`); an absent object is no version.
    Match(ETag),
}

impl Condition {
    /// Does it hold of the version that is there, if any?
    pub fn holds(&self, current: Option<&ETag>) -> bool {
        match self {
            Self::None => true,
            Self::Absent => current.is_none(),
            Self::Match(wanted) => current == Some(wanted),
        }
    }
}

/// How to read.
#[derive(Debug, Clone, Default)]
pub struct GetOptions {
    /// Fail with [`Error::Precondition`] unless the object is this version.
    pub if_match: Option<ETag>,
}

/// Which writes a store may send again by itself when it has said that it did not take the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Again {
    /// Those without a condition.
    #[default]
    Unconditional,
    /// Those under a condition, too: for objects that are never written twice, whose writer takes what is there for its own.
    Always,
}

/// How to write, and what is stored beside the body.
#[derive(Debug, Clone, Default)]
pub struct PutOptions {
    /// Fail with [`Error::Precondition`] unless it holds, atomically with the write.
    pub condition: Condition,
    /// May it be sent again?
    pub again: Again,
    /// Media type.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// Digest of the body, checked by the store: a body that does not match is refused as [`Error::Io`].
    pub sha256: Option<Sha256>,
    /// User metadata; names are lower-case.
    pub metadata: BTreeMap<String, String>,
}

/// Which part of the keys to list.
#[derive(Debug, Clone, Default)]
pub struct ListRequest {
    /// Only keys that begin with this.
    pub prefix: String,
    /// Fold keys that contain it after the prefix into one entry of [`Page::prefixes`]. Only `/` is supported.
    pub delimiter: Option<char>,
    /// Only keys (and folded prefixes) after this one, by bytes.
    pub after: Option<String>,
    /// At most so many entries; 0 means the store's own page size (1,000).
    pub limit: usize,
}

impl ListRequest {
    /// Does it fold? A delimiter that is not `/` is [`Error::Unsupported`].
    pub(crate) fn folds(&self, store: &str) -> Result<bool, Error> {
        match self.delimiter {
            None => Ok(false),
            Some('/') => Ok(true),
            Some(other) => Err(Error::Unsupported {
                store: store.to_owned(),
                reason: format!("listings fold at `/` only, not at {other:?}"),
            }),
        }
    }
}

/// One page of a listing.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Objects in key order: key, version, size, time of the last write.
    pub objects: Vec<Listed>,
    /// Folded prefixes in order, each ending in the delimiter.
    pub prefixes: Vec<String>,
    /// Pass as [`ListRequest::after`] to go on; absent at the end.
    pub next: Option<String>,
}

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub key: Key,
    /// Its version, as `head` would answer.
    pub etag: ETag,
    /// Length of the body.
    pub size_bytes: u64,
    /// When it was last written.
    pub modified: SystemTime,
}

/// Objects by key.
///
/// - **Atomic**: a reader sees the whole object of one `put` or of another, with the attributes it was put with, never
///   a part or a mix; a crash in the middle of a `put` leaves what was there before.
/// - **Durable**: what `put` has answered survives a crash of this process and of the machine.
/// - **Read after write**: `get`, `head` and `list` see every write that has been answered.
/// - **Conditions** are decided atomically with the write: of any number of racing writers with the same condition, one
///   wins and the rest get [`Error::Precondition`].
/// - **Ambiguity**: after [`Error::Io`] or a cancelled future, the write may have happened or may still happen.
/// - **Retries** of writes are the caller's: a write is sent once, or again only when the store has said that it did not
///   take the first one, and under a condition only if [`PutOptions::again`] says so. Reads an adapter may try again by
///   itself.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// For people, in errors and logs: `folder ./photos`, `bucket acme-media`.
    fn name(&self) -> &str;

    /// Opens an object for reading.
    async fn get(&self, key: &Key, options: GetOptions) -> Result<Object, Error>;

    /// Facts of an object.
    async fn head(&self, key: &Key) -> Result<Head, Error>;

    /// The tags of an object, which are no part of its version: they may change while it stays. Stores that keep none answer
    /// [`Error::Unsupported`].
    async fn tags(&self, key: &Key) -> Result<BTreeMap<String, String>, Error>;

    /// Writes a whole object and answers its version.
    async fn put(&self, key: &Key, body: Bytes, options: PutOptions) -> Result<ETag, Error>;

    /// One page of the keys, in byte order.
    async fn list(&self, request: ListRequest) -> Result<Page, Error>;

    /// Removes an object. Removing what is not there is no error.
    async fn delete(&self, key: &Key) -> Result<(), Error>;
}
