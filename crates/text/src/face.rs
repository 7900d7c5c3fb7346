//! The bundled fonts: five to choose from, and two that letters come from which these lack.

/// A font to write in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Face {
    /// Noto Sans.
    Sans,
    /// Noto Sans, bold.
    SansBold,
    /// Noto Serif.
    Serif,
    /// Noto Serif, bold.
    SerifBold,
    /// Noto Sans Mono: letters of one width.
    Mono,
}

/// What the files are called inside themselves.
pub(crate) const HEBREW: &str = "Noto Sans Hebrew";
pub(crate) const ARABIC: &str = "Noto Sans Arabic";

/// Name of the file, for messages, and its bytes.
pub(crate) const FILES: [(&str, &[u8]); 7] = [
    ("noto-sans", include_bytes!("../fonts/noto-sans.ttf")),
    ("noto-sans-bold", include_bytes!("../fonts/noto-sans-bold.ttf")),
    ("noto-serif", include_bytes!("../fonts/noto-serif.ttf")),
    ("noto-serif-bold", include_bytes!("../fonts/noto-serif-bold.ttf")),
    ("noto-sans-mono", include_bytes!("../fonts/noto-sans-mono.ttf")),
    (
        "noto-sans-hebrew",
        include_bytes!("../fonts/noto-sans-hebrew.ttf"),
    ),
    (
        "noto-sans-arabic",
        include_bytes!("../fonts/noto-sans-arabic.ttf"),
    ),
];

impl Face {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Sans,
        Self::SansBold,
        Self::Serif,
        Self::SerifBold,
        Self::Mono,
    ];

    /// Family and weight, as the font files name themselves.
    pub(crate) fn family(self) -> (&'static str, u16) {
        match self {
            Self::Sans => ("Noto Sans", 400),
            Self::SansBold => ("Noto Sans", 700),
            Self::Serif => ("Noto Serif", 400),
            Self::SerifBold => ("Noto Serif", 700),
            Self::Mono => ("Noto Sans Mono", 400),
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// What `scripts/fonts.sh` made: another file would change every picture with text on it.
    const MADE: [(&str, &str); 7] = [
        (
            "noto-sans",
            "541dbc20acaeb4dd6e75fb2adee2423b5e838c3877e59972c1ce9a40ed00c3d4",
        ),
        (
            "noto-sans-bold",
            "8983bedec1b47df9370976a2bf78ec3f559e5b1f88a1946a1516df534df78887",
        ),
        (
            "noto-serif",
            "d77ae666f913dce5928169e61861edad2b96b368ef19ddfc662c8256fcd36a6d",
        ),
        (
            "noto-serif-bold",
            "34381bab56649ec3bab5b09ca3c0137d6710671dc400de5f2176fb539f366ea5",
        ),
        (
            "noto-sans-mono",
            "7f82238294cd86109c2c48d71dc241d43aa6f3e9a15fda87f585bbc65b1dc94a",
        ),
        (
            "noto-sans-hebrew",
            "fa32982f206b9554ae148d3a9b9738655725ece32be7db16cad1a94fdbcb9de0",
        ),
        (
            "noto-sans-arabic",
            "6282c76cfa005a0e4425238594ce8ae3c3fee64bfd7ab5a15c9ea59e554f0c6c",
        ),
    ];

    #[test]
    fn bundled_fonts_are_the_ones_recorded() {
        let found = FILES.map(|(name, bytes)| (name, hex::encode(Sha256::digest(bytes))));
        assert_eq!(found, MADE.map(|(name, sum)| (name, sum.to_owned())));
    }
}
