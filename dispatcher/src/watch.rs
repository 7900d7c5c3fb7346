//! The system's file events, translated into notices about keys.
//!
//! A folder that comes or goes is told as a whole ([`Notice::Tree`]): files in it give no signs of their own. What the system
//! could not tell is told too ([`Notice::Lost`]), so that it can be found by listing.
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use minilab_store::{InvalidKey, Key};
use minilab_telemetry::{KeyRefusal, RescanReason};
use notify::{
    ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind, RenameMode},
};
use tokio::sync::mpsc;

use crate::{Error, Sign, is_passing};

/// Notices that wait; at about 200 bytes each, more are cheaper to find by listing.
const NOTICES_MAX: usize = 65_536;

/// One thing the system told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A file.
    File(Key, Sign),
    /// All keys that begin with this, which ends in a slash: a folder came or went.
    Tree(String),
    /// A name that no key can have.
    Refused(KeyRefusal, String),
    /// Some events are lost: list the folder.
    Lost(RescanReason),
}

/// The receiving end.
#[derive(Debug)]
pub(crate) struct Notices {
    pub(crate) queue: mpsc::Receiver<Notice>,
    pub(crate) overflowed: Arc<AtomicBool>,
}

/// A watch on a folder and everything below it. Ends when its last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    root: PathBuf,
    watcher: Arc<Mutex<RecommendedWatcher>>,
}

impl Watch {
    /// Watches from when it answers. Blocks while the folders below `root` are walked. Too few watches are no error but the
    /// first notice.
    pub(crate) fn start(root: &Path) -> Result<(Self, Notices), Error> {
        let (sender, queue) = mpsc::channel(NOTICES_MAX);
        let overflowed = Arc::new(AtomicBool::new(false));
        let notices = Notices {
            queue,
            overflowed: Arc::clone(&overflowed),
        };
        let told = (sender.clone(), root.to_owned());
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            for notice in notices_of(event, &told.1) {
                if told.0.try_send(notice).is_err() {
                    overflowed.store(true, Ordering::Release);
                }
            }
        });
        let failed = |cause| Error::Watch {
            folder: root.to_owned(),
            cause,
        };
        let mut watcher = watcher.map_err(failed)?;
        match watcher.watch(root, RecursiveMode::Recursive) {
            Ok(()) => {}
            Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => {
                sender
                    .try_send(Notice::Lost(RescanReason::NoWatches))
                    .expect("the channel is new");
            }
            Err(error) => return Err(failed(error)),
        }
        Ok((
            Self {
                root: root.to_owned(),
                watcher: Arc::new(Mutex::new(watcher)),
            },
            notices,
        ))
    }

    /// Makes sure that a folder that came is watched, so that a listing made afterwards misses nothing. Blocks. `false`: the
    /// system grants no more watches.
    pub(crate) fn cover(&self, prefix: &str) -> bool {
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        match watcher.watch(&self.root.join(prefix), RecursiveMode::Recursive) {
            Err(error) => !matches!(error.kind, ErrorKind::MaxFilesWatch),
            Ok(()) => true,
        }
    }
}

fn notices_of(event: notify::Result<Event>, root: &Path) -> Vec<Notice> {
    let event = match event {
        Ok(event) if event.need_rescan() => return vec![Notice::Lost(RescanReason::Overflow)],
        Ok(event) => event,
        Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => {
            return vec![Notice::Lost(RescanReason::NoWatches)];
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the watch on the folder failed"
            );
            return vec![Notice::Lost(RescanReason::WatcherError)];
        }
    };
    let (sign, tree) = match event.kind {
        EventKind::Create(CreateKind::Folder) | EventKind::Remove(RemoveKind::Folder) => (None, true),
        // Metadata counts as written: what a recipe reads (a focal point) may be in it.
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => {
            (Some(Sign::Written), false)
        }
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => (Some(Sign::Closed), false),
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => {
            let is_folder = event
                .paths
                .iter()
                .any(|path| path.symlink_metadata().is_ok_and(|m| m.is_dir()));
            ((!is_folder).then_some(Sign::Closed), is_folder)
        }
        EventKind::Remove(RemoveKind::File) => (Some(Sign::Removed), false),
        // It is gone, and nobody can tell any more whether it was a folder.
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) | EventKind::Remove(_) => {
            (Some(Sign::Removed), true)
        }
        _ => return Vec::new(),
    };
    event
        .paths
        .iter()
        .flat_map(|path| notices_at(path, root, sign, tree))
        .collect()
}

