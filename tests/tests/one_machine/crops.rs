//! Two hundred different originals from twenty photos: seeded crops, cut by the program itself.
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use crate::world::World;

const SEED: u32 = 20;
const PER_PHOTO: u32 = 10;
const OF_EACH_KIND: usize = 10;
/// Larger ones take long and show nothing more here.
const BYTES_MAX: u64 = 2_500_000;

/// The folder of photos that `make photos` fills.
pub fn photos() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the workspace")
        .join(".deps/photos");
    assert!(
        folder.is_dir(),
        "{} is absent: run `make photos`",
        folder.display()
    );
    folder
}

/// Ten JPEGs and ten PNGs, the first by name.
fn chosen() -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(photos())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.metadata().unwrap().len() <= BYTES_MAX)
        .collect();
    all.sort();
    let of_kind = |kind: &'static str| {
        all.iter()
            .filter(move |path| path.extension().is_some_and(|e| e == kind))
            .take(OF_EACH_KIND)
            .cloned()
    };
    let chosen: Vec<_> = of_kind("jpg").chain(of_kind("png")).collect();
    assert_eq!(chosen.len(), 2 * OF_EACH_KIND, "run `make photos`");
    chosen
}

fn recipe() -> String {
    let mut state = SEED;
    let mut below = |limit: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % limit
    };
    // White drawings on nothing are among the PNGs: they show on this colour.
    let mut recipe = "recipes:\n  crops:\n    background: '#336699'\n    derivatives:\n".to_owned();
    for index in 0..PER_PHOTO {
        let (width, height) = (40 + below(30), 40 + below(30));
        // No two of the same size: flat parts of a picture are equal otherwise.
        let resized = 440 + 8 * index;
        let (left, top) = (below(101 - width), below(101 - height));
        writeln!(
            recipe,
            "      c{index}: {{ extract: {{ left: {left}, top: {top}, width: {width}, height: {height}, unit: percent }}, \
             resize: {{ width: {resized} }}, formats: [jpeg] }}"
        )
        .unwrap();
    }
    recipe
}

/// Puts the crops flat into `in/` of the world; their names, sorted.
pub fn fill(world: &World) -> Vec<String> {
    world.write("crops.yaml", recipe());
    let mut args = vec!["--json".into(), "render".into(), "crops.yaml".into()];
    args.extend(chosen().into_iter().map(PathBuf::into_os_string));
    args.extend(["--out".into(), "crops".into()]);
    let ran = world.run(&args);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mut names = BTreeSet::new();
    let mut contents = BTreeSet::new();
    for made in ran.values() {
        let Some(file) = made["file"].as_str() else {
            continue;
        };
        let photo = Path::new(made["original"].as_str().unwrap());
        let photo = photo.file_stem().unwrap().to_str().unwrap();
        let name = format!("{photo}-{}.jpg", made["derivative"].as_str().unwrap());
        let content = fs::read(world.path(file)).unwrap();
        world.write(&format!("in/{name}"), &content);
        names.insert(name);
        contents.insert(content);
    }
    eprintln!(
        "crops: seed {SEED}, {} names, {} different contents",
        names.len(),
        contents.len()
    );
    assert_eq!((names.len(), contents.len()), (200, 200));
    names.into_iter().collect()
}
