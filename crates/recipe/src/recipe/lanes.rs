//! Which lanes a recipe uses, and the digest that tells whether a lane is current.
use serde::Serialize;

use super::{Accept, Derivative, NotAnImage, Recipe};
use crate::keys::KeyTemplate;
use crate::{Analysis, ColourSpace, Lane, canonical};

/// What a lane's files depend on. `urls` and `replace` are left out: they change projections, not files.
#[derive(Serialize)]
struct LaneForm<'a> {
    accept: &'a Accept,
    not_an_image: NotAnImage,
    colour: ColourSpace,
    epoch: u64,
    key: &'a KeyTemplate,
    placeholder: &'a [Analysis],
    derivatives: Vec<Derivative>,
}

impl Recipe {
    /// The lanes it uses, in the order in which they are made; never empty.
    pub fn lanes(&self) -> Vec<Lane> {
        let uses = |lane: &Lane| {
            self.derivatives
                .iter()
                .any(|d| d.encodings.iter().any(|e| e.lane == *lane))
        };
        Lane::ALL.into_iter().filter(uses).collect()
    }

    /// Is this the lane whose attempt also keeps the analyses?
    pub(crate) fn analyses_in(&self, lane: Lane) -> bool {
        self.lanes().first() == Some(&lane)
    }

    /// SHA-256 (hex) of all that the lane's files and failures depend on; the first lane's also covers `placeholder`.
    pub fn lane_digest(&self, lane: Lane) -> String {
        let derivatives = self.derivatives.iter().filter_map(|derivative| {
            let mut part = derivative.clone();
            part.encodings.retain(|encoding| encoding.lane == lane);
            (!part.encodings.is_empty()).then_some(part)
        });
        canonical::digest(
            "lane",
            &LaneForm {
                accept: &self.accept,
                not_an_image: self.not_an_image,
                colour: self.colour,
                epoch: self.epoch,
                key: &self.key,
                placeholder: if self.analyses_in(lane) {
                    &self.placeholder
                } else {
                    &[]
                },
                derivatives: derivatives.collect(),
            },
        )
    }
}
