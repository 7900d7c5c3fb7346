//! An open original: its bytes, its header, what of it is decoded just now, and how often it was decoded.
use std::time::Duration;

use minilab_imaging::{Decoded, Engine, Error};
use minilab_recipe::{Decode, Probe};

use crate::process::mapped::Mapped;

/// All decoding of an original goes through here, so that none is left out of the count.
pub struct Opened<'a> {
    bytes: &'a Mapped,
    /// Its header.
    pub probe: &'a Probe,
    /// Left by a survey.
    at_hand: Option<Decoded<'a>>,
    /// How often it was decoded, whatever for.
    pub decodes: u32,
    /// How long that took.
    pub decoding: Duration,
}

impl<'a> Opened<'a> {
    /// Nothing of it is decoded yet.
    pub fn new(bytes: &'a Mapped, probe: &'a Probe) -> Self {
        Self {
            bytes,
            probe,
            at_hand: None,
            decodes: 0,
            decoding: Duration::ZERO,
        }
    }

    /// All of it.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What is at hand, if it is decoded so; else decoded now, after that was let go of.
    pub fn decoded(&mut self, engine: &Engine, wanted: &Decode) -> Result<Decoded<'a>, Error> {
        match self.at_hand.take() {
            Some(decoded) if decoded.decode() == wanted => return Ok(decoded),
            other => drop(other),
        }
        let decoded = engine.decode(self.bytes, self.probe, wanted)?;
        self.bytes.evict();
        self.decodes += 1;
        self.decoding += decoded.took();
        Ok(decoded)
    }

    /// Keeps it for whoever wants it decoded so.
    pub fn keep(&mut self, decoded: Decoded<'a>) {
        self.at_hand = Some(decoded);
    }
}
