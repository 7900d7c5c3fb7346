//! Encodes one photo at some widths in many ways and says what each took: CPU time and bytes. The pictures and their
//! lossless reference stay in a folder, to be scored by `minilab-score`.
//!
//! `minilab-curves TRIALS.json PHOTO OUT_DIR` writes `OUT_DIR/WIDTH/NAME.EXTENSION` and prints a line of JSON for each.
//! Our own engine encodes, as it does in the product. What a recipe cannot say (other tunings, more bits) goes straight
//! to libvips. The process does nothing else meanwhile, and one thread encodes, so that the clock of the process is the
//! clock of the encoder; of several passes the least counts, for other programs may share the machine.
use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use libvips::{
    VipsImage, VipsSource,
    voption::{Setter as _, VOption},
};
use minilab_imaging::{Engine, Limits, Settings};
use minilab_recipe::{
    Aim, ColourSpace, Decode, Encoding, Keep, Kernel, Lane, Plan, PlannedFile, PngTuning, Predicted, Probe,
    Rgb, Shrink, Size, Source,
};
use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;
use serde_json::json;

/// What is tried at one width.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trials {
    /// How often each is encoded.
    passes: usize,
    /// By name.
    product: BTreeMap<String, Encoding>,
    /// By name.
    direct: BTreeMap<String, Heif>,
}

/// AVIF with what a recipe cannot say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Heif {
    quality: i32,
    effort: i32,
    bitdepth: i32,
    tune: String,
}

fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let mut next = || {
        arguments
            .next()
            .context("usage: minilab-curves TRIALS.json PHOTO OUT_DIR")
    };
    let (trials, photo, out) = (next()?, next()?, next()?);
    let trials: BTreeMap<u32, Trials> = serde_json::from_slice(&fs::read(&trials)?)
        .with_context(|| format!("cannot read the trials {}", trials.display()))?;
    let engine = Engine::start(Settings::default())?;
    let bytes = fs::read(&photo).with_context(|| format!("cannot read {}", photo.display()))?;
    let probe = engine.probe(&bytes, &Limits::default())?;
    for (width, trials) in &trials {
        if *width <= probe.upright().width {
            let folder = out.join(width.to_string());
            fs::create_dir_all(&folder)?;
            let reference = product(&engine, &bytes, &probe, *width, trials, &folder)?;
            direct(&reference, *width, trials, &folder)?;
        }
    }
    Ok(())
}

/// Encodes with our engine, from one decoded trunk; returns the lossless reference.
fn product(
    engine: &Engine,
    bytes: &[u8],
    probe: &Probe,
    width: u32,
    trials: &Trials,
    folder: &Path,
) -> Result<Vec<u8>> {
    let plan = plan(probe, width, trials);
    let files: Vec<usize> = (0..plan.files.len()).collect();
    let mut session = engine.open(bytes, probe, &plan, &files)?;
    let reference = session.encode(0)?.bytes.to_vec();
    fs::write(folder.join("reference.png"), &reference)?;
    let mut least = vec![Duration::MAX; trials.product.len()];
    let mut sizes = vec![0; trials.product.len()];
    for file in 1..plan.files.len() {
        let trial = (file - 1) % trials.product.len();
        let (encoded, took) = timed(|| Ok(session.encode(file)?.bytes.to_vec()))?;
        least[trial] = least[trial].min(took);
        if sizes[trial] == 0 {
            sizes[trial] = encoded.len();
            let (name, encoding) = trials
                .product
                .iter()
                .nth(trial)
                .expect("it is the rest of a division");
            let name = format!("{name}.{}", encoding.format().extension());
            fs::write(folder.join(name), &encoded)?;
        }
    }
    for (((name, encoding), took), size) in trials.product.iter().zip(least).zip(sizes) {
        let file = format!("{name}.{}", encoding.format().extension());
        say(width, &file, size, took)?;
    }
    Ok(reference)
}

/// Encodes with libvips itself, with the options of `crates/imaging/src/encode.rs` but for those tried.
fn direct(reference: &[u8], width: u32, trials: &Trials, folder: &Path) -> Result<()> {
    const AV1: i32 = 4;
    const KEEP_NONE: i32 = 0;
    // Through a source: the engine forbade all other ways to load.
    let source = VipsSource::new_from_memory(reference)?;
    let image = VipsImage::pngload_source(&source)?.copy_memory()?;
    for (name, heif) in &trials.direct {
        let mut least = Duration::MAX;
        let mut encoded = Vec::new();
        for _ in 0..trials.passes {
            let option = VOption::new()
                .set("compression", AV1)
                .set("keep", KEEP_NONE)
                .set("Q", heif.quality)
                .set("effort", heif.effort)
                .set("bitdepth", heif.bitdepth)
                .set("tune", heif.tune.as_str());
            let took;
            (encoded, took) = timed(|| Ok(image.heifsave_buffer_with_opts(option)?))?;
            least = least.min(took);
        }
        let file = format!("{name}.avif");
        fs::write(folder.join(&file), &encoded)?;
        say(width, &file, encoded.len(), least)?;
    }
    Ok(())
}

fn say(width: u32, file: &str, bytes: usize, took: Duration) -> Result<()> {
    let cpu_ms = took.as_secs_f64() * 1e3;
    let line = json!({ "width": width, "file": file, "bytes": bytes, "cpu_ms": cpu_ms });
    Ok(writeln!(io::stdout(), "{line}")?)
}

/// What a piece of work gives, and the CPU time that this process took for it.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let now =
        || Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).expect("the clock starts at nought");
    let started = now();
    let done = work()?;
    Ok((done, now().saturating_sub(started)))
}

/// The reference, then every trial in each pass.
fn plan(probe: &Probe, width: u32, trials: &Trials) -> Plan {
    let full = probe.upright();
    let size = Size {
        width,
        height: (full.height * width + full.width / 2) / full.width,
    };
    let shrink = [8, 4, 2].into_iter().find(|by| full.width / by >= width);
    let is_jpeg = probe.format == minilab_recipe::Format::Jpeg;
    let lossless = Encoding::Png {
        compression: 1,
        palette: false,
        tuning: PngTuning::DEFAULT,
    };
    let encodings = (0..trials.passes).flat_map(|_| trials.product.values());
    let file = |encoding: &Encoding| PlannedFile {
        face: None,
        frames: 1,
        derivative: "curve".into(),
        lane: Lane::Standard,
        from: Source::Trunk,
        size,
        encoding: encoding.clone(),
        aim: Aim::default(),
        unless_larger: Vec::new(),
        flatten: Some(Rgb([255; 3])),
        keep: Keep::default(),
        written: minilab_recipe::Written::default(),
        notes: Vec::new(),
        canonical: String::new(),
    };
    Plan {
        further: Vec::new(),
        decode: Decode {
            frames: 1,
            shrink: Shrink(shrink.filter(|_| is_jpeg).unwrap_or(1) as u8),
            page: 0,
            size,
            colour: ColourSpace::Srgb,
            kernel: Kernel::Lanczos3,
        },
        nodes: Vec::new(),
        files: std::iter::once(&lossless).chain(encodings).map(file).collect(),
        skipped: Vec::new(),
        analyses: Vec::new(),
        assets: Vec::new(),
        predicted: Predicted::default(),
    }
}
