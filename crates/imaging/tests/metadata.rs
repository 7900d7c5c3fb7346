//! What travels from original to file: nothing, or what is named; orientation is baked in, places never leave unasked.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use minilab_imaging::Error;
use minilab_recipe::{Encoding, Keep, Size, TiffCompression, Written};
use support::{AVIF, JPEG, Lab, PNG, Picture, WEBP, chunk, corpus, lab};

/// An EXIF block: orientation, Artist, Copyright, ImageDescription, and a place. Little endian.
fn exif(orientation: u16) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0".to_vec();
    let texts = [
        (0x10e_u16, "SECRET-DESCRIPTION"),
        (0x13b, "ARTIST-NAME"),
        (0x8298, "COPYRIGHT-LINE"),
    ];
    let first_text = 8 + 2 + 12 * 5 + 4;
    block.extend(5_u16.to_le_bytes());
    let mut values = Vec::new();
    let mut entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        block.extend(tag.to_le_bytes());
        block.extend(kind.to_le_bytes());
        block.extend(count.to_le_bytes());
        block.extend(value);
    };
    let mut text_entry = |(tag, text): (u16, &str), entry: &mut dyn FnMut(u16, u16, u32, [u8; 4])| {
        let at = (first_text + values.len()) as u32;
        entry(tag, 2, text.len() as u32 + 1, at.to_le_bytes());
        values.extend(text.bytes().chain([0]));
        // Offsets are even.
        if values.len() % 2 == 1 {
            values.push(0);
        }
    };
    text_entry(texts[0], &mut entry);
    entry(0x112, 3, 1, u32::from(orientation).to_le_bytes());
    text_entry(texts[1], &mut entry);
    text_entry(texts[2], &mut entry);
    let gps = (first_text + values.len()) as u32;
    entry(0x8825, 4, 1, gps.to_le_bytes());
    block.extend(0_u32.to_le_bytes());
    block.extend(values);
    // One entry of GPS: the latitude's letter.
    block.extend(1_u16.to_le_bytes());
    block.extend([1, 0, 2, 0, 2, 0, 0, 0, b'N', 0, 0, 0]);
    block.extend(0_u32.to_le_bytes());
    block
}

const XMP: &[u8] = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>SECRET-XMP</x:xmpmeta>";

/// A JPEG with EXIF and XMP put in front of what `jpeg` holds.
fn with_metadata(jpeg: &[u8], orientation: u16) -> Vec<u8> {
    let segment = |head: &[u8], payload: &[u8]| {
        let len = (2 + head.len() + payload.len()) as u16;
        [&[0xff, 0xe1][..], &len.to_be_bytes(), head, payload].concat()
    };
    let exif = segment(b"Exif\0\0", &exif(orientation));
    let xmp = segment(b"http://ns.adobe.com/xap/1.0/\0", XMP);
    [&jpeg[..2], &exif, &xmp, &jpeg[2..]].concat()
}

fn corners() -> Picture {
    Picture::new(64, 48, |x, y| match (x < 32, y < 24) {
        (true, true) => vec![255, 0, 0],
        (false, true) => vec![0, 255, 0],
        (true, false) => vec![0, 0, 255],
        (false, false) => vec![255, 255, 255],
    })
}

/// Which of the four corners' colours is where: top left, top right, bottom left, bottom right.
fn order(picture: &Picture) -> String {
    let Size { width, height } = picture.size;
    let name = |x: u32, y: u32| match picture.at(x, y) {
        [200..=255, 200..=255, 200..=255, ..] => 'W',
        [200..=255, ..] => 'R',
        [_, 200..=255, ..] => 'G',
        _ => 'B',
    };
    [(4, 4), (width - 5, 4), (4, height - 5), (width - 5, height - 5)]
        .map(|(x, y)| name(x, y))
        .iter()
        .collect()
}

#[test]
fn every_orientation_ends_upright() {
    let lab = lab();
    let jpeg = lab.convert(&corners().png(), &JPEG);
    // What a viewer shows for stored corners R G / B W under each orientation.
    for (orientation, expected) in (0_u16..).zip([
        "RGBW", "RGBW", "GRWB", "WBGR", "BWRG", "RBGW", "BRWG", "WGBR", "GWRB",
    ]) {
        let original = with_metadata(&jpeg, orientation);
        let upright = lab.probe(&original).unwrap().upright();
        let turned = orientation >= 5;
        assert_eq!(
            (upright.width, upright.height),
            if turned { (48, 64) } else { (64, 48) }
        );
        assert_eq!(
            order(&lab.samples(&original)),
            expected,
            "orientation {orientation}"
        );
        // A file made from it must not be turned once more.
        let again = lab.convert(&original, &JPEG);
        assert_eq!(lab.probe(&again).unwrap().orientation, 1);
    }
}

