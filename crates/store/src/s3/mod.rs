//! Objects in a bucket of S3, or of a server that speaks like it.
//!
//! **Tries.** Reads are tried three times with jitter, each within 5 (`head`) or 10 seconds; bodies that bring nothing
//! for 10 seconds fail. Writes under a condition are sent once: a second one could meet the first one's effect and call
//! it somebody else's. Other writes are sent again only when the server says that it has turned them away (`SlowDown`).
//!
//! **Absence.** A 403 is never absence. A 404 to `head` has no body that would tell a missing key from a missing bucket,
//! so the bucket is asked for before [`Error::NotFound`] is answered: a deleted bucket must not look like deleted objects.
//!
//! **Servers.** Entity tags are compared byte for byte as sent, quotes included; a server that wants them without (Ceph
//! RGW 16) does not pass [`crate::probe_conditional_put`] and can hold files but no records. [SeaweedFS] keeps objects
//! as a tree of folders, which shows in three places, found with version 4.48:
//! - It lists folder by folder (`a/b` before `a!`), and from a starting point below a folder it leaves keys out. It is
//!   recognised by its `Server` header, and listed level by level and put in order here.
//! - It keeps `a//b`, `/a` and `a\b` under other names and refuses `.` and `..`: such keys are [`Error::KeyRefused`].
//! - It refuses `If-None-Match: *` for `a.jpg` while there is a folder `a.jpg/`, for some minutes even an empty one: that is
//!   told apart from an object of that name, and answered as [`Error::KeyRefused`].
//!
//! [SeaweedFS]: https://github.com/seaweedfs/seaweedfs
mod attributes;
mod clients;
mod config;
mod failure;
mod flat;
mod folders;
mod meeting;
pub mod notifications;
mod open;
mod page;
mod read;
mod retries;
mod write;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;

pub use self::config::{S3Config, S3Credentials};
pub use self::meeting::{Meeting, meet};
use self::{
    clients::Clients,
    failure::{Failure, Request},
};
use crate::{ETag, Error, GetOptions, Head, Key, ListRequest, Object, Page, PutOptions, Store};

/// A bucket, or the part of one under a prefix. See the [module](self) for what servers it knows.
#[derive(Debug)]
pub struct S3 {
    clients: Clients,
    config: S3Config,
    name: String,
    /// The server keeps a tree, see the module's documentation.
    keeps_folders: AtomicBool,
}

impl S3 {
    /// Opens a bucket with the credentials that the environment gives.
    ///
    /// Asks for one entry of the listing, which proves address, region, credentials and `s3:ListBucket`; anything else is
    /// [`Error::NotOpened`] with the fix.
    pub async fn open(config: S3Config) -> Result<Self, Error> {
        Self::open_as(config, None).await
    }

    /// Opens a bucket with credentials given by hand.
    pub async fn open_with(config: S3Config, credentials: S3Credentials) -> Result<Self, Error> {
        Self::open_as(config, Some(credentials)).await
    }

    fn keeps_folders(&self) -> bool {
        self.keeps_folders.load(Ordering::Relaxed)
    }

    /// As the bucket names it.
    fn full(&self, key: &Key) -> Result<String, Failure> {
        let full = format!("{}{key}", self.config.prefix, key = key.as_str());
        if full.len() > Key::BYTES_MAX {
            let bytes = full.len();
            return Err(Failure::KeyRefused(format!(
                "with the store's prefix it has {bytes} bytes, more than the {} that S3 takes",
                Key::BYTES_MAX
            )));
        }
        if self.keeps_folders() {
            folders::check(&full).map_err(Failure::KeyRefused)?;
        }
        Ok(full)
    }

    fn error(&self, request: Request, key: &Key) -> impl FnOnce(Failure) -> Error {
        move |failure| failure.into_error(&self.name, request, key)
    }
}

#[async_trait]
impl Store for S3 {
    fn name(&self) -> &str {
        &self.name
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<Object, Error> {
        read::get(self, key, options)
            .await
            .map_err(self.error(Request::Get, key))
    }

    async fn head(&self, key: &Key) -> Result<Head, Error> {
        read::head(self, key)
            .await
            .map_err(self.error(Request::Head, key))
    }

    async fn tags(&self, key: &Key) -> Result<BTreeMap<String, String>, Error> {
        read::tags(self, key)
            .await
            .map_err(self.error(Request::Tags, key))
    }

    async fn put(&self, key: &Key, body: Bytes, options: PutOptions) -> Result<ETag, Error> {
        write::put(self, key, body, options)
            .await
            .map_err(self.error(Request::Put, key))
    }

    async fn list(&self, request: ListRequest) -> Result<Page, Error> {
        let folding = request.folds(&self.name)?;
        let at = Key::new(request.prefix.as_str())
            .or_else(|_| Key::new("/"))
            .expect("a slash is a key");
        let page = if self.keeps_folders() {
            folders::list(self, &request, folding).await
        } else {
            flat::list(self, &request, folding).await
        };
        page.map_err(self.error(Request::List, &at))
    }

    async fn delete(&self, key: &Key) -> Result<(), Error> {
        write::delete(self, key)
            .await
            .map_err(self.error(Request::Delete, key))
    }
}
