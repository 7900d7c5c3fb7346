//! EXIF in a file of ours: by tags, in its directories.
use crate::allowed::Allowed;
use crate::blocks::tiff::Directory;

const GPS: u16 = 0x8825;
const CAMERA: u16 = 0x8769;
/// Artist, Copyright, ImageDescription; and how the picture is stored, turned and spaced.
const CREDITS: [u16; 17] = [
    0x13b, 0x8298, 0x10e, 0x100, 0x101, 0x102, 0x103, 0x106, 0x112, 0x115, 0x11a, 0x11b, 0x11c, 0x128, 0x213,
    0x214, CAMERA,
];
/// Versions, colour space, components and size, which every block has.
const FORM: [u16; 7] = [0x9000, 0x9101, 0xa000, 0xa001, 0xa002, 0xa003, 0xa005];

/// What a block holds that it may not; what cannot be read is nothing that was kept.
pub(crate) fn banned(exif: &[u8], allowed: Allowed) -> Option<&'static str> {
    const UNREADABLE: Option<&str> = Some("EXIF that cannot be read");
    let Some(first) = Directory::first(exif) else {
        return UNREADABLE;
    };
    if first.entries().count() != first.len() {
        return UNREADABLE;
    }
    if !allowed.gps && first.find(GPS).is_some() {
        return Some("a place (GPS)");
    }
    if first.next() != Some(0) {
        return Some("a second picture in EXIF");
    }
    if allowed.exif {
        return None;
    }
    let place = allowed.gps.then_some(GPS);
    let is_credit = |tag: u16| CREDITS.contains(&tag) || place == Some(tag);
    if !first.entries().all(|entry| is_credit(entry.tag)) {
        return Some("more than credits in EXIF");
    }
    let camera = first.find(CAMERA).map(|entry| first.at(first.number(entry)?));
    match camera {
        None => None,
        Some(None) => UNREADABLE,
        Some(Some(camera)) if camera.entries().all(|entry| FORM.contains(&entry.tag)) => None,
        Some(Some(_)) => Some("more than credits in EXIF"),
    }
}
