//! Which number the configuration of this process has. Only one that is in force has one.
use anyhow::Result;

use crate::{
    compose::Backing,
    exit::{Exit, Refusal},
};

/// The number of the document, which must be in force.
pub(super) async fn of(backing: &Backing) -> Result<u64> {
    let digest = backing.document.digest();
    let sentence = match backing.revision().await? {
        Some(current) if current.digest == digest => return Ok(current.revision),
        Some(current) => format!(
            "this configuration (digest {}) is not in force: revision {} since {} is another one (digest {})",
            short(&digest),
            current.revision,
            current.activated,
            short(&current.digest),
        ),
        None => format!(
            "this configuration (digest {}) is not in force: none ever was",
            short(&digest)
        ),
    };
    let fix = "run `minilab config activate --config FILE` with this file, or start with the one in force";
    Err(Refusal::new(Exit::NotInForce, sentence, fix).into())
}

/// As much as people compare.
pub fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
