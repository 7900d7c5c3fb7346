//! What stands in a file of each format beside its picture, and whatever cannot be followed.
use super::Found;
use crate::blocks::gif::{Block, blocks};
use crate::blocks::iso::{boxes, child, item_types, meta};
use crate::blocks::jpeg::{Over, Segment, Walk};
use crate::blocks::le32;
use crate::blocks::png::{Chunk, chunks as png_chunks};
use crate::blocks::tiff::Directory;
use crate::blocks::webp::chunks as webp_chunks;

const BEHIND: Found<'_> = Found::Other("something behind its end");
const DAMAGE: Found<'_> = Found::Other("blocks that cannot be followed");

pub(super) fn jpeg(bytes: &[u8]) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    let mut walk = Walk::of(bytes);
    loop {
        match walk.next() {
            Ok(segment) => found.extend(of_segment(&segment)),
            Err(Over::End(end)) if end == bytes.len() => return found,
            Err(Over::End(_)) => found.push(BEHIND),
            Err(Over::Damage) => found.push(DAMAGE),
        }
        if matches!(found.last(), Some(Found::Other(_))) {
            return found;
        }
    }
}

fn of_segment<'a>(segment: &Segment<'a>) -> Option<Found<'a>> {
    match (segment.marker, segment.payload) {
        // Version, density, and no thumbnail.
        (0xe0, [b'J', b'F', b'I', b'F', 0, _, _, _, _, _, _, _, 0, 0]) => None,
        (0xe1, [b'E', b'x', b'i', b'f', 0, 0, exif @ ..]) => Some(Found::Exif(exif)),
        (0xe1, payload) => {
            let named = payload.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0");
            Some(Found::Xmp(Some(named.unwrap_or(payload))))
        }
        (0xe2, payload) if payload.starts_with(b"ICC_PROFILE\0") => Some(Found::Icc),
        (0xe2, _) => Some(Found::Other("a second picture")),
        (0xed, payload) => Some(Found::Iptc(payload)),
        (0xee, payload) if payload.starts_with(b"Adobe") && payload.len() == 12 => None,
        (0xe0..=0xef, _) => Some(Found::Other("a block of an application")),
        (0xfe, _) => Some(Found::Other("a comment")),
        // Tables, frames, scans.
        _ => None,
    }
}

pub(super) fn png(bytes: &[u8]) -> Vec<Found<'_>> {
    let mut end = None;
    let mut found: Vec<_> = png_chunks(bytes)
        .inspect(|chunk| end = Some((chunk.kind, chunk.end)))
        .filter_map(|chunk| of_chunk(&chunk))
        .collect();
    match end {
        Some((kind, end)) if kind == *b"IEND" && end == bytes.len() => {}
        Some((kind, _)) if kind == *b"IEND" => found.push(BEHIND),
        _ => found.push(DAMAGE),
    }
    found
}

fn of_chunk<'a>(chunk: &Chunk<'a>) -> Option<Found<'a>> {
    match &chunk.kind {
        b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"pHYs" | b"sRGB" | b"gAMA" | b"cHRM" | b"cICP" | b"sBIT" => {
            None
        }
        b"IEND" => (!chunk.payload.is_empty()).then_some(BEHIND),
        b"iCCP" => Some(Found::Icc),
        b"eXIf" => Some(Found::Exif(chunk.payload)),
        b"tEXt" | b"zTXt" | b"iTXt" if chunk.payload.starts_with(b"XML:com.adobe.xmp\0") => {
            // After its keyword: compression, its method, a language and a translation, both empty.
            let packet = &chunk.payload[b"XML:com.adobe.xmp\0".len()..];
            let is_plain = &chunk.kind == b"iTXt" && packet.starts_with(&[0; 4]);
            Some(Found::Xmp(is_plain.then(|| &packet[4..])))
        }
        b"tEXt" | b"zTXt" | b"iTXt" => Some(Found::Other("text")),
        _ => Some(Found::Other("a chunk of its own")),
    }
}

pub(super) fn webp(bytes: &[u8]) -> Vec<Found<'_>> {
    let mut end = 12;
    let mut found: Vec<_> = webp_chunks(bytes)
        .inspect(|(_, payload)| end += 8 + payload.len() + (payload.len() & 1))
        .filter_map(|(kind, payload)| match &kind {
            b"VP8X" | b"VP8 " | b"VP8L" | b"ALPH" | b"ANIM" => None,
            // Within are its offset, its time and such chunks again.
            b"ANMF" => frame_is_plain(payload).is_none().then_some(DAMAGE),
            b"ICCP" => Some(Found::Icc),
            b"EXIF" => Some(Found::Exif(payload.strip_prefix(b"Exif\0\0").unwrap_or(payload))),
            b"XMP " => Some(Found::Xmp(Some(payload))),
            _ => Some(Found::Other("a chunk of its own")),
        })
        .collect();
    let said = le32(bytes, 4).map(|len| len as usize + 8);
    if said != Some(bytes.len()) {
        found.push(BEHIND);
    } else if end != bytes.len() {
        found.push(DAMAGE);
    }
    found
}

