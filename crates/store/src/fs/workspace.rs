//! The reserved folder's inside: where writes are prepared, the lock all processes share, and what the dead left.
//!
//! `.minilab/lock` is held for the moments in which names change. `.minilab/temporary/<owner>/` holds one process's
//! unfinished files beside a file `owner` that it keeps locked; a folder whose owner is not locked has no owner. What a dead
//! owner was about to write or delete stands in its folder too, so that only the attributes of those keys are looked at.
use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::atomic::{AtomicU64, Ordering},
};

use minilab_failpoint::reached;
use rustix::{
    fs::{
        AtFlags, Dir, FlockOperation, Mode, OFlags, flock, fstat, fsync, futimens, mkdirat, openat, unlinkat,
    },
    io::Errno,
};

use super::{
    RESERVED_FOLDER,
    failure::Failure,
    folder::Folder,
    path::{entry_name, make_folders, open_child, open_object},
    sidecar, version,
};

const TEMPORARY: &str = "temporary";
const OWNER: &str = "owner";
/// Begins the names of files that hold the key of a write or deletion under way.
const UNDER_WAY: &str = "key-";

/// This process's part of the reserved folder.
#[derive(Debug)]
pub(super) struct Workspace {
    reserved: OwnedFd,
    temporary: OwnedFd,
    /// Ours alone, in `temporary`.
    own: OwnedFd,
    own_name: String,
    /// Locked as long as it is open, which ends with the process at the latest.
    _owner: OwnedFd,
    files: AtomicU64,
}

/// Names may change only while this is held; dropping it lets the next one in.
#[must_use]
pub(super) struct Locked {
    _file: OwnedFd,
}

impl Workspace {
    /// Makes what is missing.
    pub(super) fn open(root: BorrowedFd<'_>) -> Result<Self, Failure> {
        let reserved = make_folders(root, &[RESERVED_FOLDER.to_owned()])?;
        let temporary = make_folders(&reserved, &[TEMPORARY.to_owned()])?;
        // Nobody may see our folder before its owner is locked, and take it for a dead one's.
        let _locked = lock(&reserved)?;
        let (own_name, own) = make_own(&temporary)?;
        let owner = openat(&own, OWNER, new_file(), Mode::from_raw_mode(0o666))?;
        flock(&owner, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self {
            reserved,
            temporary,
            own,
            own_name,
            _owner: owner,
            files: AtomicU64::new(0),
        })
    }

    /// Removes what processes that are gone did not finish. Does nothing in a folder never written to.
    pub(super) fn clear_dead(store: &Folder) -> Result<(), Failure> {
        let found = open_child(store.root(), RESERVED_FOLDER)
            .and_then(|reserved| open_child(&reserved, TEMPORARY).map(|temporary| (reserved, temporary)));
        let (reserved, temporary) = match found {
            Ok(found) => found,
            Err(failure) if failure.is_absence() => return Ok(()),
            Err(failure) => return Err(failure),
        };
        let _locked = lock(&reserved)?;
        for name in names(&temporary)? {
            let folder = open_child(&temporary, &name)?;
            if is_alive(&folder)? {
                continue;
            }
            for file in names(&folder)? {
                if file.starts_with(UNDER_WAY)
                    && let Err(failure) = clear_attributes(store, &folder, &file)
                {
                    tracing::warn!(
                        store = store.name(),
                        ?failure,
                        "attributes without a body stay behind"
                    );
                }
                unlinkat(&folder, file.as_str(), AtFlags::empty())?;
            }
            unlinkat(&temporary, name.as_str(), AtFlags::REMOVEDIR)?;
            tracing::info!(
                folder = name,
                "removed the unfinished files of a process that is gone"
            );
        }
        Ok(())
    }

