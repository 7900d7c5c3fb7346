//! Pages of a TIFF, and pictures of a HEIC: their own sizes and samples, each decoded once and only where a file needs it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod support;

use minilab_imaging::Limits;
use minilab_recipe::{Decode, Note, Pixels, Plan, Probe, Size, Source};
use support::{Lab, lab, read_png};

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn asking(pages: &[u32]) -> Limits {
    Limits {
        pages: pages.to_vec(),
        ..Limits::default()
    }
}

fn probe(lab: &Lab, pages: &[u32]) -> Probe {
    lab.engine.probe(&sample("pages.tiff"), &asking(pages)).unwrap()
}

/// A plan over these pages, the first of them first; each a file at the page's own size.
fn plan(probe: &Probe, pages: &[u32]) -> Plan {
    let mut plan = support::plan(probe);
    let decode = |page: u32| Decode {
        page,
        size: probe.of_page(page).unwrap().upright(),
        ..support::plan(probe).decode
    };
    plan.decode = decode(pages[0]);
    plan.further = pages[1..].iter().map(|page| decode(*page)).collect();
    for (index, page) in pages.iter().enumerate() {
        let from = index.checked_sub(1).map_or(Source::Trunk, Source::Page);
        let size = probe.of_page(*page).unwrap().upright();
        let encoding = minilab_recipe::Encoding::Png {
            compression: 0,
            palette: false,
            tuning: minilab_recipe::PngTuning::default(),
        };
        let mut file = support::file(from, size, encoding);
        file.flatten = None;
        plan.files.push(file);
    }
    plan
}

#[test]
fn pages_that_are_asked_tell_their_own_size_and_samples() {
    let lab = lab();
    assert!(probe(&lab, &[]).further.is_empty());
    let told = probe(&lab, &[1, 2, 7]);
    assert_eq!((told.pages, told.further.len()), (3, 2));
    let size = |page: u32| {
        let of = told.of_page(page).unwrap();
        (of.stored.width, of.stored.height, of.alpha, of.pixels)
    };
    assert_eq!(size(0), (120, 80, false, Pixels::Rgb));
    assert_eq!(size(1), (40, 30, false, Pixels::Grey));
    assert_eq!(size(2), (45, 30, true, Pixels::Rgb));
    assert!(told.of_page(7).is_none() && !told.has_page(7));
}

#[test]
fn a_page_beyond_the_limits_is_refused_only_where_it_is_asked() {
    let lab = lab();
    let narrow = |pages: &[u32], side| Limits {
        side_px_max: side,
        ..asking(pages)
    };
    let bytes = two_pages();
    assert!(lab.engine.probe(&bytes, &narrow(&[], 50)).is_ok());
    let error = lab.engine.probe(&bytes, &narrow(&[1], 50)).unwrap_err();
    assert_eq!(error.code(), "too_large");
}

#[test]
fn each_page_is_decoded_when_a_file_needs_it() {
    let lab = lab();
    let (bytes, probe) = (sample("pages.tiff"), probe(&lab, &[1, 2]));
    let plan = plan(&probe, &[0, 1, 2]);
    let mut session = lab.engine.open(&bytes, &probe, &plan, &[0, 1, 2]).unwrap();
    assert_eq!((session.decodes(), session.levels()), (0, 1));
    let mut pictures = Vec::new();
    for (file, further) in [(0, 0), (1, 1), (2, 2)] {
        pictures.push(read_png(&session.encode(file).unwrap().bytes));
        assert_eq!((session.decodes(), session.levels()), (further, 0));
    }
    // The same as when it is alone.
    for (index, page) in [1, 2].into_iter().enumerate() {
        let alone = self::plan(&probe, &[page]);
        let made = lab
            .engine
            .open(&bytes, &probe, &alone, &[0])
            .unwrap()
            .encode(0)
            .unwrap();
        assert_eq!(read_png(&made.bytes).samples, pictures[index + 1].samples);
    }
    assert_ne!(pictures[1].samples, pictures[2].samples);
    assert_eq!((pictures[0].bands, pictures[2].bands), (3, 4));
}

