//! The manifest of a record: its public projection.
use std::collections::{BTreeMap, BTreeSet};

use minilab_protos::manifest::{
    Derivative, Dropped, Face, Failure, File, MANIFEST_SCHEMA, Manifest, Original, Picture, PictureSet,
    Place, Provenance, Status,
};
use minilab_recipe::{Lane, Publish, Recipe, Urls};

use crate::{
    FileEntry, LaneStatus, Observation, PublicUrls, Record, Wanted,
    aliases::{Alias, aliases},
    pending_lanes,
    shown::{Shown, shown},
};

/// What front ends may know of the record.
pub fn manifest(record: &Record, urls: &PublicUrls<'_>) -> Manifest {
    let shown = shown(record);
    let pending = pending(record, urls);
    let status = status(record, &shown, pending.is_empty());
    Manifest {
        schema: MANIFEST_SCHEMA,
        original: original(&record.key, shown.observation),
        status,
        pending: pending.into_iter().map(|lane| lane.as_str().to_owned()).collect(),
        placeholder: minilab_protos::manifest::Placeholder {
            thumbhash: shown.placeholder.thumbhash.clone(),
            dominant: shown.placeholder.dominant.clone(),
            blurhash: shown.placeholder.blurhash.clone(),
            palette: shown.placeholder.palette.clone(),
            lqip: shown.placeholder.lqip.clone(),
        },
        derivatives: derivatives(record, &shown, urls),
        pictures: urls.recipe.map(pictures).unwrap_or_default(),
        failures: if shown.stands {
            Vec::new()
        } else {
            failures(record)
        },
        generation: record.generation,
        provenance: Provenance {
            engines: shown
                .files
                .iter()
                .map(|f| f.engine.clone())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            recipe: record.recipe.clone(),
        },
        updated: record.updated.to_string(),
        faces: published(&shown, urls, Publish::Faces).and_then(faces),
        metadata: published(&shown, urls, Publish::Metadata)
            .and_then(|seen| Some(seen.findings.embedded.as_ref()?.texts.clone())),
        place: published(&shown, urls, Publish::Gps).and_then(place),
    }
}

/// Lanes still to be made: of this upload, or by a recipe that has changed since.
fn pending(record: &Record, urls: &PublicUrls<'_>) -> Vec<Lane> {
    if let Some(recipe) = urls.recipe {
        return pending_lanes(record, &Wanted::by(recipe).lanes);
    }
    let pending = record.lanes.iter().filter(|(_, state)| !state.status.is_final());
    pending.map(|(lane, _)| *lane).collect()
}

/// Of the set that is shown: one that stands was complete when it was superseded.
fn status(record: &Record, shown: &Shown<'_>, decided: bool) -> Status {
    let whole = decided
        && record
            .lanes
            .values()
            .all(|state| state.status == LaneStatus::Done);
    match shown.observation {
        None => Status::Deleted,
        Some(_) if shown.stands || whole => Status::Complete,
        Some(_) if decided && shown.files.is_empty() => Status::Failed,
        Some(_) => Status::Partial,
    }
}

/// What may be told of an upload; of one that is gone only its key.
pub fn original(key: &str, observation: Option<&Observation>) -> Original {
    let Some(seen) = observation else {
        return Original {
            key: key.to_owned(),
            ..Original::default()
        };
    };
    let probe = seen.probe.as_ref();
    let upright = probe.map(minilab_recipe::Probe::upright);
    Original {
        key: key.to_owned(),
        version: Some(seen.etag.0.clone()),
        width: upright.map(|size| size.width),
        height: upright.map(|size| size.height),
        format: probe.map(|probe| probe.format.as_str().to_owned()),
        orientation: probe.map(|probe| probe.orientation),
        alpha: probe.map(|probe| probe.alpha),
        icc: probe.map(|probe| probe.icc),
        pages: probe.map(|probe| probe.pages),
        bytes: Some(seen.size_bytes),
        sha256: seen.sha256.map(|digest| digest.to_string()),
    }
}

/// What was seen of the original, if the recipe publishes that part of it.
fn published<'a>(shown: &Shown<'a>, urls: &PublicUrls<'_>, what: Publish) -> Option<&'a Observation> {
    let publishes = urls.recipe.is_some_and(|recipe| recipe.publish.contains(&what));
    shown.observation.filter(|_| publishes)
}

/// `None` also where it does not say.
fn place(seen: &Observation) -> Option<Place> {
    let at = seen.findings.place.as_ref()?.at?;
    Some(Place {
        latitude: at.latitude,
        longitude: at.longitude,
        altitude: at.altitude,
    })
}

/// `None` also where nobody has looked yet.
fn faces(seen: &Observation) -> Option<Vec<Face>> {
    let upright = seen.probe.as_ref()?.upright();
    let across = |share: f64| (share * f64::from(upright.width)).round() as u32;
    let down = |share: f64| (share * f64::from(upright.height)).round() as u32;
    let face = |face: &minilab_recipe::Face| Face {
        left: across(face.area.x),
        top: down(face.area.y),
        width: across(face.area.width),
        height: down(face.area.height),
        score: (face.score * 100.0).round() as u8,
    };
    Some(seen.findings.faces.as_ref()?.iter().map(face).collect())
}

