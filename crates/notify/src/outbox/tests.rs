//! Noting, taking, making room.
use minilab_protos::{
    manifest::{Original, Status},
    notification::{Link, Told},
};

use super::*;

fn said(kind: Kind, lane: &str, id: &str) -> Notification {
    Notification {
        specversion: "1.0".into(),
        id: format!("{id:0>32}"),
        source: "m".into(),
        kind,
        subject: "a".into(),
        time: "2026-01-01T00:00:00Z".into(),
        datacontenttype: "application/json".into(),
        data: Told {
            schema: 1,
            original: Original::default(),
            lanes: Some(lane.to_owned())
                .filter(|lane| !lane.is_empty())
                .into_iter()
                .collect(),
            status: Status::Complete,
            files: Vec::new(),
            files_left_out: 0,
            failures: Vec::new(),
            manifest: Link {
                key: String::new(),
                url: String::new(),
            },
        },
    }
}

fn ready(lane: &str, id: u64) -> Notification {
    said(Kind::Ready, lane, &id.to_string())
}

fn waiting(outbox: &Outbox) -> Vec<&str> {
    outbox
        .waiting
        .iter()
        .map(|said| said.id.trim_start_matches('0'))
        .collect()
}

#[test]
fn late_and_repeated_notes_change_nothing() {
    let mut outbox = Outbox::default();
    let first = [ready("fast", 1)];
    assert_eq!(outbox.append(3, &first).added, 1);
    assert_eq!(
        outbox
            .append(4, &[ready("fast", 1), said(Kind::Complete, "", "2")])
            .added,
        1
    );
    let noted = outbox.clone();
    for (generation, sayings) in [(4, &first[..]), (2, &[said(Kind::Deleted, "", "9")])] {
        assert_eq!(outbox.append(generation, sayings), Appended::default());
        assert_eq!(outbox, noted);
    }
    outbox.remove(&[first[0].id.clone()]);
    assert_eq!(outbox.append(5, &first).added, 0, "it was taken");
    assert_eq!(waiting(&outbox), ["2"]);
}

#[test]
fn what_is_overtaken_goes_first_when_there_is_no_room() {
    let mut outbox = Outbox::default();
    outbox.append(1, &[ready("bulk", 7777)]);
    for upload in 0..1000 {
        outbox.append(2 + upload, &[ready("fast", 1000 + upload)]);
        assert!(outbox.waiting.len() <= WAITING_MAX);
    }
    let left = waiting(&outbox);
    assert_eq!(
        (left[0], left.last().copied()),
        ("7777", Some("1999")),
        "{left:?}"
    );
    assert!(left[1..].is_sorted());
    assert_eq!(outbox.append(2000, &[ready("fast", 5000)]).dropped, 1);
}

#[test]
fn bytes_are_bounded_as_well() {
    let mut outbox = Outbox::default();
    for upload in 0..20 {
        let mut large = ready("fast", upload);
        large.data.original.key = "k".repeat(40 * 1024);
        outbox.append(1 + upload, &[large]);
    }
    let bytes: usize = outbox.waiting.iter().map(length).sum();
    assert!(bytes <= WAITING_BYTES_MAX && outbox.waiting.len() >= 5, "{bytes}");
}

#[test]
fn listing_tells_by_the_length_whether_something_waits() {
    let length = |outbox: &Outbox| serde_json::to_vec(outbox).map_or(0, |bytes| bytes.len());
    let mut fullest = Outbox {
        generation: u64::MAX,
        ..Outbox::default()
    };
    let all = ["fast", "standard", "bulk"].map(|lane| ready(lane, 1));
    fullest.append(u64::MAX, &all);
    fullest.append(u64::MAX, &[said(Kind::Complete, "", "2")]);
    let ids: Vec<_> = fullest.waiting.iter().map(|said| said.id.clone()).collect();
    fullest.remove(&ids);
    assert!(length(&fullest) <= EMPTY_BYTES_MAX, "{}", length(&fullest));
    let mut smallest = Outbox::default();
    smallest.append(0, &[said(Kind::Deleted, "", "1")]);
    assert!(length(&smallest) > EMPTY_BYTES_MAX, "{}", length(&smallest));
}

#[test]
fn success_ends_the_trouble_and_nothing_else_does() {
    let mut outbox = Outbox::default();
    outbox.append(1, &[ready("fast", 1), ready("bulk", 2)]);
    outbox.trouble = Some(Trouble {
        tries: 1,
        since: Timestamp::UNIX_EPOCH,
        next: None,
        sentence: "no".into(),
    });
    outbox.remove(&[]);
    assert!(outbox.trouble.is_some());
    let first = outbox.waiting[0].id.clone();
    outbox.remove(&[first]);
    assert_eq!((outbox.trouble.as_ref(), waiting(&outbox)), (None, vec!["2"]));
}

/// As it lies in `state`, where every later release finds it.
#[test]
fn outboxes_of_this_and_of_earlier_forms_are_read_and_written_as_they_were() {
    const SAMPLE: &str = include_str!("../../../../protos/samples/outbox.v1.json");
    let mut sample: serde_json::Value = serde_json::from_str(SAMPLE).unwrap();
    let read: Outbox = serde_json::from_value(sample.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), sample);
    assert_eq!((read.waiting.len(), read.trouble.unwrap().tries), (1, 3));
    assert!(read.held.is_some());

    // Before senders claimed, and with nothing to tell.
    let fields = sample.as_object_mut().unwrap();
    fields.retain(|name, _| ["v", "generation", "told"].contains(&name.as_str()));
    let read: Outbox = serde_json::from_value(sample.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), sample);
    // What a later release knows is no reason to stop.
    sample["later"] = serde_json::json!({ "known": true });
    assert_eq!(serde_json::from_value::<Outbox>(sample).unwrap(), read);
}

#[test]
fn a_claim_holds_for_others_until_it_ends() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let mut outbox = Outbox {
        held: Some(Held {
            by: "one".into(),
            until: at(90),
        }),
        ..Outbox::default()
    };
    assert_eq!(outbox.held_for("two", at(30)), Some(Duration::from_mins(1)));
    assert_eq!(outbox.held_for("one", at(30)), None);
    assert_eq!(outbox.held_for("two", at(90)), None);
    outbox.let_go("two");
    assert!(outbox.held.is_some(), "only who has it lets it go");
    outbox.let_go("one");
    assert_eq!(outbox.held, None);
}
