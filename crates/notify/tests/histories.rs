//! What is said over the histories that a record can have: the same has the same id, what is new has a new one, and an outbox
//! holds it once and in order, whoever notes what when.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, SystemTime},
};

use jiff::Timestamp;
use minilab_notify::{
    Appended, Listener, Outbox, Outboxes, Replayed, Retelling, notify_queue, retell, sayings,
};
use minilab_protos::notification::{Kind, Notification};
use minilab_queue::Queue;
use minilab_recipe::{Encoding, Lane, OutputFormat, Replace, Size, WebpTuning};
use minilab_record::{
    Change, FailureEntry, FileEntry, LaneStatus, Loaded, Observation, PublicUrls, Record, Records, Wanted,
    adoptable, fence, next_generation, publish, tombstone,
};
use minilab_store::{ETag, Sha256};
use proptest::prelude::*;

const LANES: [Lane; 2] = [Lane::Fast, Lane::Bulk];
const URLS: PublicUrls<'_> = PublicUrls {
    base: "https://cdn.example.com/",
    recipe: None,
};

fn wanted() -> Wanted {
    Wanted {
        recipe: "gallery".into(),
        lanes: LANES.map(|lane| (lane, "d".to_owned())).into(),
        contains: LANES
            .map(|lane| (lane, lane.to_string(), OutputFormat::Webp))
            .into(),
        replace: Replace::Atomic,
    }
}

fn said(record: &Record) -> Vec<Notification> {
    sayings(record, &wanted().lanes, &URLS)
}

fn ids(record: &Record) -> Vec<String> {
    said(record).into_iter().map(|said| said.id).collect()
}

/// One of some uploads, each of which has a version for every time it was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Upload {
    bytes: u8,
    version: u32,
}

fn observation(upload: Upload) -> Observation {
    Observation {
        etag: ETag(format!("etag-{}", upload.version)),
        size_bytes: 1000,
        version_id: None,
        sha256: Some(Sha256::of(&[upload.bytes])),
        reads: BTreeMap::new(),
        probe: None,
        findings: Box::default(),
        said: None,
    }
}

/// What an attempt publishes of a lane: files that the record leads to, or new ones; or a failure.
fn made(base: Option<&Record>, lane: Lane, upload: Upload, fails: bool) -> Record {
    let fingerprint = format!("{lane}-{}", upload.bytes);
    let generation = next_generation(base, lane);
    let new = || FileEntry {
        derivative: lane.to_string(),
        key: format!("a.jpg/{lane}.g{generation}-{}.webp", upload.bytes),
        size: Size {
            width: 32,
            height: 24,
        },
        encoding: Encoding::Webp {
            quality: 78,
            effort: 4,
            lossless: false,
            tuning: WebpTuning::DEFAULT,
        },
        bytes: 5,
        sha256: Sha256::of(&[upload.bytes]),
        fingerprint: fingerprint.clone(),
        notes: Vec::new(),
        engine: "e1".into(),
        micros: 10,
        quality: None,
        score: None,
    };
    let kept = base.and_then(|base| adoptable(base, &fingerprint)).cloned();
    let failure = FailureEntry {
        derivative: None,
        class: "input".into(),
        code: "corrupt".into(),
        sentence: "it ends early".into(),
    };
    let change = Change {
        key: "a.jpg".into(),
        observation: observation(upload),
        lane,
        status: if fails {
            LaneStatus::Failed
        } else {
            LaneStatus::Done
        },
        files: if fails {
            Vec::new()
        } else {
            vec![kept.unwrap_or_else(new)]
        },
        failures: if fails { vec![failure] } else { Vec::new() },
        dropped: Vec::new(),
        placeholder: None,
        wanted: wanted(),
        engine: "e1".into(),
        revision: 1,
        now: Timestamp::UNIX_EPOCH,
    };
    publish(base, change)
}

