//! Objects in a folder: one file per object, names that people and web servers can read.
//!
//! Guarantees come from four habits: a body is written and synced under the reserved folder and then renamed into
//! place; decisions about what is there are made under one lock that all processes share; attributes name the version
//! they belong to; and every path is walked component by component from the opened root, never through a link.
mod attributes;
mod delete;
mod failure;
mod folder;
mod list;
mod path;
mod read;
mod sidecar;
mod version;
mod workspace;
mod write;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;

use self::{failure::Failure, folder::Folder};
use crate::{ETag, Error, GetOptions, Head, Key, ListRequest, Object, Page, PutOptions, Sha256, Store};

/// The folder directly under the root that the store keeps for itself: temporary files, the lock, attributes.
///
/// It is made by the first write, so a folder that is only read stays as it is. No key reaches into it, and listings
/// never show it.
pub const RESERVED_FOLDER: &str = ".minilab";

/// How keys become file names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// A key is a relative path: for originals and derivatives, which people and web servers look at.
    ///
    /// A folder cannot hold a file and a folder of one name, so of the keys `a` and `a/b` the second to come is
    /// [`Error::KeyRefused`]. On a file system that ignores case, keys that differ only in case are one object.
    Plain,
    /// Folders and objects carry different marks, so that the keys `a` and `a/b` live side by side: for records, whose
    /// keys outlive what they describe. Names of any length are held.
    Marked,
}

/// A store in a folder. Clones share it.
///
/// Versions are made of size, times and inode, so a file that anybody rewrites, touches or replaces is another
/// version. Symbolic links are no objects and are never followed: one name would then have bytes that change without
/// the name's version, and a link out of the folder would read what nobody gave us.
#[derive(Debug, Clone)]
pub struct Fs {
    folder: Arc<Folder>,
}

impl Fs {
    /// Opens a folder that exists, and removes what processes that died left under [`RESERVED_FOLDER`]. Blocks.
    ///
    /// The folder is held open: when it is unmounted, moved away or replaced, calls answer [`Error::Unavailable`]
    /// instead of finding nothing.
    pub fn open(path: impl Into<PathBuf>, layout: Layout) -> Result<Self, Error> {
        Ok(Self {
            folder: Arc::new(Folder::open(path.into(), layout)?),
        })
    }

    /// Like [`Fs::open`], but makes the folder and its parents where they are missing. Blocks.
    pub fn create(path: impl Into<PathBuf>, layout: Layout) -> Result<Self, Error> {
        let path = path.into();
        Folder::create(&path)?;
        Self::open(path, layout)
    }

    /// Where it is, as it was given.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs file system calls where they may block. A dropped future does not stop them.
    async fn blocking<T: Send + 'static>(
        &self,
        operation: &'static str,
        key: &Key,
        work: impl FnOnce(&Folder, &Key) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let (folder, owned) = (Arc::clone(&self.folder), key.clone());
        off_runtime(move || work(&folder, &owned))
            .await
            .map_err(|failure| self.folder.error(operation, key, failure))
    }
}

/// A panic goes on in the caller, as if there were no other thread.
async fn off_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(stopped) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
        Err(stopped) => Err(Failure::Other(std::io::Error::other(stopped))),
    }
}

#[async_trait]
impl Store for Fs {
    fn name(&self) -> &str {
        self.folder.name()
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<Object, Error> {
        let (head, begun) = self
            .blocking("get", key, move |folder, key| {
                let opened = read::open(folder, key.as_str())?;
                let head = opened.head();
                if options.if_match.is_some_and(|wanted| wanted != head.etag) {
                    return Err(Failure::Precondition);
                }
                Ok((head, opened.begin()?))
            })
            .await?;
        Ok(Object {
            head,
            body: begun.stream(Arc::clone(&self.folder), key.clone()),
        })
    }

    async fn head(&self, key: &Key) -> Result<Head, Error> {
        let opened = self
            .blocking("head", key, |folder, key| read::open(folder, key.as_str()))
            .await?;
        Ok(opened.head())
    }

    async fn tags(&self, _: &Key) -> Result<BTreeMap<String, String>, Error> {
        Err(Error::Unsupported {
            store: self.name().to_owned(),
            reason: "folders keep no tags".to_owned(),
        })
    }

    async fn put(&self, key: &Key, body: Bytes, options: PutOptions) -> Result<ETag, Error> {
        self.blocking("put", key, move |folder, key| {
            if let Some(expected) = options.sha256 {
                let digest = Sha256::of(&body);
                if digest != expected {
                    return Err(Failure::Other(expected.mismatch(digest)));
                }
            }
            write::put(folder, key.as_str(), &body, options)
        })
        .await
    }

    async fn list(&self, request: ListRequest) -> Result<Page, Error> {
        let folding = request.folds(self.name())?;
        // Errors of a listing are reported at its prefix, or at the root.
        let at = Key::new(request.prefix.as_str())
            .or_else(|_| Key::new("/"))
            .expect("one byte is a key");
        self.blocking("list", &at, move |folder, _| list::page(folder, request, folding))
            .await
    }

    async fn delete(&self, key: &Key) -> Result<(), Error> {
        self.blocking("delete", key, |folder, key| delete::delete(folder, key.as_str()))
            .await
    }
}
