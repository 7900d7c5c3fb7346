//! Digest of what both binaries are built from, so that a worker never talks to a renderer of another build. A module of
//! both build scripts, which must come to the same digest without linking each other.
use std::path::Path;
use std::{fs, io};

use sha2::{Digest as _, Sha256};

/// What decides which pixels come out and how they are asked for, from the workspace's root.
const SOURCES: [&str; 6] = [
    "Cargo.lock",
    "crates/imaging/src",
    "crates/inspect/src",
    "crates/recipe/src",
    "crates/renderer/src",
    "protos/proto",
];

/// Sets `MINILAB_BUILD_ID` for the crate that is built.
pub fn set(root: &Path) -> io::Result<()> {
    let mut digest = Sha256::new();
    for source in SOURCES {
        println!("cargo:rerun-if-changed={}", root.join(source).display());
        add(&mut digest, root, Path::new(source))?;
    }
    let id = digest.finalize();
    let id = u64::from_be_bytes(*id.first_chunk().expect("a digest has 32 bytes"));
    println!("cargo:rustc-env=MINILAB_BUILD_ID={id:016x}");
    Ok(())
}

fn add(digest: &mut Sha256, root: &Path, path: &Path) -> io::Result<()> {
    let place = root.join(path);
    if place.is_dir() {
        let mut names = fs::read_dir(&place)?
            .map(|entry| Ok(entry?.file_name()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort();
        return names
            .into_iter()
            .try_for_each(|name| add(digest, root, &path.join(name)));
    }
    let bytes = fs::read(&place)?;
    digest.update(path.as_os_str().as_encoded_bytes());
    digest.update((bytes.len() as u64).to_le_bytes());
    digest.update(bytes);
    Ok(())
}
