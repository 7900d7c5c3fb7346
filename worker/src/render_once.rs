//! One original through its recipe without queue, store or record: what `minilab render` and `minilab explain` do.
//!
//! The same sitting, plan and keys as an attempt's; only nobody stores anything.
use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use minilab_recipe::{
    Findings, Naming, Note, OutputFormat, Plan, PlannedFile, Probe, Recipe, Score, version,
};
use minilab_store::Sha256;
use tokio::sync::mpsc;

use crate::{
    Error,
    assets::Assets,
    attempt::{Opening, Scales, Sitting},
    pool::OriginalWriter,
    renderer::{FileFailure, Priority, RenderReport, Renderer},
};

/// An original that is not in a store.
#[derive(Debug, Clone, Copy)]
pub struct LooseOriginal<'a> {
    /// The key it would have.
    pub key: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The object metadata it would have.
    pub metadata: &'a BTreeMap<String, String>,
    /// Where the pictures come from that its recipe names.
    pub assets: &'a Assets,
}

/// An original that was planned, and rendered if that was asked.
#[derive(Debug)]
pub struct Rendered {
    /// Its header.
    pub probe: Probe,
    /// What was found in it, as far as its recipe asks.
    pub findings: Findings,
    /// How it is made.
    pub plan: Arc<Plan>,
    /// Its files, in the plan's order, with the keys that a first attempt would give them.
    pub files: Vec<OnceFile>,
    /// What the renderer said; empty if nothing was rendered.
    pub report: RenderReport,
}

/// One file of it.
#[derive(Debug, Clone)]
pub struct OnceFile {
    /// As planned.
    pub planned: PlannedFile,
    /// Its key, or why it can have none.
    pub key: Result<String, String>,
    /// Its bytes; `None`: not rendered, or failed for a reason that the report names.
    pub body: Option<Bytes>,
    /// Rendered and not kept: the format whose file is smaller.
    pub larger_than: Option<OutputFormat>,
    /// Quality, score and notes, where the plan has them sought.
    pub found: Found,
    /// Time spent on it.
    pub micros: u64,
}

/// What a search over the quality came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// What the encoder was told.
    pub quality: Option<u8>,
    /// How it looks.
    pub score: Option<Score>,
    /// What was sought and not reached.
    pub notes: Vec<Note>,
}

/// Plans an original and renders nothing.
pub async fn explain(
    renderer: &dyn Renderer,
    recipe: &Recipe,
    original: LooseOriginal<'_>,
) -> Result<Rendered, Error> {
    let (sitting, rendered) = plan(renderer, recipe, original).await?;
    sitting.session.close().await;
    Ok(rendered)
}

/// Plans an original and renders all its files, of all lanes in one decode.
pub async fn render_once(
    renderer: &dyn Renderer,
    recipe: &Recipe,
    original: LooseOriginal<'_>,
) -> Result<Rendered, Error> {
    let (mut sitting, mut rendered) = plan(renderer, recipe, original).await?;
    let plan = Arc::clone(&rendered.plan);
    let lacking = |index: usize| plan.lacking(&plan.files[index]);
    let (without, indexes): (Vec<usize>, Vec<usize>) =
        (0..rendered.files.len()).partition(|&index| lacking(index).is_some());
    // All bodies are kept anyway, so none may hold up the renderer.
    let (done, mut finished) = mpsc::channel(indexes.len().max(1));
    rendered.report = sitting.session.render(&rendered.plan, &indexes, done).await?;
    for index in without {
        let (code, sentence) = lacking(index).expect("it was just looked at");
        rendered.report.failed.push(FileFailure {
            index,
            code: code.to_owned(),
            sentence: sentence.to_owned(),
        });
    }
    let mut scales = Scales::default();
    while let Some(file) = finished.recv().await {
        if let Some(known) = rendered.files.get_mut(file.index) {
            known.larger_than = scales.weigh(&known.planned, file.body.len() as u64);
            known.body = Some(file.body).filter(|_| known.larger_than.is_none());
            known.micros = file.micros;
            known.found = Found {
                quality: file.quality,
                score: file.score,
                notes: file.notes,
            };
            known.planned.notes.extend(&known.found.notes);
        }
    }
    sitting.session.close().await;
    Ok(rendered)
}

