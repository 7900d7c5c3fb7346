//! Files that are no photos, or lie about it, and names that are hard to carry.
use std::{collections::BTreeMap, fs};

use serde_json::Value;

use crate::{crops, world::World};

const RECIPE: &str = "\
recipes:
  three:
    urls: both
    derivatives:
      thumb: { resize: { width: 160, height: 160, fit: cover, gravity: attention }, formats: [webp, jpeg], lane: fast }
      photo: { resize: { widths: [160, 320] }, formats: [webp, jpeg], lane: standard }
      small: { resize: { width: 160 }, formats: [avif], lane: bulk }
";
const RSS_MAX: u64 = 1 << 30;
const GOOD: [&str; 9] = [
    "plain.jpg",
    "a jpeg.png",
    "two  spaces.jpg",
    "Zoë 写真 📷.jpg",
    "100%.jpg",
    "%2e%2e%2fetc.jpg",
    "a+b.jpg",
    "c#d?e.jpg",
    "new\nline.jpg",
];
const BAD: [(&str, &str); 4] = [
    ("cut.jpg", "truncated"),
    ("empty.jpg", "empty"),
    ("list.jpg", "unsupported_format"),
    ("bomb.png", "too_large"),
];

#[test]
fn bad_files_are_recorded_and_harm_nobody() {
    let world = World::new();
    world.configure(RECIPE);
    let photo = fs::read(crops::photos().join("Aqua.jpg")).unwrap();
    for name in GOOD {
        world.write(&format!("in/{name}"), &photo);
    }
    // Real work beside the bad files, so that the memory that is measured is that of work.
    let large = "Elephants_5640x3172.jpg";
    fs::copy(crops::photos().join(large), world.path("in").join(large)).unwrap();
    world.write("in/cut.jpg", &photo[..photo.len() / 2]);
    world.write("in/empty.jpg", "");
    world.write("in/list.jpg", "milk, bread, butter");
    world.write("in/bomb.png", png_claiming(50_000, 50_000));

    let ran = world.settle();
    assert_eq!(ran.code, 3, "{}", ran.err);
    eprintln!(
        "bad files: peak of the tree {} MiB (sum of VmHWM, two slots)",
        ran.peak_bytes >> 20
    );
    assert!(
        (1 << 20..=RSS_MAX).contains(&ran.peak_bytes),
        "{} bytes",
        ran.peak_bytes
    );

    let report = reported(&world);
    assert_eq!(report.len(), GOOD.len() + BAD.len() + 1);
    for name in GOOD.into_iter().chain([large]) {
        let entry = &report[name];
        assert_eq!(entry["status"], "complete", "{entry:#}");
        let files = entry["files"].as_array().unwrap();
        assert_eq!(files.len(), 7, "{entry:#}");
        for file in files {
            let path = world.path("out").join(file["key"].as_str().unwrap());
            assert!(path.is_file(), "{} is not there", path.display());
        }
    }
    for (name, code) in BAD {
        is_recorded(&world, &report[name], name, code);
    }
}

fn reported(world: &World) -> BTreeMap<String, Value> {
    let ran = world.run(&["--json", "report", "out"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.values()
        .into_iter()
        .map(|entry| (entry["original"].as_str().unwrap().to_owned(), entry))
        .collect()
}

/// In the report with its code; in the published manifest without, but with the same sentence.
fn is_recorded(world: &World, entry: &Value, name: &str, code: &str) {
    assert_eq!(entry["status"], "failed", "{entry:#}");
    assert!(entry["files"].as_array().unwrap().is_empty(), "{entry:#}");
    let failure = &entry["failures"][0];
    assert_eq!(
        (&failure["class"], &failure["code"]),
        (&"input".into(), &code.into())
    );
    let sentence = failure["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("the original "), "{sentence}");

    let ran = world.run(&["manifest", name, "--out", "out", "--as", "json"]);
    let manifest: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(manifest["status"], "failed", "{manifest:#}");
    assert_eq!(
        (
            &manifest["failures"][0]["class"],
            &manifest["failures"][0]["sentence"]
        ),
        (&"input".into(), &sentence.into())
    );
    eprintln!("{name}: {sentence}");
}

/// A PNG whose header is right in form and claims what no file of this size holds.
fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    // Eight bits, RGB, the only compression, the only filters, not interlaced.
    header.extend([8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", Vec::new()), (b"IEND", Vec::new())] {
        png.extend((data.len() as u32).to_be_bytes());
        let body: Vec<u8> = kind.iter().copied().chain(data).collect();
        png.extend(&body);
        png.extend(crc(&body).to_be_bytes());
    }
    png
}

fn crc(data: &[u8]) -> u32 {
    !data.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}
