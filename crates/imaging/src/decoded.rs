//! An original decoded, before and apart from what is made of it: a survey looks at it, and a plan may go on with it.
use std::time::{Duration, Instant};

use minilab_recipe::{Decode, Probe};

use crate::carried::Carried;
use crate::picture::Picture;
use crate::{Engine, Error, Result, trunk};

/// Pixels in memory, upright, and what metadata a file may want to keep.
pub struct Decoded<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) probe: Probe,
    pub(crate) decode: Decode,
    pub(crate) picture: Picture<'a>,
    pub(crate) carried: Carried,
    took: Duration,
}

impl Engine {
    /// Decodes an original. All decoding of originals goes this way, so whoever calls it knows how often that was.
    ///
    /// `probe` is what [`Engine::probe`] said of the same bytes.
    pub fn decode<'a>(&self, bytes: &'a [u8], probe: &Probe, wanted: &Decode) -> Result<Decoded<'a>> {
        decode(bytes, probe, wanted)
    }
}

/// As [`Engine::decode`], for whoever has decoded before.
pub(crate) fn decode<'a>(bytes: &'a [u8], probe: &Probe, wanted: &Decode) -> Result<Decoded<'a>> {
    let started = Instant::now();
    // Of an animation, the page of a decode is its first frame.
    let page = if probe.has_page(wanted.page) {
        wanted.page
    } else {
        0
    };
    let own = probe.of_page(page).ok_or_else(|| {
        Error::internal(format!(
            "page {page} is to be decoded, of which no header was read"
        ))
    })?;
    let (picture, carried) = trunk::grow(bytes, &own, wanted)?;
    Ok(Decoded {
        bytes,
        probe: probe.clone(),
        decode: wanted.clone(),
        picture,
        carried,
        took: started.elapsed(),
    })
}

impl Decoded<'_> {
    /// How it was decoded.
    pub fn decode(&self) -> &Decode {
        &self.decode
    }

    /// How long that took, with the way to the trunk.
    pub fn took(&self) -> Duration {
        self.took
    }
}
