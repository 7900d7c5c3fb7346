//! What is uploaded, and what the configurations make of it. One letter stands for the bytes of an upload.
use std::collections::BTreeMap;

use jiff::Timestamp;
use minilab_recipe::{Encoding, Lane, OutputFormat, Replace, Size, Subsampling, version};
use minilab_record::{FileEntry, Observation, Seen, Wanted};
use minilab_store::{ETag, Sha256};

/// The only original.
pub const KEY: &str = "o.jpg";
/// Build of the engine.
pub const ENGINE: &str = "e1";
/// Time stands still and nothing is retained, so that the collector may come at any moment.
pub const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// The writes to the original in their order: a letter is an upload with these bytes, `-` a deletion.
#[derive(Debug, Clone, Copy)]
pub struct Uploads {
    /// The writes.
    pub writes: &'static str,
    /// Does the store tell two uploads of the same bytes apart?
    pub etags: ETags,
}

/// What decides the ETag of an original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ETags {
    /// Its bytes, as in most object stores.
    OfBytes,
    /// The write, as in folders and multipart uploads.
    OfWrite,
}

impl Uploads {
    pub fn count(self) -> u8 {
        self.writes.len() as u8
    }

    /// The bytes after so many writes; `None`: there is no original.
    pub fn bytes(self, write: u8) -> Option<char> {
        let last = usize::from(write).checked_sub(1)?;
        self.writes.chars().nth(last).filter(|bytes| *bytes != '-')
    }

    /// What HEAD answers after so many writes.
    pub fn seen(self, write: u8) -> Option<Seen> {
        let bytes = self.bytes(write)?;
        let etag = match self.etags {
            ETags::OfBytes => bytes.to_string(),
            ETags::OfWrite => format!("{bytes}-{write}"),
        };
        Some(Seen {
            etag: ETag(etag),
            size_bytes: 1000,
            version_id: None,
            reads: BTreeMap::new(),
            said: None,
        })
    }

    /// Is the original the same to HEAD after either number of writes?
    pub fn are_one(self, write: u8, other: u8) -> bool {
        self.seen(write) == self.seen(other)
    }
}

/// What an attempt knows of bytes that it has read.
pub fn observation(seen: Seen, bytes: char) -> Observation {
    Observation {
        etag: seen.etag,
        size_bytes: seen.size_bytes,
        version_id: seen.version_id,
        sha256: Some(digest(bytes)),
        reads: seen.reads,
        probe: None,
        findings: Box::default(),
        said: None,
    }
}

pub fn digest(bytes: char) -> Sha256 {
    Sha256::of(bytes.to_string().as_bytes())
}

/// A derivative and a number that stands for its settings.
pub type Derivative = (&'static str, u8);

/// What a revision of the configuration makes, by lane. Each derivative is one file.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Its number, from 1.
    pub revision: u64,
    /// The recipe.
    pub lanes: BTreeMap<Lane, Vec<Derivative>>,
    /// The same as records are told of it.
    pub wanted: Wanted,
}

impl Configuration {
    pub fn new(revision: u64, lanes: &[(Lane, &[Derivative])], replace: Replace) -> Self {
        let lanes: BTreeMap<Lane, Vec<Derivative>> =
            lanes.iter().map(|(lane, made)| (*lane, made.to_vec())).collect();
        let contains = |(lane, made): (&Lane, &Vec<Derivative>)| {
            let (lane, made) = (*lane, made.clone());
            made.into_iter()
                .map(move |(name, _)| (lane, name.to_owned(), OutputFormat::Jpeg))
        };
        let wanted = Wanted {
            recipe: "gallery".to_owned(),
            lanes: lanes
                .iter()
                .map(|(lane, made)| (*lane, format!("{made:?}")))
                .collect(),
            contains: lanes.iter().flat_map(contains).collect(),
            replace,
        };
        Self {
            revision,
            lanes,
            wanted,
        }
    }
}

/// Identity of what is made of these bytes.
pub fn fingerprint((name, settings): Derivative, bytes: char) -> String {
    format!("{name}{settings}{bytes}")
}

/// Where a file with that fingerprint goes.
pub fn file_key((name, _): Derivative, generation: u64, fingerprint: &str) -> String {
    format!(
        "{KEY}/{name}-320w.{}.jpg",
        version(generation, fingerprint, ENGINE)
    )
}

/// A file as the record names it. Its digest is that of the bytes it was made from, so that mixes show.
pub fn file(derivative: Derivative, bytes: char, key: String) -> FileEntry {
    FileEntry {
        derivative: derivative.0.to_owned(),
        key,
        size: Size {
            width: 320,
            height: 240,
        },
        encoding: Encoding::Jpeg {
            quality: 80,
            effort: 2,
            progressive: true,
            subsampling: Subsampling::Auto,
        },
        bytes: 5,
        sha256: digest(bytes),
        fingerprint: fingerprint(derivative, bytes),
        notes: Vec::new(),
        engine: ENGINE.to_owned(),
        micros: 10,
        quality: None,
        score: None,
    }
}
