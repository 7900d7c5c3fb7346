//! Files that change under the store: no version twice, no torn bytes, no attributes of another body.
use std::{fs, os::unix::fs::MetadataExt as _, path::Path, process::Command};

use futures::TryStreamExt as _;
use minilab_store::{Error, Fs, GetOptions, Layout, RESERVED_FOLDER, Store};

use super::{World, key, put, put_with_sidecar};

#[tokio::test]
async fn every_way_to_change_a_file_changes_its_version() {
    let world = World::plain();
    world.place("photo", "one");
    let etag = async || world.store.head(&key("photo")).await.unwrap().etag;
    let mut seen = vec![etag().await];
    // Rewritten in place, to the same size and with its old time restored.
    let modified = fs::metadata(world.path("photo")).unwrap().modified().unwrap();
    wait_for_a_tick(world.folder.path());
    fs::write(world.path("photo"), "two").unwrap();
    fs::File::options()
        .write(true)
        .open(world.path("photo"))
        .unwrap()
        .set_modified(modified)
        .unwrap();
    seen.push(etag().await);
    // Another file of the same size and time renamed over it.
    world.place("other", "six");
    fs::File::options()
        .write(true)
        .open(world.path("other"))
        .unwrap()
        .set_modified(modified)
        .unwrap();
    fs::rename(world.path("other"), world.path("photo")).unwrap();
    seen.push(etag().await);
    put(&world.store, "photo", "ten").await.unwrap();
    seen.push(etag().await);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4, "{seen:?}");
}

/// The kernel stamps changes by a clock that ticks every few milliseconds; this waits for the next tick.
fn wait_for_a_tick(folder: &Path) {
    let stamp = |name: &str| {
        fs::write(folder.join(name), "").unwrap();
        let metadata = fs::metadata(folder.join(name)).unwrap();
        (metadata.ctime(), metadata.ctime_nsec())
    };
    let first = stamp("tick");
    while stamp("tick") == first {
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn file_rewritten_while_it_is_read_ends_the_read_in_an_error() {
    let world = World::plain();
    let size = 1 << 20;
    for change in ["rewritten", "grown", "cut"] {
        world.place("photo", vec![b'a'; size]);
        let mut object = world
            .store
            .get(&key("photo"), GetOptions::default())
            .await
            .unwrap();
        object.body.try_next().await.unwrap().unwrap();
        wait_for_a_tick(world.folder.path());
        let file = fs::File::options().write(true).open(world.path("photo")).unwrap();
        match change {
            "rewritten" => fs::write(world.path("photo"), vec![b'b'; size]).unwrap(),
            "grown" => file.set_len(size as u64 * 2).unwrap(),
            _ => file.set_len(size as u64 / 2).unwrap(),
        }
        let rest: Result<Vec<_>, _> = object.body.try_collect().await;
        assert!(matches!(rest, Err(Error::Precondition { .. })), "{change}");
    }
}

#[tokio::test]
async fn attributes_of_a_file_that_somebody_rewrote_are_ignored() {
    let world = World::plain();
    put(&world.store, "a.txt", "ours").await.unwrap();
    put_with_sidecar(&world.store, "b.txt", "ours").await.unwrap();
    for at in ["a.txt", "b.txt"] {
        assert_eq!(
            content_type(&world.store, at).await.as_deref(),
            Some("text/plain")
        );
        world.place(at, "theirs");
        assert_eq!(content_type(&world.store, at).await, None, "{at}");
    }
}

async fn content_type(store: &Fs, at: &str) -> Option<String> {
    store.head(&key(at)).await.unwrap().content_type
}

#[tokio::test]
async fn attributes_of_a_usual_put_are_on_the_file_itself() {
    let world = World::plain();
    // Where the file system keeps no labels, sidecars do: nothing to see here.
    let labelled = rustix::fs::setxattr(
        world.path(""),
        "user.probe",
        b"1",
        rustix::fs::XattrFlags::empty(),
    );
    if let Err(errno) = labelled {
        eprintln!("skipped: the file system of the temporary folder keeps no extended attributes: {errno}");
        return;
    }
    put(&world.store, "a.txt", "body").await.unwrap();
    assert_eq!(
        content_type(&world.store, "a.txt").await.as_deref(),
        Some("text/plain")
    );
    assert!(!world.path(RESERVED_FOLDER).join("attributes").exists());
}

#[tokio::test]
async fn copy_under_another_key_takes_no_attributes_along() {
    let world = World::plain();
    put(&world.store, "a.txt", "body").await.unwrap();
    let [from, to] = [world.path("a.txt"), world.path("b.txt")];
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
    assert_eq!(content_type(&world.store, "b.txt").await, None);
}

#[tokio::test]
async fn copy_of_the_folder_keeps_attributes() {
    let world = World::plain();
    put(&world.store, "d/a.txt", "body").await.unwrap();
    put_with_sidecar(&world.store, "d/b.txt", "body").await.unwrap();
    let copy = world.folder.path().join("copy");
    let copied = Command::new("cp")
        .arg("-a")
        .arg(world.path(""))
        .arg(&copy)
        .status()
        .unwrap();
    assert!(copied.success());
    let store = Fs::open(copy, Layout::Plain).unwrap();
    for at in ["d/a.txt", "d/b.txt"] {
        assert_eq!(
            content_type(&store, at).await.as_deref(),
            Some("text/plain"),
            "{at}"
        );
    }
}
