//! What each format may show, and what is found in it that may not.
use super::*;

const NONE: Allowed = Allowed {
    icc: false,
    credits: false,
    exif: false,
    gps: false,
    xmp: false,
    iptc: false,
};
/// A directory of one entry, a number.
fn exif(tag: u16) -> Vec<u8> {
    let entry = [&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0, 0, 0, 0, 0]].concat();
    [b"II*\0\x08\0\0\0\x01\0", &entry[..], &[0; 4]].concat()
}

const COPYRIGHT: u16 = 0x8298;
const LENS: u16 = 0xa434;
const PLACE: u16 = 0x8825;
const XMP: &[u8] = b"<x xmlns:exif='e'/>";
const XMP_WITH_PLACE: &[u8] = b"<x exif:GPSLatitude='1'/>";

fn jpeg(parts: &[(u8, &[u8])]) -> Vec<u8> {
    let segment = |(marker, body): &(u8, &[u8])| {
        let len = (body.len() as u16 + 2).to_be_bytes();
        [&[0xff, *marker], &len[..], body].concat()
    };
    let parts: Vec<u8> = parts.iter().flat_map(segment).collect();
    [
        &[0xff, 0xd8],
        &parts[..],
        &[0xff, 0xda, 0, 2, 1, 2, 0xff, 0, 3, 0xff, 0xd9],
    ]
    .concat()
}

fn png(parts: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let chunk = |(kind, body): &(&[u8; 4], &[u8])| {
        [&(body.len() as u32).to_be_bytes()[..], *kind, body, &[0; 4]].concat()
    };
    let parts: Vec<u8> = parts.iter().flat_map(chunk).collect();
    [
        b"\x89PNG\r\n\x1a\n",
        &chunk(&(b"IHDR", &[0; 13]))[..],
        &parts,
        &chunk(&(b"IEND", b"")),
    ]
    .concat()
}

fn webp(parts: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let chunk = |(kind, body): &(&[u8; 4], &[u8])| {
        let padding = vec![0; body.len() % 2];
        [*kind, &(body.len() as u32).to_le_bytes()[..], body, &padding].concat()
    };
    let parts: Vec<u8> = parts.iter().flat_map(chunk).collect();
    [
        b"RIFF",
        &(parts.len() as u32 + 4).to_le_bytes()[..],
        b"WEBP",
        &parts,
    ]
    .concat()
}

fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], &kind, body].concat()
}

fn avif(items: &[&[u8; 4]], properties: &[u8]) -> Vec<u8> {
    let entry = |kind: &&[u8; 4]| boxed(*b"infe", &[&[2, 0, 0, 0, 0, 1, 0, 0], &kind[..], &[0]].concat());
    let entries: Vec<u8> = items.iter().flat_map(entry).collect();
    let infos = boxed(*b"iinf", &[&[0; 6], &entries[..]].concat());
    let properties = boxed(*b"iprp", &boxed(*b"ipco", properties));
    [
        boxed(*b"ftyp", b"avif"),
        boxed(*b"meta", &[&[0; 4], &infos[..], &properties].concat()),
        boxed(*b"mdat", b"pixels"),
    ]
    .concat()
}

fn gif(extensions: &[&[u8]]) -> Vec<u8> {
    [
        b"GIF89a\x01\0\x01\0\0\0\0",
        &extensions.concat()[..],
        b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x01\x44\0\x3b",
    ]
    .concat()
}

fn refused(bytes: &[u8], format: OutputFormat, allowed: Allowed) -> &'static str {
    check(bytes, format, allowed).err().unwrap_or("nothing")
}

