//! Places: folders and buckets.
use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::read::{self, Fields, Problems};
use super::tree::Tree;
use super::{path, scalar};
use crate::diagnostic::Code;

/// Of a bucket of files, what is not files: records, unless `state` says otherwise. No key of an original begins with it.
pub const RESERVED_PREFIX: &str = "_minilab/";

/// Where objects are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    /// A folder of this machine, as written; relative to the document's folder.
    Folder(PathBuf),
    /// A bucket.
    S3(S3),
}

/// A bucket and what it takes to reach it. Credentials are never in the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct S3 {
    /// Its name.
    pub bucket: String,
    /// What all keys in it start with.
    pub prefix: String,
    /// Region; `None`: the environment's.
    pub region: Option<String>,
    /// Another server than AWS.
    pub endpoint: Option<String>,
    /// `https://host/bucket/key` in place of `https://bucket.host/key`.
    #[serde(skip)]
    pub path_style: bool,
    /// Key that encrypts what is put.
    pub kms_key: Option<String>,
    /// Account that must own the bucket.
    pub expected_owner: Option<String>,
    /// Storage class of what is put; `None`: the bucket's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
}

impl S3 {
    /// Are both parts of one bucket? However its server's address is written.
    pub fn is_same_bucket(&self, other: &Self) -> bool {
        let server = |place: &Self| {
            let endpoint = place.endpoint.as_deref()?.trim_end_matches('/');
            Some(endpoint.to_ascii_lowercase())
        };
        self.bucket == other.bucket && server(self) == server(other)
    }
}

/// Where files go, and under which address readers see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Output {
    /// Where files go.
    pub location: Location,
    /// What the public address of every key starts with; ends with a slash.
    pub url: Option<String>,
}

pub(super) fn location(tree: &Tree, problems: &Problems) -> Option<Location> {
    let mut fields = Fields::open("location", tree, problems)?;
    let place = place(&mut fields);
    fields.close();
    place
}

pub(super) fn output(tree: &Tree, problems: &Problems) -> Option<Output> {
    let mut fields = Fields::open("to", tree, problems)?;
    let location = place(&mut fields);
    let url = fields.read("url", url);
    fields.close();
    Some(Output {
        location: location?,
        url,
    })
}

pub(super) fn stores(tree: &Tree, problems: &Problems) -> Option<BTreeMap<String, Location>> {
    let entries = read::entries("stores", tree, problems)?;
    Some(
        entries
            .iter()
            .filter_map(|(name, tree)| Some((name.text.clone(), location(tree, problems)?)))
            .collect(),
    )
}

fn place(fields: &mut Fields<'_>) -> Option<Location> {
    let folder = fields.read("folder", path).map(Location::Folder);
    let bucket = fields.read("s3", s3).map(Location::S3);
    match (fields.has("folder"), fields.has("s3")) {
        (true, false) => folder,
        (false, true) => bucket,
        _ => {
            let help = Some("write { folder: ./photos } or { s3: { bucket: ... } }".to_owned());
            fields.problems().note(
                fields.span(),
                Code::MissingKey,
                "exactly one of folder and s3 belongs here",
                help,
            );
            None
        }
    }
}

fn s3(tree: &Tree, problems: &Problems) -> Option<S3> {
    let mut fields = Fields::open("s3", tree, problems)?;
    let bucket = fields.require("bucket", scalar::text);
    let prefix = fields.read("prefix", scalar::text).unwrap_or_default();
    let region = fields.read("region", scalar::text);
    let endpoint = fields.read("endpoint", scalar::text);
    let kms_key = fields.read("kms_key", scalar::text);
    let expected_owner = fields.read("expected_owner", scalar::text);
    let path_style = fields.read("path_style", scalar::boolean);
    let storage_class = fields.read("storage_class", scalar::text);
    fields.close();
    Some(S3 {
        bucket: bucket?,
        prefix,
        region,
        // Other servers rarely have a name for each bucket.
        path_style: path_style.unwrap_or(endpoint.is_some()),
        endpoint,
        kms_key,
        expected_owner,
        storage_class,
    })
}

fn url(tree: &Tree, problems: &Problems) -> Option<String> {
    let text = scalar::text(tree, problems)?;
    if !(text.starts_with("https://") || text.starts_with("http://") || text.starts_with('/')) {
        let help = "https://cdn.example.com/, or a path such as /media/".to_owned();
        problems.note(
            tree.span,
            Code::BadValue,
            format!("{text:?} is no address"),
            Some(help),
        );
        return None;
    }
    Some(if text.ends_with('/') { text } else { text + "/" })
}
