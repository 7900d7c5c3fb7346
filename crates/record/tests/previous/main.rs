//! Two releases on one `state`: what the one writes the other reads, and loses nothing of what it knows.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]
mod wire;

use std::sync::Arc;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use minilab_recipe::{
    Area, AvifTuning, Embedded, Encoding, Face, Findings, Lane, Mark, MarkKind, Note, PngTuning, Subsampling,
};
use minilab_record::{
    FailureEntry, FailureRecord, Failures, LaneStatus, Previous, Record, Records, Standing, revision,
};
use minilab_store::{Key, Memory, PutOptions, Store};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

const RECORD: &[u8] = include_bytes!("../../../../protos/samples/0.1.0/record.json");
const TOMBSTONE: &[u8] = include_bytes!("../../../../protos/samples/0.1.0/tombstone.json");
const FAILURE: &[u8] = include_bytes!("../../../../protos/samples/0.1.0/failure.json");
const REVISION: &[u8] = include_bytes!("../../../../protos/samples/0.1.0/revision.json");

/// What this release has added, which the release before drops when it swaps. Each must have a default that is right then.
const ADDED: &[&str] = &["since_generation", "findings"];

/// A record of this release with everything in it that there can be.
fn full() -> Record {
    let mut record: Record = serde_json::from_slice(RECORD).unwrap();
    record.since_generation = 5;
    let observation = record.observation.as_mut().unwrap();
    observation.version_id = Some("v7".to_owned());
    observation.reads.insert("focal".to_owned(), "0.3,0.5".to_owned());
    *observation.findings = findings();
    let lanes = record.lanes.iter();
    record.standing = Some(Standing {
        observation: observation.clone(),
        lanes: lanes.map(|(lane, state)| (*lane, state.files.clone())).collect(),
        placeholder: record.placeholder.clone(),
    });
    for state in record.lanes.values_mut() {
        state.since_generation = 2;
        for file in &mut state.files {
            file.notes = vec![Note::Flattened, Note::FirstFrame];
        }
    }
    let bulk = record.lanes.get_mut(&Lane::Bulk).unwrap();
    bulk.status = LaneStatus::Partial;
    bulk.failures.push(FailureEntry {
        derivative: Some("photo".to_owned()),
        class: "input".to_owned(),
        code: "too_small".to_owned(),
        sentence: "the original is too small".to_owned(),
    });
    let file = bulk.files[0].clone();
    for encoding in [
        Encoding::Avif {
            quality: 50,
            effort: 4,
            lossless: false,
            subsampling: Subsampling::On,
            tuning: AvifTuning::DEFAULT,
        },
        Encoding::Png {
            compression: 6,
            palette: true,
            tuning: PngTuning::DEFAULT,
        },
    ] {
        bulk.files.push(minilab_record::FileEntry {
            encoding,
            ..file.clone()
        });
    }
    record.retired.insert(Lane::Standard, 3);
    record.previous.push(Previous {
        key: "a.jpg/thumb-320w.g1-0123456789.webp".to_owned(),
        since: Timestamp::UNIX_EPOCH,
    });
    record
}

fn findings() -> Findings {
    let area = Area {
        x: 0.25,
        y: 0.5,
        width: 0.125,
        height: 0.25,
    };
    let kind = MarkKind::Focus;
    Findings {
        trims: Vec::new(),
        faces: Some(vec![Face { area, score: 0.75 }]),
        embedded: Some(Embedded {
            texts: [("exif.Model".to_owned(), "X".to_owned())].into(),
            regions: vec![Mark { kind, area }],
        }),
        place: None,
    }
}

/// The same as another release has it that knows no more than `T`.
fn through<T: Serialize + DeserializeOwned>(value: &impl Serialize) -> Value {
    let bytes = serde_json::to_vec(value).unwrap();
    serde_json::to_value(serde_json::from_slice::<T>(&bytes).unwrap()).unwrap()
}

