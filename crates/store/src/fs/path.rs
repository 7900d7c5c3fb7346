//! From a key to the file's place under the root, by either layout, and back from a directory entry.
//!
//! Places are opened one component at a time with `O_NOFOLLOW`, relative to the folder opened before. That holds on
//! every kernel and in every sandbox; `openat2(RESOLVE_BENEATH)` would save a few calls but is missing or forbidden in
//! common ones, and a second way for those would be the one that nobody tests.
use std::{
    ffi::CStr,
    os::fd::{AsFd, OwnedFd},
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, fsync, mkdirat, openat, statat},
    io::Errno,
};

use super::{Layout, RESERVED_FOLDER, failure::Failure};

/// What Linux file systems take for one name.
const SEGMENT_BYTES_MAX: usize = 255;
const MARK_BYTES: usize = 2;
const FOLDER_MARK: &str = ".d";
const OBJECT_MARK: &str = ".o";
/// Ends a folder that holds the rest of a name too long for one file name.
const CONTINUED_MARK: &str = ".c";

/// Names of the folders from the root to a file, and of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub folders: Vec<String>,
    pub file: String,
}

/// What a name found in a directory stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named<'a> {
    /// An object with this last segment.
    Object(&'a str),
    /// A folder, with this segment.
    Folder(&'a str),
    /// A folder with the rest of the segments that begin with this.
    Continued(&'a str),
}

impl Layout {
    /// Where the object lives, or why it cannot.
    pub(super) fn place(self, key: &str) -> Result<Place, Failure> {
        let (folders, file) = key
            .rsplit_once('/')
            .map_or(("", key), |(folders, file)| (folders, file));
        self.check(key)?;
        let mut folders = if folders.is_empty() {
            Vec::new()
        } else {
            self.folders(folders)?
        };
        let file = match self {
            Self::Plain => file.to_owned(),
            Self::Marked => continue_long(file, &mut folders).to_owned() + OBJECT_MARK,
        };
        Ok(Place { folders, file })
    }

    /// Where the objects live whose keys begin with `path` and a slash.
    pub(super) fn folders(self, path: &str) -> Result<Vec<String>, Failure> {
        self.check(path)?;
        let mut folders = Vec::new();
        for segment in path.split('/') {
            let name = match self {
                Self::Plain => segment.to_owned(),
                Self::Marked => continue_long(segment, &mut folders).to_owned() + FOLDER_MARK,
            };
            folders.push(name);
        }
        Ok(folders)
    }

    /// Reads a directory entry; nothing if it is not of this store.
    pub(super) fn named(self, name: &str, is_folder: bool, is_root: bool) -> Option<Named<'_>> {
        match self {
            Self::Plain if is_root && is_reserved(name) => None,
            Self::Plain if is_folder => Some(Named::Folder(name)),
            Self::Plain => Some(Named::Object(name)),
            Self::Marked if is_folder => name
                .strip_suffix(FOLDER_MARK)
                .map(Named::Folder)
                .or_else(|| name.strip_suffix(CONTINUED_MARK).map(Named::Continued)),
            Self::Marked => name.strip_suffix(OBJECT_MARK).map(Named::Object),
        }
    }

    fn check(self, path: &str) -> Result<(), Failure> {
        for (position, segment) in path.split('/').enumerate() {
            let reason = match segment {
                "" => "a folder holds no empty segments (a slash at the start, at the end, or two in a row)"
                    .to_owned(),
                "." | ".." => format!("the segment {segment:?} would lead elsewhere"),
                // The marks keep the other layout's names apart from the reserved one.
                _ if self == Self::Plain && position == 0 && is_reserved(segment) => {
                    format!("{RESERVED_FOLDER} is the store's own folder")
                }
                _ if self == Self::Plain && segment.len() > SEGMENT_BYTES_MAX => {
                    format!(
                        "a segment has {} bytes, and a file name at most {SEGMENT_BYTES_MAX}",
                        segment.len()
                    )
                }
                _ => continue,
            };
            return Err(Failure::Refused(reason));
        }
        Ok(())
    }
}

/// Also in other case: on a file system that ignores it, that is the same folder.
fn is_reserved(name: &str) -> bool {
    name.eq_ignore_ascii_case(RESERVED_FOLDER)
}

/// Pushes folders for all of the segment but its last part, which is answered.
///
/// File names of 255 bytes are legal, so records of such originals must be too, although the mark makes them longer.
fn continue_long<'a>(mut segment: &'a str, folders: &mut Vec<String>) -> &'a str {
    let part_bytes_max = SEGMENT_BYTES_MAX - MARK_BYTES;
    while segment.len() > part_bytes_max {
        let (part, rest) = segment.split_at(segment.floor_char_boundary(part_bytes_max));
        folders.push(part.to_owned() + CONTINUED_MARK);
        segment = rest;
    }
    segment
}

/// Opens the last of `folders`, or `base` again.
pub(super) fn open_folder(base: impl AsFd, folders: &[String]) -> Result<OwnedFd, Failure> {
    let mut at = open_child(&base, ".")?;
    for name in folders {
        at = open_child(&at, name)?;
    }
    Ok(at)
}

