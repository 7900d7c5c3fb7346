//! What the system said, turned into what the caller can do about it.
use std::io;

use rustix::io::Errno;

use super::folder::Folder;
use crate::{Error, Key};

/// Why a step failed, before it is known which store and key it was for.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing there.
    Absent,
    /// Not what the condition says, or changed while being read.
    Precondition,
    /// The key can never be held; the reason is for people.
    Refused(String),
    /// A component that must be a folder is a file.
    FileInTheWay(String),
    /// What must be a file is a folder.
    FolderInTheWay(String),
    /// The store as a whole; the reason is for people.
    Unavailable(String),
    /// A system call failed.
    Errno(Errno),
    /// Anything else.
    Other(io::Error),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Errno::from_io_error(&error).map_or(Self::Other(error), Self::Errno)
    }
}

impl Failure {
    /// Is it said of the one object, and is that "nothing there"?
    pub(super) fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::Absent
                | Self::FileInTheWay(_)
                | Self::FolderInTheWay(_)
                | Self::Errno(Errno::NOENT | Errno::NOTDIR)
        )
    }
}

impl Folder {
    /// Names store, operation and key.
    pub(super) fn error(&self, operation: &'static str, key: &Key, failure: Failure) -> Error {
        let writes = matches!(operation, "put" | "delete");
        let store = self.name().to_owned();
        let key = key.clone();
        let unavailable = |reason: String| Error::Unavailable {
            store: self.name().to_owned(),
            operation,
            key: key.clone(),
            reason,
        };
        match failure {
            // What writing misses is a folder, not the object.
            Failure::Errno(Errno::NOENT) if writes => {
                unavailable("the folder was moved or removed; bring it back and restart".to_owned())
            }
            failure if !writes && failure.is_absence() => match self.detached() {
                Some(reason) => unavailable(reason),
                None => Error::NotFound { store, key },
            },
            Failure::Precondition => Error::Precondition {
                store,
                operation,
                key,
            },
            Failure::Refused(reason) => Error::KeyRefused { store, key, reason },
            Failure::FileInTheWay(name) => in_the_way(store, key, &name, "file"),
            Failure::FolderInTheWay(name) => in_the_way(store, key, &name, "folder"),
            Failure::Unavailable(reason) => unavailable(reason),
            Failure::Errno(errno) => match of_the_store(errno) {
                Some(reason) => unavailable(reason.to_owned()),
                None if errno == Errno::ACCESS && writes => unavailable(
                    "no permission to write in the folder; give it to the user this runs as".to_owned(),
                ),
                None if matches!(errno, Errno::ACCESS | Errno::PERM) => Error::Denied {
                    store,
                    operation,
                    key,
                    cause: Some(errno.into()),
                },
                None => match of_the_name(errno) {
                    Some(reason) => Error::KeyRefused {
                        store,
                        key,
                        reason: reason.to_owned(),
                    },
                    None => Error::Io {
                        store,
                        operation,
                        key,
                        cause: errno.into(),
                    },
                },
            },
            Failure::Absent => Error::NotFound { store, key },
            Failure::Other(cause) => Error::Io {
                store,
                operation,
                key,
                cause,
            },
        }
    }
}

fn in_the_way(store: String, key: Key, name: &str, kind: &str) -> Error {
    let reason = format!("{name:?} is a {kind}; a folder cannot hold a file and a folder of one name");
    Error::KeyRefused { store, key, reason }
}

/// Conditions under which no object can be read or written, so that the caller stops asking for a while.
pub(super) fn of_the_store(errno: Errno) -> Option<&'static str> {
    Some(match errno {
        Errno::NOSPC => "disk full",
        Errno::DQUOT => "disk quota exceeded",
        Errno::ROFS => "read-only file system",
        Errno::NOTCONN => "the file system is not connected; mount it again",
        Errno::STALE => "stale file handle; mount the file system again and restart",
        Errno::NODEV | Errno::NXIO => "the device is gone",
        Errno::HOSTDOWN | Errno::TIMEDOUT => "the file server does not answer",
        Errno::MFILE => "too many open files in this process; raise its limit (ulimit -n)",
        Errno::NFILE => "too many open files on this machine",
        Errno::NOMEM => "out of kernel memory",
        Errno::NOLCK | Errno::OPNOTSUPP => "the file system gives no locks; use a local one",
        _ => return None,
    })
}

fn of_the_name(errno: Errno) -> Option<&'static str> {
    Some(match errno {
        Errno::NAMETOOLONG => "a segment of it is longer than the file system allows",
        Errno::ILSEQ => "the file system does not take these characters",
        Errno::LOOP => "a symbolic link is on its way, and links are never followed",
        Errno::ISDIR | Errno::NOTDIR => "a folder cannot hold a file and a folder of one name",
        Errno::XDEV => {
            "it lies on another file system than the store's own folder, so writes cannot be atomic"
        }
        _ => return None,
    })
}
