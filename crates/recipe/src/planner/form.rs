//! The canonical form of a file: what its bytes depend on besides the original's and its metadata.
//!
//! A new option must leave this text as it is where the option is not used, else an upgrade makes every file anew.
use serde::Serialize;

use super::animation::Shown;
use super::rungs::Kept;
use super::target::{Known, aim, rivals};
use crate::{
    Aim, AskedStep, Asset, AssetName, Backdrop, Background, ColourSpace, Crop, Density, Encoding, Extend,
    Extract, Fit, Gravity, Keep, Kernel, KeyTemplate, LanedEncoding, Rgb, Rotation, Size, Trim, Written,
};

/// Hashed into a file's fingerprint.
#[derive(Serialize)]
pub(super) struct Form<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    key: &'a KeyTemplate,
    colour: ColourSpace,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    as_stored: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotate: Option<Rotation>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    flip: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    flop: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trim: Option<Trim>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extract: Option<Extract>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crop: Option<&'a Crop>,
    resized: Size,
    kernel: Kernel,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    linear: bool,
    canvas: Size,
    #[serde(skip_serializing_if = "<[Gravity]>::is_empty")]
    gravity: &'a [Gravity],
    #[serde(skip_serializing_if = "Option::is_none")]
    padding: Option<Background>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backdrop: Option<Backdrop>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extend: Option<Extend>,
    #[serde(skip_serializing_if = "<[AskedStep]>::is_empty")]
    steps: &'a [AskedStep],
    /// What the steps' lengths are multiplied by.
    #[serde(skip_serializing_if = "Option::is_none")]
    density: Option<Density>,
    /// Content of the pictures that the steps name, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assets: Vec<&'a str>,
    size: Size,
    /// Only where a format needs one: PNG and WebP do not change with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    background: Option<Rgb>,
    encoding: &'a Encoding,
    #[serde(skip_serializing_if = "Aim::is_none")]
    aim: Aim,
    /// What decides whether the file is kept: where it changes, that is decided anew.
    #[serde(skip_serializing_if = "<[LanedEncoding]>::is_empty")]
    unless_larger: &'a [LanedEncoding],
    keep: Keep,
    #[serde(skip_serializing_if = "Option::is_none")]
    shown: Option<Shown>,
    #[serde(skip_serializing_if = "Written::is_none")]
    written: &'a Written,
}

impl<'a> Form<'a> {
    pub fn of(
        known: &Known<'a>,
        kept: Kept,
        (laned, encoding): (&'a LanedEncoding, &'a Encoding),
        shown: Shown,
    ) -> Self {
        let (recipe, derivative) = (known.recipe, known.derivative);
        let named = derivative.steps.iter().filter_map(AskedStep::asset);
        let found = |name: &AssetName| known.assets.iter().find(|asset| asset.name == *name);
        let resize = derivative.resize.as_ref();
        let fits =
            |fit: Fit| kept.fitted.resized != kept.fitted.canvas && resize.is_some_and(|r| r.fit == fit);
        Self {
            name: &derivative.name,
            page: derivative.page,
            key: &recipe.key,
            colour: recipe.colour,
            as_stored: !derivative.autorotate,
            rotate: derivative.rotate,
            flip: derivative.flip,
            flop: derivative.flop,
            trim: derivative.trim,
            extract: derivative.extract,
            crop: derivative.crop.as_ref(),
            resized: kept.fitted.resized,
            kernel: resize.map_or(Kernel::default(), |resize| resize.kernel),
            linear: resize.is_some_and(|resize| resize.linear),
            canvas: kept.fitted.canvas,
            gravity: resize
                .filter(|_| fits(Fit::Cover) || fits(Fit::Contain))
                .map_or(&[], |r| &r.gravity),
            padding: fits(Fit::Contain).then_some(derivative.padding),
            backdrop: derivative.backdrop.filter(|_| fits(Fit::Contain)),
            extend: derivative.extend,
            steps: &derivative.steps,
            density: Some(kept.density)
                .filter(|density| !derivative.steps.is_empty() && *density != Density::ONE),
            assets: named.filter_map(found).map(Asset::identity).collect(),
            size: kept.size,
            background: std::iter::once(encoding)
                .chain(rivals(derivative, laned).iter().map(|rival| &rival.encoding))
                .any(|encoding| !encoding.has_alpha())
                .then_some(derivative.background),
            encoding,
            aim: aim(laned, encoding),
            unless_larger: rivals(derivative, laned),
            keep: derivative.keep,
            shown: shown.unusual(),
            written: &derivative.written,
        }
    }
}
