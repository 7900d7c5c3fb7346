//! What each file goes through: a recipe with every kind of output, in renderers as a worker has them.
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use minilab_queue::SystemClock;
use minilab_recipe::{Document, Recipe};
use minilab_tests::hostile::CANARY;
use minilab_worker::{
    Assets, LooseOriginal,
    outcome::Class,
    pool::{PoolConfig, ProcessPool},
    render_once,
};

use crate::memory::Watch;

/// Two, so that the next child is warm while a spent one is replaced.
const SLOTS: u32 = 2;
/// What a renderer of the usual pool may hold, in bytes, unless its plan is admitted for more: its share of the budget.
const MEMORY_BYTES_MAX: u64 = 768 << 20;

/// Animations kept and stills; metadata dropped, and (in `kept`) carried on.
const RECIPE: &str = "
recipes:
  all:
    accept: { formats: [jpeg, png, webp, avif, gif, tiff, heic, jxl, svg] }
    placeholder: { thumbhash: true, dominant: true }
    publish: [metadata]
    derivatives:
      thumb: { resize: { width: 160 }, formats: [webp, jpeg] }
      still: { animation: first, resize: { width: 64, height: 64, fit: cover, gravity: attention }, formats: [png] }
      kept: { animation: first, resize: { width: 100 }, keep: [exif, xmp, icc, iptc], formats: [jpeg] }
";
/// The derivative that may show what its original says.
const KEPT: &str = "kept";

/// Codes that say that we were wrong, not the file.
const OURS: [&str; 6] = [
    "render_internal",
    "metadata_leak",
    "engine_start",
    "encode_failed",
    "plan_too_large",
    "file_too_large",
];

/// A pool, and what every file is made by.
pub struct Ordeal {
    pub pool: ProcessPool,
    pub watch: Watch,
    recipe: Recipe,
    assets: Assets,
}

/// How the work on one file ended.
#[derive(Debug, Clone)]
pub struct End {
    /// `None`: all files were made.
    pub failure: Option<Failure>,
    pub took: Duration,
    /// What a renderer held meanwhile.
    pub held_bytes: u64,
    /// What is wrong with that end; nothing, if it is as it should be.
    pub complaints: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Failure {
    pub class: Class,
    pub code: String,
    pub sentence: String,
}

impl Ordeal {
    pub async fn new() -> Self {
        let document = Document::parse_recipes("hostile.yaml", RECIPE, &|_| None).unwrap();
        let pool = ProcessPool::start(PoolConfig::new(renderer(), SLOTS))
            .await
            .unwrap();
        assert!(
            pool.gaps().is_empty() || pool.gaps().iter().all(|gap| gap.wall == "landlock"),
            "{:?}",
            pool.gaps()
        );
        Self {
            pool,
            watch: Watch::start(),
            recipe: document.recipe("all").unwrap().clone(),
            assets: Assets::new(BTreeMap::new(), Arc::new(SystemClock::default())),
        }
    }

    /// Has a file made as a worker would.
    pub async fn put(&self, bytes: &[u8]) -> End {
        let metadata = BTreeMap::new();
        let original = LooseOriginal {
            key: "hostile",
            bytes,
            metadata: &metadata,
            assets: &self.assets,
        };
        let before = self.pool.counters().crashes;
        self.watch.lately_bytes();
        let begun = Instant::now();
        let made = render_once(&self.pool, &self.recipe, original).await;
        let took = begun.elapsed();
        let mut complaints = Vec::new();
        let mut admitted_bytes = MEMORY_BYTES_MAX;
        let failure = match made {
            Ok(made) => {
                for file in &made.files {
                    let body = file.body.as_deref().unwrap_or_default();
                    if file.planned.derivative != KEPT
                        && body.windows(CANARY.len()).any(|window| window == CANARY)
                    {
                        complaints.push(format!(
                            "a {} shows what was metadata",
                            file.planned.encoding.format()
                        ));
                    }
                }
                admitted_bytes = admitted_bytes.max(made.plan.predicted.memory_bytes);
                made.report.failed.first().map(|failed| Failure {
                    class: Class::Partial,
                    code: failed.code.clone(),
                    sentence: failed.sentence.clone(),
                })
            }
            Err(error) => {
                let (code, sentence) = error.code_and_sentence();
                Some(Failure {
                    class: Class::of(&error),
                    code,
                    sentence,
                })
            }
        };
        let after = self.pool.counters().crashes;
        if (after.signal, after.exit, after.protocol) != (before.signal, before.exit, before.protocol) {
            complaints.push(format!("a renderer was lost: {failure:?}"));
        }
        if let Some(failure) = &failure {
            complaints.extend(complaint(failure));
        }
        let held_bytes = self.watch.lately_bytes();
        if held_bytes > admitted_bytes {
            let (held, admitted) = (held_bytes >> 20, admitted_bytes >> 20);
            complaints.push(format!(
                "a renderer held {held} MiB where {admitted} were planned for"
            ));
        }
        End {
            failure,
            took,
            held_bytes,
            complaints,
        }
    }
}

/// A failure must be the file's, told in a sentence; memory and time may run out, which is told as well.
fn complaint(failure: &Failure) -> Option<String> {
    let is_told = !failure.code.is_empty() && failure.sentence.len() > 20 && !failure.sentence.contains('\n');
    let is_theirs = match failure.class {
        Class::Input => !OURS.contains(&failure.code.as_str()),
        Class::Crash => ["renderer_memory", "renderer_deadline"].contains(&failure.code.as_str()),
        _ => false,
    };
    (!is_told || !is_theirs).then(|| format!("it is not its own fault: {failure:?}"))
}

/// The program that Cargo built beside this test.
fn renderer() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).expect("target/PROFILE/deps");
    let program = folder.join("minilab-renderer");
    assert!(
        program.is_file(),
        "{} is not built: run `make build`",
        program.display()
    );
    program
}
