//! A full disk and a folder that may not be written: said, waited for, and nothing half-written is ever seen.
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::Value;

use crate::{
    crops, folder,
    running::{Running, bound, on_disk, resize_disk},
    world::World,
};

/// One lane, so that every run makes the same bytes.
const RECIPE: &str = "\
recipes:
  one:
    derivatives:
      photo: { resize: { widths: [320, 640, 1280] }, formats: [webp, jpeg], lane: standard }
";
const PHOTOS: [&str; 6] = [
    "Aqua.jpg",
    "Blinds.jpg",
    "Dune.jpg",
    "FreshFlower.jpg",
    "Garden.jpg",
    "TwoWings.jpg",
];

#[test]
fn full_disk_is_said_and_waited_for_and_shows_nothing_half_written() {
    let reference = world(&PHOTOS);
    assert_eq!(reference.settle().code, 0);
    let whole = files(&reference.path("out"));

    let world = world(&PHOTOS);
    fs::create_dir(world.path("out")).unwrap();
    let Some(through) = on_disk(&world.path("out"), "1m") else {
        return;
    };
    let mut running = Running::start(&world, &through);
    let disk = format!("/proc/{}/root{}", running.pid(), world.path("out").display());
    running.until("the disk is full", |r| r.readiness().0 == 503);
    let reason = running.readiness().1;
    assert!(reason.contains("disk full"), "{reason}");
    let first = files(Path::new(&disk));
    assert!(!first.is_empty() && first.len() < whole.len(), "{}", first.len());
    is_part_of(&first, &whole);

    resize_disk(running.pid(), &world.path("out"), "256m");
    running.until("all is made", |_| files(Path::new(&disk)).len() == whole.len());
    is_part_of(&files(Path::new(&disk)), &whole);
    running.until("it is ready", |r| r.readiness().0 == 200);
    eprintln!(
        "full disk: {} of {} files were there; {reason}",
        first.len(),
        whole.len()
    );
}

#[test]
fn folder_that_may_not_be_written_is_said_and_waited_for() {
    let world = world(&PHOTOS[..1]);
    assert_eq!(world.settle().code, 0);
    let before = files(&world.path("out"));
    mode(&world.path("out"), 0o555);
    let mut running = Running::start(&world, &bound());
    fs::copy(crops::photos().join(PHOTOS[1]), world.path("in").join(PHOTOS[1])).unwrap();
    running.until("it has noticed", |r| r.readiness().0 == 503);
    let reason = running.readiness().1;
    assert!(reason.contains("permission"), "{reason}");
    assert_eq!(files(&world.path("out")), before);

    mode(&world.path("out"), 0o755);
    running.until("all is made", |_| {
        world.path("out").join(PHOTOS[1]).join("manifest.json").is_file()
            && folder::manifest(&world, PHOTOS[1])["status"] == "complete"
    });
    folder::whole_versions(&world, PHOTOS[1]);
    running.until("it is ready", |r| r.readiness().0 == 200);
    eprintln!("read-only output: {reason}");
}

#[test]
fn folder_that_may_not_be_written_at_the_start_is_refused_with_the_way_out() {
    let world = world(&PHOTOS[..1]);
    fs::create_dir(world.path("out")).unwrap();
    mode(&world.path("out"), 0o555);
    let refused = world.settle_through(&bound());
    mode(&world.path("out"), 0o755);
    assert_eq!(refused.code, 6, "{}", refused.err);
    assert!(refused.err.contains("permission denied"), "{}", refused.err);
    assert_eq!(fs::read_dir(world.path("out")).unwrap().count(), 0);

    assert_eq!(world.settle_through(&bound()).code, 0);
    folder::whole_versions(&world, PHOTOS[0]);
}

#[test]
fn original_that_may_not_be_read_is_recorded_and_made_once_it_may() {
    let world = world(&PHOTOS[..3]);
    let secret = world.path("in").join(PHOTOS[0]);
    mode(&secret, 0o000);
    let ran = world.settle_through(&bound());
    assert_eq!(ran.code, 3, "{}", ran.err);
    for good in &PHOTOS[1..3] {
        folder::whole_versions(&world, good);
    }
    let report = reported(&world);
    let entry = &report[PHOTOS[0]];
    assert_eq!(
        (&entry["status"], report.len()),
        (&"failed".into(), 3),
        "{entry:#}"
    );
    let failure = &entry["failures"][0];
    assert_eq!(
        (&failure["class"], &failure["code"]),
        (&"denied".into(), &"store_denied".into())
    );
    let sentence = failure["sentence"].as_str().unwrap();
    assert!(sentence.contains("permission denied"), "{sentence}");
    eprintln!("unreadable original: {sentence}");

    mode(&secret, 0o644);
    assert_eq!(world.settle_through(&bound()).code, 0);
    folder::whole_versions(&world, PHOTOS[0]);
    let report = reported(&world);
    assert_eq!(report[PHOTOS[0]]["status"], "complete");
    assert_eq!(report[PHOTOS[0]]["failures"].as_array().unwrap().len(), 0);
}

fn world(photos: &[&str]) -> World {
    let world = World::new();
    world.configure(RECIPE);
    fs::create_dir(world.path("in")).unwrap();
    for photo in photos {
        fs::copy(crops::photos().join(photo), world.path("in").join(photo)).unwrap();
    }
    world
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn reported(world: &World) -> BTreeMap<String, Value> {
    let ran = world.run(&["--json", "report", "out"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let entries = ran.values().into_iter();
    entries
        .map(|entry| (entry["original"].as_str().unwrap().to_owned(), entry))
        .collect()
}

/// Every picture that is to be seen, with its content. Manifests tell times and are left out.
fn files(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for original in fs::read_dir(out).unwrap().map(Result::unwrap) {
        if original.file_name() == ".minilab" {
            continue;
        }
        // The folder of an original is made before its first file, and may be gone before it is read.
        for file in fs::read_dir(original.path())
            .into_iter()
            .flatten()
            .map(Result::unwrap)
        {
            let name = file.file_name().into_string().unwrap();
            if name != "manifest.json" {
                let original = original.file_name().into_string().unwrap();
                found.insert(format!("{original}/{name}"), fs::read(file.path()).unwrap());
            }
        }
    }
    found
}

fn is_part_of(part: &BTreeMap<String, Vec<u8>>, whole: &BTreeMap<String, Vec<u8>>) {
    for (name, content) in part {
        assert!(
            whole.get(name) == Some(content),
            "{name} is not what it should be"
        );
    }
}
