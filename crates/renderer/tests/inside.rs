//! What is made behind the walls is what is made without them, byte for byte: every format in and out, letters, faces, searched
//! qualities, animations, what metadata says, and the values for pages. A library that quietly does something else where it may
//! not open a file is found here.
#![expect(clippy::unwrap_used, reason = "a failed expectation of a test")]
#[path = "pool/png.rs"]
mod png;
#[path = "pool/world.rs"]
#[expect(dead_code, reason = "the other tests of the pool use the rest")]
mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minilab_imaging::{Engine, Limits, Settings};
use minilab_recipe::{Document, Findings, Original, Plan, Recipe, Survey};
use minilab_renderer::opened::Opened;
use minilab_renderer::process::mapped::Mapped;
use minilab_renderer::survey::{self, Fault};
use minilab_worker::renderer::RenderedFile;

use crate::world::{config, open, render, start};

const RECIPE: &str = r#"
version: 1
recipes:
  all:
    accept: { formats: [jpeg, png, webp, avif, gif, tiff, heic, jxl, svg] }
    placeholder: { thumbhash: true, dominant: true, blurhash: [4, 3], palette: 5, lqip: { format: webp, bytes: 400 } }
    publish: [metadata, gps]
    derivatives:
      second: { page: 2, resize: { width: 40 }, formats: [png] }
      plain: { resize: { width: 60 }, keep: [exif, xmp, icc], formats: [jpeg, webp, avif, png, gif, tiff] }
      still: { animation: first, resize: { width: 48 }, formats: [jpeg, webp] }
      sought:
        animation: first
        resize: { width: 64 }
        target: { ssimulacra2: 70 }
        formats: [webp, avif]
      faces: { animation: first, crop: { to: face }, resize: { width: 40, height: 40, fit: cover }, formats: [png] }
      trimmed: { animation: first, trim: { threshold: 10 }, resize: { width: 50 }, formats: [png] }
      written:
        animation: first
        resize: { width: 240, enlarge: true }
        steps:
          - { text: { value: "Straße, Ελλάδα, שלום, 漢", font: serif-bold, size: 22, outline: { width: 2, colour: black } } }
          - { text: { value: "PREVIEW", size: 18, angle: -30, tile: true, gap: 20, opacity: 0.35 } }
          - { blur: { sigma: 1 } }
          - { sharpen: { sigma: 1 } }
          - { round: { radius: 9 } }
        formats: [png]
"#;

/// Photographs, drawings and animations of every format that is taken; samples, and what they have none of: faces and inks.
fn originals() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let more = [
        "faces/tests/photos/standing.jpg",
        "../tests/goldens/originals/inks.jpg",
    ];
    let mut all: Vec<PathBuf> = more.iter().map(|path| root.join(path)).collect();
    for entry in fs::read_dir(root.join("imaging/tests/samples")).unwrap() {
        let path = entry.unwrap().path();
        // What other decoders made of samples.
        if !path.to_string_lossy().ends_with(".ref.png") {
            all.push(path);
        }
    }
    all.sort();
    all
}

/// What one side comes to: files, values for pages, or the code of a refusal.
#[derive(Debug, PartialEq, Eq)]
enum Made {
    Refused(String),
    Files(Vec<(usize, Vec<u8>)>),
}

/// Without walls, in this very process.
fn outside(engine: &Engine, recipe: &Recipe, name: &str, bytes: &[u8]) -> (Made, Option<Arc<Plan>>) {
    let planned = engine.probe(bytes, &Limits::default()).and_then(|probe| {
        let mut original = Original::new(name, probe);
        original.findings = look(engine, bytes, &original, &survey(recipe, &original))?;
        Ok(original)
    });
    let original = match planned {
        Ok(original) => original,
        Err(error) => return (Made::Refused(error.code().to_owned()), None),
    };
    let Ok(plan) = recipe.plan(&original, &recipe.lanes()) else {
        return (Made::Refused("plan".to_owned()), None);
    };
    let all: Vec<usize> = (0..plan.files.len()).collect();
    let plan = Arc::new(plan);
    let made = engine
        .open(bytes, &original.probe, &plan, &all)
        .map(|mut session| {
            let made = all.iter().map(|&file| {
                let encoded = session
                    .encode(file)
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
                (file, encoded.bytes.to_vec())
            });
            made.collect()
        });
    match made {
        Ok(files) => (Made::Files(files), Some(plan)),
        Err(error) => (Made::Refused(error.code().to_owned()), Some(plan)),
    }
}

