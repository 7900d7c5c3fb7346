//! WebP: twenty bytes that are tens of millions of pixels, frames without end, chunks that lie.
use super::bits::Bits;
use super::{CANARY, DAMAGED, Ends, Hostile, TOO_LARGE, cut, of, sample, secret, with_tail};

fn chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let padding = vec![0; body.len() % 2];
    [&kind[..], &(body.len() as u32).to_le_bytes(), body, &padding].concat()
}

fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [b"WEBP", &chunks.concat()[..]].concat();
    [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
}

/// Lossless, one colour all over: five codes of no bits at all.
fn flat(width: u64, height: u64) -> Vec<u8> {
    let head = Bits::default()
        .put(0x2f, 8)
        .put(width - 1, 14)
        .put(height - 1, 14);
    // No alpha, version 0; no transform, no cache, no groups.
    let mut bits = head.put(0, 4).put(0, 3);
    for _ in 0..5 {
        // A simple code of one symbol, which is 0.
        bits = bits.put(0b0001, 4);
    }
    // Decoders read ahead.
    chunk(*b"VP8L", &bits.put(0, 64).bytes())
}

const ANIMATED: u8 = 2;

fn canvas(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let side = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
    chunk(
        *b"VP8X",
        &[vec![flags, 0, 0, 0], side(width), side(height)].concat(),
    )
}

fn animation(frames: usize, width: u32, height: u32) -> Vec<u8> {
    let side = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
    let place = [vec![0; 6], side(width), side(height), vec![10, 0, 0, 0]].concat();
    let frame = chunk(*b"ANMF", &[place, flat(width.into(), height.into())].concat());
    let mut chunks = vec![canvas(ANIMATED, width, height), chunk(*b"ANIM", &[0; 6])];
    chunks.extend(vec![frame; frames]);
    file(&chunks)
}

pub(super) fn files() -> Vec<Hostile> {
    let small = || flat(64, 64);
    let with = |flags, more: Vec<Vec<u8>>| file(&[vec![canvas(flags, 64, 64)], vec![small()], more].concat());
    let mut lies = file(&[small()]);
    lies[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut long = file(&[small()]);
    long[16..20].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    let first_frame = animation(3, 64, 64);
    of(
        "webp",
        vec![
            ("side", file(&[canvas(0, 1 << 24, 10), small()]), TOO_LARGE),
            ("pixels", file(&[flat(16_384, 16_384)]), TOO_LARGE),
            (
                "as many pixels as may be",
                file(&[flat(16_383, 3_051)]),
                Ends::Made,
            ),
            (
                "a canvas larger than its picture",
                file(&[canvas(0, 6_000, 6_000), small()]),
                DAMAGED,
            ),
            (
                "a canvas smaller than its picture",
                file(&[canvas(0, 8, 8), flat(16_000, 3_000)]),
                DAMAGED,
            ),
            ("frames", animation(257, 16, 16), TOO_LARGE),
            ("as many frames as may be", animation(256, 600, 600), Ends::Made),
            ("frames times area", animation(256, 1_000, 1_000), TOO_LARGE),
            (
                "a frame larger than its canvas",
                file(&[
                    canvas(ANIMATED, 64, 64),
                    chunk(*b"ANIM", &[0; 6]),
                    first_frame[12 + 18 + 14..].to_vec(),
                    chunk(
                        *b"ANMF",
                        &[
                            vec![0; 6],
                            vec![255, 63, 0, 255, 63, 0, 10, 0, 0, 0],
                            flat(16_384, 16_384),
                        ]
                        .concat(),
                    ),
                ]),
                Ends::Either,
            ),
            (
                "EXIF",
                with(8, vec![chunk(*b"EXIF", &secret((1 << 20) + 1))]),
                TOO_LARGE,
            ),
            (
                "profile",
                with(0x20, vec![chunk(*b"ICCP", &secret((4 << 20) + 1))]),
                TOO_LARGE,
            ),
            (
                "XMP",
                with(4, vec![chunk(*b"XMP ", &secret((1 << 20) + 1))]),
                TOO_LARGE,
            ),
            (
                "metadata within the limits",
                with(
                    12,
                    vec![chunk(*b"EXIF", &secret(1 << 20)), chunk(*b"XMP ", CANARY)],
                ),
                Ends::Made,
            ),
            ("chunks", with(0, vec![chunk(*b"none", b""); 1_001]), TOO_LARGE),
            ("longer than it is, it says", lies, DAMAGED),
            ("a chunk longer than the file", long, DAMAGED),
            ("half of a photo", cut(sample("photo.webp"), 50), DAMAGED),
            ("no picture", file(&[canvas(0, 64, 64)]), DAMAGED),
            ("nothing", file(&[]), DAMAGED),
            (
                "codes that are none",
                file(&[chunk(
                    *b"VP8L",
                    &[&[0x2f, 0xff, 0xc0, 0x3f, 0][..], &[0xff; 64]].concat(),
                )]),
                DAMAGED,
            ),
            (
                "an animation of no frames",
                file(&[canvas(ANIMATED, 64, 64), chunk(*b"ANIM", &[0; 6])]),
                DAMAGED,
            ),
            (
                "something behind its end",
                with_tail(file(&[small()]), &secret(100_000)),
                Ends::Made,
            ),
        ],
    )
}
