//! A real file of each format and trait: its size, its turn, its colours beside another decoder's, its transparency.
//!
//! Samples and what other decoders make of them (`*.ref.png`) are made by `scripts/samples.py`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use minilab_imaging::{Limits, sniff};
use minilab_recipe::{ColourSpace, Encoding, Format, Keep, Pixels, Probe, Size};
use support::{AVIF, JPEG, Lab, PNG, Picture, WEBP, corpus, lab, read_png};

fn sample(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|cause| panic!("{path}: {cause}"))
}

fn probe(lab: &Lab, name: &str) -> Probe {
    let bytes = sample(name);
    let probe = lab
        .probe(&bytes)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(sniff(&bytes), Some(probe.format), "{name}");
    probe
}

/// Samples in the file's own colours.
fn own_colours(lab: &Lab, name: &str) -> Picture {
    let bytes = sample(name);
    let size = lab.probe(&bytes).unwrap().upright();
    let made = lab.make(&bytes, &[], size, |plan| {
        plan.decode.colour = ColourSpace::Original;
        plan.files[0].encoding = Encoding::Png {
            compression: 0,
            palette: false,
            tuning: minilab_recipe::PngTuning::default(),
        };
    });
    read_png(&made.unwrap_or_else(|error| panic!("{name}: {error}")).bytes)
}

/// Mean difference from what another decoder made of it, alpha apart.
fn off_reference(lab: &Lab, name: &str) -> (f64, u8) {
    let (ours, theirs) = (
        own_colours(lab, name),
        own_colours(lab, &format!("{name}.ref.png")),
    );
    assert_eq!((ours.size, ours.bands), (theirs.size, theirs.bands), "{name}");
    let (mut sum, mut alpha) = (0_u64, 0);
    let visible = |pixel: &[u8]| pixel.get(3).is_none_or(|alpha| *alpha > 0);
    let pixels = || {
        ours.samples
            .chunks(ours.bands)
            .zip(theirs.samples.chunks(ours.bands))
    };
    for (one, other) in pixels() {
        for band in 0..one.len() {
            if band == 3 || ours.bands == 2 && band == 1 {
                alpha = alpha.max(one[band].abs_diff(other[band]));
            } else if visible(one) {
                sum += u64::from(one[band].abs_diff(other[band]));
            }
        }
    }
    (sum as f64 / ours.samples.len() as f64, alpha)
}

#[test]
fn heic_and_jpeg_xl_are_what_other_decoders_see() {
    let lab = lab();
    // libheif interpolates chroma of half the size in another way, which shows at the edges of a picture as small as these;
    // libjxl rounds differently.
    for (name, mean_max) in [
        ("photo.heic", 2.5),
        ("turned.heic", 2.5),
        ("grid.heic", 2.5),
        ("clear.heic", 2.5),
        ("grey.heic", 0.1),
        ("p3.heic", 2.5),
        ("full-chroma.heic", 0.5),
        ("deep.heic", 2.5),
        ("photo.jxl", 0.3),
        ("lossless.jxl", 0.0),
        ("clear.jxl", 0.5),
        ("grey.jxl", 0.3),
        ("deep.jxl", 0.6),
        ("animation.jxl", 0.3),
    ] {
        let (mean, alpha) = off_reference(&lab, name);
        println!("{name}: mean {mean:.3}, alpha {alpha}");
        assert!(mean <= mean_max, "{name} is {mean} off its reference");
        assert!(alpha <= 1, "{name}: transparency is {alpha} off");
    }
}