#[test]
fn photographs_of_every_orientation_look_alike() {
    let lab = lab();
    for shape in ["Landscape", "Portrait"] {
        let name = |orientation| format!("orientation/{shape}_{orientation}.jpg");
        let Some(upright) = corpus(&name(1)) else { return };
        let size = Size {
            width: 60,
            height: 60,
        };
        let small = |bytes: &[u8]| {
            let made = lab.make(bytes, &[support::resize(60, 60)], size, |_| {}).unwrap();
            lab.samples(&made.bytes)
        };
        let upright = small(&upright);
        for orientation in [0, 2, 3, 4, 5, 6, 7, 8] {
            let turned = small(&corpus(&name(orientation)).unwrap());
            // The test pictures carry their number as text: the rest of them must agree.
            let (_, mean) = upright.difference(&turned);
            assert!(mean < 8.0, "{shape} {orientation} differs by {mean}");
        }
    }
}

fn made(lab: &Lab, original: &[u8], encoding: Encoding, keep: Keep) -> Result<Vec<u8>, Error> {
    let size = lab.probe(original)?.upright();
    let change = |plan: &mut minilab_recipe::Plan| {
        plan.files[0].encoding = encoding;
        plan.files[0].keep = keep;
    };
    Ok(lab.make(original, &[], size, change)?.bytes.to_vec())
}

fn holds(bytes: &[u8], what: &str) -> bool {
    bytes.windows(what.len()).any(|window| window == what.as_bytes())
}

#[test]
fn nothing_travels_unless_it_is_named() {
    let lab = lab();
    let original = with_metadata(&lab.convert(&corners().png(), &JPEG), 1);
    for encoding in [JPEG, PNG, WEBP, AVIF] {
        let file = made(&lab, &original, encoding.clone(), Keep::default()).unwrap();
        for secret in [
            "SECRET",
            "ARTIST",
            "COPYRIGHT",
            "Exif",
            "xmpmeta",
            "ICC_PROFILE",
            "iCCP",
            "ICCP",
        ] {
            assert!(!holds(&file, secret), "{secret} in {:?}", encoding.format());
        }
    }
}

#[test]
fn each_kind_travels_by_its_name_alone() {
    let lab = lab();
    let original = with_metadata(&lab.convert(&corners().png(), &JPEG), 6);
    let none = Keep::default();
    for encoding in [JPEG, PNG, WEBP, AVIF] {
        // PNG holds XMP deflated, behind its keyword.
        let xmp = if encoding == PNG {
            "XML:com.adobe.xmp"
        } else {
            "SECRET-XMP"
        };
        let kept = |keep: Keep| {
            let file = made(&lab, &original, encoding.clone(), keep).unwrap();
            assert_eq!(
                lab.probe(&file).unwrap().orientation,
                1,
                "orientation is baked in"
            );
            ["SECRET-DESCRIPTION", "ARTIST-NAME", "COPYRIGHT-LINE", xmp].map(|text| holds(&file, text))
        };
        let format = encoding.format();
        assert_eq!(
            kept(Keep {
                copyright: true,
                ..none
            }),
            [false, true, true, false],
            "{format}"
        );
        assert_eq!(
            kept(Keep { exif: true, ..none }),
            [true, true, true, false],
            "{format}"
        );
        assert_eq!(
            kept(Keep { gps: true, ..none }),
            [false, false, false, false],
            "{format}"
        );
        assert_eq!(
            kept(Keep { xmp: true, ..none }),
            [false, false, false, true],
            "{format}"
        );
    }
}

