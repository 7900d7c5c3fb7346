//! What `put` was told beside the body: a label on the body's own file, or a sidecar where the label has no room.
//!
//! Either says key, size and time of the body it belongs to, and is on the disk before that body is renamed into place. So
//! body and attributes switch together at the rename, a crash loses neither, and the attributes of a file that somebody
//! rewrote do not count any more. A copy of the folder that keeps times and extended attributes keeps these too.
use std::{collections::BTreeMap, fs::File, os::fd::BorrowedFd};

use rustix::{
    fs::{Stat, XattrFlags, fgetxattr, fsetxattr, fstat},
    io::Errno,
};
use serde::{Deserialize, Serialize};

use super::{
    failure::Failure,
    sidecar::{self, Recorded},
    version,
    workspace::Workspace,
};
use crate::{PutOptions, Sha256};

const LABEL: &str = "user.minilab";
/// Any file system that takes labels has room for one of this size.
const LABEL_BYTES_MAX: usize = 900;
/// How file systems say that they keep no such label.
const NO_LABELS: [Errno; 8] = [
    Errno::OPNOTSUPP,
    Errno::NOSYS,
    Errno::PERM,
    Errno::ACCESS,
    Errno::TOOBIG,
    Errno::RANGE,
    Errno::NOSPC,
    Errno::DQUOT,
];

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
            again: _,
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

#[derive(Serialize)]
struct LabelOf<'a> {
    of: &'a str,
    #[serde(flatten)]
    attributes: &'a Attributes,
}

#[derive(Deserialize)]
struct Label {
    of: String,
    #[serde(flatten)]
    attributes: Attributes,
}

/// Writes the attributes of a body that is about to be synced and placed; nothing to say needs nothing written.
pub(super) fn record<'a>(
    workspace: &'a Workspace,
    key: &str,
    body: &File,
    attributes: Attributes,
) -> Result<Recorded<'a>, Failure> {
    if attributes == Attributes::default() {
        return Ok(Recorded::default());
    }
    let stat = fstat(body)?;
    let label = LabelOf {
        of: &name(key, &stat),
        attributes: &attributes,
    };
    let label = serde_json::to_vec(&label).expect("strings are JSON");
    if label.len() <= LABEL_BYTES_MAX {
        match fsetxattr(body, LABEL, &label, XattrFlags::empty()) {
            Ok(()) => return Ok(Recorded::default()),
            // A disk that is really full refuses the sidecar as well.
            Err(errno) if NO_LABELS.contains(&errno) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    sidecar::record(workspace, key, &stat, attributes)
}

/// The attributes recorded for exactly this body, if any.
pub(super) fn read(
    root: BorrowedFd<'_>,
    key: &str,
    file: &File,
    body: &Stat,
) -> Result<Option<Attributes>, Failure> {
    match read_label(file, &name(key, body))? {
        Some(attributes) => Ok(Some(attributes)),
        None => sidecar::read(root, key, body),
    }
}

/// Nothing if there is no label, or it belongs to another body, or somebody else wrote it.
fn read_label(file: &File, of: &str) -> Result<Option<Attributes>, Failure> {
    let mut room = [0; LABEL_BYTES_MAX];
    let length = match fgetxattr(file, LABEL, &mut room) {
        Ok(length) => length,
        Err(Errno::NODATA) => return Ok(None),
        Err(errno) if NO_LABELS.contains(&errno) => return Ok(None),
        Err(errno) => return Err(errno.into()),
    };
    let label = serde_json::from_slice::<Label>(&room[..length]).ok();
    Ok(label.filter(|label| label.of == of).map(|label| label.attributes))
}

/// Says of which body attributes are. Digests keep any key within the length of a file name.
pub(super) fn name(key: &str, body: &Stat) -> String {
    let (digest, size, time) = (digest(key), body.st_size, version::modified_ns(body));
    format!("{}-{size:x}-{time:x}", &digest[..KEY_DIGITS])
}

/// So many digits of a key's digest are in a name.
pub(super) const KEY_DIGITS: usize = 32;

pub(super) fn digest(key: &str) -> String {
    Sha256::of(key.as_bytes()).to_string()
}
