//! `minilab report`: what was made, as a table, as NDJSON, and as a contact sheet.
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use minilab_recipe::Location;
use minilab_record::{Failures, Records};
use serde_json::{Value, json};

use crate::{
    cli::Report,
    compose::{resolved, state_made_before, state_of},
    exit::Exit,
    gallery::{self, Entry, Made},
    sheet::{self, Places},
    speech::{self, Form},
    table::{Lean, Table},
    units,
};

/// As many as one page can show.
const ENTRIES_MAX: usize = 100_000;

pub async fn run(args: &Report, form: Form) -> Result<Exit> {
    let (out, photos) = match args.folders.as_slice() {
        [photos, out] => (out, Some(photos)),
        [out] => (out, None),
        _ => unreachable!("the command line takes one or two folders"),
    };
    let to = Location::Folder(out.clone());
    let state = state_made_before(&state_of(&to), &to).await?;
    let (records, failures) = (Records::new(Arc::clone(&state)), Failures::new(state));
    let entries = gallery::load(&records, &failures, ENTRIES_MAX)
        .await
        .context("the records cannot be read")?;
    if let Some(html) = &args.html {
        write_sheet(&entries, html, out, photos)?;
    }
    match form {
        Form::Json => entries
            .iter()
            .try_for_each(|entry| speech::result(form, String::new, || value(entry)))?,
        Form::Text if args.each => {
            for entry in &entries {
                speech::result(form, || one(entry), || value(entry))?;
            }
            speech::result(form, || total(&entries), || Value::Null)?;
        }
        Form::Text => speech::result(
            form,
            || format!("{}\n{}", all(&entries), total(&entries)),
            || Value::Null,
        )?,
    }
    Ok(Exit::Ok)
}

fn write_sheet(entries: &[Entry], html: &Path, out: &Path, photos: Option<&PathBuf>) -> Result<()> {
    let html = resolved(html);
    let folder = html.parent().unwrap_or(Path::new("/"));
    let places = Places {
        files: sheet::relative_url(folder, &resolved(out)),
        originals: photos.map(|photos| sheet::relative_url(folder, &resolved(photos))),
    };
    fs::write(&html, sheet::page(entries, &places))
        .with_context(|| format!("the contact sheet {} cannot be written", html.display()))
}

/// Files of all originals that have derivative, width, format and lane in common, summed up.
fn all(entries: &[Entry]) -> Table {
    #[derive(Default)]
    struct Sum {
        files: u64,
        bytes: u64,
        original_bytes: u64,
        time: Duration,
    }
    let mut sums: BTreeMap<_, Sum> = BTreeMap::new();
    for entry in entries {
        for file in &entry.files {
            let sum = sums
                .entry((file.lane, file.derivative.as_str(), file.size.width, file.format))
                .or_default();
            sum.files += 1;
            sum.bytes += file.bytes;
            sum.original_bytes += entry.bytes;
            sum.time += file.time;
        }
    }
    let mut table = Table::new([
        ("derivative", Lean::Left),
        ("width", Lean::Right),
        ("format", Lean::Left),
        ("files", Lean::Right),
        ("bytes, mean", Lean::Right),
        ("saving", Lean::Right),
        ("time, mean", Lean::Right),
        ("lane", Lean::Left),
    ]);
    for ((lane, derivative, width, format), sum) in sums {
        table.push(&[
            derivative.to_owned(),
            width.to_string(),
            format.to_string(),
            sum.files.to_string(),
            units::bytes(sum.bytes / sum.files),
            units::change(sum.bytes, sum.original_bytes),
            units::duration(sum.time / sum.files as u32),
            lane.to_string(),
        ]);
    }
    table
}

fn one(entry: &Entry) -> String {
    let mut text = format!(
        "{} ({}, {})\n",
        printable(&entry.key),
        units::bytes(entry.bytes),
        entry.progress.as_str()
    );
    for failure in &entry.failures {
        let whose = failure
            .derivative
            .as_deref()
            .map(|name| format!("{name}: "))
            .unwrap_or_default();
        text += &format!(
            "  {whose}{} [{} {}]\n",
            failure.sentence, failure.class, failure.code
        );
    }
    if !entry.files.is_empty() {
        let mut table = Table::new([
            ("derivative", Lean::Left),
            ("size", Lean::Left),
            ("format", Lean::Left),
            ("bytes", Lean::Right),
            ("saving", Lean::Right),
            ("time", Lean::Right),
            ("lane", Lean::Left),
        ]);
        entry
            .files
            .iter()
            .for_each(|file| table.push(&row(file, entry.bytes)));
        text += &table.to_string();
    }
    text + "\n"
}

fn row(file: &Made, original_bytes: u64) -> Vec<String> {
    vec![
        file.derivative.clone(),
        format!("{} x {}", file.size.width, file.size.height),
        file.format.to_string(),
        units::bytes(file.bytes),
        units::change(file.bytes, original_bytes),
        units::duration(file.time),
        file.lane.to_string(),
    ]
}

/// The last lines: how much of what, and what went wrong.
fn total(entries: &[Entry]) -> String {
    let files = || entries.iter().flat_map(|entry| &entry.files);
    let (input, output) = (
        entries.iter().map(|e| e.bytes).sum(),
        files().map(|file| file.bytes).sum(),
    );
    let time = files().map(|file| file.time).sum();
    let mut lanes: BTreeMap<_, usize> = BTreeMap::new();
    files().for_each(|file| *lanes.entry(file.lane).or_default() += 1);
    let lanes: Vec<_> = lanes
        .iter()
        .map(|(lane, count)| format!("{lane} {count}"))
        .collect();
    let mut text = format!(
        "{}, {} ({}); {} in, {} out; {} of encoding\n",
        units::count(entries.len(), "original"),
        units::count(files().count(), "file"),
        lanes.join(", "),
        units::bytes(input),
        units::bytes(output),
        units::duration(time),
    );
    for entry in entries {
        for failure in &entry.failures {
            text += &format!(
                "  {}: {} [{} {}]\n",
                printable(&entry.key),
                failure.sentence,
                failure.class,
                failure.code
            );
        }
    }
    text
}

/// On one line, whatever the name.
fn printable(key: &str) -> String {
    key.chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect()
}

fn value(entry: &Entry) -> Value {
    let file = |file: &Made| {
        json!({
            "derivative": file.derivative,
            "key": file.key,
            "width": file.size.width,
            "height": file.size.height,
            "format": file.format,
            "bytes": file.bytes,
            "micros": file.time.as_micros() as u64,
            "lane": file.lane,
        })
    };
    json!({
        "original": entry.key,
        "status": entry.progress.as_str(),
        "bytes": entry.bytes,
        "width": entry.header.map(|(_, size)| size.width),
        "height": entry.header.map(|(_, size)| size.height),
        "files": entry.files.iter().map(file).collect::<Vec<_>>(),
        "failures": entry.failures,
    })
}
