//! JPEG: claims in its frame header, scans and segments without end, metadata that goes round in circles.
use super::{CANARY, DAMAGED, Ends, Hostile, TOO_LARGE, UNSUPPORTED, cut, of, sample, secret, with_tail};

const BASELINE: u8 = 0xc0;
const PROGRESSIVE: u8 = 0xc2;

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u16 + 2).to_be_bytes();
    [&[0xff, marker], &len[..], body].concat()
}

fn frame(marker: u8, bits: u8, width: u16, height: u16, components: u8) -> Vec<u8> {
    let mut body = vec![bits];
    body.extend(height.to_be_bytes());
    body.extend(width.to_be_bytes());
    body.push(components);
    for component in 1..=components {
        body.extend([component, 0x11, 0]);
    }
    segment(marker, &body)
}

/// One code of one bit: the symbol that it stands for.
fn table(class: u8, symbol: u8) -> Vec<u8> {
    let mut body = vec![class << 4, 1];
    body.extend([0; 15]);
    body.push(symbol);
    segment(0xc4, &body)
}

/// A scan of the only component: from and to which coefficient, at which bit, and as many zero bytes of data.
fn scan(from: u8, to: u8, bit: u8, zeros: usize) -> Vec<u8> {
    [segment(0xda, &[1, 1, 0, from, to, bit]), vec![0; zeros]].concat()
}

fn blocks(width: u16, height: u16) -> usize {
    usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8)
}

fn tables() -> Vec<u8> {
    let quantities = segment(0xdb, &[&[0][..], &[1; 64]].concat());
    // No difference; the end of a block.
    [quantities, table(0, 0), table(1, 0)].concat()
}

/// Grey all over; `parts` come before its frame.
fn flat_with(parts: &[Vec<u8>], width: u16, height: u16) -> Vec<u8> {
    let frame = frame(BASELINE, 8, width, height, 1);
    let data = scan(0, 63, 0, blocks(width, height) / 4 + 1);
    [
        &[0xff, 0xd8][..],
        &parts.concat(),
        &tables(),
        &frame,
        &data,
        &[0xff, 0xd9],
    ]
    .concat()
}

fn flat(width: u16, height: u16) -> Vec<u8> {
    flat_with(&[], width, height)
}

/// Grey all over, in so many scans.
pub(super) fn progressive(width: u16, height: u16, scans: usize) -> Vec<u8> {
    let blocks = blocks(width, height);
    let first = scan(0, 0, 0, blocks / 8 + 1);
    // One code for 16,384 blocks of nothing, and fourteen bits more.
    let rest = [
        table(1, 0xe0),
        scan(1, 63, 0, blocks.div_ceil(16_384) * 15 / 8 + 2),
    ]
    .concat();
    [
        &[0xff, 0xd8][..],
        &tables(),
        &frame(PROGRESSIVE, 8, width, height, 1),
        &first,
        &rest.repeat(scans - 1),
        &[0xff, 0xd9],
    ]
    .concat()
}

/// An EXIF segment: these entries (tag, type, count, value) in its first directory, and where the next one is.
fn exif(entries: &[(u16, u16, u32, u32)], next: u32) -> Vec<u8> {
    let mut body = b"Exif\0\0II*\0\x08\0\0\0".to_vec();
    body.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        body.extend(tag.to_le_bytes());
        body.extend(kind.to_le_bytes());
        body.extend(count.to_le_bytes());
        body.extend(value.to_le_bytes());
    }
    body.extend(next.to_le_bytes());
    body.extend(CANARY);
    segment(0xe1, &body)
}

