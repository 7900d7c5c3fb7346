//! What metadata says is read within bounds, whoever wrote it.
use minilab_recipe::{Format, Pixels, Size};

use super::*;

fn probe(orientation: u8) -> Probe {
    Probe {
        format: Format::Jpeg,
        stored: Size {
            width: 400,
            height: 200,
        },
        orientation,
        pages: 1,
        alpha: false,
        bits: 8,
        pixels: Pixels::Rgb,
        icc: false,
        whole_image: false,
        further: std::collections::BTreeMap::new(),
    }
}

fn gather(orientation: u8, read: impl FnOnce(&mut Gathered<'_>)) -> Embedded {
    let probe = probe(orientation);
    let mut found = Gathered::new(&probe);
    read(&mut found);
    found.embedded
}

/// A block of two directories: Model, the camera's with its exposure time and subject area.
fn exif() -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        let mut entry = tag.to_le_bytes().to_vec();
        entry.extend(kind.to_le_bytes());
        entry.extend(count.to_le_bytes());
        entry.extend(value.to_le_bytes());
        entry
    };
    block.extend(2_u16.to_le_bytes());
    block.extend(entry(0x0110, 2, 3, u32::from_le_bytes(*b"X1\0\0")));
    block.extend(entry(0x8769, 4, 1, 38));
    block.extend(0_u32.to_le_bytes());
    assert_eq!(block.len(), 38);
    block.extend(2_u16.to_le_bytes());
    block.extend(entry(0x829a, 5, 1, 68));
    block.extend(entry(0x9214, 3, 4, 76));
    block.extend(0_u32.to_le_bytes());
    block.extend([1_u32, 250].map(u32::to_le_bytes).concat());
    block.extend([100_u16, 50, 40, 20].map(u16::to_le_bytes).concat());
    block
}

#[test]
fn exif_tells_camera_and_subject_whatever_the_orientation() {
    let found = gather(6, |found| exif::read(&exif(), found));
    assert_eq!(found.texts["exif.Model"], "X1");
    assert_eq!(found.texts["exif.ExposureTime"], "1/250");
    // Stored at (0.2..0.3, 0.2..0.3); turned clockwise.
    let area = Area {
        x: 0.7,
        y: 0.2,
        width: 0.1,
        height: 0.1,
    };
    assert_eq!(
        found.regions,
        [Mark {
            kind: MarkKind::Focus,
            area
        }]
    );
}

#[test]
fn damaged_blocks_tell_what_is_left_and_never_panic() {
    let whole = exif();
    for end in 0..whole.len() {
        gather(1, |found| exif::read(&whole[..end], found));
        for value in [0, 0xff] {
            let mut block = whole.clone();
            block[end] = value;
            gather(1, |found| exif::read(&block, found));
        }
    }
}

#[test]
fn iptc_is_read_within_resources_and_without() {
    let mut records = vec![0x1c, 2, 105, 0, 2, b'H', b'i'];
    records.extend([0x1c, 2, 25, 0, 1, b'a', 0x1c, 2, 25, 0, 1, 0xe4]);
    let mut block = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0".to_vec();
    block.push(records.len() as u8);
    block.extend(&records);
    for bytes in [&records, &block] {
        let found = gather(1, |found| iptc::read(bytes, found));
        assert_eq!(found.texts["iptc.Headline"], "Hi");
        assert_eq!(found.texts["iptc.Keywords"], "a, ä");
    }
    for end in 0..block.len() {
        gather(1, |found| iptc::read(&block[..end], found));
    }
}

fn packet(inside: &str) -> String {
    format!(
        "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>\
         <rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
         <rdf:Description rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/' \
         xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/' photoshop:Headline='News' \
         xmlns:mwg-rs='http://www.metadataworkinggroup.com/schemas/regions/' \
         xmlns:stArea='http://ns.adobe.com/xmp/sType/Area#' \
         xmlns:stDim='http://ns.adobe.com/xap/1.0/sType/Dimensions#'>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>\
         <?xpacket end='w'?>"
    )
}

#[test]
fn xmp_tells_texts_and_regions() {
    let text = packet(
        "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>A &lt;day&gt;</rdf:li><rdf:li xml:lang='de'>Ein Tag</rdf:li></rdf:Alt></dc:title>\
         <dc:subject><rdf:Bag><rdf:li>one</rdf:li><rdf:li>two</rdf:li></rdf:Bag></dc:subject>\
         <mwg-rs:Regions rdf:parseType='Resource'><mwg-rs:AppliedToDimensions stDim:w='400' stDim:h='200' stDim:unit='pixel'/>\
         <mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description mwg-rs:Name='Somebody' mwg-rs:Type='Face'>\
         <mwg-rs:Area stArea:x='0.5' stArea:y='0.25' stArea:w='0.2' stArea:h='0.1' stArea:unit='normalized'/>\
         </rdf:Description></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>",
    );
    let found = gather(1, |found| xmp::read(text.as_bytes(), found));
    let texts: Vec<_> = found
        .texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    assert_eq!(
        texts,
        [
            ("xmp.dc:subject", "one, two"),
            ("xmp.dc:title", "A <day>"),
            ("xmp.photoshop:Headline", "News")
        ]
    );
    let area = Area {
        x: 0.4,
        y: 0.2,
        width: 0.2,
        height: 0.1,
    };
    assert_eq!(
        found.regions,
        [Mark {
            kind: MarkKind::Face,
            area
        }]
    );
}

