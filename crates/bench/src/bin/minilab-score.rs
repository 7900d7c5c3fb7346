//! Scores files against their original: reads lines `ORIGINAL<TAB>FILE` from standard input and prints a line of JSON
//! for each. Files of one original and size in a row share their reference.
use std::{
    collections::HashMap,
    fs,
    io::{self, BufRead as _, Write as _},
};

use anyhow::{Context as _, Result};
use minilab_bench::{picture::Picture, score::Reference, vips};
use serde_json::json;

fn main() -> Result<()> {
    vips::start()?;
    let mut references: HashMap<(String, u32, u32), Reference> = HashMap::new();
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (original, file) = line.split_once('\t').context("a line is ORIGINAL<TAB>FILE")?;
        let bytes = fs::read(file).with_context(|| format!("cannot read {file}"))?;
        let picture = Picture::decode(&bytes).with_context(|| format!("cannot decode {file}"))?;
        let (width, height) = (picture.width, picture.height);
        let key = (original.to_owned(), width, height);
        if !references.contains_key(&key) {
            references.retain(|(of, ..), _| of == original);
            let bytes = fs::read(original).with_context(|| format!("cannot read {original}"))?;
            let direct = Picture::reference(&bytes, width, height)?;
            references.insert(key.clone(), Reference::new(&direct)?);
        }
        let score = references[&key].score(&picture)?;
        let told =
            json!({ "file": file, "width": width, "height": height, "bytes": bytes.len(), "score": score });
        writeln!(out, "{told}")?;
        out.flush()?;
    }
    Ok(())
}
