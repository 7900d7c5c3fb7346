//! What is refused, with which code, and before which cost.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use minilab_imaging::{Error, Limits, Recognised, recognise, sniff};
use minilab_recipe::Format;
use support::{AVIF, JPEG, PNG, Picture, WEBP, chunk, corpus, lab, plan};

fn noise(width: u32, height: u32) -> Picture {
    Picture::new(width, height, |x, y| {
        let value = x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503);
        vec![value as u8, (value >> 8) as u8, (value >> 16) as u8]
    })
}

#[test]
fn formats_are_told_by_content() {
    let lab = lab();
    let original = noise(16, 16).png();
    assert_eq!(sniff(&original), Some(Format::Png));
    for (encoding, format) in [(JPEG, Format::Jpeg), (WEBP, Format::Webp), (AVIF, Format::Avif)] {
        let bytes = lab.convert(&original, &encoding);
        assert_eq!(sniff(&bytes), Some(format));
        assert_eq!(lab.probe(&bytes).unwrap().format, format);
    }
}

#[test]
fn other_kinds_of_files_are_named() {
    for (bytes, what) in [
        (&b"%PDF-1.7 ..."[..], "a PDF document"),
        (
            b"\0\0\0\x18ftypmif1\0\0\0\0mif1vvc1",
            "a HEIF picture of another codec than HEVC or AV1",
        ),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "an MP4 video"),
        (b"<!DOCTYPE html><html>", "an HTML page"),
        ("größer als nichts".as_bytes(), "text"),
        (b"\x00\x01\x02\x03", "an unknown kind of file"),
        (b"II", "text"),
        (b"GIF8", "text"),
    ] {
        assert_eq!(
            recognise(bytes),
            Recognised::Other(what),
            "{}",
            bytes.escape_ascii()
        );
    }
    let lab = lab();
    let error = lab.probe(b"%PDF-1.7 ...").unwrap_err();
    assert_eq!(error.code(), "unsupported_format");
    assert_eq!(
        error.to_string(),
        "the original is a PDF document, which is not a supported image format"
    );
    assert!(!error.is_transient());
    assert_eq!(lab.probe(b"").unwrap_err().code(), "empty");
}

#[test]
fn sniffing_survives_every_short_prefix() {
    let lab = lab();
    let original = noise(8, 8).png();
    for bytes in [
        original.clone(),
        lab.convert(&original, &JPEG),
        lab.convert(&original, &WEBP),
        lab.convert(&original, &AVIF),
    ] {
        for len in 0..bytes.len().min(400) {
            let _ = lab.probe(&bytes[..len]);
        }
    }
    for start in [&b"II*\0"[..], b"MM\0*", b"GIF89a", b"RIFF", b"\0\0\0\x18ftyp"] {
        recognise(start);
    }
}

#[test]
fn changed_bytes_are_answered_never_panicked_on() {
    let lab = lab();
    let original = noise(24, 24).png();
    let mut state = 1_u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for bytes in [
        original.clone(),
        lab.convert(&original, &JPEG),
        lab.convert(&original, &WEBP),
        lab.convert(&original, &AVIF),
    ] {
        for _ in 0..300 {
            let mut changed = bytes.clone();
            for _ in 0..=next(4) {
                let at = next(changed.len().min(600));
                changed[at] = next(256) as u8;
            }
            let Ok(probe) = lab.probe(&changed) else { continue };
            let plan = plan(&probe);
            let opened = lab.engine.open(&changed, &probe, &plan, &[]);
            assert!(opened.err().is_none_or(|error| error.code() != "render_internal"));
        }
    }
}

#[test]
fn a_huge_claim_is_refused_before_anything_is_decoded() {
    let lab = lab();
    let side = 50_000_u32;
    let mut header = [side.to_be_bytes(), side.to_be_bytes()].concat();
    header.extend([8, 6, 0, 0, 0]);
    let png = [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(*b"IHDR", &header),
        chunk(*b"IDAT", &[0x78, 1]),
    ]
    .concat();
    match lab.probe(&png).unwrap_err() {
        Error::TooLarge { limit, found, max } => {
            assert_eq!((limit, found, max), ("pixels on its longer side", 50_000, 16_384));
        }
        other => panic!("{other}"),
    }
    let within_sides = Limits {
        side_px_max: 60_000,
        ..Limits::default()
    };
    let error = lab.engine.probe(&png, &within_sides).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the original has 2500000000 pixels, more than the limit of 100000000"
    );
}