async fn plan(
    renderer: &dyn Renderer,
    recipe: &Recipe,
    original: LooseOriginal<'_>,
) -> Result<(Sitting, Rendered), Error> {
    recipe.accept.bytes(original.bytes.len() as u64)?;
    let memory = |cause| Error::Memory {
        key: original.key.to_owned(),
        cause,
    };
    let mut writer = OriginalWriter::create().map_err(memory)?;
    writer.write_all(original.bytes).map_err(memory)?;
    let file = writer.finish().map_err(memory)?;
    let opening = Opening {
        recipe,
        key: original.key,
        metadata: original.metadata,
        priority: Priority::Live,
        known: None,
        assets: original.assets,
    };
    let mut sitting = Sitting::open(renderer, opening, file).await?;
    let lanes = recipe.lanes();
    let plan = sitting.plan(recipe, &lanes)?;
    let sha256 = Sha256::of(original.bytes).to_string();
    let naming = Naming {
        original: original.key,
        tenant: None,
        metadata: Some(original.metadata),
    };
    let name = |file: &PlannedFile| {
        let fingerprint = recipe.fingerprint(file, &sha256, original.metadata);
        let version = version(1, &fingerprint, &renderer.engine().build_id);
        recipe
            .key(naming, file, &version)
            .map_err(|refused| refused.to_string())
    };
    let files = plan
        .files
        .iter()
        .map(|file| OnceFile {
            planned: file.clone(),
            key: name(file),
            body: None,
            larger_than: None,
            found: Found::default(),
            micros: 0,
        })
        .collect();
    let (probe, findings) = (sitting.probe().clone(), sitting.findings().clone());
    Ok((
        sitting,
        Rendered {
            probe,
            findings,
            plan,
            files,
            report: RenderReport::default(),
        },
    ))
}

#[cfg(test)]
mod tests {
    use minilab_recipe::Document;

    use super::*;
    use crate::testing::ScriptedRenderer;

    fn no_assets() -> Assets {
        Assets::new(BTreeMap::new(), Arc::new(minilab_queue::SystemClock::default()))
    }

    #[tokio::test]
    async fn all_lanes_are_rendered_in_one_decode_and_explained_in_none() {
        let renderer = ScriptedRenderer::default();
        let document = Document::default_for_folders("in", "out");
        let recipe = document.recipe("default").unwrap();
        let (metadata, assets) = (BTreeMap::new(), no_assets());
        let original = LooseOriginal {
            key: "a.jpg",
            bytes: b"4000x3000 a cat",
            metadata: &metadata,
            assets: &assets,
        };

        let explained = explain(&renderer, recipe, original).await.unwrap();
        assert!(renderer.tally().decodes.is_empty());
        let rendered = render_once(&renderer, recipe, original).await.unwrap();
        assert_eq!(renderer.tally().decodes.values().sum::<u32>(), 1);
        assert_eq!(renderer.tally().sessions, 0);
        assert_eq!(explained.plan, rendered.plan);
        for file in &rendered.files {
            let expected = ScriptedRenderer::body(original.bytes, &file.planned);
            assert_eq!(file.body.as_ref(), Some(&expected));
            assert!(file.key.as_ref().unwrap().starts_with("a.jpg/"));
        }
    }

    #[tokio::test]
    async fn what_is_no_image_is_said_so() {
        let renderer = ScriptedRenderer::default();
        let document = Document::default_for_folders("in", "out");
        let (metadata, assets) = (BTreeMap::new(), no_assets());
        let original = LooseOriginal {
            key: "a.jpg",
            bytes: b"a shopping list",
            metadata: &metadata,
            assets: &assets,
        };
        let error = render_once(&renderer, document.recipe("default").unwrap(), original)
            .await
            .unwrap_err();
        assert_eq!(error.code_and_sentence().0, "not_an_image");
    }
}
