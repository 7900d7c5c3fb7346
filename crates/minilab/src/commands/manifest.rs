//! `minilab manifest`: an original's manifest, in the shape that a front end wants.
use anyhow::{Context as _, Result};
use minilab_protos::{manifest::Manifest, shapes};
use minilab_recipe::Location;
use minilab_record::Projector;
use minilab_store::{Key, StoreExt as _};
use serde_json::{Map, Value, json};

use crate::{
    cli::{self, Shape},
    compose::{Named, Places, files_made_before},
    config::Config,
    exit::{Exit, Refusal},
    speech::{self, Form},
};

/// A manifest names at most a few hundred files.
const BYTES_MAX: usize = 16 << 20;

pub async fn run(args: &cli::Manifest, form: Form) -> Result<Exit> {
    let manifest = read(args).await?;
    let value = match args.shape {
        Shape::Json => serde_json::to_value(&manifest)?,
        Shape::Eleventy => each(&manifest, shapes::eleventy),
        Shape::Strapi => shapes::strapi(&manifest),
        Shape::Picture => pictures(&manifest)
            .map(|(name, html)| (name.to_owned(), html.into()))
            .collect::<Map<_, _>>()
            .into(),
    };
    let text = match args.shape {
        Shape::Picture => {
            let pictures = pictures(&manifest).map(|(name, html)| format!("<!-- {name} -->\n{html}"));
            pictures.collect::<Vec<_>>().join("\n")
        }
        Shape::Json | Shape::Eleventy | Shape::Strapi => serde_json::to_string_pretty(&value)?,
    };
    speech::result(form, || text, || value)?;
    Ok(Exit::Ok)
}

/// Those that the recipe names, then every derivative by itself, unless a picture has its name.
fn pictures(manifest: &Manifest) -> impl Iterator<Item = (&str, String)> {
    let named = manifest
        .pictures
        .keys()
        .filter_map(|name| Some((name.as_str(), shapes::art_directed(manifest, name)?)));
    let alone = manifest
        .derivatives
        .keys()
        .filter(|name| !manifest.pictures.contains_key(*name))
        .filter_map(|name| Some((name.as_str(), shapes::picture(manifest, name)?)));
    named.chain(alone)
}

async fn read(args: &cli::Manifest) -> Result<Manifest> {
    let to = match (&args.outputs.config, &args.outputs.out) {
        (Some(config), _) => Places::of(&Config::read(config)?)?.to,
        (None, Some(out)) => Location::Folder(out.clone()),
        (None, None) => unreachable!("the command line demands one of both"),
    };
    let store = files_made_before(&to).await?;
    let key = Key::new(Projector::manifest_key(&args.key)).context("no original can have that key")?;
    match store.get_bytes(&key, BYTES_MAX).await {
        Ok((_, body)) => {
            serde_json::from_slice(&body).with_context(|| format!("{key} cannot be read as a manifest"))
        }
        Err(error) if error.is_not_found() => {
            let sentence = format!("{} has no manifest in {}", json!(args.key), Named(&to));
            let fix =
                "the key is the original's path below the folder of originals; is the original made yet?";
            Err(Refusal::new(Exit::NotFound, sentence, fix).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// By derivative.
fn each(manifest: &Manifest, shape: impl Fn(&Manifest, &str) -> Option<Value>) -> Value {
    let shaped = manifest
        .derivatives
        .keys()
        .filter_map(|name| Some((name.clone(), shape(manifest, name)?)));
    Value::Object(shaped.collect::<Map<_, _>>())
}
