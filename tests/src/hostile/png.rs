//! PNG: claims in its header, packed metadata, chunks without end.
use std::io::Write as _;

use flate2::{Compression, Crc, write::ZlibEncoder};

use super::{CANARY, DAMAGED, Ends, Hostile, TOO_LARGE, cut, of, secret, with_tail};

const GREY: u8 = 0;
const RGB: u8 = 2;
const PALETTE: u8 = 3;

/// How a picture is stored.
#[derive(Clone, Copy)]
struct Form {
    width: u32,
    height: u32,
    bits: u8,
    colour: u8,
    interlaced: bool,
}

impl Form {
    fn grey(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            bits: 8,
            colour: GREY,
            interlaced: false,
        }
    }

    fn header(self) -> Vec<u8> {
        let sides = [self.width.to_be_bytes(), self.height.to_be_bytes()].concat();
        chunk(
            *b"IHDR",
            &[
                &sides[..],
                &[self.bits, self.colour, 0, 0, u8::from(self.interlaced)],
            ]
            .concat(),
        )
    }

    /// Bytes of its rows, each behind the number of its filter.
    fn raw(self) -> u64 {
        let samples = if self.colour == RGB { 3 } else { 1 };
        let rows = |width: u32, height: u32| {
            let bits = u64::from(width) * samples * u64::from(self.bits);
            if width == 0 {
                0
            } else {
                u64::from(height) * (1 + bits.div_ceil(8))
            }
        };
        if !self.interlaced {
            return rows(self.width, self.height);
        }
        // Where each pass begins, and its steps.
        let passes = [
            (0, 0, 8, 8),
            (4, 0, 8, 8),
            (0, 4, 4, 8),
            (2, 0, 4, 4),
            (0, 2, 2, 4),
            (1, 0, 2, 2),
            (0, 1, 1, 2),
        ];
        passes
            .iter()
            .map(|(x, y, right, down)| {
                rows(
                    self.width.saturating_sub(*x).div_ceil(*right),
                    self.height.saturating_sub(*y).div_ceil(*down),
                )
            })
            .sum()
    }

    /// All black.
    fn flat(self) -> Vec<u8> {
        self.with(&[])
    }

    /// All black, with these chunks before its pixels.
    fn with(self, chunks: &[Vec<u8>]) -> Vec<u8> {
        self.with_pixels(chunks, &chunk(*b"IDAT", &zeros(self.raw())))
    }

    fn with_pixels(self, chunks: &[Vec<u8>], pixels: &[u8]) -> Vec<u8> {
        [
            b"\x89PNG\r\n\x1a\n",
            &self.header()[..],
            &chunks.concat(),
            pixels,
            &chunk(*b"IEND", b""),
        ]
        .concat()
    }
}

/// A zlib stream of so many zeros.
pub(super) fn zeros(count: u64) -> Vec<u8> {
    let mut stream = ZlibEncoder::new(Vec::new(), Compression::fast());
    let block = vec![0; 1 << 16];
    let mut left = count;
    while left > 0 {
        let now = left.min(block.len() as u64) as usize;
        stream.write_all(&block[..now]).expect("memory takes it");
        left -= now as u64;
    }
    stream.finish().expect("memory takes it")
}

fn chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(&kind);
    crc.update(body);
    [
        &(body.len() as u32).to_be_bytes()[..],
        &kind,
        body,
        &crc.sum().to_be_bytes(),
    ]
    .concat()
}

/// Texts and profiles: a keyword, and what follows it.
fn named(kind: [u8; 4], keyword: &[u8], rest: &[u8]) -> Vec<u8> {
    chunk(kind, &[keyword, rest].concat())
}

