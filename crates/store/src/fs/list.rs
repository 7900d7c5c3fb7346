//! `list`: a walk in key order that enters only folders which can hold what is asked for.
//!
//! A folder sorts as its name and a slash, because that is how the keys below it begin: `a`, `a.jpg`, `a/b`, `a0`.
use std::{ops::ControlFlow, os::fd::OwnedFd, rc::Rc};

use rustix::{
    fs::{Dir, FileType, Stat},
    io::Errno,
};

use super::{
    Layout,
    failure::Failure,
    folder::Folder,
    path::{Named, entry_name, is, lstat, open_child, open_folder},
    version,
};
use crate::{Key, ListRequest, Listed, Page};

const PAGE_ENTRIES: usize = 1_000;

/// One page, or an error if the folder itself is gone: a lost folder is not an empty one.
pub(super) fn page(folder: &Folder, request: ListRequest, folding: bool) -> Result<Page, Failure> {
    if let Some(reason) = folder.detached() {
        return Err(Failure::Unavailable(reason));
    }
    let layout = folder.layout();
    let base = request
        .prefix
        .rfind('/')
        .map_or("", |slash| &request.prefix[..=slash])
        .to_owned();
    let folders = match base.strip_suffix('/') {
        None => Vec::new(),
        Some(path) => match layout.folders(path) {
            Ok(folders) => folders,
            // No key can begin like that.
            Err(_) => return Ok(Page::default()),
        },
    };
    let start = match open_folder(folder.root(), &folders) {
        Ok(start) => start,
        Err(Failure::Refused(_)) => return Ok(Page::default()),
        Err(failure) if failure.is_absence() => return Ok(Page::default()),
        Err(failure) => return Err(failure),
    };
    let mut walk = Walk::new(layout, request, folding);
    // Whether the page filled up is in the page.
    let _ = walk.folder(&Rc::new(start), &base)?;
    Ok(walk.page)
}

struct Walk {
    layout: Layout,
    prefix: String,
    after: String,
    folding: bool,
    limit: usize,
    page: Page,
    last: Option<String>,
}

/// A name found in a directory that may matter.
struct Entry {
    /// The key, or what keys below the folder begin with.
    path: String,
    /// The directory it is in, and its name there.
    at: Rc<OwnedFd>,
    name: String,
    is_folder: bool,
}

impl Walk {
    fn new(layout: Layout, request: ListRequest, folding: bool) -> Self {
        let ListRequest {
            prefix,
            after,
            limit,
            delimiter: _,
        } = request;
        let limit = if limit == 0 { PAGE_ENTRIES } else { limit };
        // Every key is greater than the empty one.
        let after = after.unwrap_or_default();
        Self {
            layout,
            prefix,
            after,
            folding,
            limit,
            page: Page::default(),
            last: None,
        }
    }

