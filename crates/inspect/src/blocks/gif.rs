//! GIF: frames and extensions.

const FRAME: u8 = 0x2c;
const EXTENSION: u8 = 0x21;
const TRAILER: u8 = 0x3b;

/// What follows the screen, in order.
pub enum Block<'a> {
    /// A picture.
    Frame,
    /// Something else.
    Extension {
        /// What: 0xf9 tells how the next frame is shown, 0xfe is a comment, 0xff an application's.
        label: u8,
        /// The first of its parts: for an application's its name.
        first: &'a [u8],
        /// Bytes of all its parts.
        bytes: usize,
    },
    /// The end mark, and where it ends.
    Trailer(usize),
}

/// Blocks up to the end mark (included) or to damage.
pub fn blocks(bytes: &[u8]) -> impl Iterator<Item = Block<'_>> {
    let mut at = bytes
        .get(10)
        .map_or(usize::MAX, |flags| 13 + colour_table(*flags));
    std::iter::from_fn(move || {
        let kind = *bytes.get(at)?;
        let parts = match kind {
            FRAME => at + 11 + colour_table(*bytes.get(at + 9)?),
            EXTENSION => at + 2,
            TRAILER => {
                let end = at + 1;
                at = usize::MAX;
                return Some(Block::Trailer(end));
            }
            _ => return None,
        };
        let label = *bytes.get(at + 1)?;
        let mut end = parts;
        // Data in parts with a length byte each, ended by an empty one. What is damaged is for a decoder to refuse.
        while let Some(&len) = bytes.get(end) {
            end += 1 + usize::from(len);
            if len == 0 {
                break;
            }
        }
        at = end;
        if kind == FRAME {
            return Some(Block::Frame);
        }
        let len = usize::from(bytes.get(parts).copied().unwrap_or(0));
        Some(Block::Extension {
            label,
            first: bytes.get(parts + 1..parts + 1 + len).unwrap_or_default(),
            bytes: end - parts,
        })
    })
}

fn colour_table(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << (1 + (flags & 7))
    }
}
