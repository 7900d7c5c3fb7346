//! The picture that a text makes: how much of each pixel its letters take.

/// Coverage of a text, row by row from the top, 0 to 255.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// By the letters.
    pub fill: Vec<u8>,
    /// By the line around them, as far as it was asked for; it also runs below the letters' edge.
    pub outline: Option<Vec<u8>>,
    /// Characters that no bundled font has, each once; empty boxes stand for them.
    pub missing: Vec<char>,
}

/// One glyph's coverage and where it lies.
#[derive(Debug)]
pub(crate) struct Stamp {
    pub left: i32,
    pub top: i32,
    pub width: u32,
    pub height: u32,
    pub samples: Vec<u8>,
}

/// The edges of what was drawn; right and bottom lie outside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
}

impl Bounds {
    pub fn around(self, stamp: &Stamp) -> Self {
        Self {
            left: self.left.min(stamp.left),
            top: self.top.min(stamp.top),
            right: self.right.max(stamp.left + stamp.width as i32),
            bottom: self.bottom.max(stamp.top + stamp.height as i32),
        }
    }

    pub fn size(self) -> (u32, u32) {
        (
            (self.right - self.left).max(1) as u32,
            (self.bottom - self.top).max(1) as u32,
        )
    }

    /// All stamps on one sheet; where two overlap, neither takes from the other.
    pub fn sheet(self, stamps: &[Stamp]) -> Vec<u8> {
        let (width, height) = self.size();
        let mut sheet = vec![0_u8; width as usize * height as usize];
        for stamp in stamps.iter().filter(|stamp| stamp.width > 0) {
            let column = (stamp.left - self.left) as usize;
            for (row, samples) in stamp.samples.chunks_exact(stamp.width as usize).enumerate() {
                let at = ((stamp.top - self.top) as usize + row) * width as usize + column;
                for (under, &over) in sheet[at..].iter_mut().zip(samples) {
                    let free = u32::from(255 - *under) * u32::from(255 - over);
                    *under = 255 - ((free + 127) / 255) as u8;
                }
            }
        }
        sheet
    }
}
