//! Pixels of what was made and of its reference: PNGs as they are; the rest through one decoder for both, so that only the
//! encoders are compared. Frames of an animation lie one below the other.
use std::{collections::BTreeMap, fs, path::Path};

use crate::{
    case::Case,
    lab::{self, Order},
    picture::Picture,
};

/// Ours and sharp's, by the name of the case.
pub fn pairs(cases: &[Case], ours: &BTreeMap<&str, Vec<u8>>) -> BTreeMap<String, (Picture, Picture)> {
    let world = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for case in cases {
        let (reference, mine) = (case.reference(), &ours[case.name.as_str()]);
        let ending = reference.extension().unwrap().to_str().unwrap();
        for (side, bytes) in [("ours", mine), ("theirs", &fs::read(&reference).unwrap())] {
            let path = world.path().join(format!("{}-{side}.{ending}", case.name));
            fs::write(&path, bytes).unwrap();
            files.push((format!("{}-{side}", case.name), path, case.frames));
        }
    }
    let mut pictures = pictures(&files);
    let mut take = |case: &Case, side: &str| pictures.remove(&format!("{}-{side}", case.name)).unwrap();
    cases
        .iter()
        .map(|case| (case.name.clone(), (take(case, "ours"), take(case, "theirs"))))
        .collect()
}

/// The first so many frames of each of these files, by name.
pub fn pictures(files: &[(String, impl AsRef<Path>, u32)]) -> BTreeMap<String, Picture> {
    let is_png = |path: &Path| path.extension().is_some_and(|ending| ending == "png");
    let orders: Vec<Order> = files
        .iter()
        .filter(|(_, path, _)| !is_png(path.as_ref()))
        .flat_map(|(name, path, frames)| (0..*frames).map(move |frame| frame_of(name, path.as_ref(), frame)))
        .collect();
    let made = lab::render(&orders);
    let picture = |(name, path, frames): &(String, _, u32)| {
        let path: &Path = AsRef::as_ref(path);
        let picture = if is_png(path) {
            Picture::read(&fs::read(path).unwrap())
        } else {
            let frames = (0..*frames).map(|frame| lab::only(&made, &frame_of(name, path, frame).name));
            frames
                .map(|png| Picture::read(&png))
                .reduce(|above, below| above.over(&below))
                .unwrap()
        };
        (name.clone(), picture)
    };
    files.iter().map(picture).collect()
}

fn frame_of(name: &str, path: &Path, frame: u32) -> Order {
    Order::frame_as_png(format!("{name}-f{frame}"), path, frame)
}
