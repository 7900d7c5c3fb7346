//! `minilab version`: this program and what it renders with.
use anyhow::Result;
use minilab_recipe::Sandbox;
use minilab_worker::renderer::Renderer as _;
use serde_json::json;

use crate::{
    cli,
    compose::{locate_renderer, start_one},
    exit::Exit,
    speech::{self, Form},
};

pub async fn run(args: &cli::Version, form: Form) -> Result<Exit> {
    let path = locate_renderer(args.renderer.renderer.as_deref())?;
    // It decodes nothing.
    let pool = start_one(&path, Sandbox::BestEffort).await?;
    let (version, engine) = (env!("CARGO_PKG_VERSION"), pool.engine());
    speech::result(
        form,
        || {
            format!(
                "minilab {version}\nrenderer: {}\n  {}\n  build {}",
                path.display(),
                engine.version,
                engine.build_id
            )
        },
        || json!({ "minilab": version, "renderer": path, "engine": engine.version, "build": engine.build_id }),
    )?;
    Ok(Exit::Ok)
}