#[test]
fn jpeg_shows_only_what_it_may() {
    fn said(part: (u8, &[u8]), allowed: Allowed) -> &'static str {
        refused(&jpeg(&[part]), OutputFormat::Jpeg, allowed)
    }
    let block = |tag| [b"Exif\0\0", &exif(tag)[..]].concat();
    let credits = Allowed {
        credits: true,
        ..NONE
    };
    for (part, what) in [
        ((0xdb, &b"table"[..]), "nothing"),
        ((0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"), "nothing"),
        (
            (0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\x10\x10thumbnail"),
            "a block of an application",
        ),
        ((0xe1, &block(COPYRIGHT)), "EXIF"),
        ((0xe1, b"whatever"), "XMP"),
        ((0xe2, b"ICC_PROFILE\0"), "a colour profile"),
        ((0xe2, b"MPF\0"), "a second picture"),
        ((0xed, b"Photoshop 3.0\0"), "IPTC"),
        ((0xe9, b"x"), "a block of an application"),
        ((0xfe, b"x"), "a comment"),
    ] {
        assert_eq!(said(part, NONE), what, "{part:x?}");
    }
    assert_eq!(said((0xe1, &block(COPYRIGHT)), credits), "nothing");
    assert_eq!(said((0xe1, &block(LENS)), credits), "more than credits in EXIF");
    assert_eq!(said((0xe1, &block(PLACE)), credits), "a place (GPS)");
    assert_eq!(
        said((0xe1, &block(LENS)), Allowed { exif: true, ..NONE }),
        "nothing"
    );
    let mut second = block(LENS);
    let end = second.len() - 4;
    second[end] = 8;
    assert_eq!(
        said((0xe1, &second), Allowed { exif: true, ..NONE }),
        "a second picture in EXIF"
    );
    assert_eq!(
        said((0xe1, b"Exif\0\0nothing"), credits),
        "EXIF that cannot be read"
    );
}

#[test]
fn whatever_lies_behind_the_end_is_refused_and_so_is_what_does_not_end() {
    let whole = [
        (OutputFormat::Jpeg, jpeg(&[])),
        (OutputFormat::Png, png(&[])),
        (OutputFormat::Webp, webp(&[(b"VP8L", b"pixels")])),
        (OutputFormat::Avif, avif(&[b"av01"], b"")),
        (OutputFormat::Gif, gif(&[])),
    ];
    for (format, bytes) in whole {
        assert_eq!(refused(&bytes, format, NONE), "nothing", "{format}");
        let longer = [&bytes[..], b"more"].concat();
        assert_eq!(
            refused(&longer, format, NONE),
            "something behind its end",
            "{format}"
        );
        assert_ne!(
            refused(&bytes[..bytes.len() - 1], format, NONE),
            "nothing",
            "{format}"
        );
    }
}

#[test]
fn chunks_and_items_are_known_or_refused() {
    let packed = [b"XML:com.adobe.xmp\0\0\0\0\0", XMP_WITH_PLACE].concat();
    let xmp = Allowed { xmp: true, ..NONE };
    for (kind, body, what) in [
        (b"eXIf", &exif(COPYRIGHT)[..], "EXIF"),
        (b"iCCP", b"x", "a colour profile"),
        (b"tEXt", b"Comment\0x", "text"),
        (b"iTXt", &packed, "XMP"),
        (b"tIME", b"x", "a chunk of its own"),
        (b"pHYs", b"x", "nothing"),
    ] {
        assert_eq!(refused(&png(&[(kind, body)]), OutputFormat::Png, NONE), what);
    }
    assert_eq!(
        refused(&png(&[(b"iTXt", &packed)]), OutputFormat::Png, xmp),
        "a place (GPS in XMP)"
    );
    let frame = [&[0; 16][..], &webp(&[(b"VP8L", b"pixels")])[12..]].concat();
    let note = [&[0; 16][..], &webp(&[(b"note", b"pixels")])[12..]].concat();
    for (kind, body, what) in [
        (b"EXIF", &exif(COPYRIGHT)[..], "EXIF"),
        (b"XMP ", XMP, "XMP"),
        (b"ICCP", b"x", "a colour profile"),
        (b"note", b"x", "a chunk of its own"),
        (b"ANMF", &frame, "nothing"),
        (b"ANMF", &note, "blocks that cannot be followed"),
    ] {
        assert_eq!(
            refused(&webp(&[(kind, body)]), OutputFormat::Webp, NONE),
            what,
            "{}",
            kind.escape_ascii()
        );
    }
    assert_eq!(
        refused(&webp(&[(b"XMP ", XMP)]), OutputFormat::Webp, xmp),
        "nothing"
    );
    for (items, properties, what) in [
        (&[b"av01", b"Exif"][..], Vec::new(), "EXIF"),
        (&[b"av01", b"mime"], Vec::new(), "XMP"),
        (&[b"av01", b"uri "], Vec::new(), "an item of its own"),
        (&[b"av01"], boxed(*b"colr", b"prof"), "a colour profile"),
        (&[b"av01"], boxed(*b"colr", b"nclx"), "nothing"),
    ] {
        assert_eq!(refused(&avif(items, &properties), OutputFormat::Avif, NONE), what);
    }
    let freed = [avif(&[b"av01"], b""), boxed(*b"free", b"x")].concat();
    assert_eq!(refused(&freed, OutputFormat::Avif, NONE), "a box of its own");
    for (extension, what) in [
        (&b"\x21\xf9\x04\0\0\0\0\0"[..], "nothing"),
        (b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0", "nothing"),
        (b"\x21\xff\x0bXMP DataXMP\x01x\0", "XMP"),
        (b"\x21\xff\x0bourselves 1\x01x\0", "an extension"),
        (b"\x21\xfe\x01x\0", "a comment"),
    ] {
        assert_eq!(refused(&gif(&[extension]), OutputFormat::Gif, NONE), what);
    }
}

#[test]
fn tiff_has_one_directory_of_known_tags() {
    let icc = Allowed { icc: true, ..NONE };
    let said = |tag, allowed| refused(&exif(tag), OutputFormat::Tiff, allowed);
    assert_eq!(said(0x100, NONE), "nothing");
    assert_eq!(
        (said(0x8773, NONE), said(0x8773, icc)),
        ("a colour profile", "nothing")
    );
    assert_eq!(
        [
            said(0x2bc, NONE),
            said(0x8769, NONE),
            said(0x83bb, NONE),
            said(0x10e, NONE)
        ],
        ["XMP", "EXIF", "IPTC", "a tag of its own"]
    );
    let mut second = exif(0x100);
    let end = second.len() - 4;
    second[end] = 8;
    assert_eq!(
        refused(&second, OutputFormat::Tiff, NONE),
        "directories that cannot be read"
    );
    assert_eq!(
        refused(&second[..end], OutputFormat::Tiff, NONE),
        "directories that cannot be read"
    );
}