#[test]
fn a_place_leaves_only_if_asked_for() {
    let lab = lab();
    let original = with_metadata(&lab.convert(&corners().png(), &JPEG), 1);
    let gps_tag = [0x25, 0x88];
    let has_place = |keep: Keep, encoding: Encoding| {
        let file = made(&lab, &original, encoding, keep).unwrap();
        let exif = file
            .windows(4)
            .position(|window| window == b"II*\0" || window == b"MM\0*");
        exif.is_some_and(|at| {
            let block = &file[at..file.len().min(at + 2000)];
            block.windows(2).any(|tag| tag == gps_tag || tag == [0x88, 0x25])
        })
    };
    let everything_else = Keep {
        icc: true,
        copyright: true,
        exif: true,
        gps: false,
        xmp: true,
        iptc: true,
    };
    for encoding in [JPEG, PNG, WEBP] {
        assert!(
            !has_place(everything_else, encoding.clone()),
            "{:?}",
            encoding.format()
        );
        assert!(
            has_place(
                Keep {
                    gps: true,
                    ..everything_else
                },
                encoding.clone()
            ),
            "{:?}",
            encoding.format()
        );
    }
    assert!(!has_place(Keep::default(), AVIF));
}

#[test]
fn srgb_is_said_aloud_where_asked() {
    let lab = lab();
    let original = corners().png();
    for encoding in [JPEG, PNG, WEBP, AVIF] {
        let with = |icc| {
            made(
                &lab,
                &original,
                encoding.clone(),
                Keep {
                    icc,
                    ..Keep::default()
                },
            )
            .unwrap()
        };
        assert!(lab.probe(&with(true)).unwrap().icc, "{:?}", encoding.format());
        assert!(!lab.probe(&with(false)).unwrap().icc, "{:?}", encoding.format());
    }
}

#[test]
fn text_chunks_of_a_png_do_not_travel() {
    let lab = lab();
    let png = corners().png();
    let after_header = 8 + 25;
    let original = [
        &png[..after_header],
        &chunk(*b"tEXt", b"Comment\0SECRET-TEXT"),
        &png[after_header..],
    ]
    .concat();
    let all = Keep {
        icc: true,
        copyright: true,
        exif: true,
        gps: true,
        xmp: true,
        iptc: true,
    };
    for encoding in [JPEG, PNG, WEBP, AVIF] {
        assert!(!holds(&made(&lab, &original, encoding, all).unwrap(), "SECRET"));
    }
}

fn written(lab: &Lab, original: &[u8], encoding: Encoding, keep: Keep, written: &Written) -> Vec<u8> {
    let size = lab.probe(original).unwrap().upright();
    let change = |plan: &mut minilab_recipe::Plan| {
        plan.files[0].encoding = encoding;
        plan.files[0].keep = keep;
        plan.files[0].written = written.clone();
    };
    lab.make(original, &[], size, change).unwrap().bytes.to_vec()
}

#[test]
fn what_a_recipe_writes_is_in_every_format_and_stronger_than_the_original() {
    let lab = lab();
    let original = with_metadata(&lab.convert(&corners().png(), &JPEG), 6);
    let texts = Written {
        copyright: Some("(C) ACME (Europe)".to_owned()),
        artist: Some("Jane Doe".to_owned()),
        description: None,
        dpi: Some(300),
    };
    let keep = Keep {
        copyright: true,
        ..Keep::default()
    };
    for encoding in [JPEG, WEBP, AVIF, PNG] {
        let format = encoding.format();
        let bare = written(
            &lab,
            &original,
            encoding.clone(),
            Keep::default(),
            &Written::default(),
        );
        assert!(!holds(&bare, "ACME") && !holds(&bare, "ARTIST"), "{format}");
        for keep in [Keep::default(), keep] {
            let file = written(&lab, &original, encoding.clone(), keep, &texts);
            assert!(
                holds(&file, "(C) ACME (Europe)\0") && holds(&file, "Jane Doe\0"),
                "{format}"
            );
            for secret in ["ARTIST-NAME", "COPYRIGHT-LINE", "SECRET", "(written)"] {
                assert!(!holds(&file, secret), "{format}: {secret}");
            }
            assert_eq!(lab.probe(&file).unwrap().orientation, 1);
        }
    }
}

#[test]
fn credits_are_read_back_from_xmp_in_every_format_that_has_it() {
    let lab = lab();
    let original = with_metadata(&lab.convert(&corners().png(), &JPEG), 6);
    let texts = Written {
        copyright: Some("(C) A & B".to_owned()),
        artist: Some("Jane Doe".to_owned()),
        description: Some("A cup".to_owned()),
        dpi: None,
    };
    let tiff = Encoding::Tiff {
        compression: TiffCompression::Deflate,
        quality: 90,
        predictor: true,
        tiled: false,
    };
    for encoding in [JPEG, WEBP, AVIF, PNG, tiff] {
        let format = encoding.format();
        let file = written(&lab, &original, encoding, Keep::default(), &texts);
        let told = lab.engine.told(&file, &lab.probe(&file).unwrap()).unwrap();
        let said = |name: &str| told.embedded.texts.get(name).map(String::as_str);
        assert_eq!(said("xmp.dc:rights"), Some("(C) A & B"), "{format}");
        assert_eq!(said("xmp.dc:creator"), Some("Jane Doe"), "{format}");
        assert_eq!(said("xmp.dc:description"), Some("A cup"), "{format}");
        assert_eq!(told.place, None);
    }
}

