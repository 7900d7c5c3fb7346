//! What a file is, told by its content in safe code. Names and media types of uploads are never believed.
use minilab_inspect::item_types;
use minilab_recipe::Format;

/// What bytes turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// An image that can be decoded.
    Image(Format),
    /// Something well known that cannot, with its article: `a PDF document`.
    Other(&'static str),
}

/// The image format of some bytes; their first 64 are enough for most, SVG and text look further.
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    match recognise(bytes) {
        Recognised::Image(format) => Some(format),
        Recognised::Other(_) => None,
    }
}

/// What the bytes are, supported or not.
pub fn recognise(bytes: &[u8]) -> Recognised {
    if let Some(format) = image(bytes) {
        return Recognised::Image(format);
    }
    let found = brand(bytes)
        .or_else(|| {
            MAGIC
                .iter()
                .find(|(magic, _)| bytes.starts_with(magic))
                .map(|&(_, what)| what)
        })
        .unwrap_or_else(|| text(bytes));
    Recognised::Other(found)
}

fn image(bytes: &[u8]) -> Option<Format> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(Format::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Format::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Format::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::Webp),
        // Canon's raw photos are TIFFs with a mark of their own behind the header.
        [_, _, _, _, _, _, _, _, b'C', b'R', 2, ..] => None,
        [b'I', b'I', b'*' | b'+', 0, ..] | [b'M', b'M', 0, b'*' | b'+', ..] => Some(Format::Tiff),
        [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', b'\r', b'\n', 0x87, b'\n', ..] => {
            Some(Format::Jxl)
        }
        _ => heif(bytes).or_else(|| is_svg(bytes).then_some(Format::Svg)),
    }
}

/// AVIF and HEIC are one container; where its brands do not tell them apart, its items do.
fn heif(bytes: &[u8]) -> Option<Format> {
    let has = |wanted: &[&[u8; 4]]| brands(bytes).any(|brand| wanted.contains(&brand));
    if has(&[b"avif", b"avis"]) {
        Some(Format::Avif)
    } else if has(&[
        b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs",
    ]) {
        Some(Format::Heic)
    } else if has(&[b"mif1", b"msf1"]) {
        item_types(bytes).find_map(|(_, kind)| match &kind {
            b"av01" => Some(Format::Avif),
            b"hvc1" | b"hev1" => Some(Format::Heic),
            _ => None,
        })
    } else {
        None
    }
}

/// Major and compatible brands of an ISO base media file.
fn brands(bytes: &[u8]) -> impl Iterator<Item = &[u8; 4]> {
    let is_media = bytes.get(4..8) == Some(b"ftyp");
    let declared = bytes
        .first_chunk::<4>()
        .map_or(0, |len| u32::from_be_bytes(*len) as usize);
    let end = if is_media {
        declared.clamp(8, 256).min(bytes.len())
    } else {
        0
    };
    let words = bytes.get(8..end).unwrap_or_default().as_chunks::<4>().0;
    // The second word is the minor version, not a brand.
    words
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != 1)
        .map(|(_, brand)| brand)
}

fn brand(bytes: &[u8]) -> Option<&'static str> {
    brands(bytes).next()?;
    let is = |wanted: &[&[u8; 4]]| brands(bytes).any(|brand| wanted.contains(&brand));
    Some(if is(&[b"mif1", b"msf1"]) {
        "a HEIF picture of another codec than HEVC or AV1"
    } else if is(&[b"crx "]) {
        "a Canon raw photo (CR3)"
    } else if is(&[b"qt  "]) {
        "a QuickTime video"
    } else {
        "an MP4 video"
    })
}

const MAGIC: [(&[u8], &str); 16] = [
    (b"%PDF-", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive (or a compressed drawing, SVGZ)"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 codestream"),
    (b"BM", "a BMP picture"),
    (b"\0\0\x01\0", "an icon (ICO)"),
    (b"8BPS", "a Photoshop document"),
    (b"II*\0", "a raw photo"),
    (b"IIU\0", "a raw photo"),
    (b"FUJIFILM", "a raw photo"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"RIFF", "an audio or video file"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"%!PS", "a PostScript document"),
];

fn text(bytes: &[u8]) -> &'static str {
    let Some(text) = head(bytes) else {
        return "an unknown kind of file";
    };
    let starts = |tag: &str| {
        text.get(..tag.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(tag))
    };
    if text.contains('\0') || text.is_empty() {
        "an unknown kind of file"
    } else if starts("<!doctype html") || starts("<html") {
        "an HTML page"
    } else {
        "text"
    }
}

/// XML whose first element is `svg`; comments and declarations may come first, an HTML page that shows a drawing is none.
fn is_svg(bytes: &[u8]) -> bool {
    let Some(mut rest) = head(bytes) else {
        return false;
    };
    loop {
        rest = rest.trim_start();
        let end = match rest {
            _ if rest.starts_with("<!--") => "-->",
            _ if rest.starts_with("<?") => "?>",
            // An internal subset is refused later, by its own sentence.
            _ if rest.starts_with("<!DOCTYPE svg") && rest.contains('[') => "]",
            _ if rest.starts_with("<!DOCTYPE svg") || rest.starts_with('>') => ">",
            _ => break,
        };
        let Some(at) = rest.find(end) else { return false };
        rest = &rest[at + end.len()..];
    }
    let name = rest.strip_prefix('<').unwrap_or_default();
    let name = name
        .split(|c: char| c.is_whitespace() || c == '>' || c == '/')
        .next();
    name.is_some_and(|name| name == "svg" || name.ends_with(":svg"))
}

/// The beginning of a text in UTF-8.
fn head(bytes: &[u8]) -> Option<&str> {
    let head = &bytes[..bytes.len().min(4096)];
    // A multi-byte character may be cut at the end of the head.
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    Some(valid.trim_start_matches('\u{feff}').trim_start())
}
