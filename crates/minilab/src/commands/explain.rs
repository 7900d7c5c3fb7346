//! `minilab explain`: what would be made of a file, and why each part of it is as it is.
use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result};
use minilab_recipe::Recipe;
use minilab_worker::{LooseOriginal, Rendered, renderer::Renderer as _};
use serde_json::{Value, json};

use super::loose::{Loose, pictures};
use crate::{
    cli,
    compose::{locate_renderer, start_one},
    config::Config,
    exit::Exit,
    speech::{self, Form},
    tree::tree,
    units::{self, count},
};

pub async fn run(args: &cli::Explain, form: Form) -> Result<Exit> {
    let config = match &args.config {
        Some(path) => Config::read_recipes(path)?,
        None => Config::of_folders(Path::new("."), Path::new(".")),
    };
    let original = Loose::read(&args.file)?;
    let Some(recipe) = original.recipe(&config.document) else {
        let sentence = format!(
            "{}: no rule gives it a recipe: nothing is made of it",
            original.key
        );
        speech::result(
            form,
            || sentence,
            || json!({ "original": original.key, "recipe": null }),
        )?;
        return Ok(Exit::Ok);
    };
    let pool = start_one(
        &locate_renderer(args.renderer.renderer.as_deref())?,
        config.document.sandbox,
    )
    .await?;
    let (metadata, assets) = (BTreeMap::new(), pictures(&config).await?);
    let loose = LooseOriginal {
        key: &original.key,
        bytes: &original.bytes,
        metadata: &metadata,
        assets: &assets,
    };
    let explained = minilab_worker::explain(&pool, recipe, loose)
        .await
        .with_context(|| format!("nothing can be made of {}", args.file.display()))?;
    let engine = pool.engine().version.clone();
    speech::result(
        form,
        || text(&original, recipe, &explained, &engine),
        || value(&original, recipe, &explained, &engine),
    )?;
    Ok(Exit::Ok)
}

fn text(original: &Loose, recipe: &Recipe, explained: &Rendered, engine: &str) -> String {
    let (plan, probe) = (&explained.plan, &explained.probe);
    let upright = probe.upright();
    let turned = if probe.orientation == 1 {
        String::new()
    } else {
        format!(", turned by EXIF orientation {}", probe.orientation)
    };
    let mut text = format!(
        "{}: {}, {} x {}{turned}, {}\nrecipe {}, by the first rule that matches the key\n\n",
        original.key,
        probe.format,
        upright.width,
        upright.height,
        units::bytes(original.bytes.len() as u64),
        recipe.name
    );
    if let Some(faces) = &explained.findings.faces {
        text += &format!("{}\n", count(faces.len(), "face"));
        for face in faces {
            let share = |of: f64, side: u32| (of * f64::from(side)).round();
            text += &format!(
                "  {} x {} at {},{}, {} % sure\n",
                share(face.area.width, upright.width),
                share(face.area.height, upright.height),
                share(face.area.x, upright.width),
                share(face.area.y, upright.height),
                (face.score * 100.0).round()
            );
        }
        text += "\n";
    }
    let key_of = |index: usize| {
        explained.files[index]
            .key
            .clone()
            .unwrap_or_else(|refused| format!("no key: {refused}"))
    };
    text += &tree(plan, &key_of);
    if !plan.skipped.is_empty() {
        text += "\nskipped:\n";
        for skipped in &plan.skipped {
            text += &format!("  {} {}: {}\n", skipped.derivative, skipped.what, skipped.reason);
        }
    }
    text + &format!(
        "\n{}; about {} of memory and {} of CPU\n\
         sizes: what the recipe asks, in the original's proportions; never enlarged unless told\n\
         keys: the recipe's template; g1 is the lane's first generation, then ten digits of a hash of the original's\n\
         bytes, the derivative and the engine ({engine})\n",
        count(plan.files.len(), "file"),
        units::bytes(plan.predicted.memory_bytes),
        units::duration(std::time::Duration::from_millis(plan.predicted.cpu_ms)),
    )
}

fn value(original: &Loose, recipe: &Recipe, explained: &Rendered, engine: &str) -> Value {
    let keys: Vec<_> = explained
        .files
        .iter()
        .map(|file| file.key.as_ref().ok())
        .collect();
    json!({
        "original": original.key,
        "bytes": original.bytes.len(),
        "probe": explained.probe,
        "findings": explained.findings,
        "recipe": recipe.name,
        "plan": *explained.plan,
        "keys": keys,
        "engine": engine,
    })
}