#[test]
fn dpi_alone_is_told_by_the_file_and_changes_no_pixel() {
    let lab = lab();
    let original = lab.convert(&corners().png(), &PNG);
    let dpi = |dpi| Written {
        dpi: Some(dpi),
        ..Written::default()
    };
    let jpeg = written(&lab, &original, JPEG, Keep::default(), &dpi(72));
    // In EXIF, which takes the place of JFIF's own density.
    assert!(holds(&jpeg, "Exif\0\0"));
    let png = written(&lab, &original, PNG, Keep::default(), &dpi(300));
    // 11,811 pixels per metre.
    let at = png.windows(4).position(|window| window == b"pHYs").unwrap();
    assert_eq!(png[at + 4..at + 8], 11_811_u32.to_be_bytes());
    let plain = written(&lab, &original, PNG, Keep::default(), &Written::default());
    assert_eq!(lab.samples(&png).samples, lab.samples(&plain).samples);
}

const PLACED: &str = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><r exif:GPSLatitude='48,8N' tiff:Orientation='6' dc:t='KEPT'>\
     <exif:GPSLongitude>11,30E</exif:GPSLongitude></r></x:xmpmeta>";

fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let len = (2 + payload.len() as u16).to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &len, payload, &jpeg[2..]].concat()
}

#[test]
fn xmp_is_kept_without_its_place_unless_that_is_asked_for() {
    let lab = lab();
    let jpeg = lab.convert(&corners().png(), &JPEG);
    let packet = ["http://ns.adobe.com/xap/1.0/\0", PLACED].concat();
    let original = with_segment(&jpeg, 0xe1, packet.as_bytes());
    for encoding in [JPEG, WEBP, AVIF, PNG] {
        let xmp = Keep {
            xmp: true,
            ..Keep::default()
        };
        let file = made(&lab, &original, encoding.clone(), xmp).unwrap();
        let format = encoding.format();
        // PNG's text is deflated.
        let reads = format != minilab_recipe::OutputFormat::Png;
        assert_eq!(holds(&file, "KEPT"), reads, "{format}");
        assert!(!holds(&file, "GPS") && !holds(&file, "Orientation"), "{format}");
        let file = made(&lab, &original, encoding, Keep { gps: true, ..xmp }).unwrap();
        assert_eq!(holds(&file, "48,8N"), reads, "{format}");
        assert!(!holds(&file, "Orientation"), "{format}");
    }
    // What cannot be followed stays behind, whole.
    let broken = ["http://ns.adobe.com/xap/1.0/\0", "<a>GPSLatitude KEPT"].concat();
    let original = with_segment(&jpeg, 0xe1, broken.as_bytes());
    let xmp = Keep {
        xmp: true,
        ..Keep::default()
    };
    assert!(!holds(&made(&lab, &original, JPEG, xmp).unwrap(), "KEPT"));
}

#[test]
fn iptc_is_kept_alone_and_only_if_asked_for() {
    let lab = lab();
    let resource = |id: u16, data: &[u8]| {
        let size = (data.len() as u32).to_be_bytes();
        [&b"8BIM"[..], &id.to_be_bytes(), &[0, 0], &size, data].concat()
    };
    let caption = resource(0x0404, b"\x1c\x02\x78\0\x08CAPTION!\0");
    let block = [
        &b"Photoshop 3.0\0"[..],
        &resource(0x040c, b"THUMBNAIL!"),
        &caption,
    ]
    .concat();
    let original = with_segment(&lab.convert(&corners().png(), &JPEG), 0xed, &block);
    let iptc = Keep {
        iptc: true,
        ..Keep::default()
    };
    let file = made(&lab, &original, JPEG, iptc).unwrap();
    assert!(holds(&file, "CAPTION!") && !holds(&file, "THUMBNAIL!"));
    assert!(!holds(
        &made(&lab, &original, JPEG, Keep::default()).unwrap(),
        "CAPTION!"
    ));
}
