//! What renders, as part of every file's version.
use sha2::{Digest as _, Sha256};

use super::child::printable;
use crate::renderer::Engine;

/// Digest of the sources that both binaries were built from; set by the build script.
pub(super) const ID: &str = env!("MINILAB_BUILD_ID");

/// The engine of a renderer of our build that loaded this libvips.
pub(super) fn engine(version: &str) -> Engine {
    let digest = Sha256::new().chain_update(ID).chain_update(version).finalize();
    Engine {
        build_id: hex::encode(&digest[..8]),
        version: printable(version, 200),
    }
}
