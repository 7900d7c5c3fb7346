//! The state machine under random histories, and its single steps.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
    time::Duration,
};

use minilab_recipe::{Lane, Replace};
use proptest::prelude::*;

use super::*;
use crate::{LaneStatus, Record, samples::*, shown};

const TWO: &[Lane] = &[Lane::Fast, Lane::Bulk];

fn publish_lane(base: Option<&Record>, lane: Lane, upload: u8, write: u32) -> Record {
    publish(
        base,
        change(
            base,
            lane,
            observation(upload, write),
            wanted(TWO, "d", Replace::Atomic),
        ),
    )
}

fn complete() -> Record {
    publish_lane(Some(&publish_lane(None, Lane::Fast, 1, 1)), Lane::Bulk, 1, 1)
}

static LANES: LazyLock<BTreeMap<Lane, String>> = LazyLock::new(|| wanted(TWO, "d", Replace::Atomic).lanes);

fn view(write: u32) -> View<'static> {
    let seen = observation(1, write);
    View {
        original: Some(Seen {
            etag: seen.etag,
            size_bytes: 1000,
            version_id: None,
            reads: seen.reads,
            said: None,
        }),
        lane: Lane::Fast,
        lanes: &LANES,
        engine: "e1",
        revision: 1,
        ambiguous: false,
        retry_failed: false,
    }
}

#[test]
fn decisions_follow_the_record() {
    let record = complete();
    let gone = tombstone(&record, 1, at(5));
    let absent = || View {
        original: None,
        ..view(1)
    };
    assert_eq!(decide(None, &view(1)), Need::Make);
    assert_eq!(decide(None, &absent()), Need::Nothing);
    assert_eq!(decide(Some(&record), &view(1)), Need::Nothing);
    assert_eq!(
        decide(
            Some(&record),
            &View {
                ambiguous: true,
                ..view(1)
            }
        ),
        Need::Fence
    );
    assert_eq!(decide(Some(&record), &view(2)), Need::Make);
    assert_eq!(
        decide(
            Some(&record),
            &View {
                lanes: &wanted(TWO, "other", Replace::Atomic).lanes,
                ..view(1)
            }
        ),
        Need::Make
    );
    assert_eq!(
        decide(
            Some(&record),
            &View {
                lane: Lane::Standard,
                ..view(1)
            }
        ),
        Need::Make
    );
    assert_eq!(
        decide(
            Some(&record),
            &View {
                engine: "e2",
                ..view(1)
            }
        ),
        Need::Nothing
    );
    assert_eq!(decide(Some(&record), &absent()), Need::Tombstone);
    assert_eq!(decide(Some(&gone), &absent()), Need::Nothing);
    assert_eq!(
        decide(
            Some(&gone),
            &View {
                ambiguous: true,
                ..absent()
            }
        ),
        Need::Fence
    );
    assert_eq!(decide(Some(&gone), &view(1)), Need::Make);
    assert_eq!(
        decide(
            Some(&record),
            &View {
                revision: 0,
                ..view(2)
            }
        ),
        Need::Newer
    );
}

#[test]
fn lane_that_the_recipe_dropped_is_taken_out_by_a_job_of_another() {
    let half = publish_lane(Some(&complete()), Lane::Fast, 2, 2);
    assert!(shown(&half).stands, "the old set waits for the second lane");
    let fewer = wanted(&[Lane::Fast], "d", Replace::Atomic);
    let view = View {
        lanes: &fewer.lanes,
        ..view(2)
    };
    assert_eq!(decide(Some(&half), &view), Need::Make);
    let next = publish(
        Some(&half),
        change(Some(&half), Lane::Fast, observation(2, 2), fewer.clone()),
    );
    assert_eq!((next.lanes.len(), next.standing.is_none()), (1, true));
    assert_eq!(decide(Some(&next), &view), Need::Nothing);
}