/// Both lanes of an upload.
fn whole(base: Option<&Record>, bytes: u8, version: u32) -> Record {
    let upload = Upload { bytes, version };
    let fast = made(base, Lane::Fast, upload, false);
    made(Some(&fast), Lane::Bulk, upload, false)
}

fn gone(base: &Record) -> Record {
    tombstone(base, 1, Timestamp::UNIX_EPOCH)
}

#[test]
fn lanes_are_told_as_they_are_decided_and_the_whole_last() {
    let upload = Upload { bytes: 1, version: 1 };
    let first = made(None, Lane::Fast, upload, false);
    let kinds = |record: &Record| said(record).iter().map(|said| said.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&first), [Kind::Ready]);
    let both = made(Some(&first), Lane::Bulk, upload, true);
    assert_eq!(kinds(&both), [Kind::Ready, Kind::Failed, Kind::Complete]);
    assert_eq!(
        ids(&both)[0],
        ids(&first)[0],
        "what was said before has the same id"
    );
    assert_eq!(kinds(&gone(&both)), [Kind::Deleted]);
}

#[test]
fn upload_that_comes_back_is_said_anew_even_where_its_files_do() {
    let first = whole(None, 1, 1);
    // The second upload is not finished, so the first one's files still stand and are adopted again.
    let second = made(Some(&first), Lane::Fast, Upload { bytes: 2, version: 2 }, false);
    let third = whole(Some(&second), 1, 3);
    assert_eq!(
        first.lanes[&Lane::Fast].files,
        third.lanes[&Lane::Fast].files,
        "the case is that of adopted files"
    );
    let all: Vec<_> = [&first, &second, &third]
        .iter()
        .flat_map(|record| ids(record))
        .collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
}

#[test]
fn two_deletions_of_one_key_are_two() {
    let first = gone(&whole(None, 1, 1));
    let second = gone(&whole(Some(&first), 1, 1));
    assert_ne!(ids(&first), ids(&second));
    assert_eq!(ids(&first), ids(&fence(&first, Lane::Fast, Timestamp::MAX)));
}

#[test]
fn original_that_was_gone_before_it_was_known_is_not_said_to_be_deleted() {
    let mut nobody = gone(&whole(None, 1, 1));
    (nobody.generation, nobody.since_generation) = (1, 1);
    assert_eq!(said(&nobody), []);
    assert_eq!(said(&fence(&nobody, Lane::Fast, Timestamp::UNIX_EPOCH)), []);
}

#[test]
fn long_lists_of_files_are_cut_and_say_so() {
    let mut record = whole(None, 1, 1);
    let state = record.lanes.get_mut(&Lane::Fast).unwrap();
    let file = FileEntry {
        key: format!("{}.webp", "\u{e9}".repeat(400)),
        ..state.files[0].clone()
    };
    state.files = vec![file; 200];
    for said in said(&record).iter().filter(|said| said.data.lanes[0] == "fast") {
        let listed = said.data.files.len() as u32;
        assert!(listed > 5 && said.data.files_left_out >= 200 - listed, "{listed}");
        assert!(serde_json::to_vec(said).unwrap().len() < 64 * 1024);
    }
}

