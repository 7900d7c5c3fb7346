//! Tells the compiler of the one condition that `make fuzz` builds with, and the program where libvips is, should its linker
//! keep any of it: no reader calls it.
use std::env;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(fuzzing)");
    println!("cargo::rerun-if-changed=build.rs");
    if let Ok(lib_dir) = env::var("DEP_MINILAB_VIPS_LIB_DIR") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{lib_dir}");
    }
}