#[expect(clippy::too_many_lines, reason = "a table: what is wrong, and how it ends")]
pub(super) fn files() -> Vec<Hostile> {
    let small = |parts: &[Vec<u8>]| flat_with(parts, 64, 64);
    let full = |head: &[u8]| [head, &secret(65_000 - head.len())[..]].concat();
    let many = |marker, head: &[u8], count| small(&vec![segment(marker, &full(head)); count]);
    let framed = |frame: Vec<u8>| {
        [
            &[0xff, 0xd8][..],
            &tables(),
            &frame,
            &scan(0, 63, 0, 64),
            &[0xff, 0xd9],
        ]
        .concat()
    };
    let xmp = b"http://ns.adobe.com/xap/1.0/\0";
    let mut files = vec![
        ("side", flat(60_000, 10), TOO_LARGE),
        ("pixels", framed(frame(BASELINE, 8, 16_384, 16_384, 1)), TOO_LARGE),
        (
            "pixels, progressive",
            framed(frame(PROGRESSIVE, 8, 10_000, 6_000, 1)),
            TOO_LARGE,
        ),
        ("as many pixels as may be", flat(10_000, 10_000), Ends::Made),
        (
            "as many pixels and scans as may be",
            progressive(8_000, 6_000, 100),
            Ends::Made,
        ),
        ("scans", progressive(64, 64, 101), TOO_LARGE),
        ("thousands of scans", progressive(64, 64, 5_000), TOO_LARGE),
        ("segments", small(&vec![segment(0xe9, b"x"); 1_001]), TOO_LARGE),
        ("EXIF", many(0xe1, b"Exif\0\0", 17), TOO_LARGE),
        ("profiles", many(0xe2, b"ICC_PROFILE\0\x01\x01", 65), TOO_LARGE),
        (
            "XMP",
            many(0xe1, b"http://ns.adobe.com/xmp/extension/\0", 17),
            TOO_LARGE,
        ),
        ("comments", many(0xfe, b"", 130), TOO_LARGE),
        ("components", framed(frame(BASELINE, 8, 64, 64, 200)), TOO_LARGE),
        (
            "five components",
            framed(frame(BASELINE, 8, 64, 64, 5)),
            Ends::Either,
        ),
        ("twelve bits", framed(frame(BASELINE, 12, 64, 64, 1)), UNSUPPORTED),
        ("no pixels", framed(frame(BASELINE, 8, 0, 64, 1)), DAMAGED),
        (
            "data for less than its size",
            framed(frame(BASELINE, 8, 9_000, 9_000, 1)),
            Ends::Either,
        ),
        ("half of a photo", cut(sample("gain-map.jpg"), 40), DAMAGED),
        (
            "no frame",
            [&[0xff, 0xd8][..], &tables(), &[0xff, 0xd9]].concat(),
            DAMAGED,
        ),
        ("nothing behind its start", vec![0xff, 0xd8, 0xff], DAMAGED),
        (
            "fill without end",
            [&[0xff, 0xd8][..], &vec![0xff; 1 << 20]].concat(),
            DAMAGED,
        ),
        (
            "something behind its end",
            with_tail(small(&[]), &secret(100_000)),
            Ends::Made,
        ),
        (
            "a page in its comment",
            small(&[segment(0xfe, b"<script>'CANARY-0451-LEAVES-NOWHERE'</script>")]),
            Ends::Made,
        ),
        (
            "metadata within the limits",
            small(&[
                segment(0xe1, &full(b"Exif\0\0")),
                segment(0xe1, &full(xmp)),
                segment(0xed, &full(b"Photoshop 3.0\0")),
            ]),
            Ends::Made,
        ),
        (
            "EXIF that leads to itself",
            small(&[exif(&[(0x8769, 4, 1, 8), (0x8825, 4, 1, 8)], 8)]),
            Ends::Made,
        ),
        (
            "EXIF of numbers beyond all",
            small(&[exif(
                &[
                    (0x10e, 2, u32::MAX, 8),
                    (0x8298, 5, 0x2000_0001, 8),
                    (0x927c, 7, u32::MAX, u32::MAX),
                ],
                u32::MAX,
            )]),
            Ends::Made,
        ),
        (
            "a turn that is none",
            small(&[exif(&[(0x112, 3, 1, 200)], 0)]),
            Ends::Made,
        ),
        (
            "EXIF without an end",
            small(&[exif(&vec![(0x112, 3, 1, 6); 5_000], 0)]),
            Ends::Made,
        ),
        (
            "a thumbnail beyond the file",
            small(&[exif(&[(0x201, 4, 1, 60_000), (0x202, 4, 1, u32::MAX)], 8)]),
            Ends::Made,
        ),
        (
            "pictures beside it that are not there",
            small(&[segment(
                0xe2,
                b"MPF\0II*\0\x08\0\0\0\x01\0\x01\xb0\x04\0\xff\xff\xff\xff\0\0\0\0",
            )]),
            Ends::Made,
        ),
    ];
    let mut sampled = frame(BASELINE, 8, 640, 640, 4);
    for component in 0..4 {
        sampled[11 + component * 3] = [0x44, 0x14, 0x41, 0xff][component];
    }
    files.push(("samples in odd measure", framed(sampled), DAMAGED));
    let two = [
        frame(BASELINE, 8, 64, 64, 1),
        frame(BASELINE, 8, 16_000, 6_000, 1),
    ]
    .concat();
    files.push(("two frames", framed(two), DAMAGED));
    files.push((
        "a table of no codes",
        framed([segment(0xc4, &[0xff; 17]), frame(BASELINE, 8, 64, 64, 1)].concat()),
        DAMAGED,
    ));
    files.push((
        "arithmetic that nobody uses",
        framed(frame(0xc9, 8, 64, 64, 1)),
        Ends::Either,
    ));
    files.push((
        "a lossless frame",
        framed(frame(0xc3, 8, 64, 64, 1)),
        Ends::Either,
    ));
    of("jpg", files)
}