/// A target that was added after everything had happened, and what is said again to it.
#[tokio::test]
async fn receiver_that_is_new_is_told_from_the_records_what_the_others_were_told() {
    let state: Arc<dyn minilab_store::Store> = Arc::new(minilab_store::Memory::new());
    let (records, outboxes) = (Records::new(Arc::clone(&state)), Outboxes::new(state));
    let of = |key: &str, record: Record| Record {
        key: key.to_owned(),
        ..record
    };
    for record in [
        of("a/1.jpg", whole(None, 1, 1)),
        of("b/1.jpg", whole(None, 1, 1)),
        of("b/2.jpg", gone(&whole(None, 1, 1))),
        of("c/1.jpg", whole(None, 1, 1)),
    ] {
        records.swap(&Loaded::default(), &record).await.unwrap();
    }
    let queue: Arc<dyn Queue> = Arc::new(minilab_queue::Memory::default());
    let retelling = async |queue: Option<&Arc<dyn Queue>>, prefix: &str, since: Option<SystemTime>| {
        let listener = Listener {
            name: "new".to_owned(),
            on: vec![Kind::Complete, Kind::Deleted],
        };
        let what = Retelling {
            prefix,
            since,
            sayings: said,
        };
        retell(&outboxes, &records, queue, &listener, what, Timestamp::UNIX_EPOCH)
            .await
            .unwrap()
    };
    let two = Replayed {
        originals: 2,
        notifications: 2,
        given_up: 0,
    };
    let waiting = async |key: &str| outboxes.load("new", key).await.unwrap().waiting;
    assert_eq!(retelling(None, "b/", None).await, two);
    assert!(
        waiting("b/1.jpg").await.is_empty(),
        "without a queue it only counts"
    );

    // Twice is as good as once.
    for _ in 0..2 {
        assert_eq!(retelling(Some(&queue), "b/", None).await, two);
    }
    let told = waiting("b/1.jpg").await;
    let kinds: Vec<_> = told.iter().map(|said| said.kind).collect();
    assert_eq!(kinds, [Kind::Complete], "and only what it wants to hear");
    let complete = said(&of("b/1.jpg", whole(None, 1, 1)));
    assert_eq!(
        told[0].id, complete[2].id,
        "the id that everybody else was told it by"
    );
    assert_eq!(waiting("b/2.jpg").await[0].kind, Kind::Deleted);
    assert!(waiting("a/1.jpg").await.is_empty());
    let wake_ups = queue.depth(&notify_queue()).await.unwrap();
    assert_eq!(wake_ups.known(), 4);

    let later = SystemTime::now() + Duration::from_mins(1);
    assert_eq!(
        retelling(Some(&queue), "", Some(later)).await,
        Replayed::default()
    );
    let earlier = SystemTime::now() - Duration::from_mins(1);
    assert_eq!(retelling(Some(&queue), "", Some(earlier)).await.originals, 4);
}

/// Something that happens to an original or its record.
#[derive(Debug, Clone, Copy)]
enum Move {
    /// Bytes are put; the same as before make another version.
    Put(u8),
    Delete,
    /// A job of a lane runs.
    Run(Lane, bool),
    Fence(Lane),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let lane = || prop_oneof![Just(Lane::Fast), Just(Lane::Bulk)];
    let one = prop_oneof![
        3 => (0..2_u8).prop_map(Move::Put),
        1 => Just(Move::Delete),
        6 => (lane(), prop::bool::weighted(0.2)).prop_map(|(lane, fails)| Move::Run(lane, fails)),
        2 => lane().prop_map(Move::Fence),
    ];
    prop::collection::vec(one, 1..40)
}

/// The records of a history, in order of their swaps. A fence follows the one before it.
fn history(moves: &[Move]) -> Vec<(Record, bool)> {
    let (mut records, mut there, mut version): (Vec<(Record, bool)>, Option<Upload>, _) =
        (Vec::new(), None, 0);
    for step in moves {
        let base = records.last().map(|(record, _)| record.clone());
        let next = match (*step, there, &base) {
            (Move::Put(bytes), ..) => {
                version += 1;
                there = Some(Upload { bytes, version });
                None
            }
            (Move::Delete, ..) => {
                there = None;
                None
            }
            (Move::Run(lane, fails), Some(upload), base) => {
                Some((made(base.as_ref(), lane, upload, fails), false))
            }
            (Move::Run(..), None, Some(base)) if base.observation.is_some() => Some((gone(base), false)),
            (Move::Fence(lane), _, Some(base)) => Some((fence(base, lane, Timestamp::UNIX_EPOCH), true)),
            _ => None,
        };
        records.extend(next);
    }
    records
}

