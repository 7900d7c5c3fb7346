//! What was uploaded: the model that the stores are compared with.
use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

use crate::pictures::digest;

/// One upload of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Rises over all uploads of a run.
    pub number: u64,
    pub picture: usize,
}

/// Everything that was ever uploaded, and what lies under each key now.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    now: BTreeMap<String, Option<Upload>>,
    by_digest: HashMap<String, (String, Upload)>,
}

impl Ledger {
    /// An upload is about to happen: readers may see what is made of it from now on.
    pub fn uploading(&self, key: &str, upload: &Upload, bytes: &[u8]) {
        let mut inner = self.0.lock().unwrap();
        inner
            .by_digest
            .insert(digest(bytes), (key.to_owned(), upload.clone()));
    }

    /// It has happened; `None`: the key was deleted.
    pub fn happened(&self, key: &str, upload: Option<Upload>) {
        self.0.lock().unwrap().now.insert(key.to_owned(), upload);
    }

    /// The upload with these bytes, if it was one of this key.
    pub fn of(&self, key: &str, sha256: &str) -> Option<Upload> {
        let inner = self.0.lock().unwrap();
        let (owner, upload) = inner.by_digest.get(sha256)?;
        (owner == key).then(|| upload.clone())
    }

    pub fn now(&self) -> BTreeMap<String, Option<Upload>> {
        self.0.lock().unwrap().now.clone()
    }
}
