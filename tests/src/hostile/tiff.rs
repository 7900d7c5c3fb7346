//! TIFF: directories in circles, strips and tiles that are not there or there a thousand times, packed and repeated.
use super::lzw::{self, Order};
use super::png::zeros;
use super::{CANARY, DAMAGED, Ends, Hostile, TOO_LARGE, UNSUPPORTED, cut, of, sample, secret, with_tail};

const NONE: u32 = 1;
const LZW: u32 = 5;
const DEFLATE: u32 = 8;
const PACKBITS: u32 = 32_773;

/// One entry: tag, type, count, and the value or where it is.
type Entry = (u16, u16, u32, u32);
/// Where the strip's data begins.
const DATA: u32 = 1_000;

fn directory(entries: &[Entry], next: u32) -> Vec<u8> {
    let mut bytes = (entries.len() as u16).to_le_bytes().to_vec();
    for (tag, kind, count, value) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(next.to_le_bytes());
    bytes
}

/// A grey picture of one strip, with further entries instead of its own or beside them.
fn grey(width: u32, height: u32, compression: u32, data: &[u8], more: &[Entry]) -> Vec<u8> {
    let own = [
        (0x100, 4, 1, width),
        (0x101, 4, 1, height),
        (0x102, 3, 1, 8),
        (0x103, 3, 1, compression),
        (0x106, 3, 1, 1),
        (0x111, 4, 1, DATA),
        (0x115, 3, 1, 1),
        (0x116, 4, 1, height),
        (0x117, 4, 1, data.len() as u32),
    ];
    let mut entries: Vec<Entry> = own
        .into_iter()
        .filter(|own| more.iter().all(|entry| entry.0 != own.0))
        .collect();
    entries.extend(more);
    entries.sort_by_key(|entry| entry.0);
    file(&entries, 0, data)
}

fn file(entries: &[Entry], next: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = [b"II*\0\x08\0\0\0", &directory(entries, next)[..]].concat();
    assert!(bytes.len() <= DATA as usize, "its data has its place");
    bytes.resize(DATA as usize, 0);
    bytes.extend(data);
    bytes
}

/// Black all over, by LZW.
pub(super) fn lzw(width: u32, height: u32) -> Vec<u8> {
    grey(
        width,
        height,
        LZW,
        &lzw::run(u64::from(width) * u64::from(height), 8, Order::Tiff),
        &[],
    )
}

/// So many pages of one pixel, and where the last leads.
fn pages(count: u32, last: u32) -> Vec<u8> {
    let entries: Vec<Entry> = vec![
        (0x100, 4, 1, 1),
        (0x101, 4, 1, 1),
        (0x102, 3, 1, 8),
        (0x103, 3, 1, 1),
        (0x106, 3, 1, 1),
        (0x111, 4, 1, 4),
        (0x115, 3, 1, 1),
        (0x117, 4, 1, 1),
    ];
    let len = directory(&entries, 0).len() as u32;
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    for page in 1..=count {
        let next = if page == count { last } else { 8 + page * len };
        bytes.extend(directory(&entries, next));
    }
    bytes
}

/// Strips of one row, all of the same bytes.
fn one_strip_for_all(width: u32, height: u32) -> Vec<u8> {
    let data = zeros(width.into());
    let (offsets, counts) = (DATA + data.len() as u32, DATA + data.len() as u32 + height * 4);
    let more = [
        (0x111, 4, height, offsets),
        (0x116, 4, 1, 1),
        (0x117, 4, height, counts),
    ];
    let mut bytes = grey(width, height, DEFLATE, &data, &more);
    for value in [DATA, data.len() as u32] {
        bytes.extend(value.to_le_bytes().repeat(height as usize));
    }
    bytes
}