/// Like [`open_folder`], making what is missing; a folder that was made survives a crash.
pub(super) fn make_folders(base: impl AsFd, folders: &[String]) -> Result<OwnedFd, Failure> {
    let mut at = open_child(&base, ".")?;
    for name in folders {
        at = match open_child(&at, name) {
            Err(Failure::Errno(Errno::NOENT)) => {
                match mkdirat(&at, name.as_str(), Mode::from_raw_mode(0o777)) {
                    Ok(()) | Err(Errno::EXIST) => fsync(&at)?,
                    Err(errno) => return Err(errno.into()),
                }
                open_child(&at, name)?
            }
            opened => opened?,
        };
    }
    Ok(at)
}

/// Opens a folder in a folder.
pub(super) fn open_child(at: impl AsFd, name: &str) -> Result<OwnedFd, Failure> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(&at, name, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::NOTDIR | Errno::LOOP => match lstat(&at, name) {
            Ok(stat) if is(FileType::Symlink, &stat) => link_refused(name),
            _ => Failure::FileInTheWay(name.to_owned()),
        },
        errno => errno.into(),
    })
}

/// Opens an object's file for reading; what is no regular file is no object.
pub(super) fn open_object(at: impl AsFd, name: &str) -> Result<(std::fs::File, Stat), Failure> {
    // Without NONBLOCK, opening a named pipe would wait for a writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match openat(at, name, flags, Mode::empty()) {
        Ok(file) => {
            let stat = fstat(&file)?;
            if is(FileType::RegularFile, &stat) {
                Ok((file.into(), stat))
            } else {
                Err(Failure::Absent)
            }
        }
        Err(Errno::LOOP) => Err(link_refused(name)),
        // A socket, or a device nobody answers for.
        Err(Errno::NXIO) => Err(Failure::Absent),
        Err(errno) => Err(errno.into()),
    }
}

/// Facts of the object's file, if there is one; what else has its name is refused.
pub(super) fn current(at: impl AsFd, name: &str) -> Result<Option<Stat>, Failure> {
    match lstat(at, name) {
        Ok(stat) if is(FileType::RegularFile, &stat) => Ok(Some(stat)),
        Ok(stat) if is(FileType::Symlink, &stat) => Err(link_refused(name)),
        Ok(stat) if is(FileType::Directory, &stat) => Err(Failure::FolderInTheWay(name.to_owned())),
        Ok(_) => Err(Failure::Refused(format!("{name:?} is a device, pipe or socket"))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// Facts of whatever has the name, a link itself included.
pub(super) fn lstat(at: impl AsFd, name: &str) -> Result<Stat, Errno> {
    statat(at, name, AtFlags::SYMLINK_NOFOLLOW)
}

pub(super) fn is(kind: FileType, stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == kind
}

/// The name of a directory entry as text; nothing for the entries every directory has.
pub(super) fn entry_name(name: &CStr) -> Option<Result<&str, std::str::Utf8Error>> {
    (name != c"." && name != c"..").then(|| name.to_str())
}

fn link_refused(name: &str) -> Failure {
    Failure::Refused(format!(
        "{name:?} is a symbolic link, and links are never followed"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_keep_an_object_and_a_folder_of_one_name_apart() {
        let object = Layout::Marked.place("a").unwrap();
        let below = Layout::Marked.place("a/b").unwrap();
        assert_eq!(
            object,
            Place {
                folders: vec![],
                file: "a.o".into()
            }
        );
        assert_eq!(
            below,
            Place {
                folders: vec!["a.d".into()],
                file: "b.o".into()
            }
        );
    }

    #[test]
    fn marked_names_of_any_length_fit_file_names_and_stay_text() {
        let key = "é".repeat(500);
        let place = Layout::Marked.place(&key).unwrap();
        let mut name = String::new();
        for folder in &place.folders {
            assert!(folder.len() <= SEGMENT_BYTES_MAX);
            let Some(Named::Continued(part)) = Layout::Marked.named(folder, true, false) else {
                panic!("{folder}")
            };
            name += part;
        }
        let Some(Named::Object(rest)) = Layout::Marked.named(&place.file, false, false) else {
            panic!()
        };
        assert_eq!(name + rest, key);
    }

    #[test]
    fn keys_that_lead_elsewhere_are_refused() {
        for layout in [Layout::Plain, Layout::Marked] {
            for key in ["..", ".", "a/../b", "a/./b", "../a", "/a", "a/", "a//b", "/"] {
                assert!(
                    matches!(layout.place(key), Err(Failure::Refused(_))),
                    "{layout:?} {key}"
                );
            }
        }
        for key in [".minilab", ".minilab/lock", ".MiniLab/lock"] {
            assert!(
                matches!(Layout::Plain.place(key), Err(Failure::Refused(_))),
                "{key}"
            );
            assert!(Layout::Marked.place(key).is_ok(), "{key}");
        }
        assert!(Layout::Plain.place("a/.minilab").is_ok());
    }

    #[test]
    fn plain_segment_longer_than_a_file_name_is_refused() {
        assert!(Layout::Plain.place(&"x".repeat(255)).is_ok());
        assert!(matches!(
            Layout::Plain.place(&"x".repeat(256)),
            Err(Failure::Refused(_))
        ));
    }
}