#[test]
fn forms_that_need_the_whole_image_have_a_limit_of_their_own() {
    let lab = lab();
    let limits = Limits {
        pixels_whole_image_max: 99,
        ..Limits::default()
    };
    let lossless = minilab_recipe::Encoding::Webp {
        quality: 50,
        effort: 0,
        lossless: true,
        tuning: minilab_recipe::WebpTuning::DEFAULT,
    };
    for (encoding, refused) in [(lossless, true), (WEBP, false), (AVIF, true), (PNG, false)] {
        let bytes = lab.convert(&noise(10, 10).png(), &encoding);
        assert_eq!(
            lab.engine.probe(&bytes, &limits).is_err(),
            refused,
            "{encoding:?}"
        );
    }
}

#[test]
fn a_file_cut_short_is_truncated_not_grey() {
    let lab = lab();
    let original = noise(256, 256).png();
    for encoding in [JPEG, PNG, WEBP, AVIF] {
        let whole = if encoding == PNG {
            original.clone()
        } else {
            lab.convert(&original, &encoding)
        };
        let cut = &whole[..whole.len() * 6 / 10];
        let outcome = lab.probe(cut).and_then(|probe| {
            let plan = plan(&probe);
            lab.engine.open(cut, &probe, &plan, &[]).map(drop)
        });
        let error = outcome.expect_err("it is cut");
        assert_eq!(error.code(), "truncated", "{:?}: {error}", encoding.format());
    }
}

#[test]
fn damaged_originals_are_permanent_failures() {
    let lab = lab();
    let mut png = noise(64, 64).png();
    let middle = png.len() / 2;
    png[middle] ^= 0xff;
    let probe = lab.probe(&png).unwrap();
    let plan = plan(&probe);
    let error = lab.engine.open(&png, &probe, &plan, &[]).map(drop).unwrap_err();
    assert_eq!(
        (error.code(), error.is_transient()),
        ("corrupt", false),
        "{error}"
    );
}

#[test]
fn too_many_scans_are_refused() {
    let lab = lab();
    let progressive = minilab_recipe::Encoding::Jpeg {
        quality: 80,
        effort: 2,
        progressive: true,
        subsampling: minilab_recipe::Subsampling::Auto,
    };
    let jpeg = lab.convert(&noise(64, 64).png(), &progressive);
    assert!(lab.probe(&jpeg).unwrap().whole_image);
    let limits = Limits {
        jpeg_scans_max: 2,
        ..Limits::default()
    };
    let error = lab.engine.probe(&jpeg, &limits).unwrap_err();
    assert_eq!(error.code(), "too_large", "{error}");
}

#[test]
fn every_corpus_file_is_probed_or_refused_and_what_is_probed_decodes() {
    let Some(_) = corpus("README.md") else { return };
    let lab = lab();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/valid");
    let mut decoded = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let probe = match lab.probe(&bytes) {
            Ok(probe) => probe,
            Err(Error::Unsupported { .. }) => continue,
            Err(error) => panic!("{}: {error}", path.display()),
        };
        let plan = plan(&probe);
        if let Err(error) = lab.engine.open(&bytes, &probe, &plan, &[]) {
            panic!("{}: {error} {probe:?}", path.display());
        }
        decoded += 1;
    }
    assert!(decoded > 50, "{decoded} decoded");
}

#[test]
fn a_size_that_decoder_and_container_see_differently_is_refused() {
    let lab = lab();
    // A second frame header with another size: decoders take the last before the scan, careless readers the first.
    let mut jpeg = lab.convert(&noise(32, 32).png(), &JPEG);
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    let len = 2 + usize::from(jpeg[frame + 3]);
    let mut second = jpeg[frame..frame + len].to_vec();
    second[5] = 8;
    jpeg.splice(frame..frame, second);
    assert!(lab.probe(&jpeg).is_err());
}