fn notices_at(path: &Path, root: &Path, sign: Option<Sign>, tree: bool) -> Vec<Notice> {
    let Ok(below) = path.strip_prefix(root) else {
        return Vec::new();
    };
    if below.as_os_str().is_empty() {
        // The folder itself: its store tells what became of it.
        return if tree {
            vec![Notice::Lost(RescanReason::WatcherError)]
        } else {
            Vec::new()
        };
    }
    let Some(name) = below.to_str() else {
        return vec![Notice::Refused(
            KeyRefusal::NotUtf8,
            below.to_string_lossy().into_owned(),
        )];
    };
    if is_passing(name) {
        return Vec::new();
    }
    let key = match Key::new(name) {
        Ok(key) => key,
        Err(InvalidKey::TooLong { .. }) => {
            return vec![Notice::Refused(KeyRefusal::TooLong, name.to_owned())];
        }
        Err(_) => return vec![Notice::Refused(KeyRefusal::Invalid, name.to_owned())],
    };
    let tree = tree.then(|| Notice::Tree(format!("{name}/")));
    sign.map(|sign| Notice::File(key, sign))
        .into_iter()
        .chain(tree)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    use notify::event::{DataChange, Flag};

    use super::*;

    fn told(kind: EventKind, path: &str) -> Vec<Notice> {
        notices_of(
            Ok(Event::new(kind).add_path(Path::new("/r").join(path))),
            Path::new("/r"),
        )
    }

    fn file(key: &str, sign: Sign) -> Notice {
        Notice::File(Key::new(key).unwrap(), sign)
    }

    #[test]
    fn what_left_may_have_been_a_folder() {
        let from = EventKind::Modify(ModifyKind::Name(RenameMode::From));
        assert_eq!(
            told(from, "a/b"),
            [file("a/b", Sign::Removed), Notice::Tree("a/b/".to_owned())]
        );
        assert_eq!(
            told(EventKind::Remove(RemoveKind::File), "a"),
            [file("a", Sign::Removed)]
        );
        assert_eq!(
            told(EventKind::Create(CreateKind::Folder), "d"),
            [Notice::Tree("d/".to_owned())]
        );
    }

    #[test]
    fn passing_names_and_reading_give_no_notice() {
        let close = |mode| EventKind::Access(AccessKind::Close(mode));
        assert_eq!(
            told(close(AccessMode::Write), "a.jpg"),
            [file("a.jpg", Sign::Closed)]
        );
        assert_eq!(told(close(AccessMode::Read), "a.jpg"), []);
        assert_eq!(told(close(AccessMode::Write), "a.jpg.part"), []);
        assert_eq!(told(EventKind::Create(CreateKind::Folder), ".minilab"), []);
    }

    #[test]
    fn lost_events_ask_for_a_listing() {
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(
            notices_of(Ok(overflow), Path::new("/r")),
            [Notice::Lost(RescanReason::Overflow)]
        );
        let watches = notify::Error::new(ErrorKind::MaxFilesWatch);
        assert_eq!(
            notices_of(Err(watches), Path::new("/r")),
            [Notice::Lost(RescanReason::NoWatches)]
        );
        let other = notify::Error::generic("boom");
        assert_eq!(
            notices_of(Err(other), Path::new("/r")),
            [Notice::Lost(RescanReason::WatcherError)]
        );
    }

    #[test]
    fn odd_names_are_keys_byte_for_byte_and_others_are_refused_with_a_reason() {
        let data = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        for odd in ["a\nb.jpg", "100%.jpg", "a#b?.jpg", "日本 ü.jpg"] {
            assert_eq!(told(data, odd), [file(odd, Sign::Written)]);
        }
        let path = Path::new("/r").join(OsStr::from_bytes(b"\xff.jpg"));
        let refused = notices_of(Ok(Event::new(data).add_path(path)), Path::new("/r"));
        assert!(matches!(&refused[..], [Notice::Refused(KeyRefusal::NotUtf8, _)]));
    }
}
