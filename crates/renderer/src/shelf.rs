//! Pictures that a plan is made with: mapped as they come, kept as long as the plan is.
use std::cell::OnceCell;

use minilab_recipe::ASSETS_MAX;

use crate::process::mapped::Mapped;

/// As many as a recipe may name. What is on it stays, so a session may hold on to it while more comes.
#[derive(Default)]
pub struct Shelf {
    places: [OnceCell<(String, Mapped)>; ASSETS_MAX],
}

impl Shelf {
    /// Is one of this content there?
    pub fn has(&self, sha256: &str) -> bool {
        self.all().any(|(known, _)| known == sha256)
    }

    /// Puts one there; `false`: there are too many.
    pub fn put(&self, sha256: String, bytes: Mapped) -> bool {
        let free = self.places.iter().find(|place| place.get().is_none());
        free.is_some_and(|place| place.set((sha256, bytes)).is_ok())
    }

    /// All of them, by SHA-256.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let taken = self.places.iter().filter_map(OnceCell::get);
        taken.map(|(sha256, bytes)| (sha256.as_str(), &**bytes))
    }
}
