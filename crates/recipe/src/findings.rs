//! Survey: what a recipe must know of an original's content before it can be planned; findings: what was found.
//!
//! Findings follow from the original's bytes alone. They are kept with the observation of an original, so that each thing
//! is looked for once, whatever lanes and changed recipes ask it later.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Decode, Recipe, Rect, Size};

/// Faces that are kept of one original, the surest first: a crowd's other faces are too small to be cropped to.
pub const FACES_MAX: usize = 64;
/// Embedded texts that are kept, and bytes of one: enough for every camera, too little to swell a record.
pub const TEXTS_MAX: usize = 64;
/// Longest embedded text, in bytes.
pub const TEXT_BYTES_MAX: usize = 1024;
/// All of them together: they are kept in the record.
pub const TEXTS_BYTES_MAX: usize = 16 << 10;
/// Embedded regions that are kept.
pub const REGIONS_MAX: usize = 64;
/// Rectangles of trims that are kept; recipes that change their threshold leave old ones behind.
const TRIMS_MAX: usize = 16;

/// What is to be found out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Survey {
    /// What each of these trims (by canonical text) leaves of the upright original.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trims: Vec<String>,
    /// Where are faces?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub faces: bool,
    /// What do EXIF, IPTC and XMP say?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub embedded: bool,
    /// Where was it taken? Only if that is to be published.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub place: bool,
    /// How the original is decoded for that ([`Recipe::foresee`]), where pixels are looked at. It is kept for a plan that says
    /// the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decode: Option<Decode>,
}

/// What was found out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Findings {
    /// What each trim (by canonical text) leaves of the upright original.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trims: Vec<(String, Rect)>,
    /// Faces in a stable order: the surest first. `None`: nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faces: Option<Vec<Face>>,
    /// What EXIF, IPTC and XMP say. `None`: nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedded: Option<Embedded>,
    /// Where it was taken. `None`: nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Where an original was taken.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Place {
    /// `None`: it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Coordinates>,
}

/// A place on earth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coordinates {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Metres above the sea.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude: Option<f64>,
}

impl Coordinates {
    /// Rounded to a step and a half (five digits) and to a hand's breadth; `None` for what is nowhere on earth.
    pub fn new(latitude: f64, longitude: f64, altitude: Option<f64>) -> Option<Self> {
        let round = |number: f64, digits: f64| (number * digits).round() / digits;
        let sound = altitude.filter(|metres| (-20_000.0..=100_000.0).contains(metres));
        let place = Self {
            latitude: round(latitude, 1e5),
            longitude: round(longitude, 1e5),
            altitude: sound.map(|metres| round(metres, 10.0)),
        };
        Some(place).filter(Self::is_on_earth)
    }

    fn is_on_earth(&self) -> bool {
        (-90.0..=90.0).contains(&self.latitude)
            && (-180.0..=180.0).contains(&self.longitude)
            && self.altitude.is_none_or(f64::is_finite)
    }
}

/// A part of the upright picture, as fractions of its width and height, wholly inside.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Across.
    pub width: f64,
    /// Down.
    pub height: f64,
}

/// A face.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Face {
    /// From the brows to the chin and from ear to ear, about.
    pub area: Area,
    /// How sure the detector is, 0 to 1.
    pub score: f64,
}

/// What an original's own metadata says. Written by anybody: text to be shown, never to be trusted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Embedded {
    /// By name, as `exif.Model`, `iptc.Headline`, `xmp.dc:title`; without control characters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, String>,
    /// Parts that people or cameras have marked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Mark>,
}

/// A marked part of the picture (Metadata Working Group, `mwg-rs`). Names of people are not read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// What it is.
    pub kind: MarkKind,
    /// Where; without extent where only a point is marked.
    pub area: Area,
}

/// What a region marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// A person's face.
    Face,
    /// An animal's.
    Pet,
    /// What the camera focused on.
    Focus,
}

