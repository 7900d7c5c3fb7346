//! When are two observations the same upload?
use crate::Observation;

/// Were both made of the same bytes and the same metadata, so that files of one serve the other?
///
/// Copying an original onto itself, or restoring a version, gives it another ETag and nothing else. Bytes that were
/// never read (refused by size) are only known by the store's version.
pub fn same_upload(one: &Observation, other: &Observation) -> bool {
    let same_bytes = match (one.sha256, other.sha256) {
        (Some(one), Some(other)) => one == other,
        _ => {
            one.etag == other.etag && one.size_bytes == other.size_bytes && one.version_id == other.version_id
        }
    };
    same_bytes && one.reads == other.reads
}

/// Are both of one version in the store? A copy of an original onto itself is the same upload, and another version.
pub(super) fn is_same_version(one: &Observation, other: &Observation) -> bool {
    one.etag == other.etag
        && one.size_bytes == other.size_bytes
        && one.version_id == other.version_id
        && one.reads == other.reads
}
