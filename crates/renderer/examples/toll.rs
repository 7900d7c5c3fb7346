//! What isolation costs: one original, made so many times by one plan, in this very process or by a pool of renderers. Nothing
//! else is at work: no store, no queue. `scripts/bench` runs the ways in turns and counts their CPU.
//!
//! `toll WAY COUNT ORIGINAL RECIPE [RENDERER]`, where WAY is `in-process`, `pooled`, `per-job`, or `unwalled` for renderers whose
//! walls may be missing, and the recipe is the only one of its file.
use std::error::Error;
use std::fs;
use std::sync::Arc;

use minilab_imaging::{Engine, Limits, Settings};
use minilab_recipe::{Document, Isolation, Original, Plan, Probe, Recipe, Sandbox};
use minilab_worker::pool::{OriginalWriter, PoolConfig, ProcessPool};
use minilab_worker::renderer::{Priority, Renderer as _};
use tokio::sync::mpsc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [way, count, original, recipe, renderer @ ..] = &arguments[..] else {
        return Err("toll WAY COUNT ORIGINAL RECIPE [RENDERER]".into());
    };
    let count: u32 = count.parse()?;
    let bytes = fs::read(original)?;
    let document = Document::parse(recipe, &fs::read_to_string(recipe)?, &|_| None)?;
    let recipe = document.recipes.values().next().ok_or("no recipe")?;
    if way == "in-process" {
        return in_process(count, &bytes, recipe);
    }
    let beside = || std::env::current_exe().map(|own| own.with_file_name("../minilab-renderer"));
    let renderer = renderer.first().map_or_else(beside, |path| Ok(path.into()))?;
    let (isolation, sandbox) = match way.as_str() {
        "pooled" => (Isolation::Pooled, Sandbox::Required),
        "per-job" => (Isolation::PerJob, Sandbox::Required),
        "unwalled" => (Isolation::Pooled, Sandbox::BestEffort),
        _ => return Err(format!("no such way: {way}").into()),
    };
    let pool = ProcessPool::start(PoolConfig {
        isolation,
        sandbox,
        ..PoolConfig::new(renderer, 1)
    })
    .await?;
    let is_walled = pool.gaps().iter().all(|gap| gap.wall != "seccomp");
    if is_walled != (sandbox == Sandbox::Required) {
        return Err("the walls are not as they must be for this way".into());
    }
    for _ in 0..count {
        pooled(&pool, &bytes, recipe).await?;
    }
    Ok(())
}

fn in_process(count: u32, bytes: &[u8], recipe: &Recipe) -> Result<(), Box<dyn Error>> {
    let engine = Engine::start(Settings::default())?;
    for _ in 0..count {
        let probe = engine.probe(bytes, &Limits::default())?;
        let plan = plan(recipe, &probe)?;
        let all: Vec<usize> = (0..plan.files.len()).collect();
        let mut session = engine.open(bytes, &probe, &plan, &all)?;
        for file in all {
            session.encode(file)?;
        }
    }
    Ok(())
}

async fn pooled(pool: &ProcessPool, bytes: &[u8], recipe: &Recipe) -> Result<(), Box<dyn Error>> {
    let mut writer = OriginalWriter::create()?;
    writer.write_all(bytes)?;
    let limits = minilab_recipe::Limits::default();
    let mut session = pool.open(writer.finish()?, &limits, Priority::Live).await?;
    let plan = plan(recipe, session.probe())?;
    let all: Vec<usize> = (0..plan.files.len()).collect();
    let (done, mut files) = mpsc::channel(1);
    let count = async {
        let mut count = 0;
        while files.recv().await.is_some() {
            count += 1;
        }
        count
    };
    let plan = Arc::new(plan);
    let (report, made) = tokio::join!(session.render(&plan, &all, done), count);
    report?;
    session.close().await;
    if made == all.len() {
        Ok(())
    } else {
        Err("files are missing".into())
    }
}

fn plan(recipe: &Recipe, probe: &Probe) -> Result<Plan, Box<dyn Error>> {
    let original = Original::new("original", probe.clone());
    recipe
        .plan(&original, &recipe.lanes())
        .map_err(|refusal| refusal.sentence.into())
}
