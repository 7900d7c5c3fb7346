//! One upload of one original in one renderer, kept from lane to lane so that it is decoded once.
use std::{collections::BTreeMap, sync::Arc};

use minilab_recipe::{Accept, Lane, Limits, Original, Plan, Point, Probe, Recipe};
use minilab_store::{ETag, Sha256};

use crate::{
    Error,
    renderer::{OriginalFile, Priority, Renderer, Session},
};

/// An original to be opened, and what for.
pub(crate) struct Opening<'a> {
    pub recipe: &'a Recipe,
    pub key: &'a str,
    pub metadata: &'a BTreeMap<String, String>,
    pub priority: Priority,
}

/// An open session, what is planned from it, and of which upload it is.
#[derive(Debug)]
pub(crate) struct Sitting {
    pub session: Box<dyn Session>,
    original: Original,
    planned: Option<(Vec<Lane>, Arc<Plan>)>,
}

/// A sitting and the upload it is of.
#[derive(Debug)]
pub(super) struct Upload {
    pub etag: ETag,
    pub sha256: Sha256,
    pub sitting: Sitting,
}

impl Sitting {
    /// Hands an original over, and finds out what planning depends on.
    pub async fn open(
        renderer: &dyn Renderer,
        Opening {
            recipe,
            key,
            metadata,
            priority,
        }: Opening<'_>,
        file: OriginalFile,
    ) -> Result<Self, Error> {
        let limits = limits(&recipe.accept);
        let mut session = renderer.open(file, &limits, priority).await?;
        recipe.accept.probe(session.probe())?;
        let mut trims = Vec::new();
        for trim in recipe.trims() {
            let text = trim.canonical();
            let rect = session.find_trim(&text).await?;
            trims.push((text, rect));
        }
        let focal = metadata.get(minilab_recipe::FOCAL).and_then(|text| focal(text));
        let original = Original {
            key: key.to_owned(),
            probe: session.probe().clone(),
            focal,
            trims,
        };
        Ok(Self {
            session,
            original,
            planned: None,
        })
    }

    pub fn probe(&self) -> &Probe {
        &self.original.probe
    }

    /// The plan there is, if it makes `lane`.
    pub fn planned(&self, lane: Lane) -> Option<Arc<Plan>> {
        let (lanes, plan) = self.planned.as_ref()?;
        lanes.contains(&lane).then(|| Arc::clone(plan))
    }

    /// A plan over all of `lanes`.
    pub fn plan(&mut self, recipe: &Recipe, lanes: &[Lane]) -> Result<Arc<Plan>, Error> {
        let plan = Arc::new(recipe.plan(&self.original, lanes)?);
        self.planned = Some((lanes.to_vec(), Arc::clone(&plan)));
        Ok(plan)
    }
}

/// Fractions of width and height, `0.3,0.55`. Anything else is no focal point: the gravity's next choice applies.
fn focal(text: &str) -> Option<Point> {
    let (x, y) = text.split_once(',')?;
    let fraction = |text: &str| text.trim().parse().ok().filter(|f| (0.0..=1.0).contains(f));
    Some(Point {
        x: fraction(x)?,
        y: fraction(y)?,
    })
}

/// What the renderer checks before it decodes.
fn limits(accept: &Accept) -> Limits {
    Limits {
        bytes: accept.bytes,
        pixels: accept.pixels,
        pixels_whole_image: accept.whole_image_pixels,
        side: accept.side,
        frames: accept.frames,
        formats: accept.formats.clone(),
        ..Limits::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn focal_point_is_two_fractions_or_nothing() {
        assert_eq!(focal("0.3, 0.55"), Some(Point { x: 0.3, y: 0.55 }));
        for text in ["", "0.3", "1.3,0", "a,b", "NaN,0"] {
            assert_eq!(focal(text), None, "{text}");
        }
    }
}
