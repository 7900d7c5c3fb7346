//! Finds the one libvips to link: the pinned build under `.deps`, a folder named by `MINILAB_VIPS_LIB_DIR`, or, with
//! `MINILAB_VIPS=system`, what pkg-config knows.
//!
//! The binary that links this crate needs the library's folder in its rpath, and a library crate cannot set that:
//! it is told as `DEP_MINILAB_VIPS_LIB_DIR` to the build scripts of the crates that depend on this one.
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    for name in ["MINILAB_VIPS", "MINILAB_VIPS_LIB_DIR"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    match find() {
        Ok((lib_dir, build)) => {
            let lib_dir = lib_dir.display();
            println!("cargo:rustc-link-search=native={lib_dir}");
            println!("cargo:rustc-link-arg=-Wl,-rpath,{lib_dir}");
            println!("cargo:lib_dir={lib_dir}");
            println!("cargo:rustc-env=MINILAB_VIPS_BUILD={build}");
        }
        Err(sentence) => {
            eprintln!("{sentence}");
            std::process::exit(1);
        }
    }
}

/// The library's folder, and what tells this build of it from others.
fn find() -> Result<(PathBuf, String), String> {
    if env::var("MINILAB_VIPS").is_ok_and(|choice| choice == "system") {
        return system();
    }
    if let Ok(dir) = env::var("MINILAB_VIPS_LIB_DIR") {
        return has_library(Path::new(&dir))
            .map(|dir| (dir, "external".into()))
            .ok_or_else(|| format!("MINILAB_VIPS_LIB_DIR is {dir}, which holds no libvips.so"));
    }
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let pinned = manifest.join("../../.deps/vips");
    let stamp = pinned.join("stamp");
    println!("cargo:rerun-if-changed={}", stamp.display());
    let dir = has_library(&pinned.join("lib"))
        .ok_or("libvips is not here yet: run `make deps`, which downloads the pinned build into .deps")?;
    let build = std::fs::read_to_string(&stamp)
        .map_err(|cause| format!("cannot read {}: {cause}; run `make deps`", stamp.display()))?;
    Ok((dir, build.trim().into()))
}

fn has_library(dir: &Path) -> Option<PathBuf> {
    dir.join("libvips.so")
        .exists()
        .then(|| dir.canonicalize().ok())
        .flatten()
}

fn system() -> Result<(PathBuf, String), String> {
    let wanted = "MINILAB_VIPS=system needs libvips 8.17 or later, its headers and pkg-config";
    let answer = |option: &str| {
        Command::new("pkg-config")
            .args([option, "vips >= 8.17"])
            .output()
            .ok()
            .filter(|output| output.status.success())
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
            .ok_or(wanted)
    };
    let dir = answer("--variable=libdir")?;
    Ok((PathBuf::from(dir), format!("system-{}", answer("--modversion")?)))
}