#[test]
fn a_page_shows_what_is_on_it() {
    let lab = lab();
    let bytes = two_pages();
    let probe = lab.engine.probe(&bytes, &asking(&[1])).unwrap();
    let plan = plan(&probe, &[1]);
    let made = lab
        .engine
        .open(&bytes, &probe, &plan, &[0])
        .unwrap()
        .encode(0)
        .unwrap();
    let picture = read_png(&made.bytes);
    let size = Size { width: 60, height: 2 };
    assert_eq!(picture.size, size);
    assert!(picture.samples.iter().all(|sample| *sample == 200), "{picture:?}");
    assert_eq!(made.notes, Vec::<Note>::new());
}

#[test]
fn pictures_beside_the_primary_one_of_a_heic_are_its_further_pages() {
    let lab = lab();
    let bytes = sample("pages.heic");
    let probe = lab.engine.probe(&bytes, &asking(&[1, 2, 3])).unwrap();
    let narrow = Limits {
        frames_max: 2,
        ..asking(&[])
    };
    assert_eq!(lab.engine.probe(&bytes, &narrow).unwrap_err().code(), "too_large");
    // Thumbnails and the plane of transparency are none.
    assert_eq!((probe.pages, probe.further.len()), (3, 2));
    let size = |page: u32| {
        let of = probe.of_page(page).unwrap();
        (of.stored.width, of.stored.height, of.alpha)
    };
    assert_eq!(
        (size(0), size(1), size(2)),
        ((120, 80, false), (90, 60, true), (80, 60, false))
    );
    for (page, same) in [(0, "full-chroma.heic"), (1, "clear.heic"), (2, "grey.heic")] {
        let shown = whole(&lab, &bytes, &probe, page);
        let alone = sample(same);
        let alone = whole(&lab, &alone, &lab.engine.probe(&alone, &asking(&[])).unwrap(), 0);
        let difference = |(one, other): (&[u8], &[u8])| u64::from(one[0].abs_diff(other[0]));
        let pairs = shown
            .samples
            .chunks(shown.bands)
            .zip(alone.samples.chunks(alone.bands));
        let mean = pairs.map(difference).sum::<u64>() / u64::from(shown.size.width * shown.size.height);
        assert!(mean <= 3, "page {page} is not {same}: {mean}");
    }
}

fn whole(lab: &Lab, bytes: &[u8], probe: &Probe, page: u32) -> support::Picture {
    let plan = plan(probe, &[page]);
    read_png(
        &lab.engine
            .open(bytes, probe, &plan, &[0])
            .unwrap()
            .encode(0)
            .unwrap()
            .bytes,
    )
}

/// Two grey pages, 2 x 2 of 50 and 60 x 2 of 200, uncompressed.
fn two_pages() -> Vec<u8> {
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    let mut page = |width: u16, value: u8, is_last: bool| {
        let at = file.len() as u32;
        let entries: [(u16, u16, u32); 8] = [
            (0x100, 3, width.into()),
            (0x101, 3, 2),
            (0x102, 3, 8),
            (0x103, 3, 1),
            (0x106, 3, 1),
            (0x111, 4, at + 2 + 8 * 12 + 4),
            (0x116, 3, 2),
            (0x117, 4, u32::from(width) * 2),
        ];
        file.extend((entries.len() as u16).to_le_bytes());
        for (tag, kind, value) in entries {
            file.extend(tag.to_le_bytes());
            file.extend(kind.to_le_bytes());
            file.extend(1_u32.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        let next = if is_last {
            0
        } else {
            at + 2 + 8 * 12 + 4 + u32::from(width) * 2
        };
        file.extend(next.to_le_bytes());
        file.extend(vec![value; usize::from(width) * 2]);
    };
    page(2, 50, false);
    page(60, 200, true);
    file
}
