//! What is uploaded: classes of originals and what each takes in every lane.

/// Where jobs wait, in the order in which an upload goes through the first three.
pub const LANES: [&str; 4] = ["fast", "standard", "bulk", "backfill"];

/// Originals that are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// As traces call it.
    pub name: String,
    /// Its part of uploads, where the trace does not say.
    pub share: f64,
    /// CPU seconds of a job in each lane; backfill makes all in one.
    pub seconds: [f64; 4],
}

/// Thumbnails and avatars, photos of phones, and files of cameras.
pub fn usual() -> Vec<Class> {
    let class = |name: &str, share, [fast, standard, bulk]: [f64; 3]| Class {
        name: name.to_owned(),
        share,
        seconds: [fast, standard, bulk, fast + standard + bulk],
    };
    vec![
        class("small", 0.60, [0.01, 0.03, 0.10]),
        class("photo", 0.38, [0.15, 0.50, 2.00]),
        class("large", 0.02, [1.00, 4.00, 20.00]),
    ]
}

/// CPU seconds of the mean job of a lane.
pub(crate) fn mean(mix: &[Class], lane: usize) -> f64 {
    let shares: f64 = mix.iter().map(|class| class.share).sum();
    let seconds: f64 = mix.iter().map(|class| class.share * class.seconds[lane]).sum();
    seconds / shares
}
