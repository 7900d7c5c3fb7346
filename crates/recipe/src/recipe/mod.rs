//! A recipe: what an operator wants made of each original, all defaults resolved.
//!
//! Everything here is plain data read from the document; what follows from it (lanes, rungs, digests, keys, plans) are
//! methods, spread over the files by idea.
mod accept;
mod animation;
mod crop;
mod derivative;
mod for_each;
mod geometry;
mod lanes;
mod overlays;
mod pictures;
mod rungs;
mod steps;
mod text_template;

use std::collections::BTreeMap;

use serde::Serialize;

pub use accept::{Accept, NotAnImage, Refusal, RefusalCode};
pub use animation::Animation;
pub use crop::{Crop, Pick, Publish, Subject};
pub use derivative::{Density, Derivative, LanedEncoding};
pub use for_each::EachFace;
pub use geometry::{
    Asked, Backdrop, Background, Edges, Extend, Extract, Filling, Fit, Gravity, Margin, Ratio, Resize,
    Rotation, Trim, Unit,
};
pub use overlays::{AskedComposite, AskedLaying, AskedMask, AskedText, Length};
pub use pictures::{PagePicture, PictureSet};
pub use rungs::Rung;
pub use steps::{AskedStep, Border, Radius, Region, When};

pub use text_template::TextTemplate;
pub(crate) use text_template::{TEXT_CHARS_MAX, legible};

use crate::keys::KeyTemplate;
use crate::{Analysis, Area, ColourSpace};

/// Which derivatives an original gets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recipe {
    /// Its name in the document.
    pub name: String,
    /// Which originals it takes.
    pub accept: Accept,
    /// What becomes of a key whose object is no image.
    pub not_an_image: NotAnImage,
    /// Under which keys files can be found.
    pub urls: Urls,
    /// What is shown after an overwrite while lanes are pending.
    pub replace: Replace,
    /// Colour space of all files.
    pub colour: ColourSpace,
    /// What is derived besides files; sorted.
    pub placeholder: Vec<Analysis>,
    /// What of its findings manifests tell; sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub publish: Vec<Publish>,
    /// Are tags of the object read beside its metadata?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_tags: bool,
    /// The operator's number: raise it to have everything made anew.
    pub epoch: u64,
    /// How versioned keys are built.
    pub key: KeyTemplate,
    /// What pages show of it, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pictures: BTreeMap<String, PagePicture>,
    /// Sorted by name.
    pub(crate) derivatives: Vec<Derivative>,
}

/// Under which keys files can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Urls {
    /// Only under keys that never change their content.
    #[default]
    Versioned,
    /// Also under keys that can be computed without a lookup; the manifest names these.
    Stable,
    /// Both; the manifest names both.
    Both,
}

impl Urls {
    /// Are stable aliases written? (Versioned files exist in any case: aliases are copies of them.)
    pub fn has_stable(self) -> bool {
        !matches!(self, Self::Versioned)
    }
}

/// What is shown after an overwrite while lanes are pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Replace {
    /// The old complete set, until the new one is complete.
    #[default]
    Atomic,
    /// The new set as it grows.
    Progressive,
}

impl Recipe {
    /// Its derivatives, by name.
    pub fn derivatives(&self) -> &[Derivative] {
        &self.derivatives
    }

    /// One derivative.
    pub fn derivative(&self, name: &str) -> Option<&Derivative> {
        self.derivatives.iter().find(|d| d.name == name)
    }

    /// Numbers of the pages after the first that it shows, sorted.
    pub fn pages(&self) -> Vec<u32> {
        let pages = self.derivatives.iter().filter_map(|derivative| derivative.page);
        let mut pages: Vec<u32> = pages.filter(|page| *page > 0).collect();
        pages.sort_unstable();
        pages.dedup();
        pages
    }

    /// Names of the object metadata it reads, sorted: part of the observation of an original.
    pub fn reads(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .derivatives
            .iter()
            .flat_map(Derivative::every)
            .flat_map(|derivative| self.reads_of(&derivative))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// What object metadata says for people: the focal area, and crops of single derivatives. What cannot be read is as if
    /// it were not there.
    pub fn told(&self, metadata: &BTreeMap<String, String>) -> (Option<Area>, Vec<(String, Area)>) {
        let area = |name: &str| metadata.get(name).and_then(|text| Area::from_metadata(text));
        let all = self.derivatives.iter().flat_map(Derivative::every);
        let crops = all.filter(|derivative| derivative.crops());
        let crops = crops.filter_map(|derivative| {
            let area = area(&crate::keys::crop_name(&derivative.name))?;
            (area.width > 0.0 && area.height > 0.0).then(|| (derivative.name.clone(), area))
        });
        (area(crate::FOCAL), crops.collect())
    }

    /// Names of the object metadata that one derivative's files depend on.
    pub(crate) fn reads_of(&self, derivative: &Derivative) -> Vec<String> {
        let mut names = self.key.metadata_names();
        if derivative.reads_focal() {
            names.push(crate::FOCAL.to_owned());
        }
        if derivative.crops() {
            names.push(crate::keys::crop_name(&derivative.name));
        }
        let templates = derivative.steps.iter().filter_map(AskedStep::template);
        names.extend(templates.flat_map(TextTemplate::metadata_names));
        names
    }
}
