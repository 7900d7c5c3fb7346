//! Where everything is on this machine, and which arrangements cannot work.
use std::path::{Path, PathBuf};

use anyhow::Result;
use minilab_recipe::{Location, QueueConfig};
use minilab_store::RESERVED_FOLDER;

use crate::{
    config::Config,
    exit::{Exit, Refusal},
};

/// The folders and files of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Originals.
    pub from: PathBuf,
    /// Files, manifests, aliases.
    pub to: PathBuf,
    /// Records; by default in the part of `to` that its store keeps to itself.
    pub state: PathBuf,
    /// The queue's database.
    pub queue: PathBuf,
}

impl Places {
    /// The places that a configuration names.
    pub fn of(config: &Config) -> Result<Self> {
        let document = &config.document;
        let at =
            |location: &Location, name: &str| folder(location, name).map(|path| config.folder.join(path));
        let to = at(&document.to.location, "to")?;
        let state = document
            .state
            .as_ref()
            .map(|state| at(state, "state"))
            .transpose()?;
        let queue = match &document.queue {
            None => None,
            Some(QueueConfig::Sqlite(path)) => Some(config.folder.join(path)),
            Some(_) => {
                return Err(not_here(
                    "queue",
                    "write { sqlite: ./minilab.db }, or leave it out",
                ));
            }
        };
        if let Some(name) = document.stores.keys().next() {
            return Err(not_here(
                &format!("stores.{name}"),
                "leave it out: all files go to `to`",
            ));
        }
        Ok(Self {
            from: at(&document.from, "from")?,
            state: state.unwrap_or_else(|| state_of(&to)),
            queue: queue.unwrap_or_else(|| to.join(RESERVED_FOLDER).join("queue.db")),
            to,
        })
    }

    /// Refuses arrangements in which files would be taken for originals. The document refuses those that its text shows;
    /// folders named on the command line, and links, show only here.
    pub fn check(&self) -> Result<()> {
        for (what, path) in [("to", &self.to), ("state", &self.state)] {
            let Some(below) = below(&self.from, path) else {
                continue;
            };
            let inside = if below.as_os_str().is_empty() {
                "the same folder as"
            } else {
                "inside"
            };
            let sentence = format!(
                "`{what}` ({}) is {inside} `from` ({}): what is made there would be taken for new originals",
                path.display(),
                self.from.display()
            );
            return Err(Refusal::new(Exit::Config, sentence, "name two folders side by side").into());
        }
        Ok(())
    }
}

/// Where records are unless configured.
pub fn state_of(to: &Path) -> PathBuf {
    to.join(RESERVED_FOLDER).join("state")
}

fn folder<'a>(location: &'a Location, name: &str) -> Result<&'a Path> {
    match location {
        Location::Folder(path) => Ok(path),
        Location::S3(_) => Err(not_here(&format!("{name}: s3"), "write { folder: ./path }")),
    }
}

fn not_here(what: &str, fix: &str) -> anyhow::Error {
    Refusal::new(Exit::Config, format!("`{what}` is not in this version"), fix).into()
}

/// The way from `outer` down to `inner`, if there is one; links are resolved as far as the folders exist.
fn below(outer: &Path, inner: &Path) -> Option<PathBuf> {
    resolved(inner)
        .strip_prefix(resolved(outer))
        .ok()
        .map(Path::to_path_buf)
}

/// The absolute path; of what does not exist yet, the nearest folder that does is resolved.
pub fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut rest = Vec::new();
    let mut there = absolute.as_path();
    loop {
        if let Ok(real) = there.canonicalize() {
            return rest.iter().rev().fold(real, |path, name| path.join(name));
        }
        let (Some(parent), Some(name)) = (there.parent(), there.file_name()) else {
            return absolute;
        };
        rest.push(name.to_owned());
        there = parent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Result<Places> {
        let config = Config {
            document: minilab_recipe::Document::parse("minilab.yaml", text, &|_| None)?,
            folder: PathBuf::from("/site"),
        };
        Places::of(&config)
    }

    #[test]
    fn state_and_queue_default_to_the_stores_own_folder() {
        let places = places("version: 1\nfrom: { folder: in }\nto: { folder: out }\n").unwrap();
        assert_eq!(places.from, Path::new("/site/in"));
        assert_eq!(places.state, Path::new("/site/out/.minilab/state"));
        assert_eq!(places.queue, Path::new("/site/out/.minilab/queue.db"));
    }

    #[test]
    fn output_inside_the_input_is_refused_also_where_no_document_says_so() {
        let check = |from: &str, to: &str| {
            let config = Config::of_folders(Path::new(from), Path::new(to));
            Places::of(&config).unwrap().check()
        };
        for to in ["/site/in", "/site/in/out"] {
            let refused = check("/site/in", to).unwrap_err();
            assert!(
                refused.to_string().contains("taken for new originals"),
                "{refused}"
            );
        }
        check("/site/in", "/site/out").unwrap();
        check("/site/out/in", "/site/out").unwrap();
    }

    #[test]
    fn adapters_of_later_versions_are_refused_by_name() {
        let refused = places("version: 1\nfrom: { s3: { bucket: b } }\nto: { folder: out }\n").unwrap_err();
        assert_eq!(refused.to_string(), "`from: s3` is not in this version");
    }
}
