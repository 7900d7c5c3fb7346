//! Where the programs find libvips: where it was built for, as imaging's build script tells.
use std::env;

fn main() {
    if let Ok(lib_dir) = env::var("DEP_MINILAB_VIPS_LIB_DIR") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{lib_dir}");
    }
}