impl Survey {
    /// Is there anything to be found out?
    pub fn is_empty(&self) -> bool {
        self.trims.is_empty() && !self.faces && !self.embedded && !self.place
    }

    /// What of it is not known yet.
    #[must_use]
    pub fn lacking(&self, known: &Findings) -> Self {
        let unknown = |trim: &&String| known.trim(trim).is_none();
        Self {
            trims: self.trims.iter().filter(unknown).cloned().collect(),
            faces: self.faces && known.faces.is_none(),
            embedded: self.embedded && known.embedded.is_none(),
            place: self.place && known.place.is_none(),
            decode: None,
        }
    }
}

impl Findings {
    /// Was nothing looked for?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What a trim leaves, by its canonical text.
    pub fn trim(&self, canonical: &str) -> Option<Rect> {
        let found = self.trims.iter().find(|(known, _)| known == canonical);
        found.map(|(_, rect)| *rect)
    }

    /// Adds what was found later.
    pub fn extend(&mut self, later: Self) {
        self.trims
            .retain(|(known, _)| later.trims.iter().all(|(new, _)| new != known));
        self.trims.extend(later.trims);
        let surplus = self.trims.len().saturating_sub(TRIMS_MAX);
        self.trims.drain(..surplus);
        self.faces = later.faces.or(self.faces.take());
        self.embedded = later.embedded.or(self.embedded.take());
        self.place = later.place.or(self.place);
    }

    /// Does it answer the survey of a picture of that size, no more and no less, within all limits?
    pub fn answers(&self, survey: &Survey, upright: Size) -> bool {
        let trims = self.trims.len() == survey.trims.len()
            && survey
                .trims
                .iter()
                .all(|trim| self.trim(trim).is_some_and(|rect| rect.lies_in(upright)));
        let faces = self.faces.as_ref().is_none_or(|faces| {
            let sound = |face: &Face| face.area.is_inside() && (0.0..=1.0).contains(&face.score);
            faces.len() <= FACES_MAX && faces.iter().all(sound)
        });
        let embedded = self.embedded.as_ref().is_none_or(Embedded::is_bounded);
        let place = self
            .place
            .and_then(|place| place.at)
            .is_none_or(|at| at.is_on_earth());
        trims
            && faces
            && embedded
            && place
            && self.place.is_some() == survey.place
            && self.faces.is_some() == survey.faces
            && self.embedded.is_some() == survey.embedded
    }
}

impl Area {
    /// Does it lie within the picture? (Fractions are rounded, so a hair beyond the edge is inside.)
    pub fn is_inside(&self) -> bool {
        const HAIR: f64 = 1e-4;
        let unit = -HAIR..=1.0 + HAIR;
        [self.x, self.y, self.x + self.width, self.y + self.height]
            .iter()
            .all(|edge| unit.contains(edge))
            && self.width >= 0.0
            && self.height >= 0.0
    }

    /// Its middle.
    pub fn centre(&self) -> crate::Point {
        crate::Point {
            x: self.x + self.width / 2.0,
            y: self.y + self.height / 2.0,
        }
    }
}

impl Embedded {
    fn is_bounded(&self) -> bool {
        let plain = |text: &str| !text.chars().any(char::is_control);
        let bytes: usize = self
            .texts
            .iter()
            .map(|(name, text)| name.len() + text.len())
            .sum();
        self.texts.len() <= TEXTS_MAX
            && bytes <= TEXTS_BYTES_MAX
            && self.regions.len() <= REGIONS_MAX
            && self
                .texts
                .iter()
                .all(|(name, text)| text.len() <= TEXT_BYTES_MAX && plain(name) && plain(text))
            && self.regions.iter().all(|region| region.area.is_inside())
    }
}

