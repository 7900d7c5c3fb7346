//! What `put` was told beside the body, in a small file of its own for each version.
//!
//! Its name says key, size and time of the body it belongs to, and it is written before that body is renamed into
//! place and removed after the body is replaced. So body and attributes switch together at the rename, a crash loses
//! neither, and the attributes of a file that somebody rewrote are no longer found. A copy of the folder that keeps
//! times keeps attributes too.
use std::{
    collections::BTreeMap,
    io::Read as _,
    os::fd::{BorrowedFd, OwnedFd},
};

use rustix::{
    fs::{AtFlags, Stat, fsync, renameat, unlinkat},
    io::Errno,
};
use serde::{Deserialize, Serialize};

use super::{
    RESERVED_FOLDER,
    delete::find,
    failure::Failure,
    folder::Folder,
    path::{Place, make_folders, open_folder, open_object},
    version,
    workspace::{Workspace, names},
};
use crate::{PutOptions, Sha256};

const ATTRIBUTES: &str = "attributes";

/// Everything of [`PutOptions`] that lasts.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attributes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl From<PutOptions> for Attributes {
    fn from(options: PutOptions) -> Self {
        let PutOptions {
            condition: _,
            content_type,
            cache_control,
            sha256,
            metadata,
        } = options;
        Self {
            content_type,
            cache_control,
            sha256,
            metadata,
        }
    }
}

/// The file's content: the key is there for people who look.
#[derive(Serialize, Deserialize)]
struct Sidecar<K> {
    key: K,
    #[serde(flatten)]
    attributes: Attributes,
}

/// A sidecar written ahead of its body, removed on drop unless the body followed.
#[must_use]
pub(super) struct Recorded {
    at: Option<(OwnedFd, String)>,
}

impl Recorded {
    /// The body is in place.
    pub(super) fn keep(mut self) {
        self.at = None;
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        if let Some((shard, name)) = &self.at {
            // Best effort: without its body it is never found.
            let _ = unlinkat(shard, name.as_str(), AtFlags::empty());
        }
    }
}

/// Writes the attributes of a body that is about to be placed; nothing to say needs no file.
pub(super) fn record(
    workspace: &Workspace,
    key: &str,
    body: &Stat,
    attributes: Attributes,
) -> Result<Recorded, Failure> {
    if attributes == Attributes::default() {
        return Ok(Recorded { at: None });
    }
    let (shard, name) = place(key, body);
    let json = serde_json::to_vec(&Sidecar { key, attributes }).expect("strings are JSON");
    let mut prepared = workspace.prepare(&json)?;
    let shard = make_folders(workspace.reserved(), &shard)?;
    renameat(prepared.at, prepared.name.as_str(), &shard, name.as_str())?;
    prepared.placed();
    let recorded = Recorded {
        at: Some((shard, name)),
    };
    if let Some((shard, _)) = &recorded.at {
        fsync(shard)?;
    }
    Ok(recorded)
}

/// The attributes recorded for exactly this body, if any.
pub(super) fn read(root: BorrowedFd<'_>, key: &str, body: &Stat) -> Result<Option<Attributes>, Failure> {
    let (shard, name) = place(key, body);
    let mut folders = vec![RESERVED_FOLDER.to_owned()];
    folders.extend(shard);
    let opened = open_folder(root, &folders).and_then(|shard| open_object(shard, &name));
    let mut file = match opened {
        Ok((file, _)) => file,
        Err(failure) if failure.is_absence() => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let mut json = Vec::new();
    file.read_to_end(&mut json)?;
    match serde_json::from_slice::<Sidecar<String>>(&json) {
        Ok(sidecar) => Ok(Some(sidecar.attributes)),
        Err(error) => {
            tracing::warn!(key, sidecar = name, %error, "ignored attributes that somebody has damaged");
            Ok(None)
        }
    }
}

/// Removes the attributes of a body that is gone. What fails leaves a file that nothing finds, so it is only reported.
pub(super) fn forget(workspace: &Workspace, key: &str, body: &Stat) {
    let (shard, name) = place(key, body);
    let removed = open_folder(workspace.reserved(), &shard)
        .and_then(|shard| unlinkat(&shard, name.as_str(), AtFlags::empty()).map_err(Failure::from));
    match removed {
        Ok(()) | Err(Failure::Errno(Errno::NOENT)) => {}
        Err(failure) => tracing::warn!(
            key,
            sidecar = name,
            ?failure,
            "attributes of a replaced object stay behind"
        ),
    }
}

/// Removes attributes of `key` that belong to no body, as a process leaves them that dies between body and attributes.
///
/// Only of bodies written until `until_ns`: later ones may be of a process that is about to place their body.
pub(super) fn clear(folder: &Folder, place: &Place, key: &str, until_ns: i64) -> Result<(), Failure> {
    let (shard, prefix) = shard(key);
    let [attributes, shard] = shard;
    let shard = match open_folder(folder.root(), &[RESERVED_FOLDER.to_owned(), attributes, shard]) {
        Ok(shard) => shard,
        Err(failure) if failure.is_absence() => return Ok(()),
        Err(failure) => return Err(failure),
    };
    let current = find(folder, place)?.map(|(_, body)| self::place(key, &body).1);
    for name in names(&shard)? {
        let is_old = written_ns(&name, &prefix).is_some_and(|written_ns| written_ns <= until_ns);
        if is_old && current.as_ref() != Some(&name) {
            unlinkat(&shard, name.as_str(), AtFlags::empty())?;
        }
    }
    Ok(())
}

/// Folders below the reserved one, and the file.
fn place(key: &str, body: &Stat) -> ([String; 2], String) {
    let (shard, prefix) = shard(key);
    let name = format!("{prefix}{:x}-{:x}.json", body.st_size, version::modified_ns(body));
    (shard, name)
}

/// Folders below the reserved one, and how the names of a key's files begin. Digests keep any key within the length of a
/// file name.
fn shard(key: &str) -> ([String; 2], String) {
    let digest = Sha256::of(key.as_bytes()).to_string();
    let (shard, _) = digest.split_at(2);
    (
        [ATTRIBUTES.to_owned(), shard.to_owned()],
        format!("{}-", &digest[..32]),
    )
}

/// Time of the body that a file with this name belongs to, if it is one of a key's.
fn written_ns(name: &str, prefix: &str) -> Option<i64> {
    let (_, written) = name
        .strip_prefix(prefix)?
        .strip_suffix(".json")?
        .split_once('-')?;
    i64::from_str_radix(written, 16).ok()
}
