//! IPTC: records of the application envelope, as they are or within Photoshop's resource blocks.
use super::Gathered;
use super::exif::plain;

const RESOURCES: &[u8] = b"Photoshop 3.0\0";
const RESOURCE: &[u8] = b"8BIM";
const IPTC: u16 = 0x0404;
/// Begins every record.
const MARK: u8 = 0x1c;
/// Records that are looked at; a keyword is one.
const RECORDS_MAX: usize = 512;
const KEYWORDS: u8 = 25;
const NAMES: &[(u8, &str)] = &[
    (5, "ObjectName"),
    (KEYWORDS, "Keywords"),
    (40, "SpecialInstructions"),
    (55, "DateCreated"),
    (80, "By-line"),
    (85, "By-lineTitle"),
    (90, "City"),
    (95, "Province-State"),
    (101, "Country"),
    (105, "Headline"),
    (110, "Credit"),
    (115, "Source"),
    (116, "CopyrightNotice"),
    (120, "Caption-Abstract"),
    (122, "Writer-Editor"),
];

pub(super) fn read(bytes: &[u8], found: &mut Gathered<'_>) {
    let records = match bytes.strip_prefix(RESOURCES) {
        Some(resources) => resource(resources),
        None if bytes.starts_with(RESOURCE) => resource(bytes),
        None => Some(bytes),
    };
    let mut keywords: Vec<String> = Vec::new();
    for (number, value) in records.into_iter().flat_map(self::records).take(RECORDS_MAX) {
        let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == number) else {
            continue;
        };
        if number == KEYWORDS {
            keywords.push(plain(value));
        } else {
            found.text(format!("iptc.{name}"), &plain(value));
        }
    }
    found.text("iptc.Keywords".to_owned(), &keywords.join(", "));
}

/// The payload of the resource that holds IPTC.
fn resource(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let rest = bytes.strip_prefix(RESOURCE)?;
        let (number, rest) = rest.split_first_chunk::<2>()?;
        // A name, its length first; name, and payload, are padded to an even length.
        let name = usize::from(*rest.first()?) + 1;
        let rest = rest.get(name.next_multiple_of(2)..)?;
        let (len, rest) = rest.split_first_chunk::<4>()?;
        let len = u32::from_be_bytes(*len) as usize;
        let payload = rest.get(..len)?;
        if u16::from_be_bytes(*number) == IPTC {
            return Some(payload);
        }
        bytes = rest.get(len.next_multiple_of(2)..)?;
    }
}

/// Number and value of the records about the picture (2), up to damage.
fn records(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        loop {
            let [MARK, about, number, high, low, rest @ ..] = bytes else {
                return None;
            };
            // The highest bit marks a form of length for values that no text has.
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            let value = rest.get(..len)?;
            bytes = &rest[len..];
            if *about == 2 {
                return Some((*number, value));
            }
        }
    })
}
