//! Attributes in a small file of their own for each body, where the body's file takes no label.
//!
//! It is written before the body is renamed into place and removed after the body is replaced.
use std::{
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
    attributes::{self, Attributes, KEY_DIGITS},
    delete::find,
    failure::Failure,
    folder::Folder,
    path::{Place, lstat, make_folders, open_folder, open_object},
    workspace::{UnderWay, Workspace, names},
};

const FOLDER: &str = "attributes";
const EXTENSION: &str = ".json";

/// The file's content: the key is there for people who look.
#[derive(Serialize, Deserialize)]
struct Sidecar<K> {
    key: K,
    #[serde(flatten)]
    attributes: Attributes,
}

/// What was written ahead of a body; a sidecar is removed on drop unless the body followed.
#[derive(Default)]
#[must_use]
pub(super) struct Recorded<'a> {
    at: Option<(OwnedFd, String)>,
    /// Dropped last.
    _under_way: Option<UnderWay<'a>>,
}

impl Recorded<'_> {
    /// The body is in place.
    pub(super) fn keep(mut self) {
        self.at = None;
    }
}

impl Drop for Recorded<'_> {
    fn drop(&mut self) {
        if let Some((shard, name)) = &self.at {
            // Best effort: without its body it is never found.
            let _ = unlinkat(shard, name.as_str(), AtFlags::empty());
        }
    }
}

/// Writes the attributes of a body that is about to be placed.
pub(super) fn record<'a>(
    workspace: &'a Workspace,
    key: &str,
    body: &Stat,
    attributes: Attributes,
) -> Result<Recorded<'a>, Failure> {
    let under_way = workspace.under_way(key)?;
    let (shard, name) = place(key, body);
    let json = serde_json::to_vec(&Sidecar { key, attributes }).expect("strings are JSON");
    let mut prepared = workspace.prepare(&json)?;
    prepared.sync()?;
    let shard = make_folders(workspace.reserved(), &shard)?;
    renameat(prepared.at, prepared.name.as_str(), &shard, name.as_str())?;
    prepared.placed();
    let recorded = Recorded {
        at: Some((shard, name)),
        _under_way: Some(under_way),
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

/// The sidecar of a body that is about to be replaced or deleted.
pub(super) struct Outgoing<'a> {
    shard: OwnedFd,
    name: String,
    _under_way: UnderWay<'a>,
}

/// To be asked before the body goes: from then on, others clear up if this process dies.
pub(super) fn outgoing<'a>(
    workspace: &'a Workspace,
    key: &str,
    body: &Stat,
) -> Result<Option<Outgoing<'a>>, Failure> {
    let (shard, name) = place(key, body);
    let found = open_folder(workspace.reserved(), &shard)
        .and_then(|shard| lstat(&shard, &name).map(|_| shard).map_err(Failure::from));
    match found {
        Ok(shard) => Ok(Some(Outgoing {
            shard,
            name,
            _under_way: workspace.under_way(key)?,
        })),
        Err(failure) if failure.is_absence() => Ok(None),
        Err(failure) => Err(failure),
    }
}

impl Outgoing<'_> {
    /// The body is gone. What fails leaves a file that nothing finds, so it is only reported.
    pub(super) fn forget(self) {
        match unlinkat(&self.shard, self.name.as_str(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => {
                tracing::warn!(sidecar = self.name, %errno, "attributes of a replaced object stay behind");
            }
        }
    }
}

/// Removes attributes of `key` that belong to no body, as a process leaves them that dies between body and attributes.
///
/// Only of bodies written until `until_ns`: later ones may be of a process that is about to place their body.
pub(super) fn clear(folder: &Folder, place: &Place, key: &str, until_ns: i64) -> Result<(), Failure> {
    let digest = attributes::digest(key);
    let [attributes, shard] = shard(&digest);
    let shard = match open_folder(folder.root(), &[RESERVED_FOLDER.to_owned(), attributes, shard]) {
        Ok(shard) => shard,
        Err(failure) if failure.is_absence() => return Ok(()),
        Err(failure) => return Err(failure),
    };
    let current = find(folder, place)?.map(|(_, body)| self::place(key, &body).1);
    for name in names(&shard)? {
        let is_old = written_ns(&name, &digest[..KEY_DIGITS]).is_some_and(|ns| ns <= until_ns);
        if is_old && current.as_ref() != Some(&name) {
            unlinkat(&shard, name.as_str(), AtFlags::empty())?;
        }
    }
    Ok(())
}

/// Folders below the reserved one, and the file.
fn place(key: &str, body: &Stat) -> ([String; 2], String) {
    let name = attributes::name(key, body);
    (shard(&name), name + EXTENSION)
}

/// Folders below the reserved one for names that begin like this.
fn shard(name: &str) -> [String; 2] {
    [FOLDER.to_owned(), name[..2].to_owned()]
}

/// Time of the body that a file with this name belongs to, if it is one of a key's.
fn written_ns(name: &str, key_digits: &str) -> Option<i64> {
    let (_, written) = name
        .strip_prefix(key_digits)?
        .strip_prefix('-')?
        .strip_suffix(EXTENSION)?
        .split_once('-')?;
    i64::from_str_radix(written, 16).ok()
}