#[test]
fn headers_are_told_as_they_are() {
    use Format::{Avif, Gif, Heic, Jpeg, Jxl, Png, Tiff, Webp};
    use Pixels::{Grey, Rgb};
    let lab = lab();
    let told = |name: &str| {
        let probe = probe(&lab, name);
        let Size { width, height } = probe.upright();
        (
            probe.format,
            (width, height),
            probe.bits,
            probe.alpha,
            probe.pages,
            probe.pixels,
        )
    };
    for (name, expected) in [
        ("photo.heic", (Heic, (80, 120), 8, false, 1, Rgb)),
        ("turned.heic", (Heic, (120, 80), 8, false, 1, Rgb)),
        ("grid.heic", (Heic, (80, 120), 8, false, 1, Rgb)),
        ("clear.heic", (Heic, (90, 60), 8, true, 1, Rgb)),
        ("grey.heic", (Heic, (80, 60), 8, false, 1, Grey)),
        ("deep.heic", (Heic, (120, 80), 16, false, 1, Rgb)),
        ("photo.jxl", (Jxl, (120, 80), 8, false, 1, Rgb)),
        ("clear.jxl", (Jxl, (90, 60), 8, true, 1, Rgb)),
        ("grey.jxl", (Jxl, (80, 60), 8, false, 1, Grey)),
        ("deep.jxl", (Jxl, (60, 40), 16, false, 1, Rgb)),
        ("animation.jxl", (Jxl, (60, 40), 8, false, 3, Rgb)),
        ("gain-map.jpg", (Jpeg, (120, 80), 8, false, 1, Rgb)),
        ("deep-10.avif", (Avif, (60, 40), 16, false, 1, Rgb)),
        ("deep-12.avif", (Avif, (60, 40), 16, false, 1, Rgb)),
        ("clear.avif", (Avif, (90, 60), 8, true, 1, Rgb)),
        ("pages.tiff", (Tiff, (120, 80), 8, false, 3, Rgb)),
        ("lying.tiff", (Tiff, (80, 120), 8, false, 1, Rgb)),
        ("tiled.tiff", (Tiff, (60, 40), 16, false, 1, Rgb)),
        ("deep.png", (Png, (60, 40), 16, false, 1, Grey)),
        ("palette.png", (Png, (120, 80), 8, false, 1, Rgb)),
        ("animation.png", (Png, (60, 40), 8, false, 3, Rgb)),
        ("photo.webp", (Webp, (120, 80), 8, false, 1, Rgb)),
        ("lossless.webp", (Webp, (90, 60), 8, true, 1, Rgb)),
        ("animation.webp", (Webp, (60, 40), 8, false, 3, Rgb)),
        ("animation.gif", (Gif, (60, 40), 8, true, 3, Rgb)),
    ] {
        assert_eq!(told(name), expected, "{name}");
    }
}

/// A quarter of it, put on white.
fn quarter(lab: &Lab, bytes: &[u8]) -> Picture {
    let upright = lab.probe(bytes).unwrap().upright();
    let size = if upright.width > upright.height {
        Size {
            width: 30,
            height: 20,
        }
    } else {
        Size {
            width: 20,
            height: 30,
        }
    };
    let made = lab.make(bytes, &[], size, |plan| {
        plan.decode.size = size;
        plan.files[0].encoding = JPEG;
    });
    lab.samples(&made.unwrap().bytes)
}

#[test]
fn every_sample_becomes_every_format_upright_in_its_colours() {
    let lab = lab();
    let [lying, standing] =
        ["photo.jxl.ref.png", "photo.heic.ref.png"].map(|name| quarter(&lab, &sample(name)));
    for name in [
        "photo.heic",
        "turned.heic",
        "grid.heic",
        "full-chroma.heic",
        "deep.heic",
        "photo.jxl",
        "lossless.jxl",
        "animation.jxl",
        "gain-map.jpg",
        "deep-10.avif",
        "deep-12.avif",
        "pages.tiff",
        "lying.tiff",
        "tiled.tiff",
        "palette.png",
        "animation.png",
        "photo.webp",
        "animation.webp",
        "animation.gif",
    ] {
        for encoding in [JPEG, PNG, WEBP, AVIF] {
            let made = quarter(&lab, &lab.convert(&sample(name), &encoding));
            let expected = if made.size == lying.size {
                &lying
            } else {
                &standing
            };
            let (_, mean) = made.difference(expected);
            println!("{name} as {}: {mean:.1}", encoding.format());
            // Made brighter for their sixteen bits, or by whoever made an ordinary picture of one with a gain map. Any turn or
            // mirror is more than 40 off.
            let brighter = ["deep", "tiled", "gain"]
                .iter()
                .any(|start| name.starts_with(start));
            let mean_max = if brighter { 20.0 } else { 12.0 };
            assert!(mean < mean_max, "{name} as {} is {mean} off", encoding.format());
        }
    }
}

#[test]
fn what_is_carried_survives_only_as_it_is_kept() {
    let lab = lab();
    let bytes = sample("photo.heic");
    let size = lab.probe(&bytes).unwrap().upright();
    let kept = |keep: Keep| {
        let made = lab.make(&bytes, &[], size, |plan| {
            plan.files[0].encoding = JPEG;
            plan.files[0].keep = keep;
        });
        made.unwrap().bytes.to_vec()
    };
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let copyright = kept(Keep {
        copyright: true,
        ..Keep::default()
    });
    assert!(has(&copyright, "Rachel Michetti"));
    assert_eq!(lab.probe(&copyright).unwrap().orientation, 1);
    assert!(!has(&kept(Keep::default()), "Rachel Michetti"));
}

