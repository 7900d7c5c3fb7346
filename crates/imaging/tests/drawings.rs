//! SVG: drawn at the size that is needed, as the drawing says, and never with what it should not show.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use minilab_imaging::sniff;
use minilab_recipe::{Format, Size};
use support::{Picture, lab, read_png};

const LOGO: &[u8] = include_bytes!("samples/logo.svg");

fn drawn(bytes: &[u8], width: u32, height: u32) -> Picture {
    let lab = lab();
    let size = Size { width, height };
    let encoding = minilab_recipe::Encoding::Png {
        compression: 0,
        palette: false,
        tuning: minilab_recipe::PngTuning::default(),
    };
    let made = lab.make(bytes, &[], size, |plan| {
        plan.decode.size = size;
        plan.files[0].encoding = encoding;
    });
    read_png(&made.unwrap().bytes)
}

#[test]
fn a_drawing_is_drawn_at_the_size_that_is_asked() {
    let lab = lab();
    assert_eq!(sniff(LOGO), Some(Format::Svg));
    let probe = lab.probe(LOGO).unwrap();
    assert_eq!(
        (probe.stored.width, probe.stored.height, probe.alpha, probe.pages),
        (48, 32, true, 1)
    );
    drop(lab);
    for (width, height) in [(48, 32), (960, 640), (100, 67), (7, 5)] {
        let made = drawn(LOGO, width, height);
        assert_eq!(
            (made.size.width, made.size.height, made.bands),
            (width, height, 4)
        );
    }
}

#[test]
fn edges_are_as_sharp_at_every_size() {
    let large = drawn(LOGO, 960, 640);
    // Across the neck of the flask, from outside to inside: one row, at most two pixels neither one nor the other.
    let row: Vec<u8> = (300..480).map(|x| large.at(x, 150)[3]).collect();
    let between = row.iter().filter(|alpha| **alpha > 4 && **alpha < 251).count();
    assert!(row.contains(&0) && row.contains(&255));
    assert!(between <= 2, "{between} pixels are neither in nor out");
    // Colours as the style sheet says: the flask dark, what is in it from yellow to red.
    assert_eq!(large.at(390, 60), [0x22, 0x33, 0x44, 255]);
    let (above, below) = (large.at(480, 310), large.at(480, 550));
    assert!(
        above[1] > below[1] + 60 && above[0] > 200 && below[0] > 200,
        "{above:?} {below:?}"
    );
    // Corners are clear.
    assert_eq!(large.at(2, 2)[3], 0);
}

#[test]
fn shapes_and_namespaces_do_not_matter() {
    let plain = br#"<svg viewBox="0 0 4 2"><rect width="2" height="2" fill="red"/></svg>"#;
    let prefixed = br#"<s:svg xmlns:s="http://www.w3.org/2000/svg" viewBox="0 0 4 2"><s:rect width="2" height="2" fill="red"/></s:svg>"#;
    for bytes in [&plain[..], prefixed] {
        assert_eq!(sniff(bytes), Some(Format::Svg));
        let made = drawn(bytes, 40, 20);
        assert_eq!(made.at(5, 10), [255, 0, 0, 255]);
        assert_eq!(made.at(35, 10)[3], 0);
    }
    // Kept in shape within its own canvas, as its author's viewer would.
    let tall = br#"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" viewBox="0 0 2 2"><rect width="2" height="2" fill="red"/></svg>"#;
    let made = drawn(tall, 80, 40);
    assert_eq!((made.at(10, 20)[3], made.at(40, 20)[3]), (0, 255));
    for page in ["<!doctype html><svg>", "<p><svg></svg></p>", "<svgs/>"] {
        assert_eq!(sniff(page.as_bytes()), None, "{page}");
    }
}

#[test]
fn drawings_with_text_are_refused_by_name() {
    let lab = lab();
    let text = br#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 2"><text>a</text></svg>"#;
    let error = lab.probe(text).unwrap_err();
    assert_eq!(error.code(), "unsupported_format");
    assert!(error.to_string().contains("an SVG drawing with text"), "{error}");
}