#[expect(clippy::too_many_lines, reason = "a table: what is wrong, and how it ends")]
pub(super) fn files() -> Vec<Hostile> {
    let plain = |more: &[Entry]| grey(64, 64, NONE, &[0; 4_096], more);
    let packed = |width: u32, height: u32| {
        grey(
            width,
            height,
            DEFLATE,
            &zeros(u64::from(width) * u64::from(height)),
            &[],
        )
    };
    let bits = [(0x80, 0), (0x81, 0)]
        .repeat(50_000_000 / 256)
        .iter()
        .flat_map(|(length, value)| [*length + 1, *value])
        .collect::<Vec<u8>>();
    let tile = |width, height| {
        plain(&[
            (0x142, 4, 1, width),
            (0x143, 4, 1, height),
            (0x144, 4, 1, DATA),
            (0x145, 4, 1, 4_096),
        ])
    };
    let crowd: Vec<Entry> = (0..40).map(|tag| (0x8000 + tag, 4, 1, 0)).collect();
    let mut lines = b"II*\0\x08\0\0\0".to_vec();
    lines.extend(directory(&vec![(0xfde8, 4, 1, 0); 1_001], 0));
    let xmp = |count| plain(&[(0x2bc, 1, count, DATA)]);
    let big = [b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0", &[0_u8; 64][..]].concat();
    of(
        "tiff",
        vec![
            ("side", plain(&[(0x100, 4, 1, 20_000)]), TOO_LARGE),
            (
                "pixels",
                plain(&[(0x100, 4, 1, 16_384), (0x101, 4, 1, 16_384)]),
                TOO_LARGE,
            ),
            (
                "pixels beyond numbers",
                plain(&[(0x100, 4, 1, u32::MAX), (0x101, 4, 1, u32::MAX)]),
                TOO_LARGE,
            ),
            ("no pixels", plain(&[(0x100, 4, 1, 0)]), DAMAGED),
            ("samples", plain(&[(0x115, 3, 1, 6)]), TOO_LARGE),
            (
                "samples beyond numbers",
                plain(&[(0x115, 3, 1, 0xffff)]),
                TOO_LARGE,
            ),
            ("pages", pages(257, 0), TOO_LARGE),
            ("as many pages as may be", pages(256, 0), Ends::Made),
            ("pages in a circle", pages(20, 8 + 102), DAMAGED),
            ("a page that follows itself", pages(1, 8), DAMAGED),
            ("a page beyond the file", pages(2, 0x7fff_ffff), Ends::Either),
            ("entries", lines, TOO_LARGE),
            ("entries that nobody knows", plain(&crowd), Ends::Made),
            (
                "an entry longer than the file",
                plain(&[(0x153, 3, 134_217_731, 276)]),
                DAMAGED,
            ),
            (
                "as many pixels as may be, deflated",
                packed(10_000, 10_000),
                Ends::Made,
            ),
            ("tens of millions of pixels by LZW", lzw(7_000, 7_000), Ends::Made),
            (
                "tens of millions of pixels by PackBits",
                grey(5_000, 5_000, PACKBITS, &bits, &[]),
                Ends::Either,
            ),
            ("one strip for all", one_strip_for_all(10_000, 9_000), Ends::Made),
            (
                "a strip that inflates to far more",
                grey(64, 64, DEFLATE, &zeros(200 << 20), &[]),
                Ends::Either,
            ),
            (
                "a strip that inflates to less",
                grey(4_000, 4_000, DEFLATE, &zeros(1_000), &[]),
                DAMAGED,
            ),
            (
                "strips without end",
                plain(&[(0x111, 4, 0x3fff_ffff, DATA), (0x117, 4, 0x3fff_ffff, DATA)]),
                DAMAGED,
            ),
            (
                "a strip beyond the file",
                plain(&[(0x111, 4, 1, 0x7fff_ffff)]),
                DAMAGED,
            ),
            (
                "a strip longer than numbers",
                plain(&[(0x117, 4, 1, u32::MAX)]),
                Ends::Either,
            ),
            ("a tile", tile(65_536, 65_536), TOO_LARGE),
            ("a large tile", tile(4_096, 4_096), Ends::Either),
            ("tiles of nothing", tile(0, 0), DAMAGED),
            ("XMP", xmp((1 << 20) + 1), TOO_LARGE),
            ("XMP that is not there", xmp(u32::MAX), TOO_LARGE),
            ("profile", plain(&[(0x8773, 7, (4 << 20) + 1, DATA)]), TOO_LARGE),
            (
                "Photoshop's block",
                plain(&[(0x8649, 1, (8 << 20) + 1, DATA)]),
                TOO_LARGE,
            ),
            (
                "a text",
                grey(
                    64,
                    64,
                    NONE,
                    &[&[0; 4_096][..], CANARY, &[0]].concat(),
                    &[
                        (0x10e, 2, CANARY.len() as u32 + 1, DATA + 4_096),
                        (0x117, 4, 1, 4_096),
                    ],
                ),
                Ends::Made,
            ),
            (
                "directories within that lead back",
                plain(&[(0x14a, 4, 1, 8), (0x8769, 4, 1, 8), (0x8825, 4, 1, 8)]),
                Ends::Made,
            ),
            ("a JPEG that is none", plain(&[(0x103, 3, 1, 7)]), DAMAGED),
            (
                "bits that are none",
                plain(&[(0x102, 3, 1, 99)]),
                Ends::Refused(&["corrupt", "truncated", "unsupported_format"]),
            ),
            (
                "numbers of 64 bits",
                grey(
                    64,
                    64,
                    NONE,
                    &vec![0xff; 64 * 64 * 8],
                    &[(0x102, 3, 1, 64), (0x153, 3, 1, 3)],
                ),
                Ends::Either,
            ),
            (
                "a packing that is none",
                plain(&[(0x103, 3, 1, 60_000)]),
                Ends::Refused(&["corrupt", "unsupported_format"]),
            ),
            (
                "fax that is none",
                plain(&[(0x103, 3, 1, 4), (0x102, 3, 1, 1)]),
                Ends::Either,
            ),
            ("offsets of 64 bits", big, UNSUPPORTED),
            (
                "a directory beyond the file",
                b"II*\0\xff\xff\xff\x7f".to_vec(),
                DAMAGED,
            ),
            (
                "half of a document",
                cut(sample("pages.tiff"), 50),
                Ends::Refused(&["corrupt", "truncated"]),
            ),
            (
                "a size that another reader sees otherwise",
                sample("lying.tiff"),
                Ends::Either,
            ),
            (
                "something behind its end",
                with_tail(plain(&[]), &secret(100_000)),
                Ends::Made,
            ),
        ],
    )
}
