//! GIF: screens, frames and comments without end.
use super::lzw::{self, Order};
use super::{CANARY, DAMAGED, Ends, Hostile, TOO_LARGE, cut, of, sample, secret, with_tail};

fn screen(width: u16, height: u16) -> Vec<u8> {
    let sides = [width.to_le_bytes(), height.to_le_bytes()].concat();
    // Two colours.
    [b"GIF89a", &sides[..], &[0x80, 0, 0], &[0, 0, 0, 255, 255, 255]].concat()
}

fn parts(bytes: &[u8]) -> Vec<u8> {
    let mut parts: Vec<u8> = Vec::new();
    for part in bytes.chunks(255) {
        parts.push(part.len() as u8);
        parts.extend(part);
    }
    parts.push(0);
    parts
}

fn frame(width: u16, height: u16) -> Vec<u8> {
    let pixels = u64::from(width) * u64::from(height);
    with_data(width, height, 2, &lzw::run(pixels, 2, Order::Gif))
}

fn with_data(width: u16, height: u16, bits: u8, data: &[u8]) -> Vec<u8> {
    let sides = [width.to_le_bytes(), height.to_le_bytes()].concat();
    [&[0x2c, 0, 0, 0, 0], &sides[..], &[0, bits], &parts(data)].concat()
}

fn extension(label: u8, body: &[u8]) -> Vec<u8> {
    [&[0x21, label], &parts(body)[..]].concat()
}

fn application(name: &[u8; 11], body: &[u8]) -> Vec<u8> {
    [&[0x21, 0xff, 11], &name[..], &parts(body)].concat()
}

fn file(width: u16, height: u16, blocks: &[Vec<u8>]) -> Vec<u8> {
    [screen(width, height), blocks.concat(), vec![0x3b]].concat()
}

pub(super) fn files() -> Vec<Hostile> {
    let small = |more: Vec<Vec<u8>>| file(64, 64, &[more, vec![frame(64, 64)]].concat());
    let dots = |count| vec![frame(1, 1); count];
    of(
        "gif",
        vec![
            ("side", file(u16::MAX, 10, &[frame(1, 1)]), TOO_LARGE),
            ("pixels", file(16_000, 16_000, &[frame(1, 1)]), TOO_LARGE),
            (
                "as many pixels as may be",
                file(8_000, 6_250, &[frame(8_000, 6_250)]),
                Ends::Made,
            ),
            ("frames", file(64, 64, &dots(257)), TOO_LARGE),
            ("thousands of frames", file(64, 64, &dots(5_000)), TOO_LARGE),
            ("as many frames as may be", file(600, 600, &dots(256)), Ends::Made),
            ("frames times area", file(1_000, 1_000, &dots(200)), TOO_LARGE),
            (
                "a frame that leaves its screen",
                file(10, 10, &[frame(16_000, 16_000)]),
                TOO_LARGE,
            ),
            (
                "a frame that leaves its screen by little",
                file(10, 10, &[frame(100, 100)]),
                Ends::Made,
            ),
            ("comments", small(vec![extension(0xfe, CANARY); 1_001]), TOO_LARGE),
            (
                "one long comment",
                small(vec![extension(0xfe, &secret(9 << 20))]),
                TOO_LARGE,
            ),
            (
                "XMP",
                small(vec![application(b"XMP DataXMP", &secret((1 << 20) + 1))]),
                TOO_LARGE,
            ),
            (
                "profile",
                small(vec![application(b"ICCRGBG1012", &secret(5 << 20))]),
                TOO_LARGE,
            ),
            (
                "metadata within the limits",
                small(vec![
                    extension(0xfe, CANARY),
                    application(b"XMP DataXMP", &secret(1 << 19)),
                    application(b"ours ours 1", CANARY),
                ]),
                Ends::Made,
            ),
            (
                "data for less than its frame",
                file(
                    3_000,
                    3_000,
                    &[with_data(3_000, 3_000, 2, &lzw::run(100, 2, Order::Gif))],
                ),
                Ends::Either,
            ),
            (
                "data for far more than its frame",
                file(8, 8, &[with_data(8, 8, 2, &lzw::run(200_000_000, 2, Order::Gif))]),
                Ends::Either,
            ),
            (
                "codes of too many bits",
                file(64, 64, &[with_data(64, 64, 13, &[0xff; 500])]),
                DAMAGED,
            ),
            (
                "codes that are none",
                file(64, 64, &[with_data(64, 64, 2, &[0xff; 500])]),
                Ends::Either,
            ),
            ("no frame", file(64, 64, &[]), DAMAGED),
            ("no pixels", file(0, 0, &[frame(1, 1)]), Ends::Either),
            (
                "half of an animation",
                cut(sample("animation.gif"), 50),
                Ends::Either,
            ),
            ("nothing behind its name", b"GIF89a".to_vec(), DAMAGED),
            (
                "blocks without end",
                [screen(64, 64), vec![0x21, 0xfe], vec![0xff; 1 << 20]].concat(),
                DAMAGED,
            ),
            (
                "something behind its end",
                with_tail(small(Vec::new()), &secret(100_000)),
                Ends::Made,
            ),
        ],
    )
}