fn xmp(len: usize) -> Vec<u8> {
    named(*b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0", &secret(len))
}

#[expect(clippy::too_many_lines, reason = "a table: what is wrong, and how it ends")]
pub(super) fn files() -> Vec<Hostile> {
    let small = Form::grey(64, 64);
    let claim = |width, height| Form::grey(width, height).with_pixels(&[], &chunk(*b"IDAT", &zeros(100)));
    let interlaced = |width, height| Form {
        interlaced: true,
        ..Form::grey(width, height)
    };
    let icc = |inflated| named(*b"iCCP", b"profile\0\0", &zeros(inflated));
    let frames = |count: u32| chunk(*b"acTL", &[count.to_be_bytes(), [0; 4]].concat());
    let mut lying = small.flat();
    lying[33..37].copy_from_slice(&u32::MAX.to_be_bytes());
    let mut files = vec![
        ("side", claim(20_000, 10), TOO_LARGE),
        ("pixels", claim(16_384, 16_384), TOO_LARGE),
        ("pixels beyond numbers", claim(u32::MAX, u32::MAX), TOO_LARGE),
        (
            "pixels, interlaced",
            interlaced(10_000, 6_000).with_pixels(&[], b""),
            TOO_LARGE,
        ),
        (
            "as many pixels as may be",
            Form::grey(10_000, 10_000).flat(),
            Ends::Made,
        ),
        (
            "as many pixels as may be, interlaced",
            interlaced(8_000, 6_250).flat(),
            Ends::Made,
        ),
        (
            "more than what libvips would put on a disk",
            Form {
                colour: RGB,
                ..interlaced(8_000, 6_250)
            }
            .flat(),
            Ends::Made,
        ),
        ("no pixels", claim(0, 10), DAMAGED),
        ("frames", small.with(&[frames(257)]), TOO_LARGE),
        (
            "frames beyond numbers",
            small.with(&[frames(u32::MAX)]),
            TOO_LARGE,
        ),
        (
            "a profile that inflates",
            small.with(&[icc(100 << 20)]),
            TOO_LARGE,
        ),
        (
            "a profile just over",
            small.with(&[icc((4 << 20) + 1)]),
            TOO_LARGE,
        ),
        ("a profile that is none", small.with(&[icc(4 << 20)]), Ends::Made),
        (
            "text that inflates",
            small.with(&[named(*b"zTXt", b"a\0\0", &zeros(100 << 20))]),
            TOO_LARGE,
        ),
        (
            "text that inflates, in a language",
            small.with(&[named(*b"iTXt", b"a\0\x01\0de\0\0", &zeros(100 << 20))]),
            TOO_LARGE,
        ),
        (
            "XMP that inflates",
            small.with(&[named(*b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0", &zeros(2 << 20))]),
            TOO_LARGE,
        ),
        (
            "a hundred texts that inflate",
            small.with(&vec![named(*b"zTXt", b"a\0\0", &zeros(100 << 10)); 100]),
            TOO_LARGE,
        ),
        (
            "plain text",
            small.with(&[named(*b"tEXt", b"Comment\0", &secret(9 << 20))]),
            TOO_LARGE,
        ),
        (
            "EXIF",
            small.with(&[chunk(*b"eXIf", &secret((1 << 20) + 1))]),
            TOO_LARGE,
        ),
        ("XMP", small.with(&[xmp((1 << 20) + 1)]), TOO_LARGE),
        (
            "chunks",
            small.with(&vec![chunk(*b"prVt", b"x"); 1_001]),
            TOO_LARGE,
        ),
        (
            "metadata within the limits",
            small.with(&[
                chunk(*b"eXIf", &secret(1 << 20)),
                xmp(1 << 19),
                named(*b"tEXt", b"Comment\0", CANARY),
            ]),
            Ends::Made,
        ),
        (
            "empty pieces of pixels without end",
            small.with(&vec![chunk(*b"IDAT", b""); 100_000]),
            Ends::Either,
        ),
        ("a chunk as long as numbers", lying, DAMAGED),
        ("half", cut(small.with(&[xmp(4_000)]), 50), DAMAGED),
        ("no end", cut(small.flat(), 90), DAMAGED),
        (
            "pixels that inflate to far more than its size",
            small.with_pixels(&[], &chunk(*b"IDAT", &zeros(200 << 20))),
            Ends::Either,
        ),
        (
            "pixels that inflate to less than its size",
            Form::grey(2_000, 2_000).with_pixels(&[], &chunk(*b"IDAT", &zeros(1_000))),
            DAMAGED,
        ),
        (
            "no pixels behind its header",
            small.with_pixels(&[], b""),
            DAMAGED,
        ),
        (
            "a palette that is not there",
            Form {
                colour: PALETTE,
                ..small
            }
            .flat(),
            DAMAGED,
        ),
        (
            "two headers",
            small.with(&[Form::grey(16_384, 6_000).header()]),
            Ends::Either,
        ),
        ("bits that are none", Form { bits: 7, ..small }.flat(), DAMAGED),
        (
            "something behind its end",
            with_tail(small.flat(), &secret(100_000)),
            Ends::Made,
        ),
        (
            "an archive, too",
            with_tail(small.flat(), b"PK\x03\x04\x14\0\0\0\0\0PK\x05\x06"),
            Ends::Made,
        ),
        (
            "a page in its text",
            small.with(&[named(
                *b"tEXt",
                b"Comment\0",
                b"<script>alert('CANARY-0451-LEAVES-NOWHERE')</script>",
            )]),
            Ends::Made,
        ),
    ];
    let mut broken = small.flat();
    broken[29] ^= 0xff;
    files.push(("a checksum that is wrong", broken, Ends::Either));
    of("png", files)
}
