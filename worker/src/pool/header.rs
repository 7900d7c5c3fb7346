//! Format and size of an encoded file, read from its bytes in safe code: what a renderer says of it is not trusted.
use minilab_recipe::{OutputFormat, Size};

/// What the bytes are, if they are one of the formats that files are made in.
pub(super) fn read(bytes: &[u8]) -> Option<(OutputFormat, Size)> {
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        Some((OutputFormat::Jpeg, jpeg(bytes)?))
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some((OutputFormat::Png, png(bytes)?))
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some((OutputFormat::Webp, webp(bytes)?))
    } else if bytes.get(4..12) == Some(b"ftypavif") {
        Some((OutputFormat::Avif, avif(bytes)?))
    } else if bytes.starts_with(b"GIF89a") || bytes.starts_with(b"GIF87a") {
        let side = |at| array(bytes, at).map(u16::from_le_bytes).map(u32::from);
        Some((OutputFormat::Gif, size(side(6)?, side(8)?)?))
    } else if bytes.starts_with(b"II*\0") {
        Some((OutputFormat::Tiff, tiff(bytes)?))
    } else {
        None
    }
}

/// Segments up to the frame header.
fn jpeg(bytes: &[u8]) -> Option<Size> {
    let mut at = 2;
    loop {
        let [0xff, marker] = array(bytes, at)? else {
            return None;
        };
        let length = u16::from_be_bytes(array(bytes, at + 2)?);
        match marker {
            0xc0..=0xc3 => {
                let [height, width] = [at + 5, at + 7].map(|at| array(bytes, at).map(u16::from_be_bytes));
                return size(width?.into(), height?.into());
            }
            // Start of scan before any frame.
            0xda => return None,
            _ => at += 2 + usize::from(length),
        }
    }
}

fn png(bytes: &[u8]) -> Option<Size> {
    if bytes.get(12..16) != Some(b"IHDR") {
        return None;
    }
    size(
        u32::from_be_bytes(array(bytes, 16)?),
        u32::from_be_bytes(array(bytes, 20)?),
    )
}

fn webp(bytes: &[u8]) -> Option<Size> {
    match bytes.get(12..16)? {
        b"VP8 " => {
            let side = |at| Some(u32::from(u16::from_le_bytes(array(bytes, at)?) & 0x3fff));
            size(side(26)?, side(28)?)
        }
        b"VP8L" => {
            let packed = u32::from_le_bytes(array(bytes, 21)?);
            size((packed & 0x3fff) + 1, (packed >> 14 & 0x3fff) + 1)
        }
        b"VP8X" => {
            let side = |at| {
                let [low, middle, high] = array(bytes, at)?;
                Some(u32::from_le_bytes([low, middle, high, 0]) + 1)
            };
            size(side(24)?, side(27)?)
        }
        _ => None,
    }
}

/// The largest of the image sizes that the file declares: the others are of its parts.
fn avif(bytes: &[u8]) -> Option<Size> {
    // `meta` and `ispe` begin with version and flags.
    let properties = find(find(find(bytes, *b"meta")?.get(4..)?, *b"iprp")?, *b"ipco")?;
    boxes(properties)
        .filter(|(kind, _)| kind == b"ispe")
        .filter_map(|(_, body)| {
            size(
                u32::from_be_bytes(array(body, 4)?),
                u32::from_be_bytes(array(body, 8)?),
            )
        })
        .max_by_key(|size| size.pixels())
}

/// Width and height in the first directory of a little-endian file, which ours are.
fn tiff(bytes: &[u8]) -> Option<Size> {
    let first = u32::from_le_bytes(array(bytes, 4)?) as usize;
    let entries = usize::from(u16::from_le_bytes(array(bytes, first)?));
    let number = |tag: u16| {
        let at = (0..entries)
            .map(|entry| first + 2 + entry * 12)
            .find(|at| array(bytes, *at).map(u16::from_le_bytes) == Some(tag))?;
        match u16::from_le_bytes(array(bytes, at + 2)?) {
            3 => array(bytes, at + 8).map(u16::from_le_bytes).map(u32::from),
            4 => array(bytes, at + 8).map(u32::from_le_bytes),
            _ => None,
        }
    };
    size(number(0x100)?, number(0x101)?)
}