    /// Takes what is in a folder whose keys begin with `base`; breaks when the page is full and more would follow.
    fn folder(&mut self, at: &Rc<OwnedFd>, base: &str) -> Result<ControlFlow<()>, Failure> {
        let mut entries = Vec::new();
        self.read(at, base, base, &mut entries)?;
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        for entry in entries {
            let flow = if !entry.is_folder {
                self.object(entry)?
            } else if self.folding && entry.path.len() > self.prefix.len() {
                self.folded(entry)?
            } else {
                match self.enter(&entry)? {
                    Some(below) => self.folder(&Rc::new(below), &entry.path)?,
                    None => ControlFlow::Continue(()),
                }
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn object(&mut self, entry: Entry) -> Result<ControlFlow<()>, Failure> {
        let stat = match lstat(&*entry.at, &entry.name) {
            Ok(stat) if is(FileType::RegularFile, &stat) => stat,
            // Deleted or replaced since the directory was read.
            Ok(_) | Err(Errno::NOENT) => return Ok(ControlFlow::Continue(())),
            Err(errno) => return Err(errno.into()),
        };
        let Ok(key) = Key::new(entry.path.as_str()) else {
            tracing::warn!(path = entry.path, "not listed: the path is longer than a key");
            return Ok(ControlFlow::Continue(()));
        };
        Ok(self.take(entry.path, |page, _| page.objects.push(listed(key, &stat))))
    }

    /// A folder that is told of instead of entered, if anything is in it: a key has no empty folders.
    fn folded(&mut self, entry: Entry) -> Result<ControlFlow<()>, Failure> {
        if entry.path <= self.after {
            return Ok(ControlFlow::Continue(()));
        }
        let Some(below) = self.enter(&entry)? else {
            return Ok(ControlFlow::Continue(()));
        };
        let first = ListRequest {
            prefix: entry.path.clone(),
            limit: 1,
            ..ListRequest::default()
        };
        let mut walk = Walk::new(self.layout, first, false);
        let _ = walk.folder(&Rc::new(below), &entry.path)?;
        if walk.page.objects.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        Ok(self.take(entry.path, |page, path| page.prefixes.push(path)))
    }

    fn take(&mut self, path: String, push: impl FnOnce(&mut Page, String)) -> ControlFlow<()> {
        if self.page.objects.len() + self.page.prefixes.len() == self.limit {
            self.page.next = self.last.take();
            return ControlFlow::Break(());
        }
        self.last = Some(path.clone());
        push(&mut self.page, path);
        ControlFlow::Continue(())
    }

    fn enter(&self, entry: &Entry) -> Result<Option<OwnedFd>, Failure> {
        match open_child(&*entry.at, &entry.name) {
            Ok(below) => Ok(Some(below)),
            Err(Failure::Refused(_)) => Ok(None),
            Err(failure) if failure.is_absence() => Ok(None),
            // People have corners that are closed to us (`lost+found`). Whoever asks for one object in there hears
            // that it is denied, never that it is absent.
            Err(Failure::Errno(Errno::ACCESS)) if self.layout == Layout::Plain => {
                tracing::warn!(
                    folder = entry.path,
                    "not listed: no permission to read this folder"
                );
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Reads a directory. `begun` is `base` and the part of a continued name that the directory stands for.
    fn read(
        &self,
        at: &Rc<OwnedFd>,
        base: &str,
        begun: &str,
        entries: &mut Vec<Entry>,
    ) -> Result<(), Failure> {
        let directory = match Dir::read_from(&**at) {
            // Removed since it was opened.
            Err(Errno::NOENT) => return Ok(()),
            opened => opened?,
        };
        for found in directory {
            let found = match found {
                Err(Errno::NOENT) => return Ok(()),
                found => found?,
            };
            let name = match entry_name(found.file_name()) {
                None => continue,
                Some(Ok(name)) => name,
                Some(Err(_)) => {
                    let name = found.file_name().to_string_lossy();
                    tracing::warn!(folder = base, ?name, "not listed: the file name is not UTF-8");
                    continue;
                }
            };
            let is_folder = match kind(at, name, found.file_type())? {
                Some(FileType::Directory) => true,
                Some(FileType::RegularFile) => false,
                _ => continue,
            };
            let (path, is_folder) = match self.layout.named(name, is_folder, base.is_empty()) {
                Some(Named::Object(segment)) => (format!("{begun}{segment}"), false),
                Some(Named::Folder(segment)) => (format!("{begun}{segment}/"), true),
                Some(Named::Continued(part)) => {
                    match open_child(&**at, name) {
                        Ok(rest) => self.read(&Rc::new(rest), base, &format!("{begun}{part}"), entries)?,
                        Err(failure) if failure.is_absence() => {}
                        Err(failure) => return Err(failure),
                    }
                    continue;
                }
                None => continue,
            };
            if self.may_hold(&path, is_folder) {
                entries.push(Entry {
                    path,
                    at: Rc::clone(at),
                    name: name.to_owned(),
                    is_folder,
                });
            }
        }
        Ok(())
    }

    fn may_hold(&self, path: &str, is_folder: bool) -> bool {
        let in_prefix = path.starts_with(&self.prefix) || (is_folder && self.prefix.starts_with(path));
        let is_after = path > self.after.as_str() || (is_folder && self.after.starts_with(path));
        in_prefix && is_after
    }
}

/// Some file systems do not tell the kind with the name.
fn kind(at: &Rc<OwnedFd>, name: &str, told: FileType) -> Result<Option<FileType>, Failure> {
    if told != FileType::Unknown {
        return Ok(Some(told));
    }
    match lstat(&**at, name) {
        Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

fn listed(key: Key, stat: &Stat) -> Listed {
    Listed {
        key,
        etag: version::etag(stat),
        size_bytes: stat.st_size as u64,
        modified: version::modified(stat),
    }
}
