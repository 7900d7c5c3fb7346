//! What a record says to the outside: notifications with ids that depend on nothing but what is said.
use std::collections::BTreeMap;

use jiff::Timestamp;
use minilab_protos::{
    manifest::Status,
    notification::{Kind, Link, NOTIFICATION_SCHEMA, Notification, Told, ToldFailure, ToldFile},
};
use minilab_recipe::Lane;
use minilab_record::{
    FailureEntry, FailureRecord, FileEntry, LaneState, LaneStatus, Projector, PublicUrls, Record, original,
    pending_lanes,
};
use minilab_store::Sha256;
use serde::Serialize;

/// Who says it where files have no public address.
const NAMELESS: &str = "minilab";
/// Longest list of files in one notification, as JSON: with it a notification fits into a message of any broker.
const FILES_BYTES_MAX: usize = 48 * 1024;
/// Enough of a digest that no two things that are said share one.
const ID_HEX_DIGITS: usize = 32;

/// Everything that is true of the record and may be told, in the order in which it is told. `lanes` are those that the recipe
/// in force uses, with the digests of their parts; a lane that is not decided by them is not told of.
pub fn sayings(record: &Record, lanes: &BTreeMap<Lane, String>, urls: &PublicUrls<'_>) -> Vec<Notification> {
    let speaker = Speaker { record, urls };
    if record.observation.is_none() {
        // The first record of an original that was gone before anything was made of it: nobody ever heard of it.
        let was_there = record.since_generation != 1;
        return was_there.then(|| speaker.deleted()).into_iter().collect();
    }
    let pending = pending_lanes(record, lanes);
    let decided = lanes.keys().filter(|lane| !pending.contains(lane));
    let decided: Vec<_> = decided
        .filter_map(|lane| Some((*lane, record.lanes.get(lane)?)))
        .collect();
    let mut all: Vec<_> = decided
        .iter()
        .map(|(lane, state)| speaker.lane(*lane, state))
        .collect();
    if pending.is_empty() && !decided.is_empty() {
        let complete = speaker.complete(&decided, &all);
        all.push(complete);
    }
    all
}

/// That a lane was given up, which no record tells. The same for one job however often it is said.
pub fn given_up(failure: &FailureRecord, urls: &PublicUrls<'_>) -> Notification {
    let death = Death {
        key: &failure.key,
        lane: failure.lane,
        job: failure.job.as_deref(),
        cause: (&failure.class, &failure.code, &failure.sentence),
    };
    let data = Told {
        schema: NOTIFICATION_SCHEMA,
        original: original(&failure.key, None),
        lanes: vec![failure.lane.as_str().to_owned()],
        status: Status::Failed,
        files: Vec::new(),
        files_left_out: 0,
        failures: vec![ToldFailure {
            derivative: None,
            class: failure.class.clone(),
            code: failure.code.clone(),
            sentence: failure.sentence.clone(),
        }],
        manifest: manifest(&failure.key, urls),
    };
    notification(
        Kind::Failed,
        digest(&death),
        (&failure.key, failure.at),
        urls,
        data,
    )
}

/// What is hashed of a job that was given up.
#[derive(Serialize)]
struct Death<'a> {
    key: &'a str,
    lane: Lane,
    job: Option<&'a str>,
    cause: (&'a str, &'a str, &'a str),
}

/// What is hashed: all that makes two sayings two, and nothing that a fence or another run changes.
#[derive(Serialize)]
struct Identity<'a> {
    kind: &'a str,
    key: &'a str,
    since: u64,
    lane: Option<Lane>,
    status: Status,
    files: Vec<(&'a str, Sha256)>,
    failures: Vec<(Option<&'a str>, &'a str, &'a str, &'a str)>,
    /// Ids of the lanes' own.
    lanes: Vec<&'a str>,
}

/// The id of what is said so.
fn digest(said: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(said).expect("what is hashed has no maps");
    let mut id = Sha256::of(&bytes).to_string();
    id.truncate(ID_HEX_DIGITS);
    id
}

fn notification(
    kind: Kind,
    id: String,
    (key, time): (&str, Timestamp),
    urls: &PublicUrls<'_>,
    data: Told,
) -> Notification {
    let source = if urls.base.is_empty() { NAMELESS } else { urls.base };
    Notification {
        specversion: "1.0".to_owned(),
        id,
        source: source.to_owned(),
        kind,
        subject: key.to_owned(),
        time: time.to_string(),
        datacontenttype: "application/json".to_owned(),
        data,
    }
}

fn manifest(key: &str, urls: &PublicUrls<'_>) -> Link {
    let manifest = Projector::manifest_key(key);
    Link {
        url: urls.of(&manifest),
        key: manifest,
    }
}

