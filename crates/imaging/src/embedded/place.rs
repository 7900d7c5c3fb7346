//! Where a picture was taken: EXIF's directory of places, else what XMP repeats of it. Read apart from all other texts, so that
//! a place goes nowhere unless it is asked for by name.
use minilab_recipe::Coordinates;

use super::exif::Block;

const DIRECTORY: u16 = 0x8825;
const LATITUDE: [u16; 2] = [1, 2];
const LONGITUDE: [u16; 2] = [3, 4];
const ALTITUDE: [u16; 2] = [5, 6];
const EXIF: &str = "http://ns.adobe.com/exif/1.0/";

/// What a block of EXIF says.
pub(super) fn of_exif(bytes: &[u8]) -> Option<Coordinates> {
    let block = Block::open(bytes)?;
    let first = block.first();
    let entry = first.iter().find(|entry| entry.tag == DIRECTORY)?;
    let place = block.directory(block.integer(entry, 0)? as usize);
    let find = |tag: u16| place.iter().find(|entry| entry.tag == tag);
    let angle = |[letter, degrees]: [u16; 2], negative: u8| {
        let parts = [0, 1, 2].map(|index| find(degrees).and_then(|entry| block.fraction(entry, index)));
        let [Some(degrees), minutes, seconds] = parts else {
            return None;
        };
        let angle = degrees + minutes.unwrap_or(0.0) / 60.0 + seconds.unwrap_or(0.0) / 3600.0;
        let is_negative = find(letter).is_some_and(|entry| entry.value.first() == Some(&negative));
        Some(if is_negative { -angle } else { angle })
    };
    let [below, height] = ALTITUDE;
    let altitude = find(height).and_then(|entry| block.fraction(entry, 0));
    let is_below = find(below).is_some_and(|entry| entry.value.first() == Some(&1));
    Coordinates::new(
        angle(LATITUDE, b'S')?,
        angle(LONGITUDE, b'W')?,
        altitude.map(|height| if is_below { -height } else { height }),
    )
}

/// What a packet of XMP says: `48,8.25N`, `48,8,15N`.
pub(super) fn of_xmp(packet: &roxmltree::Document<'_>) -> Option<Coordinates> {
    let told = |name: &str| {
        packet.descendants().find_map(|node| {
            if node.has_tag_name((EXIF, name)) {
                return node.text();
            }
            node.attribute((EXIF, name))
        })
    };
    Coordinates::new(angle(told("GPSLatitude")?)?, angle(told("GPSLongitude")?)?, None)
}

fn angle(text: &str) -> Option<f64> {
    let text = text.trim();
    let letter = text.chars().next_back()?;
    let sign = match letter {
        'N' | 'E' => 1.0,
        'S' | 'W' => -1.0,
        _ => return None,
    };
    let parts: Option<Vec<f64>> = text[..text.len() - 1]
        .splitn(4, ',')
        .map(|part| part.trim().parse().ok())
        .collect();
    match *parts?.as_slice() {
        [degrees, minutes] => Some(sign * (degrees + minutes / 60.0)),
        [degrees, minutes, seconds] => Some(sign * (degrees + minutes / 60.0 + seconds / 3600.0)),
        _ => None,
    }
}
