//! AVIF and HEIC: properties that lie, items without end, boxes in boxes.
use super::{CANARY, DAMAGED, Ends, Hostile, TOO_LARGE, cut, of, replaced, sample, secret, with_tail};

fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], &kind, body].concat()
}

fn full(kind: [u8; 4], version: u8, body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[version, 0, 0, 0], body].concat())
}

fn brand(brand: [u8; 4]) -> Vec<u8> {
    boxed(*b"ftyp", &[&brand[..], &[0; 4], b"mif1", &brand].concat())
}

/// A header without a picture: these boxes in its `meta`.
fn header(kind: [u8; 4], boxes: &[Vec<u8>]) -> Vec<u8> {
    [brand(kind), full(*b"meta", 0, &boxes.concat())].concat()
}

fn items(kind: [u8; 4], count: u16) -> Vec<u8> {
    let entries: Vec<u8> = (1..=count)
        .flat_map(|id| {
            full(
                *b"infe",
                2,
                &[&id.to_be_bytes()[..], &[0, 0], &kind, &[0]].concat(),
            )
        })
        .collect();
    full(*b"iinf", 0, &[&count.to_be_bytes()[..], &entries].concat())
}

/// Places of one item each: how long fields are (offset, length, base, index), how many extents, and their bytes.
fn places(sizes: u16, count: u16, extents: u16, fields: &[u8]) -> Vec<u8> {
    let item = |id: u16| [&id.to_be_bytes()[..], &[0, 0], &extents.to_be_bytes(), fields].concat();
    let all: Vec<u8> = (1..=count).flat_map(item).collect();
    full(
        *b"iloc",
        0,
        &[&sizes.to_be_bytes()[..], &count.to_be_bytes(), &all].concat(),
    )
}

fn properties(all: &[Vec<u8>]) -> Vec<u8> {
    boxed(*b"iprp", &boxed(*b"ipco", &all.concat()))
}

fn size(width: u32, height: u32) -> Vec<u8> {
    full(*b"ispe", 0, &[width.to_be_bytes(), height.to_be_bytes()].concat())
}

/// Properties, all of which item 1 has.
fn properties_of_one(all: &[Vec<u8>]) -> Vec<u8> {
    let indices: Vec<u8> = (1..=all.len() as u8).collect();
    let associations = [&[0, 0, 0, 1, 0, 1, all.len() as u8][..], &indices].concat();
    boxed(
        *b"iprp",
        &[boxed(*b"ipco", &all.concat()), full(*b"ipma", 0, &associations)].concat(),
    )
}

/// Item 2 is put together from item 1, so many times.
fn put_together(times: u16) -> Vec<u8> {
    let names = [&[0, 2][..], &times.to_be_bytes(), &[0, 1].repeat(times.into())].concat();
    full(*b"iref", 0, &boxed(*b"dimg", &names))
}

/// A sample that declares another size.
fn claiming(name: &str, width: u32, height: u32) -> Vec<u8> {
    let mut bytes = sample(name);
    let places: Vec<usize> = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, word)| word == b"ispe")
        .map(|(at, _)| at + 8)
        .collect();
    for at in places {
        bytes[at..at + 4].copy_from_slice(&width.to_be_bytes());
        bytes[at + 4..at + 8].copy_from_slice(&height.to_be_bytes());
    }
    bytes
}

fn nested(kind: [u8; 4], depth: usize) -> Vec<u8> {
    let level = |left: usize| [&(left as u32 * 12).to_be_bytes()[..], b"meta", &[0; 4]].concat();
    let bytes: Vec<u8> = (1..=depth).rev().flat_map(level).collect();
    [brand(kind), bytes].concat()
}

pub(super) fn files() -> Vec<Hostile> {
    [
        both("avif", *b"avif", *b"av01", "clear.avif"),
        both("heic", *b"heic", *b"hvc1", "photo.heic"),
        of(
            "heic",
            vec![
                (
                    "a grid beyond the limits",
                    replaced(
                        sample("grid.heic"),
                        &[0, 0, 1, 1, 0, 120, 0, 80],
                        &[0, 0, 1, 1, 0xff, 0xff, 0xff, 0xff],
                    ),
                    TOO_LARGE,
                ),
                (
                    "a grid of more tiles than there are",
                    replaced(
                        sample("grid.heic"),
                        &[0, 0, 1, 1, 0, 120, 0, 80],
                        &[0, 0, 255, 255, 0, 120, 0, 80],
                    ),
                    DAMAGED,
                ),
            ],
        ),
    ]
    .concat()
}

