//! Which names are objects, and which never are.
use std::{fs, os::unix::fs::symlink, process::Command};

use minilab_store::{Error, GetOptions, Key, Layout, ListRequest, RESERVED_FOLDER, Store, StoreExt as _};

use super::{World, key, put, unfinished};

#[tokio::test]
async fn keys_that_lead_out_of_the_folder_or_into_the_reserved_one_are_refused() {
    let world = World::plain();
    fs::write(world.folder.path().join("secret"), "secret").unwrap();
    put(&world.store, "a", "body").await.unwrap();
    let absolute = world.path("a").display().to_string();
    for at in [
        "../secret",
        "a/../../secret",
        "./a",
        "a//b",
        "a/",
        "/",
        &absolute,
        ".minilab/lock",
        ".MINILAB/x",
    ] {
        let answers = [
            world.store.get(&key(at), GetOptions::default()).await.map(drop),
            world.store.head(&key(at)).await.map(drop),
            put(&world.store, at, "body").await,
            world.store.delete(&key(at)).await,
        ];
        for answer in answers {
            assert!(
                matches!(answer, Err(Error::KeyRefused { .. })),
                "{at}: {answer:?}"
            );
        }
    }
    assert_eq!(world.keys().await, ["a"]);
    assert_eq!(fs::read(world.folder.path().join("secret")).unwrap(), b"secret");
}

#[tokio::test]
async fn symbolic_links_are_neither_followed_nor_listed_nor_replaced() {
    let world = World::plain();
    let outside = world.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "secret").unwrap();
    world.place("inside/photo", "photo");
    symlink(&outside, world.path("out")).unwrap();
    symlink(outside.join("secret"), world.path("secret")).unwrap();
    symlink("inside", world.path("in")).unwrap();
    symlink("nowhere", world.path("dangling")).unwrap();
    for at in ["out/secret", "secret", "in/photo", "dangling"] {
        let got = world.store.get(&key(at), GetOptions::default()).await.map(drop);
        assert!(matches!(got, Err(Error::KeyRefused { .. })), "{at}: {got:?}");
        let put = put(&world.store, at, "body").await;
        assert!(matches!(put, Err(Error::KeyRefused { .. })), "{at}: {put:?}");
        let deleted = world.store.delete(&key(at)).await;
        assert!(
            matches!(deleted, Err(Error::KeyRefused { .. })),
            "{at}: {deleted:?}"
        );
    }
    assert_eq!(world.keys().await, ["inside/photo"]);
    let request = ListRequest {
        prefix: "out/".to_owned(),
        ..ListRequest::default()
    };
    assert!(world.store.list(request).await.unwrap().objects.is_empty());
    assert_eq!(fs::read(outside.join("secret")).unwrap(), b"secret");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

#[tokio::test]
async fn reserved_folder_that_is_a_link_is_not_written_through() {
    let world = World::plain();
    let outside = world.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, world.path(RESERVED_FOLDER)).unwrap();
    assert!(put(&world.store, "a", "body").await.is_err());
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[tokio::test]
async fn plain_folder_refuses_what_it_cannot_hold_with_the_reason() {
    let world = World::plain();
    put(&world.store, "a", "file").await.unwrap();
    put(&world.store, "d/e", "file").await.unwrap();
    let long = "x".repeat(256);
    for (at, reason) in [
        ("a/b", "\"a\" is a file"),
        ("d", "\"d\" is a folder"),
        (&*long, "256 bytes"),
    ] {
        let refused = put(&world.store, at, "body").await.unwrap_err();
        assert!(matches!(refused, Error::KeyRefused { .. }), "{refused:?}");
        assert!(refused.to_string().contains(reason), "{refused}");
    }
    assert_eq!(world.keys().await, ["a", "d/e"]);
    assert!(unfinished(&world.path("")).is_empty());
}

#[tokio::test]
async fn marked_folder_holds_names_as_long_as_a_key_in_order() {
    let world = World::new(Layout::Marked);
    let stem = "é".repeat(126);
    let mut keys: Vec<String> = ["", "x", "x.jpg", "x.jpg/below", "x/below", "x0"]
        .map(|end| format!("{stem}{end}"))
        .into();
    keys.push("y".repeat(Key::BYTES_MAX));
    for key in keys.iter().rev() {
        put(&world.store, key, key).await.unwrap();
    }
    keys.sort();
    assert_eq!(world.keys().await, keys);
    for at in &keys {
        assert_eq!(
            world.store.get_bytes(&key(at), 2000).await.unwrap().1,
            at.as_bytes()
        );
        world.store.delete(&key(at)).await.unwrap();
    }
    assert_eq!(
        fs::read_dir(world.path("")).unwrap().count(),
        1,
        "only the reserved folder"
    );
}

#[tokio::test]
async fn what_is_no_object_is_not_listed() {
    use std::os::unix::ffi::OsStrExt as _;
    let world = World::plain();
    world.place("photo", "photo");
    fs::create_dir_all(world.path("empty/inner")).unwrap();
    fs::write(
        world
            .path("")
            .join(std::ffi::OsStr::from_bytes(b"latin-\xe9.jpg")),
        "photo",
    )
    .unwrap();
    let pipe = Command::new("mkfifo").arg(world.path("pipe")).status().unwrap();
    assert!(pipe.success());
    assert_eq!(world.keys().await, ["photo"]);
    let request = ListRequest {
        delimiter: Some('/'),
        ..ListRequest::default()
    };
    assert!(
        world.store.list(request).await.unwrap().prefixes.is_empty(),
        "an empty folder folds nothing"
    );
    assert!(world.store.head(&key("pipe")).await.unwrap_err().is_not_found());
}
