//! The planner: recipe and original in, plan out; pure, and the same whatever the order of keys in the document.
//!
//! 1. [`rungs`] turns each derivative's boxes into sizes that the original can fill, by [`fit`];
//! 2. [`target`] says for each of them what is resized and what follows (crop, canvas, border);
//! 3. [`trunk`] chooses how small the decoded original may be, or takes what a survey left ([`foresee`]);
//! 4. [`tree`] hangs all targets on it, each at the smallest level that keeps its quality;
//! 5. [`pages`] does 3 and 4 for each page that is shown of an original with several.
mod animation;
mod cost;
mod fit;
mod forecast;
mod foresee;
mod form;
mod frame;
mod limits;
mod orthogonal;
mod overlays;
mod pages;
mod rungs;
mod steps;
mod subject;
mod target;
mod tree;
mod trunk;

pub use foresee::FACES_SIDE;
pub use limits::{CHAIN_MARGIN, FILES_MAX, OUTPUT_PIXELS_MAX, OUTPUT_SIDE_MAX, OWN_WIDTH_MARGIN};

use crate::{Asset, Lane, Original, Plan, PlannedFile, Recipe, Refusal, RefusalCode, Size};
use target::Target;

impl Recipe {
    /// How the files of some lanes are made from an original. Refused: what `accept` does not take (the object's bytes
    /// aside: see [`crate::Accept::bytes`]), and more files than one original may have.
    pub fn plan(&self, original: &Original, lanes: &[Lane]) -> Result<Plan, Refusal> {
        self.accept.probe(&original.probe)?;
        let assets = self.assets_for(original);
        let mut targets = Vec::new();
        let mut skipped = Vec::new();
        for derivative in &self.derivatives {
            if derivative.encodings_in(lanes).next().is_none() {
                continue;
            }
            skipped.extend(derivative.left_out(original));
            for one in derivative.each_of(original) {
                targets.extend(target::targets(
                    self,
                    &one,
                    original,
                    &assets,
                    lanes,
                    &mut skipped,
                )?);
            }
        }
        targets.sort_by_key(Target::order);
        let files: usize = targets.iter().map(|target| target.files.len()).sum();
        if files > FILES_MAX {
            let sentence = format!("the recipe asks {files} files of one original; {FILES_MAX} are allowed");
            return Err(Refusal::new(RefusalCode::TooManyFiles, sentence));
        }
        let analyses = match self.lanes().first() {
            Some(first) if lanes.contains(first) => self.placeholder.clone(),
            _ => Vec::new(),
        };
        let pages::Grown {
            decode,
            further,
            nodes,
            mut files,
            predicted,
        } = pages::grow(self, original, &targets, !analyses.is_empty())?;
        files.sort_by(|one, other| order(one).cmp(&order(other)));
        let composed = nodes
            .iter()
            .flat_map(|node| &node.steps)
            .any(|step| step.picture().is_some());
        let assets = if composed { assets } else { Vec::new() };
        Ok(Plan {
            decode,
            further,
            nodes,
            files,
            skipped,
            analyses,
            assets,
            predicted,
        })
    }

    /// All that this recipe names, as far as they were looked up.
    fn assets_for(&self, original: &Original) -> Vec<Asset> {
        let known = |name| {
            original
                .assets
                .iter()
                .find(|asset| asset.name == name)
                .cloned()
                .ok_or(name)
        };
        let names = self.assets().into_iter();
        names
            .map(|name| known(name).unwrap_or_else(Asset::unknown))
            .collect()
    }
}

/// Lanes in order, small before large, what others are compared with before these; the rest only makes it the same every
/// time.
fn order(file: &PlannedFile) -> (Lane, u64, &str, usize, crate::OutputFormat, u32) {
    (
        file.lane,
        file.size.pixels(),
        &file.derivative,
        file.unless_larger.len(),
        file.encoding.format(),
        file.size.width,
    )
}

/// Width and height, each at least 1.
fn size(width: f64, height: f64) -> Size {
    Size {
        width: width.round().max(1.0) as u32,
        height: height.round().max(1.0) as u32,
    }
}
