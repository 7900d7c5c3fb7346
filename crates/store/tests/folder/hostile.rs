//! Names that uploaders make up to lead elsewhere, to meet another's, or to be obeyed by whoever shows them.
use std::{collections::BTreeSet, fs, path::Path};

use futures::TryStreamExt as _;
use minilab_store::{Error, GetOptions, Key, Layout, Memory, PutOptions, Store, StoreExt as _};
use proptest::prelude::*;

use super::{World, put};

/// What such names are made of; twins look alike, or are one name for some file systems.
const PARTS: [&str; 36] = [
    "a",
    "A",
    "é",
    "e\u{301}",
    "ﬁ",
    "fi",
    "\u{212b}",
    "Å",
    ".",
    "..",
    "...",
    "/",
    "//",
    "\\",
    "..\\",
    "%2e%2e",
    "%2f",
    "%00",
    "~",
    " ",
    ". ",
    "\n",
    "\r",
    "\u{1b}[2J",
    "\u{7f}",
    "\u{9b}",
    "\u{202e}gpj.exe",
    "\u{200b}",
    "CON",
    "NUL.jpg",
    "COM1",
    "a:b",
    ".minilab",
    ".MINILAB",
    "-rf",
    "$(id)",
];

fn name() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PARTS.to_vec()), 1..6).prop_map(|parts| parts.concat())
}

/// Everything in a folder, by its path; links are not followed.
fn everything(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        found.insert(entry.path().display().to_string());
        if entry.file_type().unwrap().is_dir() {
            everything(&entry.path(), found);
        }
    }
}

/// Each name is kept byte for byte as an object of its own, or refused; nothing is written anywhere else.
async fn kept_or_refused(world: &World, names: &BTreeSet<String>) {
    let outside = world.folder.path().join("outside");
    fs::create_dir_all(&outside).unwrap();
    fs::write(outside.join("a"), "untouched").unwrap();
    let mut kept = BTreeSet::new();
    for name in names {
        let Ok(key) = Key::new(name.clone()) else { continue };
        match put(&world.store, name, "body").await {
            Ok(()) => drop(kept.insert(name.clone())),
            Err(Error::KeyRefused { .. }) => {
                let got = world.store.get(&key, GetOptions::default()).await.map(drop);
                assert!(got.is_err(), "{name:?} is refused and read");
            }
            Err(error) => panic!("{name:?}: {error}"),
        }
    }
    let listed: BTreeSet<String> = world.keys().await.into_iter().collect();
    assert_eq!(listed, kept, "twins have met, or a name has changed");
    for name in &kept {
        let key = Key::new(name.clone()).unwrap();
        let (_, body) = world.store.get_bytes(&key, 100).await.unwrap();
        assert_eq!(&*body, b"body", "{name:?}");
    }
    let mut beside = BTreeSet::new();
    everything(world.folder.path(), &mut beside);
    let root = world.path("").display().to_string();
    let root = root.trim_end_matches('/');
    let strays: Vec<_> = beside
        .iter()
        .filter(|path| *path != root && !path.starts_with(&format!("{root}/")))
        .filter(|path| !path.ends_with("/outside") && !path.ends_with("/outside/a"))
        .collect();
    assert!(strays.is_empty(), "{strays:?} lie outside of {root}");
    assert_eq!(fs::read(outside.join("a")).unwrap(), b"untouched");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn names_made_up_by_strangers_are_kept_as_they_are_or_refused(names in prop::collection::btree_set(name(), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for layout in [Layout::Plain, Layout::Marked] {
            runtime.block_on(kept_or_refused(&World::new(layout), &names));
        }
        // In memory nothing needs refusing but what is no key anywhere.
        runtime.block_on(async {
            let memory = Memory::new();
            for name in &names {
                memory.put(&Key::new(name.clone()).unwrap(), "body".into(), PutOptions::default()).await.unwrap();
            }
            let listed: Vec<_> = memory.list_all("").try_collect().await.unwrap();
            assert_eq!(listed.len(), names.len());
        });
    }
}
