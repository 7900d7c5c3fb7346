//! The planner: recipe and original in, plan out.
mod limits;

pub use limits::{CHAIN_MARGIN, FILES_MAX, OUTPUT_PIXELS_MAX, OUTPUT_SIDE_MAX, OWN_WIDTH_MARGIN};
