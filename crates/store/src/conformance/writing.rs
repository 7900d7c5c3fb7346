//! What `put` and `delete` promise, also to writers and readers that race.
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use futures::future::join_all;

use super::{assert_precondition, key, keys_of, on, read, write, write_if};
use crate::{Condition, ETag, Error, PutOptions, Sha256, Store, StoreExt as _, probe_conditional_put};

const WRITERS: usize = 16;

/// And what it wrote is what is there.
pub async fn of_racing_absent_writers_one_wins(store: Arc<dyn Store>) {
    for round in 0..4 {
        race(&store, &format!("race/{round}"), Condition::Absent, round).await;
    }
}

/// As above.
pub async fn of_racing_match_writers_one_wins(store: Arc<dyn Store>) {
    let mut etag = write(&store, "race", "start").await;
    for round in 0..4 {
        etag = race(&store, "race", Condition::Match(etag), round).await;
    }
}

/// No two writes of one key have one content: it might be one version, to which the condition holds again.
async fn race(store: &Arc<dyn Store>, at: &str, condition: Condition, round: usize) -> ETag {
    let body = move |writer: usize| format!("writer {writer} of round {round}");
    let writers = (0..WRITERS).map(|writer| {
        let (store, condition, at) = (Arc::clone(store), condition.clone(), key(at));
        tokio::spawn(async move { store.put(&at, Bytes::from(body(writer)), on(condition)).await })
    });
    let mut won = Vec::new();
    for (writer, answer) in join_all(writers).await.into_iter().enumerate() {
        match answer.expect("no panic") {
            Ok(etag) => won.push((writer, etag)),
            lost => assert_precondition(lost),
        }
    }
    let [(winner, etag)] = &won[..] else {
        panic!("{} of {WRITERS} writers won", won.len())
    };
    assert_eq!(read(store, at).await, body(*winner));
    assert_eq!(store.head(&key(at)).await.expect("head").etag, *etag);
    etag.clone()
}

/// It stays as it is.
pub async fn absent_condition_refuses_an_existing_object(store: Arc<dyn Store>) {
    write(&store, "a/b", "first").await;
    assert_precondition(write_if(&store, "a/b", "second", Condition::Absent).await);
    assert_eq!(read(&store, "a/b").await, "first");
}

/// Nothing is no version, also right after a version was deleted.
pub async fn match_condition_refuses_an_absent_object(store: Arc<dyn Store>) {
    let nobody = Condition::Match(ETag("\"no such version\"".to_owned()));
    assert_precondition(write_if(&store, "a/b", "body", nobody).await);
    assert_eq!(
        keys_of(&store, "").await,
        [""; 0],
        "nothing is left of a refused write"
    );

    let etag = write(&store, "a", "body").await;
    store.delete(&key("a")).await.expect("delete");
    assert_precondition(write_if(&store, "a", "body", Condition::Match(etag)).await);
}

/// A -> B -> C with bodies of one size, as fast as possible: the version of A stays the version of A.
pub async fn older_version_never_matches_again(store: Arc<dyn Store>) {
    let first = write(&store, "a", "body 00").await;
    for write_number in 1..40 {
        let etag = write(&store, "a", format!("body {write_number:02}")).await;
        assert_ne!(etag, first);
    }
    assert_precondition(write_if(&store, "a", "stale", Condition::Match(first)).await);
    assert_eq!(read(&store, "a").await, "body 39");
}

/// `put`, `head`, `get` and `list`.
pub async fn every_call_names_the_same_version(store: Arc<dyn Store>) {
    for condition in [Condition::Absent, Condition::None] {
        let etag = write_if(&store, "a/b", "body", condition).await.expect("put");
        let head = store.head(&key("a/b")).await.expect("head");
        let (read, _) = store.get_bytes(&key("a/b"), 10).await.expect("get");
        let listed = store
            .list(crate::ListRequest::default())
            .await
            .expect("list")
            .objects
            .remove(0);
        assert_eq!([&head.etag, &read.etag, &listed.etag], [&etag; 3]);
        assert_eq!(
            (listed.size_bytes, listed.modified),
            (head.size_bytes, head.modified)
        );
        write_if(&store, "a/b", "again", Condition::Match(listed.etag))
            .await
            .expect("it is that version");
    }
}

