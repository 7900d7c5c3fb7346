//! One upload of one original in one renderer, kept from lane to lane so that it is decoded once.
use std::{collections::BTreeMap, sync::Arc};

use minilab_recipe::{Findings, Lane, Limits, Original, Plan, Probe, Recipe};
use minilab_store::{ETag, Sha256};

use crate::{
    Error,
    assets::Assets,
    renderer::{OriginalFile, Priority, Renderer, Session},
};

/// An original to be opened, and what for.
pub(crate) struct Opening<'a> {
    pub recipe: &'a Recipe,
    pub key: &'a str,
    pub metadata: &'a BTreeMap<String, String>,
    pub priority: Priority,
    /// What was found in these very bytes before.
    pub known: Option<&'a Findings>,
    pub assets: &'a Assets,
}

/// An open session, what is planned from it, and of which upload it is.
#[derive(Debug)]
pub(crate) struct Sitting {
    pub session: Box<dyn Session>,
    original: Box<Original>,
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
            known,
            assets,
        }: Opening<'_>,
        file: OriginalFile,
    ) -> Result<Self, Error> {
        let limits = limits(recipe);
        // Before a renderer is held: a store may be slow.
        let (assets, lent) = assets.look_up(&recipe.assets()).await?;
        let mut session = renderer.open(file, &limits, priority).await?;
        recipe.accept.probe(session.probe())?;
        let (focal, crops) = recipe.told(metadata);
        session.lend(lent);
        let mut original = Original {
            key: key.to_owned(),
            probe: session.probe().clone(),
            focal,
            crops,
            findings: known.cloned().unwrap_or_default(),
            metadata: metadata.clone(),
            assets,
            at_hand: None,
        };
        let asked = recipe.survey();
        if !asked.place {
            // A place is kept no longer than it is published.
            original.findings.place = None;
        }
        let mut survey = asked.lacking(&original.findings);
        if !survey.is_empty() {
            survey.decode = recipe.foresee(&original, &survey);
            original.findings.extend(session.survey(&survey).await?);
            original.at_hand = survey.decode;
        }
        Ok(Self {
            session,
            original: Box::new(original),
            planned: None,
        })
    }

    pub fn probe(&self) -> &Probe {
        &self.original.probe
    }

    /// What is known of its content.
    pub fn findings(&self) -> &Findings {
        &self.original.findings
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

/// What the renderer checks before it decodes.
fn limits(recipe: &Recipe) -> Limits {
    let accept = &recipe.accept;
    Limits {
        bytes: accept.bytes,
        pixels: accept.pixels,
        pixels_whole_image: accept.whole_image_pixels,
        side: accept.side,
        frames: accept.frames,
        formats: accept.formats.clone(),
        pages: recipe.pages(),
        ..Limits::default()
    }
}