fn frame_is_plain(payload: &[u8]) -> Option<()> {
    // As if it were a file: the walk begins at 12, a frame's chunks at 16.
    let mut within = webp_chunks(payload.get(4..)?);
    let known = |(kind, _): ([u8; 4], &[u8])| matches!(&kind, b"VP8 " | b"VP8L" | b"ALPH");
    within.all(known).then_some(())
}

pub(super) fn avif(bytes: &[u8]) -> Vec<Found<'_>> {
    let mut end = 0;
    let outer: Vec<_> = boxes(bytes)
        .inspect(|found| end = found.end)
        .filter(|found| !matches!(&found.kind, b"ftyp" | b"meta" | b"mdat"))
        .map(|_| Found::Other("a box of its own"))
        .collect();
    let items = item_types(bytes).filter_map(|(_, kind)| match &kind {
        b"av01" | b"grid" => None,
        b"Exif" => Some(Found::ExifSomewhere),
        b"mime" => Some(Found::Xmp(None)),
        _ => Some(Found::Other("an item of its own")),
    });
    let properties = meta(bytes)
        .and_then(|meta| child(meta, *b"iprp"))
        .and_then(|iprp| child(iprp, *b"ipco"))
        .unwrap_or_default();
    let profiles = boxes(properties).filter_map(|property| {
        // Numbers for colours (`nclx`) are no profile.
        let is_profile = property.kind == *b"colr" && !property.payload.starts_with(b"nclx");
        is_profile.then_some(Found::Icc)
    });
    let mut found: Vec<_> = outer.into_iter().chain(items).chain(profiles).collect();
    if end != bytes.len() {
        found.push(BEHIND);
    }
    found
}

pub(super) fn gif(bytes: &[u8]) -> Vec<Found<'_>> {
    let mut end = None;
    let mut found: Vec<_> = blocks(bytes)
        .filter_map(|block| match block {
            Block::Frame => None,
            Block::Trailer(at) => {
                end = Some(at);
                None
            }
            Block::Extension { label, first, .. } => match (label, first) {
                // The latter: how often it plays.
                (GIF_CONTROL, _) | (GIF_APPLICATION, b"NETSCAPE2.0") => None,
                (GIF_APPLICATION, b"XMP DataXMP") => Some(Found::Xmp(None)),
                (GIF_COMMENT, _) => Some(Found::Other("a comment")),
                _ => Some(Found::Other("an extension")),
            },
        })
        .collect();
    match end {
        Some(end) if end == bytes.len() => {}
        Some(_) => found.push(BEHIND),
        None => found.push(DAMAGE),
    }
    found
}

const GIF_CONTROL: u8 = 0xf9;
const GIF_APPLICATION: u8 = 0xff;
const GIF_COMMENT: u8 = 0xfe;

pub(super) fn tiff(bytes: &[u8]) -> Vec<Found<'_>> {
    const UNREADABLE: Found<'_> = Found::Other("directories that cannot be read");
    let Some(directory) = Directory::first(bytes) else {
        return vec![UNREADABLE];
    };
    let mut found: Vec<_> = directory
        .entries()
        .filter_map(|entry| match entry.tag {
            0x2bc => Some(Found::Xmp(None)),
            0x8769 | 0x8825 => Some(Found::ExifSomewhere),
            0x83bb => Some(Found::Other("IPTC")),
            0x8773 => Some(Found::Icc),
            tag if TIFF_FORM.contains(&tag) => None,
            _ => Some(Found::Other("a tag of its own")),
        })
        .collect();
    // Files of ours have one.
    if directory.entries().count() != directory.len() || directory.next() != Some(0) {
        found.push(UNREADABLE);
    }
    found
}

/// Size, samples, packing, strips and tiles, resolution, colours, tables of a JPEG inside.
const TIFF_FORM: [u16; 31] = [
    0xfe, 0x100, 0x101, 0x102, 0x103, 0x106, 0x10a, 0x111, 0x112, 0x115, 0x116, 0x117, 0x11a, 0x11b, 0x11c,
    0x128, 0x129, 0x13d, 0x13e, 0x13f, 0x142, 0x143, 0x144, 0x145, 0x152, 0x153, 0x15b, 0x211, 0x212, 0x213,
    0x214,
];
