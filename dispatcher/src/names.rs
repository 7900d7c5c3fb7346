//! Names in a folder that are no originals: what programs write while they are not done.
use minilab_store::RESERVED_FOLDER;

/// Endings of files that browsers, editors and transfer tools rename when they are done. Compared without case.
const PASSING_ENDINGS: &[&str] = &[
    ".part",
    ".partial",
    ".crdownload",
    ".download",
    ".filepart",
    ".tmp",
    ".temp",
    ".swp",
    "~",
];

/// Which keys of a store are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Names {
    /// All: in a bucket an object is whole when it is there, and a dot means nothing.
    #[default]
    All,
    /// All but hidden and passing ones, as in a folder that people and programs work in.
    Folder,
}

impl Names {
    /// Is the key looked at?
    pub fn admit(self, key: &str) -> bool {
        match self {
            Self::All => true,
            Self::Folder => !is_passing(key),
        }
    }
}

/// Is any part of the path hidden (a leading dot, which covers the store's own folder), or does it end as unfinished files do:
/// `.part`, `.partial`, `.crdownload`, `.download`, `.filepart`, `.tmp`, `.temp`, `.swp`, `~`?
pub fn is_passing(key: &str) -> bool {
    key.split('/').any(|name| {
        let lower = name.to_ascii_lowercase();
        name.starts_with('.')
            || name == RESERVED_FOLDER
            || PASSING_ENDINGS.iter().any(|end| lower.ends_with(end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_and_unfinished_names_are_no_originals_and_odd_ones_are() {
        for passing in [
            ".a.jpg",
            "x/.git/a.jpg",
            "a.jpg~",
            "a.jpg.part",
            "A.JPG.CRDOWNLOAD",
            ".minilab/a",
            "a.tmp",
            "d.tmp/a.jpg",
        ] {
            assert!(is_passing(passing), "{passing}");
        }
        for original in [
            "a.jpg",
            "a b%20#.jpg",
            "a\nb.jpg",
            "ü/日本.png",
            "part.jpg",
            "x.party/a.jpg",
            "~a.jpg",
        ] {
            assert!(!is_passing(original), "{original}");
        }
    }
}
