//! `list`, of servers that keep a tree of folders, and what keys such a tree can hold.
//!
//! They list a level in the order of names, so that the folder `a` comes before its neighbour `a!`, whose key sorts
//! before `a/`. Here each level is read by itself and a folder is held back until everything that sorts before its keys
//! has passed; that is never more than a chain of names that begin with each other. It takes a request for each folder.
use std::{
    collections::{BTreeSet, VecDeque},
    io,
};

use super::{
    S3,
    failure::Failure,
    page::{self, Answer, ENTRIES_MAX, Question},
    read,
};
use crate::{Key, ListRequest, Listed, Page};

/// Of empty folders within each other, more than this are taken for something.
const MARKERS_MAX: usize = 100;

/// Why a tree cannot hold the key under its own name, if so.
pub(super) fn check(key: &str) -> Result<(), String> {
    let segments = || key.split('/');
    let reason = if segments().any(str::is_empty) {
        "an empty segment"
    } else if segments().any(|segment| matches!(segment, "." | "..")) {
        "a segment `.` or `..`"
    } else if key.contains('\\') {
        "a backslash"
    } else {
        return Ok(());
    };
    Err(format!(
        "the server keeps objects in folders, where {reason} has no place; use another name"
    ))
}

pub(super) async fn list(store: &S3, request: &ListRequest, folding: bool) -> Result<Page, Failure> {
    let limit = match request.limit {
        0 => ENTRIES_MAX,
        limit => limit.min(ENTRIES_MAX),
    };
    let mut page = Page::default();
    // The server would tidy such a prefix up and answer what begins with the tidied one.
    let full = format!("{}{}", store.config.prefix, request.prefix);
    if full
        .rsplit_once('/')
        .is_some_and(|(folder, _)| check(folder).is_err())
    {
        return Ok(page);
    }
    let mut walk = Walk {
        store,
        folding,
        after: request.after.as_deref().unwrap_or_default(),
        // One more than the page, to know whether it is the last.
        entries_max: (limit + 1).min(ENTRIES_MAX),
        levels: Vec::new(),
    };
    walk.enter(&request.prefix);
    let mut last = None;
    while let Some(entry) = walk.next().await? {
        if page.objects.len() + page.prefixes.len() == limit {
            page.next = last;
            break;
        }
        last = Some(entry.name().to_owned());
        match entry {
            Entry::Object(object) => page.objects.push(object),
            Entry::Folder(folder) => page.prefixes.push(folder),
        }
    }
    Ok(page)
}

/// What a level holds: objects, and folders by what their keys begin with.
#[derive(Debug)]
enum Entry {
    Object(Listed),
    Folder(String),
}

impl Entry {
    fn name(&self) -> &str {
        match self {
            Self::Object(object) => object.key.as_str(),
            Self::Folder(folder) => folder,
        }
    }

    /// By which the server orders a level.
    fn sorted_by_server(&self) -> &str {
        let name = self.name();
        name.strip_suffix('/').unwrap_or(name)
    }
}

/// Through the tree, in key order.
struct Walk<'a> {
    store: &'a S3,
    folding: bool,
    after: &'a str,
    entries_max: usize,
    /// From the outermost one.
    levels: Vec<Level>,
}

impl Walk<'_> {
    fn enter(&mut self, prefix: &str) {
        self.levels
            .extend(Level::new(prefix, self.after, self.entries_max));
    }

    async fn next(&mut self) -> Result<Option<Entry>, Failure> {
        while let Some(level) = self.levels.last_mut() {
            match level.next(self.store).await? {
                None => {
                    self.levels.pop();
                }
                Some(Entry::Folder(folder)) if !self.folding => self.enter(&folder),
                Some(entry) if entry.name() <= self.after => {}
                Some(Entry::Folder(folder)) => {
                    if holds_something(self.store, &folder).await? {
                        return Ok(Some(Entry::Folder(folder)));
                    }
                }
                Some(object) => return Ok(Some(object)),
            }
        }
        Ok(None)
    }
}

/// Folders are guessed where a page begins, and stay for a while when their last object is gone.
async fn holds_something(store: &S3, folder: &str) -> Result<bool, Failure> {
    let question = Question {
        prefix: folder.to_owned(),
        entries_max: MARKERS_MAX,
        ..Question::default()
    };
    let answer = page::ask(store, &question).await?;
    Ok(answer.token.is_some() || answer.objects.iter().any(is_object))
}

/// Empty folders are listed like objects of no bytes.
fn is_object(listed: &Listed) -> bool {
    !listed.key.as_str().ends_with('/')
}

