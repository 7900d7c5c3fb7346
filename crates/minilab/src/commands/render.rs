//! `minilab render`: files through a recipe once, without queue or store.
use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use minilab_recipe::{Document, PlannedFile};
use minilab_worker::{Assets, LooseOriginal, OnceFile, Rendered, pool::ProcessPool, render_once};
use serde_json::json;

use super::loose::{Loose, pictures};
use crate::{
    cli,
    compose::{locate_renderer, start_one},
    config::Config,
    exit::{Exit, Refusal},
    speech::{self, Form},
    units,
};

pub async fn run(args: &cli::Render, form: Form) -> Result<Exit> {
    let config = Config::read_recipes(&args.recipe)?;
    names_differ(&args.files)?;
    let pool = start_one(
        &locate_renderer(args.renderer.renderer.as_deref())?,
        config.document.sandbox,
    )
    .await?;
    let assets = pictures(&config).await?;
    let mut failed = 0;
    for file in &args.files {
        match one(&pool, &config.document, &assets, file, &args.out, form).await {
            Ok(failures) => failed += failures,
            // The others are made all the same; a place that takes nothing takes nothing of them either.
            Err(error) if is_of_the_output(&error) => return Err(error),
            Err(error) => {
                failed += 1;
                speech::aside(&format!("{}: {error:#}", file.display()));
                if form == Form::Json {
                    speech::result(
                        form,
                        String::new,
                        || json!({ "original": file, "error": format!("{error:#}") }),
                    )?;
                }
            }
        }
    }
    Ok(if failed == 0 { Exit::Ok } else { Exit::SomeFailed })
}

/// Files lie under their original's name, so two originals of one name would overwrite each other.
fn names_differ(files: &[PathBuf]) -> Result<()> {
    let mut names = HashSet::new();
    let Some(second) = files.iter().find(|file| !names.insert(file.file_name())) else {
        return Ok(());
    };
    let sentence = format!("{} has the name of another file given", second.display());
    Err(Refusal::new(
        Exit::Usage,
        sentence,
        "render it in a run of its own, to another folder",
    )
    .into())
}

fn is_of_the_output(error: &anyhow::Error) -> bool {
    error.downcast_ref::<NotWritten>().is_some()
}

/// Marks errors of the output folder.
#[derive(Debug)]
struct NotWritten(PathBuf);

impl std::fmt::Display for NotWritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} cannot be written", self.0.display())
    }
}

/// Renders one; how many of its files failed.
async fn one(
    pool: &ProcessPool,
    document: &Document,
    assets: &Assets,
    path: &Path,
    out: &Path,
    form: Form,
) -> Result<usize> {
    let original = Loose::read(path)?;
    let Some(recipe) = original.recipe(document) else {
        bail!("no rule gives it a recipe: nothing is made of it");
    };
    let metadata = BTreeMap::new();
    let loose = LooseOriginal {
        key: &original.key,
        bytes: &original.bytes,
        metadata: &metadata,
        assets,
    };
    let rendered = render_once(pool, recipe, loose).await?;
    tell_without_files(&original.key, path, &rendered, form)?;
    for file in &rendered.files {
        if let Some(than) = file.larger_than {
            let PlannedFile {
                derivative,
                size,
                encoding,
                ..
            } = &file.planned;
            let (width, format) = (size.width, encoding.format());
            speech::aside(&format!(
                "{}: {derivative}: {format} of {width} px is larger than {than} and was dropped",
                path.display(),
            ));
        }
        let (Ok(key), Some(body)) = (&file.key, &file.body) else {
            continue;
        };
        let path = write(out, key, body)?;
        speech::result(
            form,
            || line(file, &path, original.bytes.len() as u64),
            || value(&original.key, file, &path),
        )?;
    }
    for failure in &rendered.report.failed {
        let derivative = rendered
            .files
            .get(failure.index)
            .map_or("", |file| file.planned.derivative.as_str());
        speech::aside(&format!(
            "{}: {derivative}: {} [{}]",
            path.display(),
            failure.sentence,
            failure.code
        ));
    }
    let refused = rendered.files.iter().filter_map(|file| file.key.as_ref().err());
    refused
        .clone()
        .for_each(|refused| speech::aside(&format!("{}: {refused}", path.display())));
    Ok(rendered.report.failed.len() + refused.count())
}

/// Derivatives of which this original gets no file at all, and why: it lacks the page, the face. A ladder's rungs that it is
/// too small for are no surprise.
fn tell_without_files(original: &str, path: &Path, rendered: &Rendered, form: Form) -> Result<()> {
    let has_files = |name: &str| rendered.files.iter().any(|file| file.planned.derivative == name);
    for skipped in rendered
        .plan
        .skipped
        .iter()
        .filter(|skipped| !has_files(&skipped.derivative))
    {
        let (name, reason) = (&skipped.derivative, &skipped.reason);
        speech::aside(&format!("{}: {name}: no file, as {reason}", path.display()));
        if form == Form::Json {
            let value = || json!({ "original": original, "derivative": name, "skipped": reason });
            speech::result(form, String::new, value)?;
        }
    }
    Ok(())
}

/// Whole or not at all, like in a store; a key never leaves the folder.
fn write(out: &Path, key: &str, body: &[u8]) -> Result<PathBuf> {
    let inside = Path::new(key)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !inside {
        bail!("the key {key:?} would leave the folder");
    }
    let path = out.join(key);
    let partial = path.with_extension("partial");
    let written = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(&partial, body))
        .and_then(|()| fs::rename(&partial, &path));
    written.with_context(|| NotWritten(path.clone()))?;
    Ok(path)
}

fn line(file: &OnceFile, path: &Path, original_bytes: u64) -> String {
    let bytes = file.body.as_ref().map_or(0, |body| body.len() as u64);
    let found = &file.found;
    let quality = found
        .quality
        .map_or_else(String::new, |quality| format!(", quality {quality}"));
    let score = found
        .score
        .map_or_else(String::new, |score| format!(", score {:.1}", score.get()));
    let notes: String = found
        .notes
        .iter()
        .map(|note| format!(", {}", note.name()))
        .collect();
    format!(
        "{}  {} x {}, {}, {}{quality}{score}{notes}",
        path.display(),
        file.planned.size.width,
        file.planned.size.height,
        units::bytes(bytes),
        units::change(bytes, original_bytes)
    )
}

fn value(original: &str, file: &OnceFile, path: &Path) -> serde_json::Value {
    json!({
        "original": original,
        "derivative": file.planned.derivative,
        "file": path,
        "width": file.planned.size.width,
        "height": file.planned.size.height,
        "format": file.planned.encoding.format(),
        "bytes": file.body.as_ref().map(bytes::Bytes::len),
        "quality": file.found.quality.or(file.planned.encoding.quality()),
        "score": file.found.score,
        "notes": file.planned.notes.iter().chain(&file.found.notes).collect::<Vec<_>>(),
        "micros": file.micros,
    })
}
