//! `get` and `head`: facts and bytes of one version, taken from one open file.
use std::{fs::File, io::Read as _, sync::Arc};

use bytes::Bytes;
use futures::StreamExt as _;
use rustix::fs::{Stat, fstat};

use super::{
    attributes::{self, Attributes},
    failure::Failure,
    folder::Folder,
    off_runtime,
    path::{lstat, open_folder, open_object},
    version,
};
use crate::{ByteStream, Head, Key};

/// Few enough calls for large photos, little enough memory for many readers.
const CHUNK_BYTES: usize = 256 * 1024;
/// Each try needs a whole `put` of that key to have happened meanwhile, so more than a few are not seen in practice.
const OPENS_MAX: usize = 1_000;

/// An object's file, with the facts of what it was when it was opened.
pub(super) struct Opened {
    file: File,
    stat: Stat,
    attributes: Attributes,
}

impl Opened {
    pub(super) fn head(&self) -> Head {
        let Attributes {
            content_type,
            cache_control,
            sha256,
            metadata,
        } = &self.attributes;
        Head {
            etag: version::etag(&self.stat),
            size_bytes: self.stat.st_size as u64,
            version_id: None,
            modified: version::modified(&self.stat),
            content_type: content_type.clone(),
            cache_control: cache_control.clone(),
            sha256: *sha256,
            metadata: metadata.clone(),
        }
    }

    pub(super) fn begin(self) -> Result<Begun, Failure> {
        let Self {
            file,
            stat,
            attributes: _,
        } = self;
        let reading = Reading {
            file,
            stat,
            bytes_read: 0,
        };
        Ok(match reading.next()? {
            Some((first, rest)) => Begun {
                first: Some(first),
                rest,
            },
            None => Begun {
                first: None,
                rest: None,
            },
        })
    }
}

/// Opens a version together with its attributes.
pub(super) fn open(folder: &Folder, key: &str) -> Result<Opened, Failure> {
    let place = folder.layout().place(key)?;
    for _ in 0..OPENS_MAX {
        let parent = open_folder(folder.root(), &place.folders)?;
        let (file, stat) = open_object(&parent, &place.file)?;
        if let Some(attributes) = attributes::read(folder.root(), key, &file, &stat)? {
            return Ok(Opened {
                file,
                stat,
                attributes,
            });
        }
        // There were none, or a put replaced the file and took them away since it was opened.
        if lstat(&parent, &place.file).is_ok_and(|named| named.st_ino == stat.st_ino) {
            return Ok(Opened {
                file,
                stat,
                attributes: Attributes::default(),
            });
        }
    }
    Err(Failure::Other(std::io::Error::other(
        "the object is replaced faster than it can be opened",
    )))
}

/// A body of which so much was read where it was opened as one chunk holds: a small one needs no second trip.
pub(super) struct Begun {
    first: Option<Bytes>,
    rest: Option<Reading>,
}

impl Begun {
    /// The bytes of the opened version. A file that was written to in between ends the stream in an error.
    pub(super) fn stream(self, folder: Arc<Folder>, key: Key) -> ByteStream {
        let Self { first, rest } = self;
        let rest = futures::stream::try_unfold(rest, move |reading| {
            let (folder, key) = (Arc::clone(&folder), key.clone());
            async move {
                let Some(reading) = reading else { return Ok(None) };
                off_runtime(|| reading.next())
                    .await
                    .map_err(|failure| folder.error("get", &key, failure))
            }
        });
        Box::pin(futures::stream::iter(first.map(Ok)).chain(rest))
    }
}

struct Reading {
    file: File,
    stat: Stat,
    bytes_read: u64,
}

impl Reading {
    /// One chunk, and the rest if there is more. The last chunk is given out only after the check.
    fn next(mut self) -> Result<Option<(Bytes, Option<Self>)>, Failure> {
        let left = (self.stat.st_size as u64).saturating_sub(self.bytes_read);
        let mut chunk = vec![0; left.min(CHUNK_BYTES as u64) as usize];
        let filled = fill(&mut self.file, &mut chunk)?;
        chunk.truncate(filled);
        self.bytes_read += filled as u64;
        if filled > 0 && self.bytes_read < self.stat.st_size as u64 {
            return Ok(Some((chunk.into(), Some(self))));
        }
        let whole = self.bytes_read == self.stat.st_size as u64;
        if !whole || version::torn(&self.stat, &fstat(&self.file)?) {
            return Err(Failure::Precondition);
        }
        Ok((filled > 0).then(|| (chunk.into(), None)))
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> Result<usize, Failure> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(filled)
}