#[test]
fn hostile_xmp_is_read_as_nothing() {
    let bomb = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>".to_owned()
        + &packet("<dc:title>&b;</dc:title>");
    let deep = packet(&("<a>".repeat(50_000) + &"</a>".repeat(50_000)));
    let many = packet(&"<dc:title/>".repeat(50_000));
    for text in [bomb, deep, many] {
        assert_eq!(
            gather(1, |found| xmp::read(text.as_bytes(), found)),
            Embedded::default()
        );
    }
}

#[test]
fn texts_are_bounded() {
    let found = gather(1, |found| {
        found.text("long".to_owned(), &"ä\u{7}".repeat(5000));
        for index in 0..200 {
            found.text(format!("{index}"), &"x".repeat(500));
        }
    });
    let long = &found.texts["long"];
    assert!(long.len() <= TEXT_BYTES_MAX && !long.chars().any(char::is_control));
    let bytes: usize = found
        .texts
        .iter()
        .map(|(name, text)| name.len() + text.len())
        .sum();
    assert!(bytes <= TEXTS_BYTES_MAX && found.texts.len() <= TEXTS_MAX);
}

/// A block with a place: 48°8'15" south, 11°34.5' east, 12.5 m below the sea.
fn placed() -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [
            &tag.to_le_bytes()[..],
            &kind.to_le_bytes(),
            &count.to_le_bytes(),
            &value.to_le_bytes(),
        ]
        .concat()
    };
    block.extend(1_u16.to_le_bytes());
    block.extend(entry(0x8825, 4, 1, 26));
    block.extend(0_u32.to_le_bytes());
    assert_eq!(block.len(), 26);
    block.extend(6_u16.to_le_bytes());
    block.extend(entry(1, 2, 2, u32::from_le_bytes(*b"S\0\0\0")));
    block.extend(entry(2, 5, 3, 104));
    block.extend(entry(3, 2, 2, u32::from_le_bytes(*b"E\0\0\0")));
    block.extend(entry(4, 5, 3, 128));
    block.extend(entry(5, 1, 1, 1));
    block.extend(entry(6, 5, 1, 152));
    block.extend(0_u32.to_le_bytes());
    assert_eq!(block.len(), 104);
    for (above, below) in [(48, 1), (8, 1), (15, 1), (11, 1), (345, 10), (0, 1), (25, 2)] {
        block.extend([above, below].map(u32::to_le_bytes).concat());
    }
    block
}

#[test]
fn place_is_read_apart_from_all_texts() {
    let at = place::of_exif(&placed()).unwrap();
    assert_eq!(
        (at.latitude, at.longitude, at.altitude),
        (-48.1375, 11.575, Some(-12.5))
    );
    assert!(gather(1, |found| exif::read(&placed(), found)).texts.is_empty());
    assert_eq!(place::of_exif(&exif()), None);
    let mut nowhere = placed();
    nowhere[104..108].copy_from_slice(&91_u32.to_le_bytes());
    assert_eq!(place::of_exif(&nowhere), None);
}

#[test]
fn place_is_read_from_xmp_in_both_its_spellings() {
    for (latitude, longitude) in [("48,8.25N", "11,34.5W"), ("48,8,15N", "11,34,30W")] {
        let text = packet(&format!(
            "<e:GPSLatitude xmlns:e='http://ns.adobe.com/exif/1.0/'>{latitude}</e:GPSLatitude>\
             <e:GPSLongitude xmlns:e='http://ns.adobe.com/exif/1.0/'>{longitude}</e:GPSLongitude>"
        ));
        let probe = probe(1);
        let mut found = Gathered::new(&probe);
        xmp::read(text.as_bytes(), &mut found);
        let at = found.place.unwrap();
        assert_eq!((at.latitude, at.longitude, at.altitude), (48.1375, -11.575, None));
        assert!(found.embedded.texts.keys().all(|name| !name.contains("GPS")));
    }
}

#[test]
fn damaged_places_never_panic() {
    let whole = placed();
    for end in 0..whole.len() {
        place::of_exif(&whole[..end]);
        for value in [0, 0xff] {
            let mut block = whole.clone();
            block[end] = value;
            place::of_exif(&block);
        }
    }
}