#[test]
fn failed_lane_is_tried_again_by_another_engine_or_if_it_is_asked_for() {
    let mut record = complete();
    record.lanes.get_mut(&Lane::Fast).unwrap().status = LaneStatus::Failed;
    assert_eq!(decide(Some(&record), &view(1)), Need::Nothing);
    assert_eq!(
        decide(
            Some(&record),
            &View {
                engine: "e2",
                ..view(1)
            }
        ),
        Need::Make
    );
    let asked = View {
        retry_failed: true,
        ..view(1)
    };
    assert_eq!(decide(Some(&record), &asked), Need::Make);
    assert_eq!(
        decide(Some(&complete()), &asked),
        Need::Nothing,
        "what is done stays"
    );
}

#[test]
fn same_bytes_under_another_etag_keep_all_files() {
    let record = complete();
    let next = publish_lane(Some(&record), Lane::Fast, 1, 2);
    let keys = |r: &Record| r.wanted_files().map(|f| f.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&next), keys(&record));
    assert_eq!((next.previous.len(), next.standing), (0, None));
    assert_eq!(next.observation.unwrap().etag, observation(1, 2).etag);
}

#[test]
fn changed_read_metadata_is_another_upload() {
    let mut moved = observation(1, 1);
    moved.reads.insert("focal".into(), "0.1,0.2".into());
    assert!(!same_upload(&observation(1, 1), &moved));
}

#[test]
fn old_complete_set_is_shown_until_the_new_one_is_complete() {
    let old = complete();
    let half = publish_lane(Some(&old), Lane::Fast, 2, 2);
    assert_eq!(shown(&half).files.len(), 2);
    assert!(shown(&half).stands && half.previous.is_empty());
    let again = publish_lane(Some(&half), Lane::Fast, 3, 3);
    assert_eq!(shown(&again).files, shown(&half).files);
    assert_eq!(again.previous.len(), 1, "the half-made set leaves at once");
    let whole = publish_lane(Some(&again), Lane::Bulk, 3, 3);
    assert!(!shown(&whole).stands);
    assert_eq!(whole.previous.len(), 3);
    assert_eq!(
        pending_lanes(&whole, &wanted(TWO, "d", Replace::Atomic).lanes),
        []
    );
}

#[test]
fn progressive_replacement_shows_the_new_set_as_it_grows() {
    let old = complete();
    let asked = wanted(TWO, "d", Replace::Progressive);
    let next = publish(
        Some(&old),
        change(Some(&old), Lane::Fast, observation(2, 2), asked.clone()),
    );
    assert_eq!(shown(&next).files.len(), 1);
    assert_eq!(
        (next.previous.len(), pending_lanes(&next, &asked.lanes)),
        (2, vec![Lane::Bulk])
    );
}

#[test]
fn lanes_that_a_recipe_leaves_keep_their_generation() {
    let old = complete();
    let asked = wanted(&[Lane::Fast], "d", Replace::Atomic);
    let next = publish(
        Some(&old),
        change(Some(&old), Lane::Fast, observation(1, 1), asked),
    );
    assert_eq!(next.retired.get(&Lane::Bulk), Some(&1));
    assert_eq!(next.previous.len(), 1);
    let back = publish_lane(Some(&next), Lane::Bulk, 1, 1);
    assert_eq!((back.lanes[&Lane::Bulk].generation, back.retired.len()), (2, 0));
}

#[test]
fn files_are_swept_after_their_time_of_grace_only() {
    let gone = tombstone(&complete(), 1, at(100));
    let day = Duration::from_hours(24);
    assert!(sweepable(&gone, at(100 + 86_399), day).is_empty());
    let over = sweepable(&gone, at(100 + 86_400), day);
    assert_eq!(over.len(), 2);
    let keys = over.into_iter().map(|old| old.key).collect();
    assert!(named_keys(&swept(&gone, &keys, at(200))).is_empty());
}

#[derive(Debug, Clone)]
enum Move {
    Publish {
        lane: usize,
        upload: u8,
        recipe: usize,
        status: LaneStatus,
        progressive: bool,
    },
    Fence(usize),
    Tombstone,
    Sweep,
}

fn moves() -> impl Strategy<Value = Move> {
    let status = prop_oneof![
        4 => Just(LaneStatus::Done), 1 => Just(LaneStatus::Failed),
        1 => Just(LaneStatus::Partial), 1 => Just(LaneStatus::Pending)
    ];
    let publish = (0..3usize, 0..3u8, 0..4usize, status, prop::bool::weighted(0.2)).prop_map(
        |(lane, upload, recipe, status, progressive)| Move::Publish {
            lane,
            upload,
            recipe,
            status,
            progressive,
        },
    );
    prop_oneof![
        8 => publish, 1 => (0..3usize).prop_map(Move::Fence), 1 => Just(Move::Tombstone), 1 => Just(Move::Sweep)
    ]
}

