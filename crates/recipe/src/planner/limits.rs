//! The planner's numbers, each with its reason.

/// A file is made from a smaller level instead of the trunk only if that level is at least this much larger on both
/// sides (or its very size): below it, a second resampling softens visibly.
pub const CHAIN_MARGIN: f64 = 1.2;

/// The original's own width is added above the last rung only if it is this much larger: a smaller step is no use to
/// any `srcset`.
pub const OWN_WIDTH_MARGIN: f64 = 1.25;

/// Longest side of a file: where WebP ends.
pub const OUTPUT_SIDE_MAX: u32 = 16_383;

/// Most pixels of a file: what a renderer's memory is planned for.
pub const OUTPUT_PIXELS_MAX: u64 = 100_000_000;

/// Most files of one original: a slip in a recipe must not fill a store.
pub const FILES_MAX: usize = 200;

/// Analyses need no more than this on the longer side.
pub(super) const ANALYSIS_SIDE: u32 = 256;

/// Most pixels that a survey leaves decoded for the plan after it: 128 MB of memory in the renderer. Of larger originals it is
/// cheaper to decode once more what is needed than to hold all.
pub(super) const AT_HAND_PIXELS_MAX: u64 = 32 << 20;

/// How far an extracted part may lie from where it was asked, in pixels of its file, because the decoded original is smaller
/// than the original: a quarter is about what two resampling filters differ by.
pub(super) const WINDOW_SHIFT_MAX: f64 = 0.25;
