//! JPEG XL: sizes of a few bits, boxes without end.
use super::bits::Bits;
use super::{CANARY, DAMAGED, Ends, Hostile, TOO_LARGE, cut, of, sample, secret, with_tail};

fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], &kind, body].concat()
}

fn file(boxes: &[Vec<u8>]) -> Vec<u8> {
    let head = [
        boxed(*b"JXL ", b"\r\n\x87\n"),
        boxed(*b"ftyp", b"jxl \0\0\0\0jxl "),
    ]
    .concat();
    [head, boxes.concat()].concat()
}

/// A codestream that says no more than its size, all else by default.
fn claim(width: u64, height: u64) -> Vec<u8> {
    let head = Bits::default().put(0xff, 8).put(0x0a, 8);
    // Not small; thirty bits each; no ratio. Then metadata and transforms by default.
    let size = head
        .put(0, 1)
        .put(3, 2)
        .put(height - 1, 30)
        .put(0, 3)
        .put(3, 2)
        .put(width - 1, 30);
    size.put(1, 1).put(1, 1).put(0, 512).bytes()
}

/// The codestream of a sample, bare.
fn bare(name: &str) -> Vec<u8> {
    let bytes = sample(name);
    if bytes.starts_with(&[0xff, 0x0a]) {
        return bytes;
    }
    let at = bytes
        .windows(4)
        .position(|word| word == b"jxlc")
        .expect("it is in one box");
    bytes[at + 4..].to_vec()
}

pub(super) fn files() -> Vec<Hostile> {
    let stream = boxed(*b"jxlc", &bare("lossless.jxl"));
    let with = |more: Vec<Vec<u8>>| file(&[vec![stream.clone()], more].concat());
    of(
        "jxl",
        vec![
            ("side", claim(20_000, 10), TOO_LARGE),
            ("pixels", claim(10_000, 10_000), TOO_LARGE),
            (
                "pixels beyond numbers",
                claim(1 << 30, 1 << 30),
                Ends::Refused(&["too_large", "corrupt"]),
            ),
            ("a size and nothing else", claim(7_000, 7_000), DAMAGED),
            ("boxes", with(vec![boxed(*b"free", b""); 1_001]), TOO_LARGE),
            (
                "EXIF",
                with(vec![boxed(*b"Exif", &[&[0; 4], &secret(1 << 20)[..]].concat())]),
                TOO_LARGE,
            ),
            (
                "XMP",
                with(vec![boxed(*b"xml ", &secret((1 << 20) + 1))]),
                TOO_LARGE,
            ),
            (
                "metadata within the limits",
                with(vec![
                    boxed(*b"Exif", &[&[0; 4], CANARY].concat()),
                    boxed(*b"xml ", CANARY),
                ]),
                Ends::Made,
            ),
            (
                "EXIF that begins beyond the file",
                with(vec![boxed(*b"Exif", &[0xff; 40])]),
                Ends::Made,
            ),
            (
                "metadata that inflates",
                with(vec![boxed(*b"brob", &[b"Exif", &[0x5b; 4_000][..]].concat())]),
                Ends::Made,
            ),
            ("two codestreams", with(vec![stream.clone()]), DAMAGED),
            (
                "a codestream in pieces after another",
                with(vec![boxed(*b"jxlp", &secret(400)); 500]),
                DAMAGED,
            ),
            ("no codestream", file(&[]), DAMAGED),
            ("nothing behind its start", vec![0xff, 0x0a], DAMAGED),
            ("half of a photo", cut(sample("photo.jxl"), 50), DAMAGED),
            (
                "ones all over",
                [&[0xff, 0x0a], &[0xff; 4_000][..]].concat(),
                Ends::Refused(&["corrupt", "truncated", "too_large", "unsupported_format"]),
            ),
            (
                "something behind its end",
                with_tail(with(Vec::new()), &boxed(*b"free", CANARY)),
                Ends::Made,
            ),
        ],
    )
}
