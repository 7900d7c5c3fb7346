//! Files that a page asks for before they are made: waited for, and after a while the original in their place.
use std::{sync::Arc, time::Duration};

use minilab_recipe::{Decision, Document, Rung};
use minilab_record::{LaneStatus, Record, Records};
use minilab_store::{Error, GetOptions, Key, Object, Store};
use tokio::time::{Instant, sleep};

/// Between two looks at the store, which tells nobody of changes: short beside an encoding, long beside a `stat`.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long a client is kept waiting unless told: most clients and proxies give up after 30 to 60 s.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Knows which files are on their way.
#[derive(Debug, Clone)]
pub struct Awaited {
    /// Which recipe a key gets.
    pub document: Arc<Document>,
    /// Where originals are.
    pub originals: Arc<dyn Store>,
    /// Where files appear.
    pub files: Arc<dyn Store>,
    /// How far originals are.
    pub records: Records,
    /// How long a client is kept waiting.
    pub patience: Duration,
}

/// How the wait ended.
pub enum Outcome {
    /// The file is there.
    Made,
    /// Not yet: here is the original.
    StillBeingMade(Box<Original>),
    /// No such file will come.
    NotExpected,
}

/// An original in the place of a file.
pub struct Original {
    /// Its bytes.
    pub object: Object,
    /// By its name alone; bytes of an upload never say what they are.
    pub media_type: &'static str,
}

impl Awaited {
    /// Waits for a file that is configured and not there yet.
    pub async fn wait(&self, key: &Key) -> Result<Outcome, Error> {
        let Some((original, rung)) = self.rung(key) else {
            return Ok(Outcome::NotExpected);
        };
        let deadline = Instant::now() + self.patience;
        loop {
            if !self.is_coming(&original, &rung).await? {
                return Ok(Outcome::NotExpected);
            }
            if Instant::now() >= deadline {
                break;
            }
            sleep(LOOK_EVERY).await;
            match self.files.head(key).await {
                Ok(_) => return Ok(Outcome::Made),
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        match self.originals.get(&original, GetOptions::default()).await {
            Ok(object) => Ok(Outcome::StillBeingMade(Box::new(Original {
                object,
                media_type: media_type(original.as_str()),
            }))),
            Err(error) if error.is_not_found() => Ok(Outcome::NotExpected),
            Err(error) => Err(error),
        }
    }

    /// The original and the rung that a key names, if the recipe has it. Only stable names can be known beforehand.
    fn rung(&self, key: &Key) -> Option<(Key, Rung)> {
        let (original, _) = key.as_str().rsplit_once('/')?;
        let Decision::Recipe { recipe, .. } = self.document.decide(original) else {
            return None;
        };
        if !recipe.urls.has_stable() {
            return None;
        }
        let named = |rung: &Rung| {
            recipe
                .stable_key(original, rung)
                .is_ok_and(|name| name == key.as_str())
        };
        let rung = recipe.rungs().into_iter().find(named)?;
        Some((Key::new(original).ok()?, rung))
    }

    /// Is the original there, and not yet decided against the file?
    async fn is_coming(&self, original: &Key, rung: &Rung) -> Result<bool, Error> {
        // A record that cannot be read is the worker's to report; the file may come all the same.
        let record = self
            .records
            .load(original.as_str())
            .await
            .ok()
            .and_then(|loaded| loaded.record);
        if record.is_some_and(|record| refuses(&record, rung)) {
            return Ok(false);
        }
        match self.originals.head(original).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            // A name that no folder can hold names no original.
            Err(Error::KeyRefused { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn refuses(record: &Record, rung: &Rung) -> bool {
    let Some(lane) = record.lanes.get(&rung.lane) else {
        return false;
    };
    match lane.status {
        LaneStatus::Pending | LaneStatus::Done => false,
        LaneStatus::Failed => true,
        LaneStatus::Partial => lane.failures.iter().any(|failure| {
            failure
                .derivative
                .as_ref()
                .is_none_or(|name| *name == rung.derivative)
        }),
    }
}

fn media_type(key: &str) -> &'static str {
    let extension = key.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "gif" => "image/gif",
        "tif" | "tiff" => "image/tiff",
        _ => "application/octet-stream",
    }
}
