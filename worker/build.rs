//! Sets the build id, which the renderer must share.
#[path = "../crates/renderer/build_id.rs"]
mod build_id;

use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    build_id::set(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
}
