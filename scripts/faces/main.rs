//! Faces found, false alarms and time of our detector and of rustface (SeetaFace) on the same photographs:
//! `faces-compared MODEL LABELS.json FACELESS_DIR...`.
//!
//! LABELS.json names photos beside it. A face is found where a detection covers most of its label; in pictures of nobody every
//! detection is a false alarm. All see a picture of 640 pixels at most, as the product decodes it for that.
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use image::{RgbImage, imageops::FilterType};
use minilab_faces::{Detector as Ours, Picture, SIDE_PX};
use rustface::ImageData;
use rustix::time::{ClockId, clock_gettime};

/// Left, top, across, down, as fractions; and how sure the detector is.
struct Found {
    area: [f64; 4],
    score: f64,
}

struct Contender {
    name: &'static str,
    find: Box<dyn FnMut(&RgbImage) -> Vec<Found>>,
}

fn main() {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let usage = "usage: faces-compared MODEL LABELS.json FACELESS_DIR...";
    let (model, labels) = (arguments.next().expect(usage), arguments.next().expect(usage));
    let labelled: BTreeMap<String, Vec<[f64; 4]>> =
        serde_json::from_slice(&fs::read(&labels).expect("the labels can be read")).expect("they are JSON");
    let photos = labels.parent().expect("a file lies somewhere");
    let faces: Vec<(String, RgbImage, Vec<[f64; 4]>)> = labelled
        .into_iter()
        .map(|(name, faces)| (name.clone(), open(&photos.join(format!("{name}.jpg"))), faces))
        .collect();
    let nobody: Vec<(PathBuf, RgbImage)> = arguments
        .flat_map(|folder| fs::read_dir(folder).expect("the folder can be read"))
        .map(|entry| entry.expect("its entries, too").path())
        .filter(|path| path.extension().is_some_and(|end| end == "jpg" || end == "png"))
        .map(|path| (path.clone(), open(&path)))
        .collect();
    for mut contender in contenders(&model) {
        report(&mut contender, &faces, &nobody);
    }
}

fn contenders(model: &Path) -> Vec<Contender> {
    let model = model.to_str().expect("a path in UTF-8").to_owned();
    let ours = Ours::new();
    let mut all = vec![Contender {
        name: "BlazeFace full range, crates/faces",
        find: Box::new(move |picture| blaze(&ours, picture)),
    }];
    // As its example has it; then closer steps and all that it suspects.
    for (name, threshold, step, scale) in [
        ("rustface, as its example", 2.0, 4, 0.8),
        ("rustface, finer steps", 2.0, 2, 0.9),
        ("rustface, finer steps, threshold 0.5", 0.5, 2, 0.9),
    ] {
        let mut detector = rustface::create_detector(&model).expect("the model is the crate's own");
        detector.set_min_face_size(20);
        detector.set_score_thresh(threshold);
        detector.set_pyramid_scale_factor(scale);
        detector.set_slide_window_step(step, step);
        all.push(Contender {
            name,
            find: Box::new(move |picture| seeta(&mut *detector, picture)),
        });
    }
    all
}

fn report(
    contender: &mut Contender,
    faces: &[(String, RgbImage, Vec<[f64; 4]>)],
    nobody: &[(PathBuf, RgbImage)],
) {
    let (mut found, mut all, mut alarms, mut times) = (0, 0, 0, Vec::new());
    let mut look = |picture: &RgbImage| {
        let began = now();
        let seen = (contender.find)(picture);
        times.push(now().saturating_sub(began));
        seen
    };
    let mut lines = Vec::new();
    for (name, picture, labels) in faces {
        let seen = look(picture);
        for label in labels {
            let hit = seen
                .iter()
                .find(|seen| overlap(*label, seen.area) > 0.5 && overlap(seen.area, *label) > 0.3);
            all += 1;
            match hit {
                Some(_) => found += 1,
                None => lines.push(format!("  missed in {name}: {label:?}")),
            }
        }
        let wild = seen
            .iter()
            .filter(|seen| labels.iter().all(|label| overlap(*label, seen.area) < 0.2));
        for seen in wild {
            alarms += 1;
            lines.push(format!("  false in {name}: {:?} at {:.2}", seen.area, seen.score));
        }
    }
    for (path, picture) in nobody {
        for seen in look(picture) {
            alarms += 1;
            lines.push(format!("  false in {}: at {:.2}", path.display(), seen.score));
        }
    }
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{}: {found} of {all} faces, {alarms} false alarms in {} pictures, {:.0} ms of CPU each (median; {:.0} to {:.0})",
        contender.name,
        times.len(),
        ms(times[times.len() / 2]),
        ms(times[0]),
        ms(times[times.len() - 1]),
    );
    lines.iter().for_each(|line| println!("{line}"));
}

fn open(path: &Path) -> RgbImage {
    let whole = image::open(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .to_rgb8();
    let (width, height) = whole.dimensions();
    let scale = (SIDE_PX as f64 / f64::from(width.max(height))).min(1.0);
    let side = |side: u32| (f64::from(side) * scale).round().max(1.0) as u32;
    image::imageops::resize(&whole, side(width), side(height), FilterType::Triangle)
}

fn blaze(detector: &Ours, picture: &RgbImage) -> Vec<Found> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let seen = detector.find(Picture {
        width,
        height,
        rgb: picture.as_raw(),
    });
    let found = |face: minilab_faces::Face| Found {
        area: [face.left, face.top, face.width, face.height],
        score: face.score,
    };
    seen.into_iter().map(found).collect()
}

fn seeta(detector: &mut dyn rustface::Detector, picture: &RgbImage) -> Vec<Found> {
    let grey = image::imageops::grayscale(picture);
    let (width, height) = grey.dimensions();
    let share = |length: i64, all: u32| length as f64 / f64::from(all);
    detector
        .detect(&ImageData::new(&grey, width, height))
        .into_iter()
        .map(|face| {
            let at = face.bbox();
            let (x, y) = (share(at.x().into(), width), share(at.y().into(), height));
            let (across, down) = (share(at.width().into(), width), share(at.height().into(), height));
            Found {
                area: [x, y, across, down],
                score: face.score(),
            }
        })
        .collect()
}

/// CPU time of the process, which does nothing else.
fn now() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).expect("the clock starts at nought")
}

/// Share of one area that another covers.
fn overlap(one: [f64; 4], by: [f64; 4]) -> f64 {
    let along = |axis: usize| {
        let end = (one[axis] + one[axis + 2]).min(by[axis] + by[axis + 2]);
        (end - one[axis].max(by[axis])).max(0.0)
    };
    along(0) * along(1) / (one[2] * one[3])
}
