//! `put`: prepare unseen, decide under the lock, rename.
use std::os::fd::OwnedFd;

use bytes::Bytes;
use minilab_failpoint::reached;
use rustix::{
    fs::{RenameFlags, fstat, fsync, renameat, renameat_with},
    io::Errno,
};

use super::{
    attributes,
    failure::Failure,
    folder::Folder,
    path::{Place, current, make_folders, open_folder},
    sidecar, version,
    workspace::Prepared,
};
use crate::{Condition, ETag, PutOptions};

/// All that takes time (body, attributes, their syncs) is done before the lock is taken, so that writers of different
/// keys hold up each other only for the renames.
pub(super) fn put(folder: &Folder, key: &str, body: &Bytes, options: PutOptions) -> Result<ETag, Failure> {
    let place = folder.layout().place(key)?;
    let workspace = folder.workspace()?;
    let condition = options.condition.clone();
    let mut prepared = workspace.prepare(body)?;
    reached("store_body_prepared");
    let recorded = attributes::record(&workspace, key, &prepared.file, options.into())?;
    prepared.sync()?;
    reached("store_attributes_recorded");

    let locked = workspace.lock()?;
    let parent = parent(folder, &place, &condition)?;
    let replaced = current(&parent, &place.file)?;
    if !condition.holds(replaced.as_ref().map(version::etag).as_ref()) {
        return Err(Failure::Precondition);
    }
    let outgoing = match &replaced {
        Some(replaced) => sidecar::outgoing(&workspace, key, replaced)?,
        None => None,
    };
    rename(&prepared, &parent, &place.file, &condition)?;
    reached("store_body_placed");
    prepared.placed();
    recorded.keep();
    // The rename has set the change time, so only now is this the version that readers see.
    let etag = version::etag(&fstat(&prepared.file)?);
    drop(locked);

    // The new name must last before the old attributes go: after a crash, one whole version is there.
    fsync(&parent)?;
    if let Some(outgoing) = outgoing {
        outgoing.forget();
    }
    Ok(etag)
}

/// A write that will be refused makes no folders.
fn parent(folder: &Folder, place: &Place, condition: &Condition) -> Result<OwnedFd, Failure> {
    if !matches!(condition, Condition::Match(_)) {
        return make_folders(folder.root(), &place.folders);
    }
    match open_folder(folder.root(), &place.folders) {
        Err(Failure::Errno(Errno::NOENT)) => Err(Failure::Precondition),
        opened => opened,
    }
}

fn rename(
    prepared: &Prepared<'_>,
    parent: &OwnedFd,
    name: &str,
    condition: &Condition,
) -> Result<(), Failure> {
    if *condition == Condition::Absent {
        // Also against programs that know nothing of our lock.
        match renameat_with(
            prepared.at,
            prepared.name.as_str(),
            parent,
            name,
            RenameFlags::NOREPLACE,
        ) {
            Err(Errno::EXIST) => return Err(Failure::Precondition),
            // The file system cannot (NFS, some FUSE); among ourselves the lock has decided.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            renamed => return Ok(renamed?),
        }
    }
    Ok(renameat(prepared.at, prepared.name.as_str(), parent, name)?)
}
