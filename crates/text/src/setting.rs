//! What is to be written and how, and why it may not be.
use crate::Face;

/// Characters of one text: a caption, not a page.
pub const CHARACTERS_MAX: usize = 1_000;
/// Sizes of letters that are drawn, in pixels from one baseline to the next at a line height of 1.
pub const SIZE_MIN: f32 = 1.0;
/// As above: letters as high as the largest file.
pub const SIZE_MAX: f32 = 16_384.0;
/// Pixels of the result: more than any text needs that can still be read as one.
pub const PIXELS_MAX: u64 = 32_000_000;

/// A text and its setting; lengths are pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting<'a> {
    /// Line feeds begin new lines.
    pub text: &'a str,
    /// The font.
    pub face: Face,
    /// Of the letters.
    pub size: f32,
    /// From baseline to baseline, in sizes.
    pub line_height: f32,
    /// Lines are broken between words to stay within it, and inside of words that are wider.
    pub width_max: Option<f32>,
    /// Where lines lie that are shorter than the widest.
    pub align: Align,
    /// Width of a line around the letters; 0: none.
    pub outline: f32,
}

/// Where short lines lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// At the left.
    #[default]
    Left,
    /// In the middle.
    Centre,
    /// At the right.
    Right,
}

/// Why a text is not drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No letter in it leaves a mark.
    #[error("the text has no letter that could be drawn")]
    Nothing,
    /// Too many characters.
    #[error("the text has {0} characters, more than the {CHARACTERS_MAX} that are drawn at once")]
    TooLong(usize),
    /// Letters too small or too large.
    #[error("letters of {0} px cannot be drawn: {SIZE_MIN} to {SIZE_MAX} can")]
    Size(f32),
    /// The result would be too large.
    #[error(
        "the text would take {0} x {1} pixels, more than {PIXELS_MAX} together: make its letters smaller or break its lines"
    )]
    TooLarge(u32, u32),
}