fn derivatives(record: &Record, shown: &Shown<'_>, urls: &PublicUrls<'_>) -> BTreeMap<String, Derivative> {
    let aliases = urls
        .recipe
        .map(|recipe| aliases(recipe, record))
        .unwrap_or_default();
    let only_stable = urls.recipe.is_some_and(|recipe| recipe.urls == Urls::Stable);
    let mut files = shown.files.clone();
    files.sort_by_key(|f| (f.encoding.format(), f.size.width, f.size.height));
    let mut derivatives: BTreeMap<String, Derivative> = BTreeMap::new();
    for entry in files {
        let stable_url = stable_key(entry, &aliases).map(|key| urls.of(key));
        let url = stable_url
            .clone()
            .filter(|_| only_stable)
            .unwrap_or_else(|| urls.of(&entry.key));
        let derivative = derivatives.entry(entry.derivative.clone()).or_default();
        let file = file(entry, url, stable_url);
        // A browser takes the first of two candidates of one width; naming one is enough.
        if !derivative
            .files
            .iter()
            .any(|f| f.format == file.format && f.width == file.width)
        {
            let candidate = format!("{} {}w", file.url, file.width);
            let list = derivative.srcset.entry(file.format.clone()).or_default();
            *list = if list.is_empty() {
                candidate
            } else {
                format!("{list}, {candidate}")
            };
        }
        derivative.files.push(file);
    }
    if !shown.stands {
        for entry in record.lanes.values().flat_map(|state| &state.dropped) {
            let derivative = derivatives.entry(entry.derivative.clone()).or_default();
            derivative.dropped.push(Dropped {
                width: entry.size.width,
                height: entry.size.height,
                format: entry.format.as_str().to_owned(),
                bytes: entry.bytes,
                larger_than: entry.than.as_str().to_owned(),
            });
        }
    }
    for (name, note) in lacking(shown, urls) {
        let derivative = derivatives.entry(name.to_owned()).or_default();
        derivative.notes.push(note.name());
    }
    derivatives
}

/// What the recipe asks of each original, and this one does not have.
fn lacking<'a>(shown: &Shown<'_>, urls: &PublicUrls<'a>) -> Vec<(&'a str, minilab_recipe::Note)> {
    let seen = shown.observation;
    let probe = seen.and_then(|seen| Some((seen.probe.as_ref()?, &*seen.findings)));
    match (urls.recipe, probe) {
        (Some(recipe), Some((probe, findings))) => recipe.notes_of(probe, findings),
        _ => Vec::new(),
    }
}

/// As the recipe has them: what they name that is not there yet, emitters leave out.
fn pictures(recipe: &Recipe) -> BTreeMap<String, Picture> {
    let set = |set: &minilab_recipe::PictureSet| PictureSet {
        media: set.media.clone(),
        derivative: set.derivative.clone(),
        sizes: set.sizes.clone(),
    };
    let all = recipe.pictures.iter();
    all.map(|(name, picture)| {
        (
            name.clone(),
            Picture {
                sets: picture.sets.iter().map(set).collect(),
            },
        )
    })
    .collect()
}

/// The alias whose rung the file is; for a file between two rungs, one that falls back to it.
fn stable_key<'a>(file: &FileEntry, aliases: &'a [Alias<'_>]) -> Option<&'a str> {
    let mut serving = aliases.iter().filter(|alias| alias.file.key == file.key);
    let first = serving.clone().next();
    let own = serving
        .find(|alias| alias.width == Some(file.size.width))
        .or(first);
    own.map(|alias| alias.stable_key.as_str())
}

fn file(entry: &FileEntry, url: String, stable_url: Option<String>) -> File {
    let format = entry.encoding.format();
    File {
        width: entry.size.width,
        height: entry.size.height,
        ratio: Some(ratio(entry.size)),
        format: format.as_str().to_owned(),
        media_type: format.media_type().to_owned(),
        bytes: entry.bytes,
        sha256: entry.sha256.to_string(),
        url,
        stable_url,
        quality: entry.quality.or(entry.encoding.quality()),
        score: entry.score.map(minilab_recipe::Score::get),
        notes: entry.notes.iter().map(|note| note.name()).collect(),
    }
}

/// Width by height, to four decimals.
fn ratio(size: minilab_recipe::Size) -> f64 {
    (f64::from(size.width) / f64::from(size.height) * 10_000.0).round() / 10_000.0
}

/// Class and sentence only: codes and counters are for operators.
fn failures(record: &Record) -> Vec<Failure> {
    let entries = record.lanes.values().flat_map(|state| &state.failures);
    let mut failures: Vec<Failure> = Vec::new();
    for entry in entries {
        let failure = Failure {
            derivative: entry.derivative.clone(),
            class: entry.class.clone(),
            sentence: entry.sentence.clone(),
        };
        // An original that cannot be read fails in every lane by the same words.
        if !failures.contains(&failure) {
            failures.push(failure);
        }
    }
    failures
}
