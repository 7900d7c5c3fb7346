//! Where everything of an installation is, defaults filled in, and which arrangements cannot work.
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use anyhow::Result;
use minilab_recipe::{Location, QueueConfig, RESERVED_PREFIX, S3};
use minilab_store::RESERVED_FOLDER;

use crate::{
    config::Config,
    exit::{Exit, Refusal},
};

/// The stores and the queue of one installation; paths are relative to nothing but the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Originals.
    pub from: Location,
    /// Files, manifests, aliases.
    pub to: Location,
    /// Records; by default in the part of `to` that holds no files.
    pub state: Location,
    /// Where jobs wait.
    pub queue: QueueConfig,
    /// Where the pictures are that recipes name, by the name of their store.
    pub assets: BTreeMap<String, Location>,
}

impl Places {
    /// The places that a configuration names.
    pub fn of(config: &Config) -> Result<Self> {
        let document = &config.document;
        let at = |location: &Location| at(config, location);
        let named = document.asset_stores();
        if let Some(name) = document.stores.keys().find(|name| !named.contains(*name)) {
            let sentence = format!("`stores.{name}` is there for nothing: no recipe takes a picture from it");
            let fix = "leave it out, or name it in a composite or a mask: all files go to `to`";
            return Err(Refusal::new(Exit::Config, sentence, fix).into());
        }
        let to = at(&document.to.location);
        let queue = match (&document.queue, &to) {
            (Some(QueueConfig::Sqlite(path)), _) => QueueConfig::Sqlite(config.folder.join(path)),
            (Some(shared), _) => shared.clone(),
            (None, Location::Folder(to)) => QueueConfig::Sqlite(to.join(RESERVED_FOLDER).join("queue.db")),
            (None, Location::S3(_)) => {
                let sentence = "`queue` is missing: files go into a bucket, and jobs cannot wait there";
                let fix = "write queue: { rabbitmq: { url: \"${AMQP_URL}\" } }, or { sqlite: ./queue.db } for one machine";
                return Err(Refusal::new(Exit::Config, sentence, fix).into());
            }
        };
        Ok(Self {
            from: at(&document.from),
            state: document.state.as_ref().map_or_else(|| state_of(&to), at),
            queue,
            to,
            assets: stores_of(config),
        })
    }

    /// Refuses arrangements in which files would be taken for originals. The document refuses those that its text shows;
    /// folders named on the command line, and links, show only here.
    pub fn check(&self) -> Result<()> {
        for (what, place) in [("to", &self.to), ("state", &self.state)] {
            let (Location::Folder(from), Location::Folder(path)) = (&self.from, place) else {
                continue;
            };
            let Some(below) = below(from, path) else {
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
                from.display()
            );
            return Err(Refusal::new(Exit::Config, sentence, "name two folders side by side").into());
        }
        Ok(())
    }
}

/// A place as messages name it.
pub struct Named<'a>(pub &'a Location);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Location::Folder(path) => path.display().fmt(f),
            Location::S3(bucket) => write!(f, "s3://{}/{}", bucket.bucket, bucket.prefix),
        }
    }
}

/// The extra places of a configuration.
pub fn stores_of(config: &Config) -> BTreeMap<String, Location> {
    let stores = config.document.stores.iter();
    stores
        .map(|(name, place)| (name.clone(), at(config, place)))
        .collect()
}

fn at(config: &Config, location: &Location) -> Location {
    match location {
        Location::Folder(path) => Location::Folder(config.folder.join(path)),
        Location::S3(bucket) => Location::S3(bucket.clone()),
    }
}

/// Where records are unless configured.
pub fn state_of(to: &Location) -> Location {
    match to {
        Location::Folder(to) => Location::Folder(to.join(RESERVED_FOLDER).join("state")),
        Location::S3(to) => Location::S3(S3 {
            prefix: format!("{}{RESERVED_PREFIX}state/", to.prefix),
            ..to.clone()
        }),
    }
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
        let folder = |path: &str| Location::Folder(PathBuf::from(path));
        assert_eq!(places.from, folder("/site/in"));
        assert_eq!(places.state, folder("/site/out/.minilab/state"));
        let queue = PathBuf::from("/site/out/.minilab/queue.db");
        assert_eq!(places.queue, QueueConfig::Sqlite(queue));
    }

    #[test]
    fn records_default_to_the_part_of_a_bucket_that_holds_no_files() {
        let text = "version: 1\nfrom: { folder: in }\nto: { s3: { bucket: b, prefix: made/ } }\nqueue: { sqlite: q }\n";
        let places = places(text).unwrap();
        assert_eq!(Named(&places.state).to_string(), "s3://b/made/_minilab/state/");
        assert_eq!(places.queue, QueueConfig::Sqlite(PathBuf::from("/site/q")));
    }

    #[test]
    fn jobs_cannot_wait_in_a_bucket() {
        let refused = places("version: 1\nfrom: { folder: in }\nto: { s3: { bucket: b } }\n").unwrap_err();
        assert!(refused.to_string().contains("`queue` is missing"), "{refused}");
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
    fn a_store_that_nothing_is_taken_from_is_refused_by_name() {
        let text =
            "version: 1\nfrom: { folder: in }\nto: { folder: out }\nstores: { extra: { folder: x } }\n";
        let refused = places(text).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("`stores.extra` is there for nothing"),
            "{refused}"
        );
    }
}