fn look(
    engine: &Engine,
    bytes: &[u8],
    original: &Original,
    survey: &Survey,
) -> Result<Findings, minilab_imaging::Error> {
    let file = world::original(bytes);
    let mapped = Mapped::new(&file.file, file.size_bytes).unwrap();
    let mut opened = Opened::new(&mapped, &original.probe);
    survey::find(engine, &mut opened, survey).map_err(|fault| match fault {
        Fault::Imaging(error) => error,
        Fault::Unreadable(what) => panic!("{what}"),
    })
}

/// All that the recipe asks of it.
fn survey(recipe: &Recipe, original: &Original) -> Survey {
    let survey = recipe.survey();
    Survey {
        decode: recipe.foresee(original, &survey),
        ..survey
    }
}

#[tokio::test]
async fn what_is_made_behind_the_walls_is_what_is_made_without_them() {
    let document = Document::parse_recipes("test", RECIPE, &|_| None).unwrap();
    let recipe = &document.recipes["all"];
    let engine = Engine::start(Settings::default()).unwrap();
    let pool = start(config(1)).await;
    assert_eq!(pool.gaps(), []);
    let (mut files_compared, mut originals_made) = (0, 0);
    for path in originals() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = fs::read(&path).unwrap();
        let (made, plan) = outside(&engine, recipe, name, &bytes);
        let session = open(&pool, &bytes).await;
        let (mut session, plan) = match (session, plan) {
            (Ok(session), Some(plan)) => (session, plan),
            (Err(error), None) => {
                let Made::Refused(code) = made else {
                    panic!("{name} is refused behind the walls alone: {error}");
                };
                assert!(
                    format!("{error:?}").contains(&format!("{code:?}")),
                    "{name}: {code} and {error:?}"
                );
                continue;
            }
            (Ok(session), None) => {
                // Its header is right; what is behind it is not, on either side.
                session.close().await;
                continue;
            }
            (Err(error), Some(_)) => panic!("{name} is refused behind the walls alone: {error}"),
        };
        let survey = survey(recipe, &Original::new(name, session.probe().clone()));
        let inside = session.survey(&survey).await.unwrap();
        let outside_found = look(
            &engine,
            &bytes,
            &Original::new(name, session.probe().clone()),
            &survey,
        );
        assert_eq!(inside, outside_found.unwrap(), "{name}");
        let all: Vec<usize> = (0..plan.files.len()).collect();
        let (files, report) = render(&mut session, &plan, &all).await;
        session.close().await;
        let report = report.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(report.failed, [], "{name}");
        assert!(
            report.lqip.is_some() && report.palette.len() > 1,
            "{name}: {report:?}"
        );
        compare(name, &files, made);
        files_compared += all.len();
        originals_made += 1;
    }
    assert!(
        originals_made >= 25 && files_compared >= 250,
        "{originals_made} {files_compared}"
    );
    println!("{files_compared} files of {originals_made} originals are the same inside and outside");
}

fn compare(name: &str, inside: &[RenderedFile], outside: Made) {
    let Made::Files(outside) = outside else {
        panic!("{name} is refused without walls alone: {outside:?}");
    };
    assert_eq!(inside.len(), outside.len(), "{name}");
    for (inside, (index, bytes)) in inside.iter().zip(&outside) {
        let same = inside.index == *index && inside.body == bytes.as_slice();
        assert!(same, "{name}: file {index} differs");
    }
}
