//! Pictures of a page: which derivative is shown on which screens.
use serde::Serialize;

/// A `<picture>` with a derivative for each kind of screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PagePicture {
    /// The first whose condition holds is shown; the last has none.
    pub sets: Vec<PictureSet>,
}

/// A derivative and when it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PictureSet {
    /// A media condition, as CSS has it; `None`: always.
    pub media: Option<String>,
    /// Of the recipe.
    pub derivative: String,
    /// How wide it is laid out, as the attribute `sizes` has it; `None`: as wide as the window.
    pub sizes: Option<String>,
}
