//! Records for tests.
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use minilab_recipe::{Encoding, Format, Lane, OutputFormat, Pixels, Probe, Replace, Size};
use minilab_store::{ETag, Sha256};

use crate::{Change, FileEntry, LaneStatus, Observation, Record, Wanted, adoptable, next_generation};

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// `upload` decides the bytes, `write` the ETag.
pub(crate) fn observation(upload: u8, write: u32) -> Observation {
    Observation {
        etag: ETag(format!("etag-{write}")),
        size_bytes: 1000,
        version_id: None,
        sha256: Some(Sha256::of(&[upload])),
        reads: BTreeMap::new(),
        probe: Some(Probe {
            format: Format::Jpeg,
            stored: Size {
                width: 600,
                height: 800,
            },
            orientation: 6,
            pages: 1,
            alpha: false,
            bits: 8,
            pixels: Pixels::Rgb,
            icc: false,
            whole_image: false,
            further: std::collections::BTreeMap::new(),
        }),
        findings: Box::default(),
        said: None,
    }
}

/// A recipe with one derivative per lane, named after it and in JPEG.
pub(crate) fn wanted(lanes: &[Lane], digest: &str, replace: Replace) -> Wanted {
    Wanted {
        recipe: "gallery".into(),
        lanes: lanes.iter().map(|lane| (*lane, digest.to_owned())).collect(),
        contains: lanes
            .iter()
            .map(|l| (*l, l.to_string(), OutputFormat::Jpeg))
            .collect::<BTreeSet<_>>(),
        replace,
    }
}

pub(crate) fn jpeg() -> Encoding {
    Encoding::Jpeg {
        quality: 80,
        effort: 2,
        progressive: true,
        subsampling: minilab_recipe::Subsampling::Auto,
    }
}

pub(crate) fn file(derivative: &str, key: &str, width: u32) -> FileEntry {
    FileEntry {
        derivative: derivative.into(),
        key: key.into(),
        size: Size {
            width,
            height: width * 3 / 4,
        },
        encoding: jpeg(),
        bytes: 5,
        sha256: Sha256::of(b"pixel"),
        fingerprint: key.into(),
        notes: Vec::new(),
        engine: "e1".into(),
        micros: 10,
        quality: None,
        score: None,
    }
}

/// What an honest attempt publishes: adopted files, the rest put for the lane's next generation.
pub(crate) fn change(base: Option<&Record>, lane: Lane, seen: Observation, wanted: Wanted) -> Change {
    let fingerprint = format!("{lane}-{:?}-{}", seen.sha256, wanted.lanes[&lane]);
    let generation = next_generation(base, lane);
    let made = || FileEntry {
        fingerprint: fingerprint.clone(),
        ..file(
            lane.as_str(),
            &format!(
                "o.jpg/{lane}-320w.g{generation}-{}.jpg",
                &Sha256::of(fingerprint.as_bytes()).to_string()[..10]
            ),
            320,
        )
    };
    let kept = base.and_then(|base| adoptable(base, &fingerprint)).cloned();
    Change {
        key: "o.jpg".into(),
        observation: seen,
        lane,
        status: LaneStatus::Done,
        files: vec![kept.unwrap_or_else(made)],
        failures: Vec::new(),
        dropped: Vec::new(),
        placeholder: None,
        wanted,
        engine: "e1".into(),
        revision: 1,
        now: at(100),
    }
}