#[expect(clippy::too_many_lines, reason = "a table: what is wrong, and how it ends")]
fn both(extension: &'static str, kind: [u8; 4], item: [u8; 4], name: &str) -> Vec<Hostile> {
    let whole = sample(name);
    let sizes = |width, height| header(kind, &[items(item, 1), properties(&[size(width, height)])]);
    let mut endless = whole.clone();
    let at = endless
        .windows(4)
        .position(|word| word == b"iloc")
        .expect("it has places");
    // The first length is somewhere among these.
    endless[at + 14..at + 24].fill(0x7f);
    let mut zero = whole.clone();
    let meta = zero
        .windows(4)
        .position(|word| word == b"meta")
        .expect("it has metadata");
    zero[meta - 4..meta].copy_from_slice(&0_u32.to_be_bytes());
    let mut huge = whole.clone();
    huge[meta - 4..meta].copy_from_slice(&1_u32.to_be_bytes());
    let free = boxed(*b"free", b"");
    of(
        extension,
        vec![
            ("side", claiming(name, 20_000, 10), TOO_LARGE),
            ("pixels", claiming(name, 10_000, 10_000), TOO_LARGE),
            ("pixels beyond numbers", sizes(u32::MAX, u32::MAX), TOO_LARGE),
            (
                "a size larger than what is coded",
                claiming(name, 7_000, 7_000),
                Ends::Either,
            ),
            (
                "a size smaller than what is coded",
                claiming(name, 8, 8),
                Ends::Either,
            ),
            (
                "one tile three times, beyond the limits together",
                header(
                    kind,
                    &[
                        items(item, 2),
                        properties_of_one(&[size(7_000, 7_000)]),
                        put_together(3),
                    ],
                ),
                TOO_LARGE,
            ),
            (
                "one tile without end",
                header(
                    kind,
                    &[
                        items(item, 2),
                        properties_of_one(&[size(64, 64)]),
                        put_together(2_000),
                    ],
                ),
                TOO_LARGE,
            ),
            (
                "as many items and tiles as may be, that are nowhere",
                header(
                    kind,
                    &[
                        items(item, 900),
                        properties_of_one(&[size(64, 64)]),
                        put_together(900),
                    ],
                ),
                DAMAGED,
            ),
            ("no pixels", sizes(0, 10), DAMAGED),
            ("no item", header(kind, &[]), DAMAGED),
            ("an item that is nowhere", sizes(64, 64), DAMAGED),
            ("boxes", with_tail(whole.clone(), &free.repeat(1_001)), TOO_LARGE),
            (
                "items",
                header(kind, &[items(item, 1_001), properties(&[size(64, 64)])]),
                TOO_LARGE,
            ),
            (
                "properties",
                header(kind, &[items(item, 1), properties(&vec![size(64, 64); 1_001])]),
                TOO_LARGE,
            ),
            (
                "places of no bytes without end",
                header(
                    kind,
                    &[
                        items(item, 400),
                        places(0, 400, u16::MAX, &[]),
                        properties(&[size(64, 64)]),
                    ],
                ),
                TOO_LARGE,
            ),
            ("items that are larger than the file", endless, DAMAGED),
            (
                "EXIF that is longer than it may be",
                header(
                    kind,
                    &[
                        items(*b"Exif", 1),
                        places(0x0400, 1, 1, &[0, 0x20, 0, 0]),
                        properties(&[size(64, 64)]),
                    ],
                ),
                TOO_LARGE,
            ),
            (
                "XMP that is longer than it may be",
                header(
                    kind,
                    &[
                        items(*b"mime", 1),
                        places(0x0400, 1, 1, &[0, 0x20, 0, 0]),
                        properties(&[size(64, 64)]),
                    ],
                ),
                TOO_LARGE,
            ),
            (
                "profile",
                header(
                    kind,
                    &[
                        items(item, 1),
                        properties(&[
                            size(64, 64),
                            boxed(*b"colr", &[b"prof", &secret(5 << 20)[..]].concat()),
                        ]),
                    ],
                ),
                TOO_LARGE,
            ),
            (
                "ten thousand boxes in each other",
                nested(kind, 10_000),
                Ends::Refused(&["truncated", "corrupt", "too_large", "unsupported_format"]),
            ),
            ("a box as long as the file", zero, Ends::Either),
            (
                "a box longer than numbers",
                huge,
                Ends::Refused(&["truncated", "corrupt"]),
            ),
            ("half", cut(whole.clone(), 50), DAMAGED),
            ("nothing behind its brand", brand(kind), DAMAGED),
            (
                "something behind its end",
                with_tail(whole, &boxed(*b"free", CANARY)),
                Ends::Made,
            ),
        ],
    )
}
