//! Fingerprint: is a file current? Version: the part of its key that no other bytes ever share.
use std::collections::BTreeMap;

use crate::{PlannedFile, Recipe, canonical};

impl PlannedFile {
    /// Identity (hex) of the original's bytes, the canonical file, what it reads, and the operator's epoch.
    /// No library versions: an upgrade alone makes nothing stale.
    pub fn fingerprint(&self, sha256_hex: &str, reads: &BTreeMap<String, String>, epoch: u64) -> String {
        let epoch = epoch.to_string();
        let read = reads
            .iter()
            .flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        let parts = [sha256_hex, self.canonical.as_str(), epoch.as_str()];
        canonical::digest_parts("fingerprint", parts.into_iter().chain(read))
    }
}

impl Recipe {
    /// The fingerprint of one of this recipe's files, of only that metadata which the file reads: a changed focal point
    /// makes crops stale and leaves plain sizes alone.
    pub fn fingerprint(
        &self,
        file: &PlannedFile,
        sha256_hex: &str,
        metadata: &BTreeMap<String, String>,
    ) -> String {
        let names = self
            .made_as(&file.derivative)
            .map(|derivative| self.reads_of(&derivative))
            .unwrap_or_default();
        let reads = names
            .into_iter()
            .filter_map(|name| metadata.get(&name).map(|value| (name.clone(), value.clone())))
            .collect();
        file.fingerprint(sha256_hex, &reads, self.epoch)
    }
}

/// `g<generation>-<10 hex>`: generations never restart for a key, and two builds never adopt each other's bytes.
pub fn version(lane_generation: u64, fingerprint: &str, engine_build: &str) -> String {
    let hash = canonical::digest_parts("version", [fingerprint, engine_build]);
    format!("g{lane_generation}-{}", &hash[..10])
}