struct Speaker<'a> {
    record: &'a Record,
    urls: &'a PublicUrls<'a>,
}

impl Speaker<'_> {
    fn lane(&self, lane: Lane, state: &LaneState) -> Notification {
        let (kind, status) = match state.status {
            LaneStatus::Failed => (Kind::Failed, Status::Failed),
            LaneStatus::Partial => (Kind::Ready, Status::Partial),
            LaneStatus::Done | LaneStatus::Pending => (Kind::Ready, Status::Complete),
        };
        let identity = Identity {
            kind: kind.as_str(),
            key: &self.record.key,
            since: state.since_generation,
            lane: Some(lane),
            status,
            files: state
                .files
                .iter()
                .map(|file| (file.key.as_str(), file.sha256))
                .collect(),
            failures: state.failures.iter().map(parts).collect(),
            lanes: Vec::new(),
        };
        self.notification(kind, digest(&identity), self.told(&[(lane, state)], status))
    }

    fn complete(&self, lanes: &[(Lane, &LaneState)], said: &[Notification]) -> Notification {
        let is = |status| move |(_, state): &(Lane, &LaneState)| state.status == status;
        let status = if lanes.iter().all(is(LaneStatus::Done)) {
            Status::Complete
        } else if lanes.iter().all(is(LaneStatus::Failed)) {
            Status::Failed
        } else {
            Status::Partial
        };
        let identity = Identity {
            kind: Kind::Complete.as_str(),
            key: &self.record.key,
            since: self.record.since_generation,
            lane: None,
            status,
            files: Vec::new(),
            failures: Vec::new(),
            lanes: said.iter().map(|said| said.id.as_str()).collect(),
        };
        self.notification(Kind::Complete, digest(&identity), self.told(lanes, status))
    }

    fn deleted(&self) -> Notification {
        let identity = Identity {
            kind: Kind::Deleted.as_str(),
            key: &self.record.key,
            since: self.record.since_generation,
            lane: None,
            status: Status::Deleted,
            files: Vec::new(),
            failures: Vec::new(),
            lanes: Vec::new(),
        };
        self.notification(Kind::Deleted, digest(&identity), self.told(&[], Status::Deleted))
    }

    fn notification(&self, kind: Kind, id: String, data: Told) -> Notification {
        let Record { key, updated, .. } = self.record;
        notification(kind, id, (key, *updated), self.urls, data)
    }

    fn told(&self, lanes: &[(Lane, &LaneState)], status: Status) -> Told {
        let all = lanes.iter().flat_map(|(_, state)| &state.files);
        let (mut files, mut files_left_out, mut room) = (Vec::new(), 0, FILES_BYTES_MAX);
        for file in all.map(|entry| self.file(entry)) {
            let bytes = serde_json::to_vec(&file).expect("files have no maps").len();
            match room.checked_sub(bytes) {
                Some(left) if files_left_out == 0 => {
                    room = left;
                    files.push(file);
                }
                _ => files_left_out += 1,
            }
        }
        Told {
            schema: NOTIFICATION_SCHEMA,
            original: original(&self.record.key, self.record.observation.as_ref()),
            lanes: lanes.iter().map(|(lane, _)| lane.as_str().to_owned()).collect(),
            status,
            files,
            files_left_out,
            failures: failures(lanes),
            manifest: manifest(&self.record.key, self.urls),
        }
    }

    fn file(&self, entry: &FileEntry) -> ToldFile {
        ToldFile {
            derivative: entry.derivative.clone(),
            key: entry.key.clone(),
            url: self.urls.of(&entry.key),
            media_type: entry.encoding.format().media_type().to_owned(),
            width: entry.size.width,
            height: entry.size.height,
            bytes: entry.bytes,
            sha256: entry.sha256.to_string(),
        }
    }
}

fn parts(entry: &FailureEntry) -> (Option<&str>, &str, &str, &str) {
    (
        entry.derivative.as_deref(),
        &entry.class,
        &entry.code,
        &entry.sentence,
    )
}

/// An original that cannot be read fails in every lane by the same words.
fn failures(lanes: &[(Lane, &LaneState)]) -> Vec<ToldFailure> {
    let mut told: Vec<ToldFailure> = Vec::new();
    for entry in lanes.iter().flat_map(|(_, state)| &state.failures) {
        let failure = ToldFailure {
            derivative: entry.derivative.clone(),
            class: entry.class.clone(),
            code: entry.code.clone(),
            sentence: entry.sentence.clone(),
        };
        if !told.contains(&failure) {
            told.push(failure);
        }
    }
    told
}
