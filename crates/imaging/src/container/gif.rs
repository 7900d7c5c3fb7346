//! GIF: the screen, and how many frames and extensions there are.
use minilab_inspect::{GifBlock, gif_blocks};

use super::{Header, Kind, Tally, le16};
use crate::{Limits, Result, limits};

/// How the next frame is shown: counted with it.
const CONTROL: u8 = 0xf9;
const APPLICATION: u8 = 0xff;

pub(super) fn scan(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let (width, height) = (le16(bytes, 6)?, le16(bytes, 8)?);
    let mut frames = 0_u64;
    let mut tally = Tally::default();
    for block in gif_blocks(bytes) {
        match block {
            GifBlock::Frame => {
                frames += 1;
                limits::within("frames", frames, limits.frames_max.into())?;
            }
            GifBlock::Extension { label: CONTROL, .. } => {}
            GifBlock::Extension { label, first, bytes } => {
                tally.chunk(limits)?;
                let kind = match (label, first) {
                    (APPLICATION, b"XMP DataXMP") => Kind::Xmp,
                    (APPLICATION, b"ICCRGBG1012") => Kind::Icc,
                    _ => Kind::Other,
                };
                tally.metadata(kind, bytes as u64, limits)?;
            }
            GifBlock::Trailer(_) => break,
        }
    }
    // The loader enlarges a screen that a frame leaves.
    Ok(Header {
        bands: None,
        frames: 1,
        width: width.into(),
        height: height.into(),
        exact: false,
        whole_image: true,
    })
}