/// Of a refused `If-None-Match: *`: was it for a folder of that name? The server has no object then, and refuses one as
/// long as the folder is there, which is up to three minutes after its last object is gone.
pub(super) async fn in_the_way(store: &S3, key: &Key) -> Result<Failure, Failure> {
    match read::head(store, key).await {
        Err(Failure::Absent) => {}
        Err(failure) => return Err(failure),
        Ok(_) => return Ok(Failure::Precondition),
    }
    if holds_something(store, &format!("{key}/", key = key.as_str())).await? {
        let reason =
            "a folder of that name is there, where the server keeps objects in folders; use another name";
        return Ok(Failure::KeyRefused(reason.to_owned()));
    }
    Ok(Failure::Unknown(io::Error::new(
        io::ErrorKind::ResourceBusy,
        "an empty folder of that name is there, which the server removes after a while; try again in some minutes",
    )))
}

/// One folder being read, in key order of what it holds.
struct Level {
    question: Question,
    /// Read and not handed out, in the server's order.
    read: VecDeque<Entry>,
    /// Held back until everything before their keys has passed.
    folders: BTreeSet<String>,
    ended: bool,
}

impl Level {
    /// `None`: nothing in it comes after the starting point.
    fn new(prefix: &str, after: &str, entries_max: usize) -> Option<Self> {
        let mut level = Self {
            question: Question {
                prefix: prefix.to_owned(),
                folding: true,
                entries_max,
                ..Question::default()
            },
            read: VecDeque::new(),
            folders: BTreeSet::new(),
            ended: false,
        };
        if after.starts_with(prefix) {
            level.start_after(after);
        } else if after > prefix {
            return None;
        }
        Some(level)
    }

    /// Starts behind the name on the way to `after`; folders that the server lists before it, though their keys come
    /// behind, are guessed: of `a-b.jpg` they are `a/` and `a-b/`, and its own.
    fn start_after(&mut self, after: &str) {
        let prefix = &self.question.prefix;
        let level = prefix.rfind('/').map_or(0, |slash| slash + 1);
        let end = after[level..]
            .find('/')
            .map_or(after.len(), |slash| level + slash);
        if end == level {
            return;
        }
        let before_slash = |at: &usize| after.as_bytes()[*at] < b'/';
        let shorter = (prefix.len().max(level + 1)..end).filter(before_slash);
        self.folders = shorter
            .chain([end])
            .map(|at| format!("{}/", &after[..at]))
            .collect();
        self.question.after = Some(after[..end].to_owned());
    }

    async fn next(&mut self, store: &S3) -> Result<Option<Entry>, Failure> {
        loop {
            if self.read.is_empty() && !self.ended {
                self.read_on(store).await?;
                continue;
            }
            let due = match (self.folders.first(), self.read.front()) {
                (Some(folder), Some(read)) => folder.as_str() < read.name(),
                (folder, None) => folder.is_some(),
                (None, Some(_)) => false,
            };
            if due {
                return Ok(self.folders.pop_first().map(Entry::Folder));
            }
            match self.read.pop_front() {
                Some(Entry::Folder(folder)) => {
                    self.folders.insert(folder);
                }
                object => return Ok(object),
            }
        }
    }

    async fn read_on(&mut self, store: &S3) -> Result<(), Failure> {
        let Answer {
            objects,
            prefixes,
            token,
        } = page::ask(store, &self.question).await?;
        let objects = objects.into_iter().filter(is_object).map(Entry::Object);
        let mut read: Vec<_> = objects.chain(prefixes.into_iter().map(Entry::Folder)).collect();
        read.sort_by(|a, b| a.sorted_by_server().cmp(b.sorted_by_server()));
        self.read = read.into();
        self.ended = token.is_none();
        self.question.token = token;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_tree_would_change_are_refused() {
        for key in ["a//b", "/a", "a/", "../a", "a/./b", "a\\b"] {
            assert!(check(key).is_err(), "{key}");
        }
        for key in ["a", "a/b", "...", "a b/ c", ".hidden"] {
            assert_eq!(check(key), Ok(()), "{key}");
        }
    }

    #[test]
    fn a_level_starts_behind_a_name_and_guesses_the_folders_before_it() {
        let start = |prefix: &str, after: &str| {
            Level::new(prefix, after, 10).map(|level| (level.question.after, Vec::from_iter(level.folders)))
        };
        let at = |after: &str, folders: &[&str]| {
            Some((
                Some(after.to_owned()),
                folders.iter().map(|&f| f.to_owned()).collect::<Vec<_>>(),
            ))
        };
        assert_eq!(start("", ""), Some((None, Vec::new())));
        assert_eq!(start("p/", "a"), Some((None, Vec::new())));
        assert_eq!(start("p/", "q"), None);
        assert_eq!(start("p/", "p/"), Some((None, Vec::new())));
        assert_eq!(
            start("p/", "p/a-b.jpg"),
            at("p/a-b.jpg", &["p/a-b.jpg/", "p/a-b/", "p/a/"])
        );
        assert_eq!(
            start("p/a-", "p/a-b.jpg/c"),
            at("p/a-b.jpg", &["p/a-b.jpg/", "p/a-b/"])
        );
        assert_eq!(start("", "é.ü/x"), at("é.ü", &["é.ü/", "é/"]));
    }
}