fn without_added(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !ADDED.contains(&name.as_str()));
            fields.values_mut().for_each(without_added);
        }
        Value::Array(items) => items.iter_mut().for_each(without_added),
        _ => {}
    }
}

#[test]
fn release_before_reads_records_of_this_one_and_loses_nothing_that_it_knows() {
    for record in [full(), serde_json::from_slice(TOMBSTONE).unwrap()] {
        let read = through::<wire::Record>(&record);
        let mut written = serde_json::to_value(&record).unwrap();
        without_added(&mut written);
        assert_eq!(read, written);
    }
}

#[test]
fn this_release_reads_records_that_the_one_before_has_swapped_since() {
    let swapped = through::<wire::Record>(&full());
    let read: Record = serde_json::from_value(swapped).unwrap();
    assert_eq!(read.since_generation, 0);
    assert!(read.lanes.values().all(|lane| lane.since_generation == 0));
    let mut expected = full();
    expected.since_generation = 0;
    *expected.observation.as_mut().unwrap().findings = Findings::default();
    *expected.standing.as_mut().unwrap().observation.findings = Findings::default();
    for lane in expected.lanes.values_mut() {
        lane.since_generation = 0;
    }
    assert_eq!(read, expected);
}

#[test]
fn findings_are_kept_in_full() {
    let written = serde_json::to_vec(&full()).unwrap();
    let read: Record = serde_json::from_slice(&written).unwrap();
    assert_eq!(*read.observation.unwrap().findings, findings());
}

#[test]
fn release_before_reads_failures_of_this_one() {
    let mut failure: FailureRecord = serde_json::from_slice(FAILURE).unwrap();
    failure.stage = Some("probe".to_owned());
    let written = serde_json::to_value(&failure).unwrap();
    assert_eq!(through::<wire::FailureRecord>(&failure), written);
}

#[test]
fn what_the_release_before_wrote_is_read_whole() {
    for golden in [RECORD, TOMBSTONE] {
        let record: Record = serde_json::from_slice(golden).unwrap();
        let mut written = serde_json::to_value(&record).unwrap();
        without_added(&mut written);
        assert_eq!(written, serde_json::from_slice::<Value>(golden).unwrap());
    }
    let failure: FailureRecord = serde_json::from_slice(FAILURE).unwrap();
    let written = serde_json::to_value(&failure).unwrap();
    assert_eq!(written, serde_json::from_slice::<Value>(FAILURE).unwrap());
}

#[tokio::test]
async fn state_of_the_release_before_is_gone_on_with() {
    let state = Memory::new();
    for (key, golden) in [
        ("records/a.jpg", RECORD),
        ("records/gone.jpg", TOMBSTONE),
        ("failures/bad/fast", FAILURE),
        ("config/revision", REVISION),
    ] {
        let key = Key::new(key).unwrap();
        let put = state.put(&key, golden.into(), PutOptions::default()).await;
        put.unwrap();
    }
    let known = revision::current(&state).await.unwrap().unwrap();
    let again = revision::activate(&state, &known.digest, Timestamp::UNIX_EPOCH).await;
    assert_eq!(
        again.unwrap(),
        known.revision,
        "the same configuration keeps its number"
    );
    let next = revision::activate(&state, "another", Timestamp::UNIX_EPOCH).await;
    assert_eq!(next.unwrap(), known.revision + 1);

    let state: Arc<dyn Store> = Arc::new(state);
    let records = Records::new(Arc::clone(&state));
    let record = records.load("a.jpg").await.unwrap().record.unwrap();
    assert_eq!((record.generation, record.lanes.len()), (6, 3));
    let tombstone = records.load("gone.jpg").await.unwrap().record.unwrap();
    assert!(tombstone.observation.is_none());
    let failures: Vec<FailureRecord> = Failures::new(state).list().try_collect().await.unwrap();
    assert_eq!(failures[0].key, "bad.jpg");
}
