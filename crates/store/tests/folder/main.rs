//! What a folder does beyond the contract: escapes, links, rewritten files, lost roots, leftovers, other processes.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and clippy spares only the test functions"
)]
mod care;
mod hostile;
mod names;
mod processes;
mod versions;

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use futures::TryStreamExt as _;
use minilab_store::{Error, Fs, Key, Layout, PutOptions, RESERVED_FOLDER, Store, StoreExt as _};
use tempfile::TempDir;

struct World {
    folder: TempDir,
    store: Fs,
}

impl World {
    fn new(layout: Layout) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Fs::open(folder.path().join("root"), layout);
        assert!(
            matches!(store, Err(Error::NotOpened { .. })),
            "it is not there yet"
        );
        let store = Fs::create(folder.path().join("root"), layout).unwrap();
        Self { folder, store }
    }

    fn plain() -> Self {
        Self::new(Layout::Plain)
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join("root").join(relative)
    }

    /// A file that the user puts there, without the store.
    fn place(&self, relative: &str, body: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(relative).parent().unwrap()).unwrap();
        fs::write(self.path(relative), body).unwrap();
    }

    async fn keys(&self) -> Vec<String> {
        let listed: Vec<_> = self.store.list_all("").try_collect().await.unwrap();
        listed.into_iter().map(|object| object.key.into()).collect()
    }
}

fn key(key: &str) -> Key {
    Key::new(key).unwrap()
}

/// With attributes that fit on the body's own file.
async fn put(store: &Fs, at: &str, body: &str) -> Result<(), Error> {
    put_with(store, at, body, "").await
}

/// With attributes that need a file of their own.
async fn put_with_sidecar(store: &Fs, at: &str, body: &str) -> Result<(), Error> {
    put_with(store, at, body, &"x".repeat(1_000)).await
}

async fn put_with(store: &Fs, at: &str, body: &str, note: &str) -> Result<(), Error> {
    let options = PutOptions {
        content_type: Some("text/plain".to_owned()),
        metadata: [("note".to_owned(), note.to_owned())].into(),
        ..PutOptions::default()
    };
    store
        .put(&key(at), Bytes::from(body.to_owned()), options)
        .await
        .map(drop)
}

/// Unfinished files in the reserved folder, of whichever process.
fn unfinished(root: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(root.join(RESERVED_FOLDER).join("temporary")).unwrap();
    let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    files
        .map(|file| file.unwrap().path())
        .filter(|path| !path.ends_with("owner"))
        .collect()
}