impl Recipe {
    /// What must be found out of an original before it is planned. What is already known of it is taken off by
    /// [`Survey::lacking`]; the findings go into [`crate::Original::findings`].
    pub fn survey(&self) -> Survey {
        let mut survey = Survey::default();
        for trim in self.derivatives().iter().filter_map(|derivative| derivative.trim) {
            let name = trim.canonical();
            if !survey.trims.contains(&name) {
                survey.trims.push(name);
            }
        }
        survey.faces = self.publish.contains(&crate::Publish::Faces)
            || self.derivatives().iter().any(crate::Derivative::reads_faces);
        let steps = self.derivatives().iter().flat_map(|derivative| &derivative.steps);
        let mut templates = steps.filter_map(crate::AskedStep::template);
        // People mark faces and focus in XMP too.
        survey.embedded = self.derivatives().iter().any(crate::Derivative::reads_focal)
            || templates.any(crate::TextTemplate::reads_embedded)
            || self.publish.contains(&crate::Publish::Metadata);
        survey.place = self.publish.contains(&crate::Publish::Gps);
        survey
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPRIGHT: Size = Size {
        width: 100,
        height: 50,
    };

    fn rect(width: u32) -> Rect {
        Rect {
            left: 0,
            top: 0,
            width,
            height: 50,
        }
    }

    fn face(x: f64, score: f64) -> Face {
        Face {
            area: Area {
                x,
                y: 0.25,
                width: 0.5,
                height: 0.5,
            },
            score,
        }
    }

    #[test]
    fn only_what_is_not_known_is_looked_for() {
        let survey = Survey {
            trims: vec!["threshold=10".to_owned(), "threshold=20".to_owned()],
            faces: true,
            embedded: true,
            place: true,
            decode: None,
        };
        let mut known = Findings {
            trims: vec![("threshold=20".to_owned(), rect(5))],
            embedded: Some(Embedded::default()),
            ..Findings::default()
        };
        let rest = survey.lacking(&known);
        assert_eq!(
            (rest.trims, rest.faces, rest.embedded),
            (vec!["threshold=10".to_owned()], true, false)
        );
        known.extend(Findings {
            trims: vec![("threshold=10".to_owned(), rect(6))],
            faces: Some(Vec::new()),
            embedded: None,
            place: Some(Place::default()),
        });
        assert!(survey.lacking(&known).is_empty());
        for threshold in 0..100 {
            let trims = vec![(format!("threshold={threshold}"), rect(7))];
            known.extend(Findings {
                trims,
                ..Findings::default()
            });
        }
        assert_eq!(known.trims.len(), TRIMS_MAX);
        assert_eq!(known.trim("threshold=99"), Some(rect(7)));
    }

    #[test]
    fn answer_is_what_was_asked_and_possible() {
        let survey = Survey {
            trims: vec!["threshold=10".to_owned()],
            faces: true,
            embedded: true,
            place: true,
            decode: None,
        };
        let good = Findings {
            trims: vec![("threshold=10".to_owned(), rect(100))],
            faces: Some(vec![face(0.5, 0.9)]),
            embedded: Some(Embedded::default()),
            place: Some(Place::default()),
        };
        assert!(good.answers(&survey, UPRIGHT));
        let wrong: [&dyn Fn(&mut Findings); 9] = [
            &|found| found.place = None,
            &|found| {
                let at = Coordinates {
                    latitude: 91.0,
                    longitude: 0.0,
                    altitude: None,
                };
                found.place = Some(Place { at: Some(at) });
            },
            &|found| found.trims[0].1.width = 101,
            &|found| found.trims.clear(),
            &|found| found.faces = None,
            &|found| found.faces = Some(vec![face(0.6, 0.9)]),
            &|found| found.faces = Some(vec![face(f64::NAN, 0.9)]),
            &|found| found.faces = Some(vec![face(0.5, 0.9); FACES_MAX + 1]),
            &|found| {
                let texts = [("exif.Model".to_owned(), "a\nb".to_owned())].into();
                found.embedded = Some(Embedded {
                    texts,
                    ..Embedded::default()
                });
            },
        ];
        for (index, spoil) in wrong.iter().enumerate() {
            let mut bad = good.clone();
            spoil(&mut bad);
            assert!(!bad.answers(&survey, UPRIGHT), "{index}");
        }
    }
}
