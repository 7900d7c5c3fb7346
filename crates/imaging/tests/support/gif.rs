//! Animated GIFs written by hand, for what no encoder would write: frames that cover a part, that go away, that restore.
use minilab_recipe::Size;

/// One frame: indexes into the palette, laid on the screen.
pub struct Frame {
    pub left: u16,
    pub top: u16,
    pub width: u16,
    pub height: u16,
    /// Hundredths of a second.
    pub delay: u16,
    /// 0, 1: stays; 2: the background comes back; 3: what was there before comes back.
    pub disposal: u8,
    pub transparent: Option<u8>,
    pub pixels: Vec<u8>,
}

impl Frame {
    /// One colour all over.
    pub fn filled(size: Size, index: u8, delay: u16) -> Self {
        Self {
            left: 0,
            top: 0,
            width: size.width as u16,
            height: size.height as u16,
            delay,
            disposal: 1,
            transparent: None,
            pixels: vec![index; size.pixels() as usize],
        }
    }
}

/// Codes of eight bits, so that a code is a byte: the table is cleared before it grows beyond them.
const CLEAR: u8 = 128;
const END: u8 = 129;

/// A GIF of up to 128 colours. `loops`: how often it is shown again after the first time, 0: for ever.
pub fn gif(screen: Size, palette: &[[u8; 3]], loops: Option<u16>, frames: &[Frame]) -> Vec<u8> {
    let word = |number: u16| number.to_le_bytes();
    let mut bytes = b"GIF89a".to_vec();
    bytes.extend(word(screen.width as u16));
    bytes.extend(word(screen.height as u16));
    bytes.extend([0xf6, 0, 0]);
    for index in 0..128 {
        bytes.extend(palette.get(index).unwrap_or(&[0; 3]));
    }
    if let Some(loops) = loops {
        bytes.extend(b"\x21\xff\x0bNETSCAPE2.0\x03\x01");
        bytes.extend(word(loops));
        bytes.push(0);
    }
    for frame in frames {
        let flags = frame.disposal << 2 | u8::from(frame.transparent.is_some());
        bytes.extend([0x21, 0xf9, 4, flags]);
        bytes.extend(word(frame.delay));
        bytes.extend([frame.transparent.unwrap_or(0), 0, 0x2c]);
        for side in [frame.left, frame.top, frame.width, frame.height] {
            bytes.extend(word(side));
        }
        bytes.extend([0, 7]);
        let mut codes = Vec::new();
        for run in frame.pixels.chunks(100) {
            codes.push(CLEAR);
            codes.extend(run);
        }
        codes.push(END);
        for block in codes.chunks(255) {
            bytes.push(block.len() as u8);
            bytes.extend(block);
        }
        bytes.push(0);
    }
    bytes.push(0x3b);
    bytes
}
