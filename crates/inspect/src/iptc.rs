//! IPTC's captions and credits in a JPEG's Photoshop block, apart from what else lies there: thumbnails, paths, other metadata.

const SIGNATURE: &[u8] = b"Photoshop 3.0\0";
const IPTC: u16 = 0x0404;

/// The block with nothing but IPTC in it; `None` if there is none, or the block cannot be followed.
pub fn alone(block: &[u8]) -> Option<Vec<u8>> {
    let mut rest = block.strip_prefix(SIGNATURE).unwrap_or(block);
    let mut kept = Vec::new();
    while !rest.is_empty() {
        let (resource, id, len) = resource(rest)?;
        if id == IPTC {
            kept.extend_from_slice(resource);
        }
        rest = rest.get(len..).unwrap_or_default();
    }
    (!kept.is_empty()).then(|| [SIGNATURE, &kept].concat())
}

/// Is there nothing but IPTC in it?
pub fn is_alone(block: &[u8]) -> bool {
    alone(block).is_some_and(|alone| alone == block)
}

/// The first resource with its padding, its number, and its length in the block.
fn resource(bytes: &[u8]) -> Option<(&[u8], u16, usize)> {
    if !bytes.starts_with(b"8BIM") {
        return None;
    }
    let id = u16::from_be_bytes(bytes.get(4..6)?.try_into().ok()?);
    // A Pascal string, padded to an even length with its count.
    let name = usize::from(*bytes.get(6)?) + 1;
    let size_at = 6 + name + name % 2;
    let size = u32::from_be_bytes(bytes.get(size_at..size_at + 4)?.try_into().ok()?) as usize;
    let end = size_at.checked_add(4)?.checked_add(size)?;
    let padded = (end + end % 2).min(bytes.len());
    (end <= bytes.len()).then_some(())?;
    Some((&bytes[..padded], id, padded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(id: u16, data: &[u8]) -> Vec<u8> {
        let padding = vec![0; data.len() % 2];
        let size = (data.len() as u32).to_be_bytes();
        [&b"8BIM"[..], &id.to_be_bytes(), &[0, 0], &size, data, &padding].concat()
    }

    #[test]
    fn nothing_but_iptc_stays() {
        let iptc = resource(IPTC, b"\x1c\x02\x74\0\x03ACM");
        let block = [
            SIGNATURE,
            &resource(0x0409, b"thumbnail"),
            &iptc,
            &resource(0x0bb7, b"path"),
        ]
        .concat();
        let alone = alone(&block).unwrap();
        assert_eq!(alone, [SIGNATURE, &iptc].concat());
        assert!(is_alone(&alone) && !is_alone(&block));
        assert_eq!(super::alone(&[SIGNATURE, &resource(0x0409, b"x")].concat()), None);
        assert_eq!(super::alone(&block[..block.len() - 3]), None);
        assert_eq!(super::alone(b"Photoshop 3.0\0nonsense"), None);
    }
}
