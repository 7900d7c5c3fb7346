//! What is in an original: each face a derivative of its own, pages, and what its metadata says.
use std::{fs, path::Path};

use serde_json::json;

use crate::{folder::manifest, world::World};

fn bytes(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)).unwrap()
}

/// The photo with a block of EXIF: a camera, and 48°8'15" north, 11°34'30" east.
fn placed(jpeg: &[u8]) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [
            &tag.to_le_bytes()[..],
            &kind.to_le_bytes(),
            &count.to_le_bytes(),
            &value.to_le_bytes(),
        ]
        .concat()
    };
    let word = |text: &[u8; 4]| u32::from_le_bytes(*text);
    exif.extend(2_u16.to_le_bytes());
    exif.extend(entry(0x0110, 2, 3, word(b"X1\0\0")));
    exif.extend(entry(0x8825, 4, 1, 38));
    exif.extend(0_u32.to_le_bytes());
    exif.extend(4_u16.to_le_bytes());
    exif.extend(entry(1, 2, 2, word(b"N\0\0\0")));
    exif.extend(entry(2, 5, 3, 92));
    exif.extend(entry(3, 2, 2, word(b"E\0\0\0")));
    exif.extend(entry(4, 5, 3, 116));
    exif.extend(0_u32.to_le_bytes());
    for whole in [48_u32, 8, 15, 11, 34, 30] {
        exif.extend([whole, 1].map(u32::to_le_bytes).concat());
    }
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
}

#[test]
fn each_face_is_a_derivative_and_a_picture_without_one_says_so() {
    let world = World::new();
    world.configure(
        "recipes: { r: { publish: faces, derivatives: { \
           face: { crop: face, for_each: { of: face, most: 3 }, resize: { width: 64, height: 64, fit: cover, enlarge: true }, formats: [webp] }, \
           all: { resize: { width: 64 }, formats: [webp] } } } }\n",
    );
    world.write("in/group.jpg", bytes("crates/faces/tests/photos/group.jpg"));
    world.write("in/rocket.jpg", bytes("tests/goldens/originals/rocket.jpg"));
    let ran = world.settle();
    assert_eq!(ran.code, 0, "{}", ran.err);

    let group = manifest(&world, "group.jpg");
    assert!(group["faces"].as_array().unwrap().len() > 3, "{group:#}");
    let names: Vec<_> = group["derivatives"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(names, ["all", "face", "face-1", "face-2", "face-3"]);
    assert_eq!(group["derivatives"]["face"]["notes"], json!(["faces_left_out"]));
    for name in &names[2..] {
        let file = &group["derivatives"][name]["files"][0];
        assert_eq!((&file["width"], &file["height"]), (&json!(64), &json!(64)));
        let path = file["url"].as_str().unwrap().trim_start_matches('/').to_owned();
        assert!(fs::metadata(world.path("out").join(&path)).is_ok(), "{path}");
    }

    let rocket = manifest(&world, "rocket.jpg");
    assert_eq!(rocket["status"], "complete");
    assert_eq!(rocket["derivatives"]["face"]["notes"], json!(["no_face"]));
    assert_eq!(rocket["derivatives"]["face"]["files"], json!([]));
    assert!(rocket["derivatives"].get("face-1").is_none());

    // Another run finds nothing to do, and fewer faces leave what is too many.
    let again = world.settle();
    assert_eq!((again.code, again.sum("files.made")), (0, 0));
    let fewer = fs::read_to_string(world.path("minilab.yaml")).unwrap();
    world.write("minilab.yaml", fewer.replace("most: 3", "most: 1"));
    assert_eq!(world.settle().sum("files.made"), 0);
    let group = manifest(&world, "group.jpg");
    let names: Vec<_> = group["derivatives"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["all", "face", "face-1"]);
}

#[test]
fn a_page_has_files_of_its_own_size_and_one_that_is_not_there_is_told() {
    let world = World::new();
    world.configure(
        "recipes: { r: { derivatives: { \
           first: { page: 0, formats: [png] }, third: { page: 2, formats: [png] }, ninth: { page: 8, formats: [png] } } } }\n",
    );
    world.write("in/pages.tiff", bytes("crates/imaging/tests/samples/pages.tiff"));
    let ran = world.settle();
    assert_eq!((ran.code, ran.sum("decodes")), (0, 2), "{}", ran.err);
    let told = manifest(&world, "pages.tiff");
    assert_eq!(told["status"], "complete");
    let size = |name: &str| {
        let file = &told["derivatives"][name]["files"][0];
        (
            file["width"].as_u64(),
            file["height"].as_u64(),
            file["notes"].clone(),
        )
    };
    assert_eq!(size("first"), (Some(120), Some(80), json!([])));
    assert_eq!(size("third"), (Some(45), Some(30), json!([])));
    assert_eq!(told["derivatives"]["ninth"]["notes"], json!(["no_such_page"]));
}

#[test]
fn what_metadata_says_is_published_by_name_and_a_place_only_by_its_own() {
    let world = World::new();
    let recipe = |publish: &str| {
        format!(
            "recipes: {{ r: {{ publish: [{publish}], derivatives: {{ a: {{ resize: {{ width: 64 }}, formats: [webp] }} }} }} }}\n"
        )
    };
    world.write("in/a.jpg", placed(&bytes("tests/goldens/originals/rocket.jpg")));
    let told = |publish: &str| {
        world.configure(&recipe(publish));
        let ran = world.settle();
        assert_eq!(ran.code, 0, "{}", ran.err);
        let record = fs::read_to_string(world.path("out/.minilab/state/records.d/a.jpg.o")).unwrap();
        (manifest(&world, "a.jpg"), record)
    };
    let (nothing, record) = told("");
    assert!(nothing.get("metadata").is_none() && nothing.get("place").is_none());
    assert!(!record.contains("latitude"));
    let (metadata, record) = told("metadata");
    assert_eq!(metadata["metadata"]["exif.Model"], "X1");
    assert!(metadata.get("place").is_none() && !record.contains("latitude"));
    let (place, _) = told("metadata, gps");
    assert_eq!(
        place["place"],
        json!({ "latitude": 48.1375, "longitude": 11.575 })
    );
    let (metadata, record) = told("metadata");
    assert!(metadata.get("place").is_none() && !record.contains("latitude"));
}
