//! Sets the build id, which the worker must share, and where the binary finds libvips: where it was built, beside the
//! binary, or in `lib` beside the binary's folder.
mod build_id;

use std::path::Path;
use std::{env, io};

fn main() -> io::Result<()> {
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,$ORIGIN");
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,$ORIGIN/../lib");
    if let Ok(lib_dir) = env::var("DEP_MINILAB_VIPS_LIB_DIR") {
        println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{lib_dir}");
    }
    build_id::set(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
}
