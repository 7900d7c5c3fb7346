//! Originals given on the command line: read whole, keyed by their file name.
use std::{fs, path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use minilab_queue::SystemClock;
use minilab_recipe::{Decision, Document, Recipe};
use minilab_worker::Assets;

use crate::{
    compose::{self, stores_of},
    config::Config,
    exit::{Exit, Refusal},
};

/// One of them.
#[derive(Debug)]
pub struct Loose {
    /// The key it would have at the root of a folder.
    pub key: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Loose {
    /// Reads it.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes =
            fs::read(path).with_context(|| format!("the original {} cannot be read", path.display()))?;
        let name = path.file_name().and_then(|name| name.to_str());
        let key = name.map(str::to_owned).ok_or_else(|| {
            let sentence = format!("the name of {} is not UTF-8, so it can be no key", path.display());
            Refusal::new(Exit::Usage, sentence, "rename the file")
        })?;
        Ok(Self { key, bytes })
    }

    /// The recipe that the document's rules give it; `None`: nothing is made of it.
    pub fn recipe<'a>(&self, document: &'a Document) -> Option<&'a Recipe> {
        match document.decide(&self.key) {
            Decision::Recipe { recipe, .. } => Some(recipe),
            Decision::Nothing => None,
        }
    }
}

/// Where the pictures are that recipes name.
pub async fn pictures(config: &Config) -> Result<Assets> {
    let named = config.document.asset_stores();
    let mut places = stores_of(config);
    places.retain(|name, _| named.contains(name));
    let stores = compose::assets(&places).await?;
    Ok(Assets::new(stores, Arc::new(SystemClock::default())))
}
