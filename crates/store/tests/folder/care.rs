//! How the folder is treated: nothing left behind, nothing mistaken for absence, closed doors named as such.
use std::{
    collections::BTreeSet,
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use minilab_store::{
    Error, Fs, GetOptions, Layout, ListRequest, RESERVED_FOLDER, Store, probe_conditional_put,
};

use super::{World, key, put, put_with_sidecar, unfinished};

#[tokio::test]
async fn folder_that_is_only_read_stays_as_it_is() {
    let world = World::plain();
    world.place("2024/photo.jpg", "photo");
    let head = world.store.head(&key("2024/photo.jpg")).await.unwrap();
    assert_eq!((head.size_bytes, head.content_type, head.sha256), (5, None, None));
    world.store.delete(&key("2024/no.jpg")).await.unwrap();
    assert_eq!(world.keys().await, ["2024/photo.jpg"]);
    assert!(!world.path(RESERVED_FOLDER).exists());
}

#[tokio::test]
async fn replaced_and_deleted_objects_leave_no_files_behind() {
    for layout in [Layout::Plain, Layout::Marked] {
        let world = World::new(layout);
        for body in ["one", "two", "three"] {
            put_with_sidecar(&world.store, "a/b/c.txt", body).await.unwrap();
        }
        put_with_sidecar(&world.store, "a/d.txt", "stays").await.unwrap();
        world.store.delete(&key("a/b/c.txt")).await.unwrap();
        let root = world.path("");
        assert_eq!(sidecars(&root.join(RESERVED_FOLDER)).len(), 1);
        put(&world.store, "a/d.txt", "stays").await.unwrap();
        assert!(sidecars(&root.join(RESERVED_FOLDER)).is_empty());
        assert!(unfinished(&root).is_empty());
        world.store.delete(&key("a/d.txt")).await.unwrap();
        assert_eq!(
            fs::read_dir(&root).unwrap().count(),
            1,
            "only the reserved folder"
        );
    }
}

#[tokio::test]
async fn attributes_without_a_body_go_with_the_dead_process_that_left_them() {
    for layout in [Layout::Plain, Layout::Marked] {
        let world = World::new(layout);
        put_with_sidecar(&world.store, "a/b", "body").await.unwrap();
        put_with_sidecar(&world.store, "c", "body").await.unwrap();
        let reserved = world.path(RESERVED_FOLDER);
        let whole = sidecars(&reserved);
        for (index, sidecar) in whole.iter().enumerate() {
            let (key_and_size, _) = sidecar.to_str().unwrap().rsplit_once('-').unwrap();
            fs::copy(sidecar, format!("{key_and_size}-{index}.json")).unwrap();
        }
        let dead = reserved.join("temporary/1-2-3");
        fs::create_dir(&dead).unwrap();
        for (note, noted) in [
            ("key-0", "a/b"),
            ("key-1", "gone"),
            ("key-2", ""),
            ("0", "half a bo"),
        ] {
            fs::write(dead.join(note), noted).unwrap();
        }

        let again = Fs::open(world.path(""), layout).unwrap();
        assert!(!dead.exists());
        let left = sidecars(&reserved);
        assert_eq!(left.len(), 3, "two of bodies, and what nobody was at: {left:?}");
        assert!(whole.iter().all(|sidecar| left.contains(sidecar)), "{left:?}");
        for at in ["a/b", "c"] {
            let head = again.head(&key(at)).await.unwrap();
            assert_eq!(head.content_type.as_deref(), Some("text/plain"), "{at}");
        }
    }
}

fn sidecars(reserved: &Path) -> BTreeSet<PathBuf> {
    let shards = fs::read_dir(reserved.join("attributes")).unwrap();
    let files = shards.flat_map(|shard| fs::read_dir(shard.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().path()).collect()
}

#[tokio::test]
async fn what_a_dead_process_left_of_its_probe_goes_with_a_later_one() {
    let world = World::plain();
    world.place("probe/conditional-put-1-1", "written first");
    world.place("probe/conditional-put-2-2", "written first");
    let old = SystemTime::now() - Duration::from_hours(1);
    let left = File::options()
        .write(true)
        .open(world.path("probe/conditional-put-1-1"));
    left.unwrap().set_modified(old).unwrap();
    probe_conditional_put(&world.store, "probe/").await.unwrap();
    assert_eq!(
        world.keys().await,
        ["probe/conditional-put-2-2"],
        "of one that may be alive"
    );
}

#[tokio::test]
async fn lost_folder_is_unavailable_not_empty() {
    let world = World::plain();
    put(&world.store, "a", "body").await.unwrap();
    for restore_as_empty in [false, true] {
        let away = world.folder.path().join(format!("away-{restore_as_empty}"));
        fs::rename(world.path(""), &away).unwrap();
        if restore_as_empty {
            fs::create_dir(world.path("")).unwrap();
        }
        let answers = [
            world.store.head(&key("b")).await.map(drop),
            world.store.list(ListRequest::default()).await.map(drop),
            put(&world.store, "b", "body").await,
            world.store.delete(&key("b")).await,
        ];
        for answer in answers {
            assert!(matches!(answer, Err(Error::Unavailable { .. })), "{answer:?}");
        }
        if !restore_as_empty {
            fs::rename(&away, world.path("")).unwrap();
            assert_eq!(world.keys().await, ["a"]);
        }
    }
}

#[tokio::test]
async fn reserved_folder_that_was_tidied_away_is_made_again() {
    let world = World::plain();
    put(&world.store, "a", "body").await.unwrap();
    fs::remove_dir_all(world.path(RESERVED_FOLDER)).unwrap();
    assert_eq!(world.keys().await, ["a"]);
    put(&world.store, "b", "body").await.unwrap();
    assert_eq!(
        world.store.head(&key("b")).await.unwrap().content_type.as_deref(),
        Some("text/plain")
    );
}

#[tokio::test]
async fn leftovers_of_dead_processes_are_cleared_and_those_of_the_living_kept() {
    let world = World::plain();
    put(&world.store, "a", "body").await.unwrap();
    let temporary = world.path(RESERVED_FOLDER).join("temporary");
    let living = fs::read_dir(&temporary).unwrap().next().unwrap().unwrap().path();
    fs::write(living.join("unfinished"), "half").unwrap();
    let dead = temporary.join("4711-0-0");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("owner"), "").unwrap();
    fs::write(dead.join("0"), "half").unwrap();
    Fs::open(world.path(""), Layout::Plain).unwrap();
    assert!(!dead.exists());
    assert_eq!(unfinished(&world.path("")), [living.join("unfinished")]);
}

#[tokio::test]
async fn unreadable_original_is_denied_and_still_listed() {
    if rustix::process::geteuid().is_root() {
        eprintln!("skipped: root may read everything");
        return;
    }
    let world = World::plain();
    world.place("closed", "photo");
    fs::set_permissions(world.path("closed"), fs::Permissions::from_mode(0o000)).unwrap();
    let got = world
        .store
        .get(&key("closed"), GetOptions::default())
        .await
        .map(drop);
    assert!(matches!(got, Err(Error::Denied { .. })), "{got:?}");
    assert_eq!(world.keys().await, ["closed"]);
}

#[tokio::test]
async fn folder_without_write_permission_is_unavailable() {
    if rustix::process::geteuid().is_root() {
        eprintln!("skipped: root may write everywhere");
        return;
    }
    let world = World::plain();
    fs::set_permissions(world.path(""), fs::Permissions::from_mode(0o555)).unwrap();
    let refused = put(&world.store, "a", "body").await.unwrap_err();
    assert!(matches!(refused, Error::Unavailable { .. }), "{refused:?}");
    assert!(
        refused
            .to_string()
            .contains("no permission to write in the folder"),
        "{refused}"
    );
}
