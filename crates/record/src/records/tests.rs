//! Records over a store.
use std::sync::Arc;

use futures::TryStreamExt as _;
use minilab_recipe::{Lane, Replace};
use minilab_store::{Calls, Fault, Faulty, Key, Memory, Operation, PutOptions, Store};

use super::*;
use crate::{publish, samples::*, tombstone};

fn record() -> Record {
    let asked = wanted(&[Lane::Fast], "d", Replace::Atomic);
    publish(None, change(None, Lane::Fast, observation(1, 1), asked))
}

async fn write(state: &dyn Store, key: &str, body: &'static str) {
    let key = Key::new(key).unwrap();
    state.put(&key, body.into(), PutOptions::default()).await.unwrap();
}

#[tokio::test]
async fn of_two_swaps_on_one_base_one_is_lost() {
    let records = Records::new(Arc::new(Memory::new()));
    let base = records.load("o.jpg").await.unwrap();
    assert_eq!(base, Loaded::default());
    let Swap::Swapped(first) = records.swap(&base, &record()).await.unwrap() else {
        panic!("nobody raced")
    };
    assert_eq!(records.load("o.jpg").await.unwrap(), first);
    assert_eq!(records.swap(&base, &record()).await.unwrap(), Swap::Lost);
    let gone = tombstone(&record(), 1, at(1));
    assert!(matches!(
        records.swap(&first, &gone).await.unwrap(),
        Swap::Swapped(_)
    ));
    assert_eq!(records.swap(&first, &record()).await.unwrap(), Swap::Lost);
}

#[tokio::test]
async fn swap_without_an_answer_is_ambiguous_and_a_refused_one_is_not() {
    let faulty = Faulty::new(Arc::new(Memory::new()));
    let records = Records::new(Arc::new(faulty.clone()));
    faulty.fail(Calls::nth(Operation::Put, 1), Fault::LoseAnswer);
    let error = records.swap(&Loaded::default(), &record()).await.unwrap_err();
    assert!(error.is_ambiguous() && error.is_transient());
    assert!(
        records.load("o.jpg").await.unwrap().record.is_some(),
        "it had happened"
    );
    assert_eq!(
        records.swap(&Loaded::default(), &record()).await.unwrap(),
        Swap::Lost
    );
}

#[tokio::test]
async fn failed_reads_are_never_absence() {
    let faulty = Faulty::new(Arc::new(Memory::new()));
    faulty.fail(Calls::every(Operation::Get), Fault::Refuse);
    let error = Records::new(Arc::new(faulty)).load("o.jpg").await.unwrap_err();
    assert!(error.is_transient() && !error.is_ambiguous());
}

#[tokio::test]
async fn strange_and_newer_records_are_permanent_errors_that_name_the_object() {
    let state = Arc::new(Memory::new());
    let records = Records::new(state.clone());
    for (body, says) in [
        ("not json", "cannot be read as a record: move the object aside"),
        (
            r#"{"v":1,"key":"o.jpg"}"#,
            "cannot be read as a record: move the object aside",
        ),
        (
            r#"{"v":2,"shape":"new"}"#,
            "has version 2 of a record, this build reads up to 1: upgrade",
        ),
    ] {
        write(&*state, "records/o.jpg", body).await;
        let error = records.load("o.jpg").await.unwrap_err();
        assert!(!error.is_transient());
        let sentence = error.to_string();
        assert!(
            sentence.contains("records/o.jpg") && sentence.contains(says),
            "{sentence}"
        );
    }
}

#[tokio::test]
async fn long_keys_are_refused_with_a_sentence() {
    let records = Records::new(Arc::new(Memory::new()));
    assert!(records.load(&"k".repeat(900)).await.is_ok());
    let error = records.load(&"k".repeat(901)).await.unwrap_err();
    assert!(!error.is_transient());
    assert!(
        error.to_string().contains("901 bytes, more than the 900"),
        "{error}"
    );
}

#[tokio::test]
async fn listings_keep_the_order_of_the_originals() {
    let state = Arc::new(Memory::new());
    let records = Records::new(state.clone());
    write(&*state, "config/revision", "{}").await;
    for key in ["b", "a/b", "a", "a.jpg", "\u{e9}", "A"] {
        records
            .swap(
                &Loaded::default(),
                &Record {
                    key: key.into(),
                    ..record()
                },
            )
            .await
            .unwrap();
    }
    let keys = |after: Option<&str>| {
        let listed = records.list(after);
        async move { listed.map_ok(|l| l.key).try_collect::<Vec<_>>().await.unwrap() }
    };
    assert_eq!(keys(None).await, ["A", "a", "a.jpg", "a/b", "b", "\u{e9}"]);
    assert_eq!(keys(Some("a.jpg")).await, ["a/b", "b", "\u{e9}"]);
}
