//! The opened root of a store, and the guard against mistaking a lost folder for an empty one.
use std::{
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use rustix::fs::{fstat, stat};

use super::{Layout, failure::Failure, workspace::Workspace};
use crate::Error;

/// Everything the operations share.
#[derive(Debug)]
pub(super) struct Folder {
    root: OwnedFd,
    path: PathBuf,
    name: String,
    layout: Layout,
    /// Made by the first write, and again when somebody has removed it.
    workspace: Mutex<Option<Arc<Workspace>>>,
}

impl Folder {
    pub(super) fn open(path: PathBuf, layout: Layout) -> Result<Self, Error> {
        let root = open_root(&path).map_err(|cause| not_opened(&path, cause))?;
        let folder = Self {
            root,
            name: name(&path),
            path,
            layout,
            workspace: Mutex::default(),
        };
        // A folder that may only be read has nothing of ours to clear, or nothing that we could.
        if let Err(failure) = Workspace::clear_dead(&folder) {
            tracing::warn!(
                store = folder.name,
                ?failure,
                "what dead processes left unfinished was not removed"
            );
        }
        Ok(folder)
    }

    pub(super) fn create(path: &Path) -> Result<(), Error> {
        std::fs::create_dir_all(path).map_err(|cause| not_opened(path, cause))
    }

    pub(super) fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// Where writes are prepared.
    pub(super) fn workspace(&self) -> Result<Arc<Workspace>, Failure> {
        if let Some(reason) = self.detached() {
            return Err(Failure::Unavailable(reason));
        }
        let mut kept = self.workspace.lock().expect("no code under this lock panics");
        if let Some(workspace) = kept.as_ref().filter(|workspace| workspace.is_attached()) {
            return Ok(Arc::clone(workspace));
        }
        let workspace = Arc::new(Workspace::open(self.root())?);
        *kept = Some(Arc::clone(&workspace));
        Ok(workspace)
    }

    /// Why the opened root is no longer what its path names, if so.
    ///
    /// Asked before every answer that nothing is there: a disk that went away must never look like deleted objects.
    pub(super) fn detached(&self) -> Option<String> {
        let opened = fstat(&self.root).map(|root| (root.st_dev, root.st_ino));
        let named = stat(&self.path).map(|root| (root.st_dev, root.st_ino));
        match (opened, named) {
            (Ok(opened), Ok(named)) if opened == named => None,
            (Ok(_), Ok(_)) => {
                Some("another folder was put or mounted in its place; restart to use it".to_owned())
            }
            (Err(errno), _) | (_, Err(errno)) => Some(format!("the folder cannot be reached: {errno}")),
        }
    }
}

fn open_root(path: &Path) -> io::Result<OwnedFd> {
    let root = File::open(path)?;
    if root.metadata()?.is_dir() {
        Ok(root.into())
    } else {
        Err(io::ErrorKind::NotADirectory.into())
    }
}

fn name(path: &Path) -> String {
    format!("folder {}", path.display())
}

fn not_opened(path: &Path, cause: io::Error) -> Error {
    let reason = match cause.kind() {
        io::ErrorKind::NotFound => "there is no such folder; create or mount it".to_owned(),
        io::ErrorKind::NotADirectory => "it is not a folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied; let the user this runs as read it".to_owned(),
        _ => cause.to_string(),
    };
    Error::NotOpened {
        store: name(path),
        reason,
        cause,
    }
}
