//! What a job is likely to take, told by the original's name and length alone: the same in every process.
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use minilab_recipe::{Format, Recipe};

use crate::Place;

/// Lengths are told apart in steps of a fourth root of two, so that each recipe is planned some dozens of times and no more.
const STEPS_PER_DOUBLING: f64 = 4.0;
/// Where nobody says how long it is.
const BYTES_UNKNOWN: u64 = 1_000_000;
/// Recipes times formats times steps of a usual document; more are not remembered.
const REMEMBERED_MAX: usize = 20_000;

type Asked = (String, Format, u8, Place);

/// Remembers what it has planned. One document for the whole of its life.
#[derive(Debug, Default)]
pub struct Forecasts(Mutex<HashMap<Asked, u64>>);

impl Forecasts {
    /// CPU milliseconds of an original's job in a place.
    pub fn of(&self, recipe: &Recipe, key: &str, bytes: Option<u64>, place: Place) -> u64 {
        let format = Format::of_name(key).unwrap_or(Format::Jpeg);
        let bytes = bytes.filter(|bytes| *bytes > 0).unwrap_or(BYTES_UNKNOWN);
        let step = ((bytes as f64).log2() * STEPS_PER_DOUBLING).round() as u8;
        let asked = (recipe.name.clone(), format, step, place);
        let known = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&asked)
            .copied();
        known.unwrap_or_else(|| {
            let bytes = (f64::from(step) / STEPS_PER_DOUBLING).exp2();
            let ms = recipe.forecast(format, bytes as u64, &place.lanes(recipe));
            let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if remembered.len() < REMEMBERED_MAX {
                remembered.insert(asked, ms);
            }
            ms
        })
    }
}

#[cfg(test)]
mod tests {
    use minilab_recipe::{Decision, Document};

    use super::*;

    const TEXT: &str = "
version: 1
from: { folder: in }
to: { folder: out }
recipes:
  photo:
    derivatives:
      thumb: { resize: { width: 200 }, formats: [jpeg], lane: fast }
      large: { resize: { widths: [400, 1600] }, formats: [avif], lane: bulk }
";

    #[test]
    fn larger_originals_slower_formats_and_more_lanes_take_longer() {
        let document = Document::parse("minilab.yaml", TEXT, &|_| None).unwrap();
        let Decision::Recipe { recipe, .. } = document.decide("a.jpg") else {
            panic!("the only recipe takes everything")
        };
        let forecasts = Forecasts::default();
        let of = |key, bytes, place| forecasts.of(recipe, key, Some(bytes), place);
        assert!(of("a.jpg", 8_000_000, Place::Fast) > 2 * of("a.jpg", 50_000, Place::Fast));
        assert!(of("a.jpg", 8_000_000, Place::Bulk) > 4 * of("a.jpg", 8_000_000, Place::Fast));
        assert!(of("a.heic", 3_000_000, Place::Fast) > of("a.jpg", 3_000_000, Place::Fast));
        assert!(of("a.jpg", 8_000_000, Place::Backfill) >= of("a.jpg", 8_000_000, Place::Bulk));
        let again = of("a.jpg", 8_010_000, Place::Bulk);
        assert_eq!(
            again,
            of("A.JPEG", 8_000_000, Place::Bulk),
            "one step, one forecast"
        );
        assert_eq!(
            forecasts.of(recipe, "a.jpg", None, Place::Fast),
            of("a.jpg", BYTES_UNKNOWN, Place::Fast)
        );
    }
}
