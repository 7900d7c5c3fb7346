//! The pictures of a HEIC file: its primary one and those beside it (a burst, a pair), which decoders find only one at a time.
use std::borrow::Cow;
use std::collections::BTreeSet;

use minilab_inspect::{boxes, child, meta};

use super::{be16, be32};
use crate::{Error, Result};

/// Items of the types that pictures have; what else a file may hold is not shown.
const PICTURES: [[u8; 4]; 2] = [*b"hvc1", *b"grid"];

/// Ids of the items that are pictures to look at, the primary one first, the others as the file lists them. Thumbnails, depth and
/// alpha planes, tiles, and what is hidden are none. Empty where the file does not say which is the primary one.
pub(crate) fn pictures(bytes: &[u8]) -> Vec<u32> {
    let Some((primary, meta)) = primary(bytes).zip(meta(bytes)) else {
        return Vec::new();
    };
    let parts = parts(meta);
    let others = items(meta).filter(|id| *id != primary && !parts.contains(id));
    std::iter::once(primary).chain(others).collect()
}

/// The file with another of its pictures as the primary one.
pub(crate) fn showing(bytes: &[u8], page: u32) -> Result<Cow<'_, [u8]>> {
    if page == 0 {
        return Ok(Cow::Borrowed(bytes));
    }
    let id = pictures(bytes).get(page as usize).copied();
    let changed = id.zip(primary_box(bytes)).and_then(|(id, word)| {
        let at = word.as_ptr() as usize - bytes.as_ptr() as usize;
        let mut changed = bytes.to_vec();
        let place = changed.get_mut(at..at + word.len())?;
        match word.len() {
            2 => place.copy_from_slice(&u16::try_from(id).ok()?.to_be_bytes()),
            _ => place.copy_from_slice(&id.to_be_bytes()),
        }
        Some(changed)
    });
    changed
        .map(Cow::Owned)
        .ok_or_else(|| Error::corrupt(format!("it has no picture {page}, counted from 0")))
}

/// Where the primary picture's id is written: two or four bytes.
fn primary_box(bytes: &[u8]) -> Option<&[u8]> {
    let said = child(meta(bytes)?, *b"pitm")?;
    let len = if *said.first()? == 0 { 2 } else { 4 };
    said.get(4..4 + len)
}

fn primary(bytes: &[u8]) -> Option<u32> {
    number(primary_box(bytes)?)
}

/// Ids of all items of the right types that are not hidden.
fn items(meta: &[u8]) -> impl Iterator<Item = u32> {
    let infos = child(meta, *b"iinf").unwrap_or_default();
    // Version 0 counts entries in two bytes, later ones in four.
    let head = if infos.first() == Some(&0) { 6 } else { 8 };
    boxes(infos.get(head..).unwrap_or_default())
        .filter(|entry| entry.kind == *b"infe")
        .filter_map(|entry| {
            let (version, flags) = (*entry.payload.first()?, *entry.payload.get(3)?);
            let len = if version >= 3 { 4 } else { 2 };
            let id = number(entry.payload.get(4..4 + len)?)?;
            let kind = entry.payload.get(6 + len..)?.first_chunk()?;
            (PICTURES.contains(kind) && flags & 1 == 0).then_some(id)
        })
}

/// Items that belong to others: thumbnails and planes of a picture, tiles of a grid.
fn parts(meta: &[u8]) -> BTreeSet<u32> {
    let mut parts = BTreeSet::new();
    for (kind, ids) in references(meta) {
        match &kind {
            b"thmb" | b"auxl" => parts.extend(ids.first()),
            b"dimg" => parts.extend(ids.iter().skip(1)),
            _ => {}
        }
    }
    parts
}

/// What items have to do with each other: the kind, the item that refers, then those that it refers to.
pub(super) fn references(meta: &[u8]) -> impl Iterator<Item = ([u8; 4], Vec<u32>)> {
    let references = child(meta, *b"iref").unwrap_or_default();
    let width = if references.first() == Some(&0) { 2 } else { 4 };
    boxes(references.get(4..).unwrap_or_default()).map(move |reference| {
        let payload = reference.payload;
        let from = payload.get(..width);
        let count = be16(payload, width).unwrap_or(0);
        let to = payload.get(width + 2..).unwrap_or_default().chunks_exact(width);
        let all = from.into_iter().chain(to.take(count.into()));
        (reference.kind, all.filter_map(number).collect())
    })
}

/// A number of two or four bytes, whichever it is.
fn number(bytes: &[u8]) -> Option<u32> {
    match bytes.len() {
        2 => be16(bytes, 0).ok().map(u32::from),
        _ => be32(bytes, 0).ok(),
    }
}
