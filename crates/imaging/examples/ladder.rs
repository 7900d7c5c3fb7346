//! Renders one original to a ladder of widths in three formats and prints where the time went.
//!
//! `cargo run --release -p minilab-imaging --example ladder -- PHOTO [FOLDER]` also writes the files into the folder.
use std::path::PathBuf;
use std::time::{Duration, Instant};

use minilab_imaging::{Engine, Limits, Settings};
use minilab_recipe::{
    Aim, AvifTuning, ColourSpace, Decode, Encoding, Keep, Kernel, Lane, Node, Plan, PlannedFile, Predicted,
    Probe, Rgb, Shrink, Size, Source, Step, Subsampling, WebpTuning,
};

const WIDTHS: [u32; 6] = [2560, 1920, 1280, 960, 640, 320];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let photo = PathBuf::from(arguments.next().ok_or("name a photo")?);
    let folder = arguments.next().map(PathBuf::from);
    let started = Instant::now();
    let engine = Engine::start(Settings::default())?;
    println!(
        "{} build {}, started in {:?}",
        engine.version(),
        engine.build_id(),
        started.elapsed()
    );

    let bytes = std::fs::read(&photo)?;
    let started = Instant::now();
    let probe = engine.probe(&bytes, &Limits::default())?;
    println!("probe {:?}: {probe:?}", started.elapsed());
    for (name, encodings) in sets() {
        let plan = ladder(&probe, &encodings);
        let files: Vec<usize> = (0..plan.files.len()).collect();
        let started = Instant::now();
        let decoded = engine.decode(&bytes, &probe, &plan.decode)?;
        let decoding = decoded.took();
        let mut session = decoded.open(&plan, &files)?;
        let (mut steps, mut encode, mut total) = (Duration::ZERO, Duration::ZERO, 0);
        for index in files {
            let encoded = session.encode(index)?;
            steps += encoded.timing.steps;
            encode += encoded.timing.encode;
            total += encoded.bytes.len();
            if let Some(folder) = &folder {
                let file = &plan.files[index];
                let name = format!("{}w.{}", file.size.width, file.encoding.format().extension());
                std::fs::write(folder.join(name), &encoded.bytes)?;
            }
        }
        println!(
            "{name:5} {:>9.1?}: decode {:.1?}, steps {steps:.1?}, encode {encode:.1?}, {} kB, peak memory so far {} MB",
            started.elapsed(),
            decoding,
            total / 1000,
            peak_memory_mb()?
        );
    }
    Ok(())
}

/// What the kernel says, where there is one that does.
fn peak_memory_mb() -> std::io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line
        .and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kb| kb / 1024))
}

fn sets() -> [(&'static str, Vec<Encoding>); 4] {
    let subsampling = Subsampling::Auto;
    let jpeg = Encoding::Jpeg {
        quality: 80,
        effort: 2,
        progressive: true,
        subsampling,
    };
    let webp = Encoding::Webp {
        quality: 78,
        effort: 4,
        lossless: false,
        tuning: WebpTuning::DEFAULT,
    };
    let avif = Encoding::Avif {
        quality: 55,
        effort: 3,
        lossless: false,
        subsampling,
        tuning: AvifTuning::DEFAULT,
    };
    [
        ("none", vec![]),
        ("jpeg", vec![jpeg]),
        ("webp", vec![webp]),
        ("avif", vec![avif]),
    ]
}

fn ladder(probe: &Probe, encodings: &[Encoding]) -> Plan {
    let full = probe.upright();
    let rung = |width: u32| Size {
        width,
        height: (full.height * width + full.width / 2) / full.width,
    };
    let widths: Vec<u32> = WIDTHS.into_iter().filter(|width| *width <= full.width).collect();
    let shrink = [8, 4, 2]
        .into_iter()
        .find(|by| full.width / by >= widths[0])
        .filter(|_| probe.format == minilab_recipe::Format::Jpeg);
    let mut plan = Plan {
        further: Vec::new(),
        decode: Decode {
            frames: 1,
            shrink: Shrink(shrink.unwrap_or(1) as u8),
            page: 0,
            size: rung(widths[0]),
            colour: ColourSpace::Srgb,
            kernel: Kernel::Lanczos3,
        },
        nodes: Vec::new(),
        files: Vec::new(),
        skipped: Vec::new(),
        analyses: Vec::new(),
        assets: Vec::new(),
        predicted: Predicted::default(),
    };
    let mut from = Source::Trunk;
    for &width in &widths {
        if width != widths[0] {
            let steps = vec![Step::Resize {
                size: rung(width),
                kernel: Kernel::Lanczos3,
                linear: false,
            }];
            plan.nodes.push(Node {
                from,
                steps,
                size: rung(width),
            });
            from = Source::Node(plan.nodes.len() - 1);
        }
        plan.files.extend(encodings.iter().map(|encoding| PlannedFile {
            face: None,
            frames: 1,
            derivative: "photo".into(),
            lane: Lane::Standard,
            from,
            size: rung(width),
            encoding: encoding.clone(),
            aim: Aim::default(),
            unless_larger: Vec::new(),
            flatten: Some(Rgb([255; 3])),
            keep: Keep::default(),
            written: minilab_recipe::Written::default(),
            notes: Vec::new(),
            canonical: String::new(),
        }));
    }
    plan
}
