//! Forty files over all lanes, with all that looks at an original's content: one decode of each.
use std::{fs, path::Path};

use crate::{folder, world::World};

/// Faces are looked for, looks are sought, placeholders are made, pixels are searched for what is interesting.
const FORTY: &str = "recipes:
  r:
    urls: both
    publish: [faces]
    placeholder: { thumbhash: true, dominant: true, blurhash: [4, 3], palette: 5, lqip: { format: webp, bytes: 400 } }
    derivatives:
      small: { resize: { widths: [64, 96, 128, 150], aspect: 1/1, fit: cover, gravity: [face, attention] }, formats: [webp, jpeg], lane: fast }
      face: { crop: { to: face, padding: 0.4, else: [attention, centre] }, resize: { width: 64, height: 64, fit: cover, enlarge: true }, formats: [webp, jpeg], lane: fast }
      photo: { resize: { widths: [40, 60, 80, 100, 140, 180, 220, 280] }, formats: [webp, jpeg] }
      hidden: { resize: { width: 200 }, formats: [webp, jpeg], steps: [ { blur: { sigma: 6, region: faces } } ] }
      told: { resize: { width: 240 }, formats: [webp, jpeg], steps: [ { text: { value: \"{stem}\", gravity: south, size: 16 } } ] }
      sought: { resize: { width: 200 }, target: { ssimulacra2: 70 }, formats: [jpeg] }
      exact: { resize: { width: 120 }, formats: [png] }
      later: { resize: { widths: [40, 60, 80, 100, 140, 180, 220, 280] }, formats: [avif], lane: bulk }
";
const FILES: usize = 40;

/// Of several people, of one, of nobody; with a loader that reduces and without.
const ORIGINALS: &[&str] = &[
    "../crates/faces/tests/photos/group.jpg",
    "../crates/faces/tests/photos/president.jpg",
    "goldens/originals/cat.jpg",
    "goldens/originals/coffee.png",
];

#[test]
fn forty_files_over_all_lanes_take_one_decode_of_each_original() {
    let world = World::new();
    fs::create_dir(world.path("in")).unwrap();
    world.configure(FORTY);
    for original in ORIGINALS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(original);
        let name = path.file_name().unwrap().to_str().unwrap();
        fs::copy(&path, world.path("in").join(name)).unwrap();
        let ran = world.settle();
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(folder::whole(&world, name).len(), FILES, "{name}");
        let manifest = folder::manifest(&world, name);
        assert!(
            manifest["faces"].is_array(),
            "faces were looked for: {manifest:#}"
        );
        assert_eq!(
            (ran.sum("files.made") as usize, ran.sum("decodes")),
            (FILES, 1),
            "{name}"
        );
    }
}
