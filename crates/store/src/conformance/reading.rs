//! What `get` and `head` answer.
use std::{collections::BTreeMap, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;

use super::{assert_precondition, key, keys_of, read, write};
use crate::{ETag, Error, GetOptions, PutOptions, Sha256, Store, StoreExt as _};

/// Body, media type, cache control, digest and metadata.
pub async fn put_is_read_back_with_its_attributes(store: Arc<dyn Store>) {
    let body = Bytes::from_static(b"the body");
    let options = PutOptions {
        content_type: Some("image/avif".to_owned()),
        cache_control: Some("public, max-age=31536000, immutable".to_owned()),
        sha256: Some(Sha256::of(&body)),
        metadata: BTreeMap::from([("width".to_owned(), "640".to_owned())]),
        ..PutOptions::default()
    };
    let etag = store
        .put(&key("a/b.avif"), body.clone(), options.clone())
        .await
        .expect("put");
    let (head, found) = store.get_bytes(&key("a/b.avif"), 100).await.expect("get");
    assert_eq!(found, body);
    assert_eq!(head.size_bytes, body.len() as u64);
    assert_eq!(head.etag, etag);
    assert_eq!(head.content_type, options.content_type);
    assert_eq!(head.cache_control, options.cache_control);
    assert_eq!(head.sha256, options.sha256);
    assert_eq!(head.metadata, options.metadata);
    assert_eq!(store.head(&key("a/b.avif")).await.expect("head"), head);
}

/// Nothing is made up.
pub async fn object_put_without_attributes_has_none(store: Arc<dyn Store>) {
    write(&store, "a", "body").await;
    let head = store.head(&key("a")).await.expect("head");
    assert_eq!(
        (head.cache_control, head.sha256, head.metadata),
        (None, None, BTreeMap::new())
    );
}

/// Also below an object, and where there are only longer keys.
pub async fn absent_object_is_not_found(store: Arc<dyn Store>) {
    write(&store, "a/b", "body").await;
    for absent in ["b", "a/c", "a", "a/b/c", "x/y/z"] {
        assert!(
            store
                .head(&key(absent))
                .await
                .is_err_and(|error| error.is_not_found()),
            "{absent}"
        );
        let got = store.get(&key(absent), GetOptions::default()).await;
        assert!(got.is_err_and(|error| error.is_not_found()), "{absent}");
    }
}

/// `if_match` names the version, or the read fails.
pub async fn get_of_another_version_fails(store: Arc<dyn Store>) {
    let get = async |etag: &ETag| {
        let options = GetOptions {
            if_match: Some(etag.clone()),
        };
        store.get(&key("a"), options).await.map(|object| object.head)
    };
    let first = write(&store, "a", "first").await;
    assert_eq!(get(&first).await.expect("get").etag, first);
    let second = write(&store, "a", "second").await;
    assert_precondition(get(&first).await);
    assert_eq!(get(&second).await.expect("get").etag, second);
}

/// More than any adapter hands out at once.
pub async fn large_body_arrives_whole(store: Arc<dyn Store>) {
    let body: Bytes = (0..1_500_001_u32).map(|i| (i % 251) as u8).collect();
    store
        .put(&key("large"), body.clone(), PutOptions::default())
        .await
        .expect("put");
    let object = store
        .get(&key("large"), GetOptions::default())
        .await
        .expect("get");
    let chunks: Vec<Bytes> = object.body.try_collect().await.expect("body");
    assert!(chunks.len() > 1, "it is streamed");
    assert!(chunks.concat() == body, "the body is another");
}

/// Zero bytes are not absence.
pub async fn empty_body_is_an_object(store: Arc<dyn Store>) {
    write(&store, "empty", "").await;
    assert_eq!(store.head(&key("empty")).await.expect("head").size_bytes, 0);
    assert_eq!(read(&store, "empty").await, "");
    assert_eq!(keys_of(&store, "").await, ["empty"]);
}

/// Attributes of the old version do not shine through.
pub async fn overwriting_replaces_body_and_attributes(store: Arc<dyn Store>) {
    let options = PutOptions {
        cache_control: Some("no-store".to_owned()),
        ..PutOptions::default()
    };
    store
        .put(&key("a"), Bytes::from_static(b"first"), options)
        .await
        .expect("put");
    write(&store, "a", "second").await;
    let (head, body) = store.get_bytes(&key("a"), 100).await.expect("get");
    assert_eq!((&body[..], head.cache_control), (&b"second"[..], None));
}

/// The reader gets the version it opened, or an error, never a mix.
pub async fn read_that_is_overtaken_by_a_write_is_never_torn(store: Arc<dyn Store>) {
    let (old, new) = (Bytes::from(vec![b'o'; 700_000]), Bytes::from(vec![b'n'; 700_000]));
    store
        .put(&key("a"), old.clone(), PutOptions::default())
        .await
        .expect("put");
    let mut object = store.get(&key("a"), GetOptions::default()).await.expect("get");
    let mut found = BytesMut::from(
        object
            .body
            .try_next()
            .await
            .expect("first chunk")
            .expect("not empty"),
    );
    store
        .put(&key("a"), new, PutOptions::default())
        .await
        .expect("put");
    while let Ok(Some(chunk)) = object.body.try_next().await {
        found.extend_from_slice(&chunk);
    }
    assert!(found.iter().all(|&byte| byte == b'o'), "bytes of both versions");
    assert!(
        found.len() == old.len(),
        "a read that ends early ends in an error"
    );
}

/// Spaces, percent signs, hashes, newlines, quotes, any script, composed or not.
pub async fn odd_names_are_used_byte_for_byte(store: Arc<dyn Store>) {
    let mut names = vec![
        "sp ace/ lead",
        "100%.jpg",
        "%41",
        "a#b?c=d&e",
        "a+b",
        "new\nline",
        "tab\tname",
        "quote\"'`",
        "écomposé",
        "e\u{301}de\u{301}compose\u{301}",
        "写真/東京 2024.jpg",
        "🦀",
        "-rf",
        "~home",
        ".hidden",
        "...",
        "a*b[c]{d}",
        "x.json",
        "x.d/y.o",
    ];
    for name in &names {
        write(&store, name, *name).await;
    }
    names.sort_unstable();
    assert_eq!(keys_of(&store, "").await, names);
    for name in names {
        assert_eq!(read(&store, name).await, name);
        store.delete(&key(name)).await.expect("delete");
    }
    assert_eq!(keys_of(&store, "").await, [""; 0]);
}

/// What some servers would tidy up: a key that comes back under another name is worse than one that is refused.
pub async fn name_is_kept_as_it_is_or_refused(store: Arc<dyn Store>) {
    for name in ["back\\slash", "a//b", "/a", "a/", "a/./b", "a/../b", ".", ".."] {
        let put = store
            .put(
                &key(name),
                Bytes::copy_from_slice(name.as_bytes()),
                PutOptions::default(),
            )
            .await;
        match put {
            Ok(_) => {
                assert_eq!(keys_of(&store, "").await, [name]);
                assert_eq!(read(&store, name).await, name);
                store.delete(&key(name)).await.expect("delete");
            }
            Err(Error::KeyRefused { .. }) => {}
            Err(other) => panic!("{name:?}: {other:?}"),
        }
        assert_eq!(keys_of(&store, "").await, [""; 0], "{name:?}");
    }
}

/// Memory is bounded by the caller.
pub async fn bytes_over_the_cap_are_refused(store: Arc<dyn Store>) {
    write(&store, "a", "12345").await;
    assert!(store.get_bytes(&key("a"), 5).await.is_ok());
    assert!(matches!(
        store.get_bytes(&key("a"), 4).await,
        Err(Error::TooLarge { size_bytes: 5, .. })
    ));
}
