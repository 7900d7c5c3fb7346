//! GIF: the screen, and how many frames there are.
use super::{Header, le16, part};
use crate::{Limits, Result, limits};

const FRAME: u8 = 0x2c;
const EXTENSION: u8 = 0x21;

pub(super) fn scan(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let (width, height) = (le16(bytes, 6)?, le16(bytes, 8)?);
    let mut at = 13 + colour_table(part(bytes, 10, 1)?[0]);
    let mut frames = 0_u64;
    // What is damaged further on is for the decoder to refuse.
    while let Some(&kind) = bytes.get(at) {
        at += match kind {
            FRAME => {
                frames += 1;
                limits::within("frames", frames, limits.frames_max.into())?;
                let Some(&flags) = bytes.get(at + 9) else { break };
                11 + colour_table(flags)
            }
            EXTENSION => 2,
            _ => break,
        };
        // Data in blocks with a length byte each, ended by an empty one.
        while let Some(&len) = bytes.get(at) {
            at += 1 + usize::from(len);
            if len == 0 {
                break;
            }
        }
    }
    // The loader enlarges a screen that a frame leaves.
    Ok(Header {
        frames: 1,
        width: width.into(),
        height: height.into(),
        exact: false,
        whole_image: true,
    })
}

fn colour_table(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << (1 + (flags & 7))
    }
}

/// Labels of extensions, each with its first block, up to the end or to damage.
pub(crate) fn extensions(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut at = bytes
        .get(10)
        .map_or(usize::MAX, |flags| 13 + colour_table(*flags));
    std::iter::from_fn(move || {
        loop {
            let kind = *bytes.get(at)?;
            let (label, first) = match kind {
                FRAME => (None, at + 11 + colour_table(*bytes.get(at + 9)?)),
                EXTENSION => (Some(*bytes.get(at + 1)?), at + 2),
                _ => return None,
            };
            at = first;
            loop {
                let len = usize::from(*bytes.get(at)?);
                at += 1 + len;
                if len == 0 {
                    break;
                }
            }
            if let Some(label) = label {
                let len = usize::from(*bytes.get(first)?);
                return Some((label, bytes.get(first + 1..first + 1 + len)?));
            }
        }
    })
}