proptest! {
    #[test]
    fn fences_say_nothing_new_and_nothing_said_comes_back(moves in moves()) {
        let records = history(&moves);
        let mut last_seen: BTreeMap<String, usize> = BTreeMap::new();
        for (index, (record, is_fence)) in records.iter().enumerate() {
            let now = ids(record);
            if *is_fence {
                prop_assert_eq!(&now, &ids(&records[index - 1].0));
            }
            for id in now {
                if let Some(last) = last_seen.insert(id, index) {
                    // True all the time since: what was true of an earlier upload never has the same id as what is now.
                    prop_assert_eq!(last, index - 1);
                }
            }
        }
    }

    /// At an operator's word everything that is true comes again, at the end and in its order, whatever waits or was taken.
    #[test]
    fn outbox_says_all_that_is_true_again_with_the_same_ids(
        moves in moves(),
        notes in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..20),
    ) {
        let records = history(&moves);
        prop_assume!(!records.is_empty());
        let mut outbox = Outbox::default();
        for (index, takes) in notes {
            let record = &records[index.index(records.len())].0;
            outbox.append(record.generation, &said(record));
            if takes && !outbox.waiting.is_empty() {
                let first = outbox.waiting[0].id.clone();
                outbox.remove(&[first]);
            }
        }
        let last = &records.last().unwrap().0;
        let before: Vec<_> = outbox.waiting.iter().map(|said| said.id.clone()).collect();
        let again = outbox.append_again(last.generation, &said(last));
        let waiting: Vec<_> = outbox.waiting.iter().map(|said| said.id.clone()).collect();
        let expected: Vec<_> = before.iter().filter(|id| !ids(last).contains(id)).cloned().chain(ids(last)).collect();
        prop_assert_eq!(waiting, expected);
        prop_assert_eq!(again.added as usize, ids(last).len());
        let noted = outbox.append(last.generation, &said(last));
        prop_assert_eq!(noted.added, 0, "a worker that repeats itself says nothing more");
        let older = outbox.append_again(last.generation - 1, &said(last));
        prop_assert_eq!(older, Appended::default());
    }

    /// Workers note late, twice or not at all; the last record is noted, since its job is not settled before.
    #[test]
    fn outbox_holds_each_once_in_order_and_ends_with_what_is_true(
        moves in moves(),
        notes in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..60),
    ) {
        let records = history(&moves);
        prop_assume!(!records.is_empty());
        let (mut outbox, mut taken) = (Outbox::default(), Vec::new());
        let mut order: Vec<_> = notes.iter().map(|(index, takes)| (index.index(records.len()), *takes)).collect();
        order.push((records.len() - 1, false));
        for (index, takes) in order {
            let record = &records[index].0;
            outbox.append(record.generation, &said(record));
            if takes && !outbox.waiting.is_empty() {
                let first = outbox.waiting[0].clone();
                outbox.remove(std::slice::from_ref(&first.id));
                taken.push(first);
            }
        }
        let last = &records.last().unwrap().0;
        taken.extend(outbox.waiting.clone());
        let heard: Vec<&str> = taken.iter().map(|said| said.id.as_str()).collect();
        prop_assert_eq!(heard.iter().collect::<BTreeSet<_>>().len(), heard.len(), "nothing twice");
        // What was overtaken never comes after what overtook it.
        let is_true = |id: &str| {
            let says = |(record, _): &(Record, bool)| ids(record).iter().any(|said| said == id);
            (records.iter().position(says).unwrap(), records.iter().rposition(says).unwrap())
        };
        let spans: Vec<_> = heard.iter().map(|id| is_true(id)).collect();
        for (index, (since, _)) in spans.iter().enumerate() {
            prop_assert!(spans[index..].iter().all(|(_, until)| until >= since), "{:?}", spans);
        }
        for id in ids(last) {
            prop_assert!(heard.contains(&id.as_str()), "what is true was told");
        }
        if last.observation.is_none() && last.since_generation > 1 {
            prop_assert_eq!(taken.last().unwrap().kind, Kind::Deleted);
        }
    }
}
