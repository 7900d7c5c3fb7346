//! Opening the stores of an installation.
use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use minilab_store::{Fs, Layout, Store};

use super::Places;
use crate::exit::{Exit, Refusal};

/// Where the probe of the state store writes for a moment; no record is ever there.
const PROBE: &str = "probe/";

/// The three stores, opened.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Originals.
    pub from: Arc<dyn Store>,
    /// Files.
    pub to: Arc<dyn Store>,
    /// Records.
    pub state: Arc<dyn Store>,
}

impl Stores {
    /// Opens them; folders to write into are made. The state store must decide conditional writes.
    pub async fn open(places: &Places) -> Result<Self> {
        must_exist(&places.from)?;
        let from =
            Fs::open(&places.from, Layout::Plain).context("the folder of originals cannot be opened")?;
        let to = Fs::create(&places.to, Layout::Plain).context("the folder for files cannot be opened")?;
        let state = state(&places.state)?;
        minilab_store::probe_conditional_put(&*state, PROBE)
            .await
            .context("the state store cannot hold records")?;
        Ok(Self {
            from: Arc::new(from),
            to: Arc::new(to),
            state,
        })
    }
}

/// The records of an installation that has run before.
pub fn state_made_before(state: &Path, to: &Path) -> Result<Arc<dyn Store>> {
    if !state.is_dir() {
        let sentence = format!("{} holds nothing that minilab made", to.display());
        let fix = format!(
            "run `minilab standalone PHOTOS_DIR {}` first, or name the folder it wrote to",
            to.display()
        );
        return Err(Refusal::new(Exit::NotFound, sentence, fix).into());
    }
    self::state(state)
}

fn state(path: &Path) -> Result<Arc<dyn Store>> {
    let state = Fs::create(path, Layout::Marked).context("the folder for records cannot be opened")?;
    Ok(Arc::new(state))
}

fn must_exist(from: &Path) -> Result<()> {
    if from.is_dir() {
        return Ok(());
    }
    let sentence = format!("the folder of originals {} is not there", from.display());
    Err(Refusal::new(
        Exit::NotFound,
        sentence,
        format!("create it: mkdir -p {}", from.display()),
    )
    .into())
}
