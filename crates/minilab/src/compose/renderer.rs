//! Finding `minilab-renderer`, which alone decodes and encodes.
use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::exit::{Exit, Refusal};

const NAME: &str = "minilab-renderer";
const VARIABLE: &str = "MINILAB_RENDERER";

/// The renderer that was named, by option or environment, else the one installed beside this program.
pub fn locate_renderer(named: Option<&Path>) -> Result<PathBuf> {
    let from_environment = env::var_os(VARIABLE).map(PathBuf::from);
    let (path, fix) = if let Some(path) = named.map(Path::to_path_buf).or(from_environment) {
        (
            path,
            format!("name a {NAME} of this version by --renderer or {VARIABLE}"),
        )
    } else {
        let own = env::current_exe().context("this program's own path is not known")?;
        let fix = "install it beside minilab (`cargo build` builds both), or name it by --renderer";
        (own.with_file_name(NAME), fix.to_owned())
    };
    if path.is_file() {
        return Ok(path);
    }
    let sentence = format!("the renderer {} is not there", path.display());
    Err(Refusal::new(Exit::NotFound, sentence, fix).into())
}