    pub(super) fn reserved(&self) -> BorrowedFd<'_> {
        self.reserved.as_fd()
    }

    /// Is it still there, or did somebody tidy up?
    pub(super) fn is_attached(&self) -> bool {
        fstat(&self.own).is_ok_and(|own| own.st_nlink > 0)
    }

    /// Waits for the lock on names, shared by all processes.
    pub(super) fn lock(&self) -> Result<Locked, Failure> {
        lock(&self.reserved)
    }

    /// Notes that sidecars of the object `key` are about to change, until it is dropped. For those who clear up after
    /// this process; a power cut may lose it, and with it no more than a file that nothing finds.
    pub(super) fn under_way(&self, key: &str) -> Result<UnderWay<'_>, Failure> {
        let name = format!("{UNDER_WAY}{}", self.files.fetch_add(1, Ordering::Relaxed));
        let file = openat(&self.own, name.as_str(), new_file(), Mode::from_raw_mode(0o666))?;
        let under_way = UnderWay {
            at: self.own.as_fd(),
            name,
        };
        File::from(file.try_clone()?).write_all(key.as_bytes())?;
        // Later than the body's: the kernel's clock may lag behind it.
        futimens(&file, &version::stamp())?;
        Ok(under_way)
    }

    /// Writes a file that nobody sees yet.
    pub(super) fn prepare(&self, body: &[u8]) -> Result<Prepared<'_>, Failure> {
        let name = self.files.fetch_add(1, Ordering::Relaxed).to_string();
        let file = openat(&self.own, name.as_str(), new_file(), Mode::from_raw_mode(0o666))?;
        let mut prepared = Prepared {
            at: self.own.as_fd(),
            name,
            file: file.into(),
            placed: false,
        };
        reached("store_body_opened");
        prepared.file.write_all(body)?;
        futimens(&prepared.file, &version::stamp())?;
        Ok(prepared)
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // Best effort: what stays is cleared by the next process that opens the store.
        let _ = unlinkat(&self.own, OWNER, AtFlags::empty());
        let _ = unlinkat(&self.temporary, self.own_name.as_str(), AtFlags::REMOVEDIR);
    }
}

/// A whole file under a temporary name, removed on drop unless it was placed.
pub(super) struct Prepared<'a> {
    pub at: BorrowedFd<'a>,
    pub name: String,
    pub file: File,
    placed: bool,
}

impl Prepared<'_> {
    /// To the disk itself: body, time and label. To be done before it gets its final name.
    pub(super) fn sync(&self) -> Result<(), Failure> {
        Ok(fsync(&self.file)?)
    }

    /// It has its final name now.
    pub(super) fn placed(&mut self) {
        self.placed = true;
    }
}

impl Drop for Prepared<'_> {
    fn drop(&mut self) {
        if !self.placed {
            // Best effort, as above.
            let _ = unlinkat(self.at, self.name.as_str(), AtFlags::empty());
        }
    }
}

/// See [`Workspace::under_way`].
#[must_use]
pub(super) struct UnderWay<'a> {
    at: BorrowedFd<'a>,
    name: String,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        // Best effort, as above.
        let _ = unlinkat(self.at, self.name.as_str(), AtFlags::empty());
    }
}

/// The attributes that a dead process left without a body, by its note of what was under way.
fn clear_attributes(store: &Folder, dead: &OwnedFd, note: &str) -> Result<(), Failure> {
    let (mut file, noted) = open_object(dead, note)?;
    let mut key = Vec::new();
    file.read_to_end(&mut key)?;
    // A note that was not finished, or of a key that this store does not take, came before any change.
    let place = String::from_utf8(key).map(|key| (store.layout().place(&key), key));
    match place {
        Ok((Ok(place), key)) => sidecar::clear(store, &place, &key, version::modified_ns(&noted)),
        _ => Ok(()),
    }
}

/// Every call opens the file anew: such locks exclude each other also within a process.
fn lock(reserved: impl AsFd) -> Result<Locked, Failure> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(reserved, "lock", flags, Mode::from_raw_mode(0o666))?;
    loop {
        match flock(&file, FlockOperation::LockExclusive) {
            Ok(()) => return Ok(Locked { _file: file }),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

fn make_own(temporary: impl AsFd) -> Result<(String, OwnedFd), Failure> {
    // Process numbers repeat, also at once in containers that share a folder; the time makes a clash rare, not fatal.
    loop {
        let time = version::stamp().last_modification;
        let name = format!("{}-{}-{}", std::process::id(), time.tv_sec, time.tv_nsec);
        match mkdirat(&temporary, name.as_str(), Mode::from_raw_mode(0o777)) {
            Ok(()) => return open_child(&temporary, &name).map(|own| (name, own)),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

fn is_alive(folder: impl AsFd) -> Result<bool, Failure> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let owner = match openat(folder, OWNER, flags, Mode::empty()) {
        Ok(owner) => owner,
        Err(Errno::NOENT) => return Ok(false),
        Err(errno) => return Err(errno.into()),
    };
    match flock(&owner, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(false),
        Err(Errno::WOULDBLOCK) => Ok(true),
        Err(errno) => Err(errno.into()),
    }
}

/// Only names that are text: ours all are.
pub(super) fn names(folder: impl AsFd) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        names.extend(
            entry_name(entry?.file_name())
                .and_then(Result::ok)
                .map(str::to_owned),
        );
    }
    Ok(names)
}

fn new_file() -> OFlags {
    OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC
}
