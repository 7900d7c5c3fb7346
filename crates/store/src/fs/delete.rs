//! `delete`: the object, its attributes, and the folders that are empty then.
use std::os::fd::OwnedFd;

use minilab_failpoint::reached;
use rustix::{
    fs::{AtFlags, Stat, fsync, unlinkat},
    io::Errno,
};

use super::{
    failure::Failure,
    folder::Folder,
    path::{Place, current, open_folder},
    sidecar,
};

pub(super) fn delete(folder: &Folder, key: &str) -> Result<(), Failure> {
    let place = folder.layout().place(key)?;
    // Looked for before the workspace is made: deleting what is not there leaves a folder as it is.
    if find(folder, &place)?.is_none() {
        return match folder.detached() {
            Some(reason) => Err(Failure::Unavailable(reason)),
            None => Ok(()),
        };
    }
    let workspace = folder.workspace()?;
    let locked = workspace.lock()?;
    let Some((parent, gone)) = find(folder, &place)? else {
        return Ok(());
    };
    let sidecar = sidecar::outgoing(&workspace, key, &gone)?;
    match unlinkat(&parent, place.file.as_str(), AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) => return Err(errno.into()),
    }
    fsync(&parent)?;
    remove_empty(folder, &place.folders)?;
    drop(locked);
    reached("store_body_deleted");
    if let Some(sidecar) = sidecar {
        sidecar.forget();
    }
    Ok(())
}

/// The object's file and the folder it is in.
pub(super) fn find(folder: &Folder, place: &Place) -> Result<Option<(OwnedFd, Stat)>, Failure> {
    let found = open_folder(folder.root(), &place.folders)
        .and_then(|parent| current(&parent, &place.file).map(|found| found.map(|stat| (parent, stat))));
    match found {
        Err(failure) if failure.is_absence() => Ok(None),
        found => found,
    }
}

/// From the innermost outwards, up to the first that still holds something. The lock keeps writers out meanwhile.
fn remove_empty(folder: &Folder, folders: &[String]) -> Result<(), Failure> {
    for depth in (0..folders.len()).rev() {
        let parent = open_folder(folder.root(), &folders[..depth])?;
        match unlinkat(&parent, folders[depth].as_str(), AtFlags::REMOVEDIR) {
            // Not synced: an empty folder that comes back after a crash is no object.
            Ok(()) => {}
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::BUSY) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}