fn find(bytes: &[u8], wanted: [u8; 4]) -> Option<&[u8]> {
    boxes(bytes)
        .find(|(kind, _)| *kind == wanted)
        .map(|(_, body)| body)
}

/// The boxes side by side in `bytes`, up to the first that does not fit.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let length = u32::from_be_bytes(array(bytes, 0)?) as usize;
        let kind = array(bytes, 4)?;
        // Zero means to the end; the 64-bit form is only for files larger than ours.
        let length = if length == 0 { bytes.len() } else { length };
        let body = bytes.get(8..length)?;
        bytes = &bytes[length..];
        Some((kind, body))
    })
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn size(width: u32, height: u32) -> Option<Size> {
    (width > 0 && height > 0).then_some(Size { width, height })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> Option<(OutputFormat, u32, u32)> {
        read(bytes).map(|(format, size)| (format, size.width, size.height))
    }

    fn boxed(kind: &[u8], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 8).unwrap();
        [&length.to_be_bytes()[..], kind, body].concat()
    }

    #[test]
    fn jpeg_is_told_by_its_frame_header() {
        let bytes = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc2\0\x0b\x08\0\x10\0\x20\x01\0\0\0";
        assert_eq!(told(bytes), Some((OutputFormat::Jpeg, 32, 16)));
        assert_eq!(told(&bytes[..14]), None);
    }

    #[test]
    fn png_is_told_by_its_first_chunk() {
        let bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\0\0\0\0\x07";
        assert_eq!(told(bytes), Some((OutputFormat::Png, 256, 7)));
    }

    #[test]
    fn webp_is_told_in_its_three_forms() {
        let lossy = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x40\0\x20\0";
        let lossless = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x3f\xc0\x07\0";
        let extended = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x3f\0\0\x1f\0\0";
        for form in [&lossy[..], lossless, extended] {
            assert_eq!(told(form), Some((OutputFormat::Webp, 64, 32)));
        }
    }

    #[test]
    fn avif_is_told_by_its_largest_image() {
        let ispe = |width: u32, height: u32| {
            boxed(
                b"ispe",
                &[[0; 4], width.to_be_bytes(), height.to_be_bytes()].concat(),
            )
        };
        let properties = boxed(b"iprp", &boxed(b"ipco", &[ispe(8, 8), ispe(40, 30)].concat()));
        let meta = boxed(b"meta", &[vec![0; 4], boxed(b"hdlr", b""), properties].concat());
        let file = [boxed(b"ftyp", b"avif\0\0\0\0"), meta].concat();
        assert_eq!(told(&file), Some((OutputFormat::Avif, 40, 30)));
        assert_eq!(told(&file[..60]), None);
    }

    #[test]
    fn gif_is_told_by_its_screen() {
        assert_eq!(told(b"GIF89a\x40\0\x20\x01"), Some((OutputFormat::Gif, 64, 288)));
        assert_eq!(told(b"GIF89a\x40\0\x20"), None);
    }

    #[test]
    fn tiff_is_told_by_its_first_directory() {
        let width = b"\0\x01\x03\0\x01\0\0\0\x40\0\0\0";
        let height = b"\x01\x01\x04\0\x01\0\0\0\x20\0\0\0";
        let file = [&b"II*\0\x08\0\0\0\x02\0"[..], width, height].concat();
        assert_eq!(told(&file), Some((OutputFormat::Tiff, 64, 32)));
        assert_eq!(told(&file[..30]), None);
    }

    #[test]
    fn boxes_that_lie_about_their_length_end_the_search() {
        for length in [1_u32, 7, 8, u32::MAX] {
            let liar = [&length.to_be_bytes()[..], b"meta", &[0; 40]].concat();
            assert_eq!(told(&[boxed(b"ftyp", b"avif\0\0\0\0"), liar].concat()), None);
        }
    }
}