#[test]
fn colours_outside_of_srgb_are_converted() {
    let lab = lab();
    assert!(probe(&lab, "p3.heic").icc);
    let (own, converted) = (own_colours(&lab, "p3.heic"), lab.samples(&sample("p3.heic")));
    let (_, mean) = own.difference(&converted);
    assert!(mean > 1.0, "it was not converted: {mean}");
    // Linear light, said by numbers.
    let light = |picture: &Picture| {
        picture.samples.iter().map(|s| u64::from(*s)).sum::<u64>() / picture.samples.len() as u64
    };
    let (own, converted_light) = (own_colours(&lab, "deep.jxl"), lab.samples(&sample("deep.jxl")));
    assert!(light(&converted_light) > light(&own) + 20);
    // The same photograph, whose decoder gives sRGB by itself.
    let (_, mean) = lab.samples(&sample("p3.jxl")).difference(&converted);
    assert!(mean < 6.0, "two ways from Display P3 to sRGB are {mean} apart");
}

#[test]
fn a_gain_map_never_travels() {
    let lab = lab();
    let pictures = |bytes: &[u8]| {
        bytes
            .windows(3)
            .filter(|window| *window == [0xff, 0xd8, 0xff])
            .count()
    };
    let files = [sample("gain-map.jpg")]
        .into_iter()
        .chain(corpus("valid/gain-map.jpg"));
    for bytes in files {
        assert!(pictures(&bytes) >= 2, "it has a second picture");
        for encoding in [JPEG, PNG, WEBP, AVIF] {
            let keep = Keep {
                exif: true,
                icc: true,
                ..Keep::default()
            };
            let size = lab.probe(&bytes).unwrap().upright();
            let made = lab
                .make(&bytes, &[], size, |plan| {
                    plan.files[0].encoding = encoding.clone();
                    plan.files[0].keep = keep;
                })
                .unwrap();
            assert!(!made.bytes.windows(5).any(|window| window == b"hdrgm"));
            assert!(pictures(&made.bytes) <= 1);
        }
    }
}

#[test]
fn what_is_not_decoded_is_refused_by_name() {
    let lab = lab();
    let refused = |bytes: &[u8]| {
        let error = lab.probe(bytes).unwrap_err();
        (error.code(), error.to_string())
    };
    let not_supported = |what: &str| {
        (
            "unsupported_format",
            format!("the original is {what}, which is not a supported image format"),
        )
    };
    assert_eq!(
        refused(&sample("twelve-bits.jpg")),
        not_supported("a JPEG with 12 bits per sample")
    );
    let mut hdr = sample("photo.heic");
    let at = hdr.windows(4).position(|window| window == b"nclx").unwrap();
    hdr[at + 7] = 16;
    assert_eq!(
        refused(&hdr),
        not_supported("a HEIC picture of high dynamic range (PQ)")
    );
    if let Some(overlay) = corpus("heic/alpha.heic") {
        assert_eq!(refused(&overlay).0, "unsupported_format");
    }
    let limits = Limits {
        formats: vec![Format::Jpeg],
        ..Limits::default()
    };
    let error = lab.engine.probe(&sample("photo.heic"), &limits).unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        (
            "format_not_accepted",
            "the original is heic, which accept.formats does not name"
        )
    );
}

#[test]
fn phones_photographs_are_decoded_whole() {
    let lab = lab();
    for (name, upright) in [
        ("heic/arrow.heic", (3024, 4032)),
        ("heic/pug.heic", (4032, 3024)),
        ("heic/spatial_photo.heic", (2560, 2560)),
        ("heic/xiaomi.heic", (2592, 1944)),
        ("heic/libheif-example.heic", (1280, 854)),
    ] {
        let Some(bytes) = corpus(name) else { continue };
        let probe = lab.probe(&bytes).unwrap();
        assert_eq!((probe.upright().width, probe.upright().height), upright, "{name}");
        let size = Size {
            width: upright.0 / 16,
            height: upright.1 / 16,
        };
        let made = lab
            .make(&bytes, &[], size, |plan| plan.decode.size = size)
            .unwrap();
        assert_eq!(made.size, size);
    }
}
