//! What holds of every message, whoever sent it.
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// The same object, told by each producer with its own spelling. `spelled` is the key as a form has it.
fn told(key: &str, spelled: &str) -> Vec<Value> {
    let record = |source: &str, name: &str, key: &str| {
        json!({ "Records": [{
            "eventVersion": "2.1", "eventSource": source, "eventName": name,
            "s3": { "bucket": { "name": "photos" }, "object": { "key": key, "size": 1 } },
        }]})
    };
    let s3 = record("aws:s3", "ObjectCreated:Put", spelled);
    vec![
        json!({ "Type": "Notification", "TopicArn": "arn", "Message": s3.to_string() }),
        s3,
        record("aws:s3", "ObjectCreated:Put", key),
        record("minio:s3", "s3:ObjectCreated:Put", spelled),
        record("ceph:s3", "ObjectCreated:Put", key),
        json!({
            "detail-type": "Object Created", "source": "aws.s3",
            "detail": { "bucket": { "name": "photos" }, "object": { "key": key } },
        }),
        json!({ "account": "a", "action": "PutObject", "bucket": "photos", "object": { "key": key } }),
        json!({
            "event_type": "create", "key": format!("/buckets/photos/{key}"), "message": { "new_entry": { "name": "n" } },
        }),
    ]
}

/// As `application/x-www-form-urlencoded` has it.
fn spelled(key: &str) -> String {
    key.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        // Words that lead deeper into the code.
        prop::sample::select(vec![
            "aws:s3",
            "minio:s3",
            "ceph:s3",
            "2.1",
            "ObjectCreated:Put",
            "s3:TestEvent",
            "aws.s3",
            "Object Created",
            "PutObject",
            "Notification",
            "/buckets/a/b",
            "a%2",
            "%ff",
            "{\"Records\":[]}",
        ])
        .prop_map(Value::from),
    ];
    let field = prop::sample::select(vec![
        "Records",
        "eventVersion",
        "eventSource",
        "eventName",
        "s3",
        "bucket",
        "name",
        "object",
        "key",
        "size",
        "eTag",
        "detail-type",
        "source",
        "detail",
        "account",
        "action",
        "event_type",
        "message",
        "new_entry",
        "old_entry",
        "extended",
        "attributes",
        "userMetadata",
        "metadata",
        "TopicArn",
        "Type",
        "Message",
        "Event",
        "new_parent_path",
    ]);
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((field.clone(), inner), 0..8).prop_map(|fields| {
                Value::Object(
                    fields
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_events_or_unknown(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = normalise(&bytes);
    }

    #[test]
    fn any_json_is_events_or_unknown(value in any_json()) {
        let _ = normalise(value.to_string().as_bytes());
    }

    #[test]
    fn a_cut_or_changed_message_is_events_or_unknown(cut in 0_usize..400, byte in any::<u8>(), which in 0_usize..8) {
        let mut message = told("a+b ü%.jpg", "a%2Bb+%C3%BC%25.jpg")[which].to_string().into_bytes();
        let at = cut.min(message.len() - 1);
        let _ = normalise(&message[..at]);
        message[at] = byte;
        let _ = normalise(&message);
    }

    #[test]
    fn every_key_is_among_the_candidates_of_every_producer(key in "[^\0]{1,60}") {
        for message in told(&key, &spelled(&key)) {
            let events = normalise(message.to_string().as_bytes());
            let events = events.unwrap_or_else(|unknown| panic!("{unknown}: {message}"));
            let [event] = &events[..] else { panic!("{message} tells of {events:?}") };
            // A folder's name can begin like that of the server's own.
            if event.kind == Kind::Ignored && event.producer == Producer::SeaweedFs {
                prop_assert!(key.starts_with(".uploads") || key.starts_with(".system"));
                continue;
            }
            prop_assert_eq!(event.bucket.as_str(), "photos");
            prop_assert!(event.keys.iter().any(|candidate| candidate.as_str() == key), "{} {:?}", message, event.keys);
            prop_assert!(event.keys.len() <= 2);
        }
    }
}

#[test]
fn minio_s_plain_name_tells_which_reading_is_meant() {
    let message = |whole: &str, key: &str| {
        json!({ "EventName": "s3:ObjectCreated:Put", "Key": whole, "Records": [{
            "eventVersion": "2.0", "eventSource": "minio:s3", "eventName": "s3:ObjectCreated:Put",
            "s3": { "bucket": { "name": "photos" }, "object": { "key": key } },
        }]})
    };
    let keys = |whole: &str, key: &str| -> Vec<String> {
        let events = normalise(message(whole, key).to_string().as_bytes()).unwrap();
        events[0].keys.iter().map(ToString::to_string).collect()
    };
    assert_eq!(keys("photos/a/b c.jpg", "a%2Fb+c.jpg"), ["a/b c.jpg"]);
    assert_eq!(
        keys("photos/a%2Fb.jpg", "a%2Fb.jpg"),
        ["a%2Fb.jpg"],
        "sent as it is"
    );
    for other in ["photos/c.jpg", "elsewhere/a/b.jpg", "photos", ""] {
        assert_eq!(keys(other, "a%2Fb.jpg"), ["a/b.jpg", "a%2Fb.jpg"], "{other}");
    }
}

fn reason(message: impl AsRef<[u8]>) -> String {
    normalise(message.as_ref())
        .expect_err("it is of no known form")
        .to_string()
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = "[".repeat(100_000);
    assert!(reason(&deep).contains("recursion limit"), "{}", reason(&deep));
    let long = vec![b' '; MESSAGE_BYTES_MAX + 1];
    assert_eq!(
        reason(long),
        "unknown form: 1048577 bytes are more than the 1048576 that are read"
    );
    let inner = json!({ "Type": "Notification", "TopicArn": "arn", "Message": deep }).to_string();
    assert!(reason(inner).contains("recursion limit"));
}

#[test]
fn an_unknown_message_says_what_is_unknown_of_it() {
    let record = |version: &str, source: &str, name: &str| {
        let object = json!({ "bucket": { "name": "b" }, "object": { "key": "k" } });
        json!({ "Records": [
            { "eventVersion": version, "eventSource": source, "eventName": name, "s3": object },
        ]})
        .to_string()
    };
    let nested = json!({ "Type": "Notification", "TopicArn": "arn", "Message": "{}" });
    let nested = json!({ "Type": "Notification", "TopicArn": "arn", "Message": nested.to_string() });
    for (message, named) in [
        (String::new(), "no JSON"),
        ("{}".to_owned(), "no producer's"),
        ("[1]".to_owned(), "no producer's"),
        (r#"{"Records":[]}"#.to_owned(), "empty"),
        (r#"{"Records":[{"kinesis":{}}]}"#.to_owned(), "missing field"),
        (
            record("3.0", "aws:s3", "ObjectCreated:Put"),
            "eventVersion \"3.0\"",
        ),
        (
            record("2.1", "aws:sqs", "ObjectCreated:Put"),
            "eventSource \"aws:sqs\"",
        ),
        (
            record("2.1", "aws:s3", "ObjectTeleported:Put"),
            "eventName \"ObjectTeleported:Put\"",
        ),
        (
            r#"{"account":"a","action":"Paint","bucket":"b","object":{"key":"k"}}"#.to_owned(),
            "R2 action \"Paint\"",
        ),
        (
            r#"{"event_type":"create","key":"/buckets/b/k","message":{}}"#.to_owned(),
            "neither",
        ),
        (nested.to_string(), "no producer's"),
    ] {
        assert!(
            reason(&message).contains(named),
            "{message}: {}",
            reason(&message)
        );
    }
}

#[test]
fn one_unknown_record_makes_the_whole_message_unknown() {
    let record = |name: &str| {
        json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name,
            "s3": { "bucket": { "name": "b" }, "object": { "key": "k" } },
        })
    };
    let message = json!({ "Records": [record("ObjectCreated:Put"), record("?")] });
    assert_eq!(reason(message.to_string()), "unknown form: eventName \"?\"");
}

#[test]
fn a_message_of_too_many_records_is_unknown() {
    let record = json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": { "bucket": { "name": "b" }, "object": { "key": "k" } },
    });
    let message = |records: usize| json!({ "Records": vec![record.clone(); records] }).to_string();
    assert_eq!(
        normalise(message(RECORDS_MAX).as_bytes()).unwrap().len(),
        RECORDS_MAX
    );
    let told = reason(message(RECORDS_MAX + 1));
    assert!(told.contains("1001 records are more than the 1000"), "{told}");
}

