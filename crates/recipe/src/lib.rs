//! The operator's recipes and the pure planner: document, rules, geometry, plan.
//!
//! No IO, no clock, no runtime: text and a probe go in, a [`Plan`] comes out, the same on every machine.
mod format;
mod geometry;
mod lane;
mod limits;
mod plan;
mod probe;

pub use format::{Encoding, Format, OutputFormat, Subsampling};
pub use geometry::{Rect, Rgb, Size};
pub use lane::Lane;
pub use limits::Limits;
pub use plan::{
    Analysis, ColourSpace, Decode, ExtendMode, Interest, Keep, Kernel, Node, Note, Plan, PlannedFile,
    Predicted, Shrink, Skipped, Source, Step, Turn,
};
pub use probe::{Original, Pixels, Point, Probe};
