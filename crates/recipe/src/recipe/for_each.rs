//! One derivative for each face: `portrait` becomes `portrait-1`, `portrait-2`, as many as there are faces, within a bound.
//!
//! Everything after this knows only the numbered ones: each is a derivative with a name, a crop and files of its own.
use std::borrow::Cow;

use serde::Serialize;

use super::{Derivative, Pick, Recipe};
use crate::{Findings, Note, Original, Probe, Skipped};

/// What a derivative is made of, one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EachFace {
    /// Faces that get files at most: the largest.
    pub most: u32,
}

impl Derivative {
    /// Itself, or all that it may become.
    pub(crate) fn every(&self) -> Vec<Cow<'_, Self>> {
        match self.for_each {
            None => vec![Cow::Borrowed(self)],
            Some(each) => (1..=each.most).map(|face| Cow::Owned(self.of(face))).collect(),
        }
    }

    /// Itself, or one for each face that was found and each that people have cropped to. Where there is none, the first: it
    /// says so, and shows what the crop names instead.
    pub(crate) fn each_of(&self, original: &Original) -> Vec<Cow<'_, Self>> {
        let faces = original.findings.faces.as_ref().map_or(0, Vec::len);
        let by_hand = |name: &str| original.crops.iter().any(|(of, _)| of == name);
        let is_there = |one: &Cow<'_, Self>| match one.face {
            Some(face) => face == 1 || face as usize <= faces || by_hand(&one.name),
            None => true,
        };
        self.every().into_iter().filter(is_there).collect()
    }

    /// Which faces of an original get no file, though they were found.
    pub(crate) fn left_out(&self, original: &Original) -> Option<Skipped> {
        let most = self.for_each?.most;
        let found = original.findings.faces.as_ref().map_or(0, Vec::len);
        (found > most as usize).then(|| Skipped {
            derivative: self.name.clone(),
            what: format!("faces after the first {most}"),
            reason: format!("{found} were found, and the largest {most} get files"),
        })
    }

    /// The one of a face, from 1, the largest.
    fn of(&self, face: u32) -> Self {
        let mut one = Self {
            name: format!("{}-{face}", self.name),
            for_each: None,
            face: Some(face),
            ..self.clone()
        };
        if let Some(crop) = &mut one.crop {
            crop.pick = Pick::Nth(face);
            if face > 1 {
                crop.otherwise.clear();
            }
        }
        one
    }

    /// What a manifest must say of it as a whole, as no file does.
    fn note(&self, probe: &Probe, findings: &Findings) -> Option<Note> {
        if self.page.is_some_and(|page| !probe.has_page(page)) {
            return Some(Note::NoSuchPage);
        }
        let faces = findings.faces.as_ref()?.len();
        let crop = self.crop.as_ref().filter(|_| self.reads_faces())?;
        let left_out = self.for_each.is_some_and(|each| faces > each.most as usize);
        if faces == 0 && crop.otherwise.is_empty() {
            return Some(Note::NoFace);
        }
        left_out.then_some(Note::FacesLeftOut)
    }
}

impl Recipe {
    /// The derivative that made a file of this name: one of the document's, or one of those for each face.
    pub(crate) fn made_as(&self, name: &str) -> Option<Cow<'_, Derivative>> {
        let all = self.derivatives.iter().flat_map(Derivative::every);
        all.into_iter().find(|derivative| derivative.name == name)
    }

    /// What manifests say of derivatives that this original lacks something for, by name.
    pub fn notes_of(&self, probe: &Probe, findings: &Findings) -> Vec<(&str, Note)> {
        let note = |derivative: &'_ Derivative| derivative.note(probe, findings);
        let all = self.derivatives.iter();
        all.filter_map(|derivative| Some((derivative.name.as_str(), note(derivative)?)))
            .collect()
    }
}
