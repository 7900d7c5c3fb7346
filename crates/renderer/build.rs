//! Sets the build id, which the worker must share, and where the binary finds libvips: where it was built, beside the
//! binary, or in `lib` beside the binary's folder. The last two are for what is installed, so not for tests.
mod build_id;

use std::path::Path;
use std::{env, io};

fn main() -> io::Result<()> {
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,$ORIGIN");
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,$ORIGIN/../lib");
    let lib_dir = env::var("DEP_MINILAB_VIPS_LIB_DIR").ok();
    for kind in ["bins", "tests", "examples"] {
        if let Some(lib_dir) = &lib_dir {
            println!("cargo:rustc-link-arg-{kind}=-Wl,-rpath,{lib_dir}");
        }
    }
    // A libvips of the system has parts in files of their own, which it reads while it starts; the pinned one is one file.
    println!("cargo:rerun-if-env-changed=MINILAB_VIPS");
    let of_the_system = env::var("MINILAB_VIPS").is_ok_and(|choice| choice == "system");
    let libraries = lib_dir.filter(|_| of_the_system).unwrap_or_default();
    println!("cargo:rustc-env=MINILAB_SYSTEM_LIBRARIES={libraries}");
    build_id::set(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
}
