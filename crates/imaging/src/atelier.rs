//! What steps work with besides the picture: other pictures, decoded when first needed and once, and letters.
use std::collections::BTreeMap;

use minilab_recipe::{ASSET_PIXELS_MAX, ColourSpace, Decode, Kernel, Note, Picture, Probe, Shrink};
use minilab_text::Typesetter;

use crate::vips::Image;
use crate::{Engine, Error, Limits, Result, trunk};

/// The pictures lent to a session, and what it has found out of them.
pub(crate) struct Atelier<'a> {
    lent: BTreeMap<String, Lent<'a>>,
    typesetter: Option<Typesetter>,
    /// What the steps applied since have to tell of themselves.
    notes: Vec<Note>,
}

struct Lent<'a> {
    bytes: &'a [u8],
    /// Or why it cannot be used.
    probe: Result<Probe, String>,
    decoded: Option<Image<'a>>,
}

impl<'a> Atelier<'a> {
    pub fn new() -> Self {
        Self {
            lent: BTreeMap::new(),
            typesetter: None,
            notes: Vec::new(),
        }
    }

    /// Takes a picture's bytes, which are looked at as an original's are.
    pub fn lend(&mut self, engine: &Engine, sha256: &str, bytes: &'a [u8]) {
        if self.lent.contains_key(sha256) {
            return;
        }
        let limits = Limits {
            pixels_max: ASSET_PIXELS_MAX,
            pixels_whole_image_max: ASSET_PIXELS_MAX,
            ..Limits::default()
        };
        let probe = engine.probe(bytes, &limits).map_err(|error| error.to_string());
        self.lent.insert(
            sha256.to_owned(),
            Lent {
                bytes,
                probe,
                decoded: None,
            },
        );
    }

    /// A picture, upright, in sRGB.
    pub fn picture(&mut self, picture: &Picture) -> Result<Image<'a>> {
        let unusable = |detail: String| Error::Asset { detail };
        let Picture::Sha256(sha256) = picture else {
            return Err(unusable("it is not there".to_owned()));
        };
        let Some(lent) = self.lent.get_mut(sha256) else {
            return Err(unusable(format!(
                "the one with the SHA-256 {sha256} did not come along"
            )));
        };
        if let Some(decoded) = &lent.decoded {
            return Ok(decoded.clone());
        }
        let probe = lent.probe.as_ref().map_err(|why| unusable(why.clone()))?;
        let whole = Decode {
            shrink: Shrink(1),
            page: 0,
            size: probe.upright(),
            colour: ColourSpace::Srgb,
            kernel: Kernel::default(),
            frames: 1,
        };
        let (decoded, _) = trunk::grow(lent.bytes, probe, &whole).map_err(|error| match error {
            memory @ Error::OutOfMemory { .. } => memory,
            other => unusable(other.to_string()),
        })?;
        Ok(lent.decoded.insert(decoded.first().clone()).clone())
    }

    pub fn typesetter(&mut self) -> &mut Typesetter {
        self.typesetter.get_or_insert_default()
    }

    pub fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }
}
