//! Files of no format, or of one that is not decoded.
use super::{Ends, Hostile, UNSUPPORTED, of, secret};

pub(super) fn files() -> Vec<Hostile> {
    of("jpg", vec![
        ("empty", Vec::new(), Ends::Refused(&["empty"])),
        ("one byte", vec![0xff], UNSUPPORTED),
        ("zeros", vec![0; 1 << 20], UNSUPPORTED),
        ("text", secret(10_000), UNSUPPORTED),
        ("a document", b"%PDF-1.7\n1 0 obj".to_vec(), UNSUPPORTED),
        ("an archive", b"PK\x03\x04\x14\0\0\0\x08\0".to_vec(), UNSUPPORTED),
        ("a packed drawing", b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), UNSUPPORTED),
        ("a page", b"<!DOCTYPE html><html><svg xmlns='http://www.w3.org/2000/svg'/></html>".to_vec(), UNSUPPORTED),
        ("a video", b"\0\0\0\x18ftypisom\0\0\0\0isommp42".to_vec(), UNSUPPORTED),
        ("another codec in the same boxes", b"\0\0\0\x18ftypmif1\0\0\0\0mif1vvc1".to_vec(), UNSUPPORTED),
        ("a program of pictures", b"push graphic-context\nviewbox 0 0 640 480\nfill 'url(https://127.0.0.1/|ls)'\npop graphic-context".to_vec(), UNSUPPORTED),
        ("a PostScript document", b"%!PS\n(r) file".to_vec(), UNSUPPORTED),
        ("a portable map", b"P6\n99999 99999\n255\n".to_vec(), UNSUPPORTED),
    ])
}