/// Sizes differ from put to put, so that parts and mixes would show.
pub async fn readers_see_body_and_attributes_of_one_put(store: Arc<dyn Store>) {
    const PUTS: usize = 60;
    let put = |number: usize| {
        let body = Bytes::from(vec![b'a' + (number % 26) as u8; 1 + number * 4_099 % 300_000]);
        let options = PutOptions {
            sha256: Some(Sha256::of(&body)),
            metadata: BTreeMap::from([("number".to_owned(), number.to_string())]),
            ..PutOptions::default()
        };
        (body, options)
    };
    let (body, options) = put(0);
    store.put(&key("a"), body, options).await.expect("put");
    let done = Arc::new(AtomicBool::new(false));
    let readers = [(); 2].map(|()| {
        let (store, done) = (Arc::clone(&store), Arc::clone(&done));
        tokio::spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let (head, body) = store
                    .get_bytes(&key("a"), 1 << 20)
                    .await
                    .expect("an object is always there");
                let number: usize = head.metadata["number"].parse().expect("a number");
                let (expected, options) = put(number);
                assert!(body == expected, "body {number} with the attributes of another");
                assert_eq!(
                    (head.sha256, head.size_bytes),
                    (options.sha256, expected.len() as u64)
                );
            }
        })
    });
    for number in 1..PUTS {
        let (body, options) = put(number);
        store.put(&key("a"), body, options).await.expect("put");
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.expect("the reader saw whole objects");
    }
}

/// Neither on an absent nor on an existing object.
pub async fn body_with_another_digest_is_refused_and_changes_nothing(store: Arc<dyn Store>) {
    let options = PutOptions {
        sha256: Some(Sha256::of(b"announced")),
        ..PutOptions::default()
    };
    let put = async || {
        store
            .put(&key("a/b"), Bytes::from_static(b"damaged"), options.clone())
            .await
    };
    assert!(matches!(put().await, Err(Error::Io { .. })));
    assert_eq!(keys_of(&store, "").await, [""; 0]);
    let etag = write(&store, "a/b", "before").await;
    assert!(matches!(put().await, Err(Error::Io { .. })));
    assert_eq!(store.head(&key("a/b")).await.expect("head").etag, etag);
}

/// Also of what never was, and below an object.
pub async fn delete_is_idempotent(store: Arc<dyn Store>) {
    write(&store, "a/b", "body").await;
    for _ in 0..2 {
        store.delete(&key("a/b/c")).await.expect("delete");
        store.delete(&key("a")).await.expect("delete");
        store.delete(&key("x/y")).await.expect("delete");
    }
    assert_eq!(read(&store, "a/b").await, "body");
    for _ in 0..2 {
        store.delete(&key("a/b")).await.expect("delete");
        assert!(
            store
                .head(&key("a/b"))
                .await
                .is_err_and(|error| error.is_not_found())
        );
    }
}

/// As an object, as a folder, and without the old attributes.
pub async fn deleted_key_can_be_put_anew(store: Arc<dyn Store>) {
    let options = PutOptions {
        cache_control: Some("no-store".to_owned()),
        ..PutOptions::default()
    };
    store
        .put(&key("a"), Bytes::from_static(b"body"), options)
        .await
        .expect("put");
    store.delete(&key("a")).await.expect("delete");
    write_if(&store, "a", "body", Condition::Absent)
        .await
        .expect("it is absent");
    assert_eq!(store.head(&key("a")).await.expect("head").cache_control, None);
    store.delete(&key("a")).await.expect("delete");
    write_if(&store, "a/b/c", "below", Condition::Absent)
        .await
        .expect("it is absent");
}

/// Or the store says that it may be later; what it must not say is that an object is there.
pub async fn name_of_a_deleted_folder_is_no_object(store: Arc<dyn Store>) {
    write(&store, "a/b/c", "below").await;
    store.delete(&key("a/b/c")).await.expect("delete");
    match write_if(&store, "a", "body", Condition::Absent).await {
        Ok(_) => assert_eq!(keys_of(&store, "").await, ["a"]),
        Err(error) => {
            assert!(error.is_transient(), "{error:?}");
            assert_eq!(keys_of(&store, "").await, [""; 0]);
        }
    }
}

/// While others are put beside it.
pub async fn deleting_one_object_leaves_its_neighbours(store: Arc<dyn Store>) {
    let rounds = (0..8).map(|round| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let (gone, stays) = (format!("d/e/gone-{round}"), format!("d/e/{round}/stays"));
            write(&store, &gone, "body").await;
            let (gone, stays) = (key(&gone), key(&stays));
            let (deleted, put) = futures::join!(
                store.delete(&gone),
                store.put(&stays, Bytes::from_static(b"stays"), PutOptions::default()),
            );
            deleted.expect("delete");
            put.expect("put");
        })
    });
    for round in join_all(rounds).await {
        round.expect("no panic");
    }
    let stays: Vec<_> = (0..8).map(|round| format!("d/e/{round}/stays")).collect();
    assert_eq!(keys_of(&store, "").await, stays);
}

/// The start-up probe agrees, and cleans up.
pub async fn conditional_puts_pass_the_probe(store: Arc<dyn Store>) {
    probe_conditional_put(&*store, "probe/")
        .await
        .expect("conditions are honoured");
    assert_eq!(keys_of(&store, "").await, [""; 0]);
}