#[test]
fn what_a_stranger_wrote_is_repeated_short_and_harmless() {
    let name = format!("\u{1b}[2J{}", "x".repeat(1 << 19));
    let message = json!({ "account": "a", "action": name, "bucket": "b", "object": { "key": "k" } });
    let told = reason(message.to_string());
    assert!(
        told.len() < 1000 && !told.contains(char::is_control),
        "{} bytes",
        told.len()
    );
}

#[test]
fn forged_messages_are_unknown_or_hints_without_effect_of_their_own() {
    // Where a record says it comes from, and where to go, is read by nobody; a field that is there twice is the last one.
    let forged = r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"evil","eventName":"ObjectCreated:Put",
        "responseElements":{"x-minio-origin-endpoint":"http://169.254.169.254/"},"requestParameters":{"sourceIPAddress":"127.0.0.1"},
        "s3":{"bucket":{"name":"b","arn":"arn:aws:s3:::other"},"object":{"key":"k","size":-1,"size2":1e999}}}]}"#;
    assert!(reason(forged).contains("no JSON"), "a number beyond all numbers");
    let forged = forged.replace("1e999", "1e99");
    let events = normalise(forged.as_bytes()).unwrap();
    assert!(!format!("{events:?}").contains("evil") && !format!("{events:?}").contains("169.254"));
    assert_eq!((events[0].bucket.as_str(), events[0].size_bytes), ("b", None));
    for wrong in [
        &b"\xff\xfe"[..],
        b"{\"Records\":\"\xc3\x28\"}",
        b"[[[[",
        b"{\"Records\":[1]}",
        b"nul",
    ] {
        assert!(normalise(wrong).is_err());
    }
    let deep = format!("{{\"Records\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(reason(deep).contains("recursion limit"));
    let twice = r#"{"account":"a","action":"PutObject","action":"DeleteObject","bucket":"b","object":{"key":"x","key":"y"}}"#;
    let events = normalise(twice.as_bytes()).unwrap();
    assert_eq!((events[0].kind, events[0].keys[0].as_str()), (Kind::Removed, "y"));
}
