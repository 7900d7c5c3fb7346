//! Files of the formats that are read here, damaged: each is answered by a code, none by a panic or an internal error.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use minilab_imaging::Limits;
use support::{Lab, lab, plan};

const NAMES: [&str; 9] = [
    "photo.heic",
    "grid.heic",
    "clear.heic",
    "deep.heic",
    "photo.jxl",
    "lossless.jxl",
    "clear.jxl",
    "animation.jxl",
    "logo.svg",
];

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The code with which a file is refused, while it is probed or while it is decoded.
fn answer(lab: &Lab, bytes: &[u8]) -> Option<&'static str> {
    let probe = match lab.probe(bytes) {
        Ok(probe) => probe,
        Err(error) => return Some(error.code()),
    };
    let plan = plan(&probe);
    let opened = lab.engine.open(bytes, &probe, &plan, &[]);
    opened.err().map(|error| error.code())
}

#[test]
fn whatever_is_cut_off_is_refused_by_a_code() {
    let lab = lab();
    for name in NAMES {
        let bytes = sample(name);
        for part in 1..40 {
            let cut = &bytes[..bytes.len() * part / 40];
            let code = answer(&lab, cut).unwrap_or_else(|| panic!("{name}: {part}/40 of it were enough"));
            assert!(
                ["truncated", "corrupt", "unsupported_format"].contains(&code),
                "{name}: {code} at {part}/40"
            );
        }
    }
}

#[test]
fn changed_bytes_are_answered_by_a_code() {
    let lab = lab();
    let mut state = 7_u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for name in NAMES {
        let bytes = sample(name);
        for round in 0..150 {
            let mut changed = bytes.clone();
            let zone = if round % 2 == 0 {
                changed.len().min(700)
            } else {
                changed.len()
            };
            for _ in 0..=next(5) {
                let at = next(zone);
                changed[at] = if next(2) == 0 {
                    next(256) as u8
                } else {
                    [0, 1, 0x7f, 0x80, 0xff][next(5)]
                };
            }
            let code = answer(&lab, &changed);
            assert!(
                code.is_none_or(|code| !code.starts_with("render") && code != "out_of_memory"),
                "{name}: {code:?}"
            );
        }
    }
}

#[test]
fn a_small_file_that_claims_much_is_refused_before_it_is_decoded() {
    let lab = lab();
    // The grid's own size, in the item that lays it out.
    let mut grid = sample("grid.heic");
    let at = grid
        .windows(8)
        .position(|window| window == [0, 0, 1, 1, 0, 120, 0, 80])
        .unwrap();
    grid[at + 4..at + 8].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    assert_eq!(answer(&lab, &grid), Some("too_large"));
    // Items that are many times the file.
    let mut shared = sample("grid.heic");
    let at = shared.windows(4).position(|window| window == b"iloc").unwrap();
    // Lengths of the first two items: 16 bytes to the first entry, 10 into it.
    for entry in 0..4 {
        shared[at + 12 + entry * 14 + 10..][..4].copy_from_slice(&[0, 0x7f, 0xff, 0xff]);
    }
    assert_eq!(answer(&lab, &shared), Some("corrupt"));
    let frames = Limits {
        frames_max: 2,
        ..Limits::default()
    };
    for name in ["animation.jxl", "animation.png", "pages.tiff"] {
        let error = lab.engine.probe(&sample(name), &frames).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the original has 3 frames, more than the limit of 2",
            "{name}"
        );
    }
    let small = Limits {
        pixels_whole_image_max: 1_000,
        ..Limits::default()
    };
    for name in NAMES {
        let error = lab.engine.probe(&sample(name), &small).unwrap_err();
        assert_eq!(error.code(), "too_large", "{name}");
    }
}
