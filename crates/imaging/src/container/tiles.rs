//! Pictures that are put together from others (grids, overlays, tone maps): a file may name one tile a thousand times, and
//! grids of grids, so that a few bytes are decoded without end. How much there is to decode is added up here.
use std::collections::BTreeMap;

use minilab_inspect::child;

use super::{Tally, be16, be32, pictures::references};
use crate::{Error, Limits, Result, limits};

/// Tiles reach beyond the edge of their picture, and a gain map comes to its base.
const TIMES_MAX: u64 = 2;
/// A tone map of a turned grid of coded tiles has three levels.
const LEVELS_MAX: u32 = 4;

/// Refuses a file that has a picture of more tiles than its limits allow pixels. `areas` are the pixels that each property
/// tells of, in their order.
pub(super) fn check(meta: &[u8], areas: &[u64], limits: &Limits) -> Result<()> {
    let mut named = Tally::default();
    let mut parts: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (kind, ids) in references(meta) {
        named.chunks(ids.len(), limits)?;
        if let (b"dimg", Some((whole, tiles))) = (&kind, ids.split_first()) {
            parts.entry(*whole).or_default().extend(tiles);
        }
    }
    let mut work = Work {
        areas: item_areas(meta, areas),
        parts,
        known: BTreeMap::new(),
    };
    let wholes: Vec<u32> = work.parts.keys().copied().collect();
    for whole in wholes {
        let pixels = work
            .of(whole, LEVELS_MAX)
            .ok_or_else(|| Error::corrupt("its pictures are put together from each other"))?;
        let max = limits.pixels_whole_image_max.saturating_mul(TIMES_MAX);
        limits::within("pixels in the tiles of a picture", pixels, max)?;
    }
    Ok(())
}

/// Pixels to decode for an item.
struct Work {
    areas: BTreeMap<u32, u64>,
    parts: BTreeMap<u32, Vec<u32>>,
    known: BTreeMap<u32, u64>,
}

impl Work {
    /// `None` where there are more levels than any honest file has.
    fn of(&mut self, item: u32, levels: u32) -> Option<u64> {
        if let Some(pixels) = self.known.get(&item) {
            return Some(*pixels);
        }
        let Some(parts) = self.parts.get(&item).cloned() else {
            return Some(self.areas.get(&item).copied().unwrap_or(0));
        };
        let left = levels.checked_sub(1)?;
        let mut pixels = 0_u64;
        for part in parts {
            pixels = pixels.saturating_add(self.of(part, left)?);
        }
        self.known.insert(item, pixels);
        Some(pixels)
    }
}

/// The largest area among the properties of each item (`ipma`). What is cut off tells of no more items.
fn item_areas(meta: &[u8], areas: &[u64]) -> BTreeMap<u32, u64> {
    let associations = child(meta, *b"iprp").and_then(|iprp| child(iprp, *b"ipma"));
    let associations = associations.unwrap_or_default();
    let mut found = BTreeMap::new();
    let mut at = 8;
    while let Some((item, area, next)) = item(associations, at, areas) {
        let known: &mut u64 = found.entry(item).or_default();
        *known = area.max(*known);
        at = next;
    }
    found
}

/// An item's id, its area, and where the next one is told of.
fn item(associations: &[u8], at: usize, areas: &[u64]) -> Option<(u32, u64, usize)> {
    let (version, flags) = (*associations.first()?, *associations.get(3)?);
    let (item, mut at) = if version == 0 {
        (u32::from(be16(associations, at).ok()?), at + 2)
    } else {
        (be32(associations, at).ok()?, at + 4)
    };
    let count = *associations.get(at)?;
    at += 1;
    let mut area = 0;
    for _ in 0..count {
        // The highest bit says that the property must be understood.
        let index = if flags & 1 == 1 {
            usize::from(be16(associations, at).ok()? & 0x7fff)
        } else {
            usize::from(*associations.get(at)? & 0x7f)
        };
        at += if flags & 1 == 1 { 2 } else { 1 };
        let told = index.checked_sub(1).and_then(|index| areas.get(index));
        area = area.max(told.copied().unwrap_or(0));
    }
    Some((item, area, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(areas: &[(u32, u64)], parts: &[(u32, &[u32])]) -> Work {
        Work {
            areas: areas.iter().copied().collect(),
            parts: parts
                .iter()
                .map(|(whole, tiles)| (*whole, tiles.to_vec()))
                .collect(),
            known: BTreeMap::new(),
        }
    }

    #[test]
    fn a_tile_counts_each_time_it_is_named() {
        let mut grid = work(&[(1, 500)], &[(2, &[1, 1, 1, 1]), (3, &[2, 2, 1])]);
        assert_eq!(grid.of(2, LEVELS_MAX), Some(2_000));
        assert_eq!(grid.of(3, LEVELS_MAX), Some(4_500));
        assert_eq!(grid.of(9, LEVELS_MAX), Some(0));
    }

    #[test]
    fn pictures_of_each_other_have_no_end() {
        assert_eq!(work(&[], &[(1, &[2]), (2, &[1])]).of(1, LEVELS_MAX), None);
        let tower: &[(u32, &[u32])] = &[(1, &[2; 9]), (2, &[3; 9]), (3, &[4; 9]), (4, &[5; 9]), (5, &[6])];
        assert_eq!(work(&[(6, 1)], tower).of(1, LEVELS_MAX), None);
    }
}
