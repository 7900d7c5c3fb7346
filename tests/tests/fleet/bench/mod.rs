//! `make bench-fleet`: what a fleet costs and how quick it is, against its targets. It fails only where a promise is broken that
//! holds on any machine: ratios, counts, memory.
//!
//! `MINILAB_BENCH=dispatcher,latency` measures just these parts.
mod idle;
mod latency;
mod report;
mod small;
mod throughput;
mod usage;

use std::{fs, sync::Arc};

use tempfile::TempDir;

use self::report::Report;
use crate::{
    backlog, pictures,
    process::program,
    world::{Options, World},
};

const VARIABLE: &str = "MINILAB_BENCH";
/// 12 Mpx of a photo of 20.
const CROP: &str = "recipes:
  crop:
    derivatives:
      crop: { extract: { left: 0, top: 0, width: 77, height: 77, unit: percent }, formats: [jpeg] }
";
/// Thumbnails as in the default recipe, and what a page shows next.
const RECIPES: &str = "  - { match: { prefix: small/ }, recipe: small }
  - { recipe: page }
recipes:
  page:
    derivatives:
      thumb: { resize: { width: 320, height: 320, fit: cover, gravity: [focal, attention] }, formats: [webp, jpeg], lane: fast }
      photo: { resize: { widths: [640, 1280] }, formats: [jpeg] }
  small:
    derivatives:
      one: { resize: { width: 32 }, formats: [jpeg], lane: fast }
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures: `make bench-fleet`"]
async fn figures_of_a_fleet() {
    let asked = std::env::var(VARIABLE).unwrap_or_else(|_| "idle,dispatcher,small,latency".to_owned());
    let world = Arc::new(
        World::new(Options {
            recipes: format!("rules:\n{}{RECIPES}{}", backlog::RULE, backlog::HEAVY),
            ..Options::default()
        })
        .await,
    );
    let mut report = Report::new();
    for part in asked.split(',') {
        println!("{part}");
        match part {
            "idle" => idle::measure(&world, &mut report).await,
            "dispatcher" => throughput::measure(&world, &mut report).await,
            "small" => small::measure(&world, &mut report).await,
            "latency" => latency::measure(&world, &mut report).await,
            other => panic!("{VARIABLE} names no part: {other}"),
        }
    }
    let folder = program()
        .parent()
        .and_then(|profile| profile.parent())
        .unwrap()
        .join("bench");
    fs::create_dir_all(&folder).unwrap();
    let text = report.to_string();
    fs::write(folder.join("fleet.md"), &text).unwrap();
    println!("{text}\nwritten to {}", folder.join("fleet.md").display());
    report.assert_promises();
}

/// A JPEG of 12 Mpx.
fn photo() -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let mut made = pictures::rendered(
        folder.path(),
        CROP,
        &pictures::photo("Kleiber_by_Lukas_Baubkus.jpg"),
    );
    made.pop().unwrap().1
}
