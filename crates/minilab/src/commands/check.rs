//! `minilab check`: everything that is wrong with a configuration, at once.
use anyhow::Result;
use minilab_recipe::{DEFAULT_RECIPE, Document};
use serde_json::json;

use crate::{
    cli::Check,
    compose::Places,
    config::Config,
    exit::Exit,
    speech::{self, Form},
    units::count,
};

pub fn run(args: &Check, form: Form) -> Result<Exit> {
    let Some(path) = &args.file else {
        speech::result(
            form,
            || DEFAULT_RECIPE.to_owned(),
            || json!({ "default_recipe": DEFAULT_RECIPE }),
        )?;
        return Ok(Exit::Ok);
    };
    let config = Config::read(path)?;
    Places::of(&config)?.check()?;
    let document = &config.document;
    speech::result(
        form,
        || format!("{}: valid: {}", path.display(), summary(document)),
        || json!({ "file": path, "valid": true, "recipes": document.recipes.keys().collect::<Vec<_>>(), "digest": document.digest() }),
    )?;
    Ok(Exit::Ok)
}

fn summary(document: &Document) -> String {
    let recipes = document.recipes.values().map(|recipe| {
        let names: Vec<_> = recipe
            .derivatives()
            .iter()
            .map(|derivative| derivative.name.as_str())
            .collect();
        format!(
            "{} ({}: {})",
            recipe.name,
            count(recipe.rungs().len(), "file"),
            names.join(", ")
        )
    });
    format!(
        "{}, {}",
        count(document.rules.len(), "rule"),
        recipes.collect::<Vec<_>>().join(", ")
    )
}
