//! How a bucket tells of uploads: what must be set at the bucket and at the queue, planned without asking anybody.
mod plan;
mod queue;
mod sender;
mod way;

use minilab_recipe::Document;

pub use self::plan::{Plan, Seen, Via, Wanted, at_queue, plan, unseen};
pub use self::way::Way;

/// What counts: uploads, deletions, and deletions that the bucket's own life cycle makes.
pub const EVENTS: [&str; 3] = [
    "s3:ObjectCreated:*",
    "s3:ObjectRemoved:*",
    "s3:LifecycleExpiration:*",
];

/// Where a recipe reads tags, also that they changed.
const OF_TAGS: &str = "s3:ObjectTagging:*";

/// What a bucket must tell for this document.
pub fn wanted_by(document: &Document) -> Vec<&'static str> {
    let of_tags = document.reads_tags().then_some(OF_TAGS);
    EVENTS.into_iter().chain(of_tags).collect()
}

/// Something that stands in the way until a person decides.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Obstacle {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub fix: String,
}
