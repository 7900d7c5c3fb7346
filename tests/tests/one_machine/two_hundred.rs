//! Two hundred photos are made once and follow everything that happens to the folder and the recipe.
use std::{fs, time::Instant};

use crate::{crops, folder, world::World};

const FILES_OF_EACH: usize = 7;

fn recipe(small: u32) -> String {
    format!(
        "\
recipes:
  three:
    urls: both
    derivatives:
      thumb: {{ resize: {{ width: 160, height: 160, fit: cover, gravity: attention }}, formats: [webp, jpeg], lane: fast }}
      photo: {{ resize: {{ widths: [160, 320] }}, formats: [webp, jpeg], lane: standard }}
      small: {{ resize: {{ width: {small} }}, formats: [avif], lane: bulk }}
"
    )
}

#[test]
fn two_hundred_photos_are_made_once_and_follow_every_change() {
    let world = World::new();
    let keys = crops::fill(&world);
    world.configure(&recipe(160));

    everything_is_made_once(&world, &keys);
    a_second_run_makes_nothing(&world);
    one_derivative_changes(&world, &keys);
    one_photo_is_replaced(&world, &keys[0], &keys[150]);
    one_photo_is_deleted(&world, &keys[1]);
    one_photo_is_renamed(&world, &keys[2]);
    for key in &keys[3..] {
        folder::whole(&world, key);
    }
}

/// A busy machine may decode an original once for each lane, so that all thumbnails come first; never more often.
fn everything_is_made_once(world: &World, keys: &[String]) {
    let began = Instant::now();
    let ran = world.settle();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let (made, decodes) = (ran.sum("files.made"), ran.sum("decodes"));
    eprintln!(
        "200 photos: {made} files, {decodes} decodes, {:.1} s, peak of the tree {} MiB",
        began.elapsed().as_secs_f64(),
        ran.peak_bytes >> 20
    );
    for key in keys {
        assert_eq!(folder::whole(world, key).len(), FILES_OF_EACH, "{key}");
        let decodes: u64 = ran
            .jobs()
            .iter()
            .filter(|job| job["original.key"] == key.as_str())
            .map(|job| job["decodes"].as_u64().unwrap())
            .sum();
        assert!(
            (1..=3).contains(&decodes),
            "{key}: {decodes} decodes for three lanes"
        );
    }
    assert_eq!(made as usize, keys.len() * FILES_OF_EACH, "each file once");
}

fn a_second_run_makes_nothing(world: &World) {
    let before = folder::snapshot(world);
    let ran = world.settle();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!((ran.sum("files.made"), ran.sum("decodes")), (0, 0));
    assert!(before == folder::snapshot(world), "a second run wrote something");
}

fn one_derivative_changes(world: &World, keys: &[String]) {
    let before = folder::snapshot(world);
    world.configure(&recipe(120));
    let ran = world.settle();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let (made, decodes) = (ran.sum("files.made"), ran.sum("decodes"));
    eprintln!("one derivative changed: {made} files, {decodes} decodes");
    assert_eq!((made, decodes), (200, 200));
    assert_eq!(
        folder::new_versions(&before, &folder::snapshot(world), "small-120w"),
        (200, 0),
        "only the derivative that changed is written"
    );
    for key in keys {
        let files = folder::whole(world, key);
        assert_eq!(files.len(), FILES_OF_EACH, "{key}");
        let small: Vec<_> = files.iter().filter(|file| file.derivative == "small").collect();
        assert!(
            small.len() == 1 && small[0].stable.ends_with("small-120w.avif"),
            "{small:?}"
        );
    }
}

fn one_photo_is_replaced(world: &World, key: &str, by: &str) {
    let old = folder::files(&folder::manifest(world, key));
    fs::copy(world.path("in").join(by), world.path("in").join(key)).unwrap();
    let ran = world.settle();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.sum("files.made") as usize, FILES_OF_EACH);
    let new = folder::whole(world, key);
    assert_eq!(new.len(), FILES_OF_EACH);
    assert!(
        new.iter()
            .all(|new| old.iter().all(|old| old.versioned != new.versioned)),
        "a file of the replaced photo is still named: {new:#?}"
    );
    assert_eq!(
        folder::manifest(world, key)["original"]["sha256"],
        folder::manifest(world, by)["original"]["sha256"]
    );
}

fn one_photo_is_deleted(world: &World, key: &str) {
    fs::remove_file(world.path("in").join(key)).unwrap();
    let aliases = folder::files(&folder::manifest(world, key));
    let ran = world.settle();
    assert_eq!((ran.code, ran.sum("files.made")), (0, 0), "{}", ran.err);
    is_deleted(world, key, &aliases);
}

fn one_photo_is_renamed(world: &World, key: &str) {
    let aliases = folder::files(&folder::manifest(world, key));
    fs::rename(world.path("in").join(key), world.path("in/renamed.jpg")).unwrap();
    let ran = world.settle();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.sum("files.made") as usize, FILES_OF_EACH);
    is_deleted(world, key, &aliases);
    assert_eq!(folder::whole(world, "renamed.jpg").len(), FILES_OF_EACH);
}

fn is_deleted(world: &World, key: &str, had: &[folder::Named]) {
    let manifest = folder::manifest(world, key);
    assert_eq!(manifest["status"], "deleted", "{manifest:#}");
    assert!(folder::files(&manifest).is_empty(), "{manifest:#}");
    for file in had {
        assert!(
            !world.path("out").join(&file.stable).exists(),
            "{} outlives its original",
            file.stable
        );
    }
}

#[test]
fn an_idle_machine_decodes_a_photo_once_for_all_lanes() {
    let world = World::new();
    fs::create_dir(world.path("in")).unwrap();
    world.configure(&recipe(160));
    for photo in ["Aqua.jpg", "Blinds.jpg", "Dune.jpg", "Garden.jpg", "Silk.png"] {
        fs::copy(crops::photos().join(photo), world.path("in").join(photo)).unwrap();
        let ran = world.settle();
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(folder::whole(&world, photo).len(), FILES_OF_EACH);
        assert_eq!(
            (ran.sum("files.made") as usize, ran.sum("decodes")),
            (FILES_OF_EACH, 1),
            "{photo}"
        );
    }
}