/// Lanes and digest of some recipes that an operator goes back and forth between.
const RECIPES: [(&[Lane], &str); 4] = [
    (TWO, "d"),
    (&Lane::ALL, "d"),
    (&Lane::ALL, "other"),
    (&[Lane::Standard], "d"),
];

fn step(base: Option<&Record>, made: &Move, clock: u32) -> Option<Record> {
    let now = at(i64::from(clock) * 10);
    match made {
        Move::Publish {
            lane,
            upload,
            recipe,
            status,
            progressive,
        } => {
            let (lanes, digest) = RECIPES[*recipe];
            let replace = if *progressive {
                Replace::Progressive
            } else {
                Replace::Atomic
            };
            let lane = lanes[lane % lanes.len()];
            let mut change = change(
                base,
                lane,
                observation(*upload, clock),
                wanted(lanes, digest, replace),
            );
            (change.status, change.now) = (*status, now);
            if *status == LaneStatus::Failed {
                change.files.clear();
            }
            Some(publish(base, change))
        }
        Move::Fence(lane) => base.map(|base| fence(base, Lane::ALL[*lane], now)),
        Move::Tombstone => base.map(|base| tombstone(base, 1, now)),
        Move::Sweep => base.map(|base| {
            let over = sweepable(base, now, Duration::from_secs(50));
            swept(base, &over.into_iter().map(|old| old.key).collect(), now)
        }),
    }
}

fn set<'a>(keys: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    keys.cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn every_history_keeps_the_invariants(history in prop::collection::vec(moves(), 1..40)) {
        let mut base: Option<Record> = None;
        let mut dropped: BTreeSet<String> = BTreeSet::new();
        for (clock, made) in (1..).zip(&history) {
            let Some(next) = step(base.as_ref(), made, clock) else { continue };
            let wanted = set(next.wanted_files().map(|f| &f.key));
            let previous = set(next.previous.iter().map(|old| &old.key));
            prop_assert!(wanted.is_disjoint(&previous), "wanted and given up at once");
            prop_assert_eq!(previous.len(), next.previous.len(), "a key twice in its time of grace");
            dropped.extend(previous);
            prop_assert!(wanted.is_disjoint(&dropped), "a key came back after it could have been deleted");
            let shown = shown(&next);
            for file in &shown.files {
                let upload = format!("{:?}", shown.observation.unwrap().sha256);
                prop_assert!(file.fingerprint.contains(&upload), "two uploads in one set");
            }
            prop_assert!(next.lanes.keys().all(|lane| !next.retired.contains_key(lane)));
            if let Some(base) = &base {
                prop_assert_eq!(next.generation, base.generation + 1);
                for lane in Lane::ALL {
                    prop_assert!(next_generation(Some(&next), lane) >= next_generation(Some(base), lane));
                }
                if !matches!(made, Move::Sweep) {
                    prop_assert!(named_keys(base).is_subset(&named_keys(&next)), "a file was forgotten");
                }
            }
            // Whatever is read back is what was written.
            let json = serde_json::to_string(&next).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Record>(&json).unwrap(), &next);
            base = Some(next);
        }
    }
}

#[test]
fn a_return_to_an_earlier_recipe_makes_again_what_was_dropped_meanwhile() {
    let base = complete();
    // The next recipe uses the same lanes and has dropped what was in `bulk`.
    let mut next = wanted(TWO, "e", Replace::Atomic);
    next.contains.retain(|(lane, ..)| *lane != Lane::Bulk);
    let dropped = publish(
        Some(&base),
        change(Some(&base), Lane::Fast, observation(1, 1), next),
    );
    assert!(dropped.lanes[&Lane::Bulk].files.is_empty());
    let first = wanted(TWO, "d", Replace::Atomic).lanes;
    assert!(pending_lanes(&dropped, &first).contains(&Lane::Bulk));
}
