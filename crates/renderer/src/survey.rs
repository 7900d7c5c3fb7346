//! What is found out of an original before its plan: the survey's questions put to the engine, one by one.
use minilab_imaging::{Engine, Error};
use minilab_recipe::{Findings, Place, Probe, Survey};

use crate::trim;

/// An open original.
pub struct Surveyor<'a> {
    /// What looks at it.
    pub engine: &'a Engine,
    /// The whole of it.
    pub bytes: &'a [u8],
    /// Its header.
    pub probe: &'a Probe,
}

/// Why there are no findings.
pub enum Fault {
    /// The worker asks what no recipe can.
    Unreadable(&'static str),
    /// The original cannot be decoded.
    Imaging(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Imaging(error)
    }
}

impl Surveyor<'_> {
    /// All that is asked, and nothing else.
    pub fn find(&self, survey: &Survey) -> Result<Findings, Fault> {
        let mut findings = Findings::default();
        for text in &survey.trims {
            let trim = trim::parse(text).ok_or(Fault::Unreadable("the trim cannot be read"))?;
            let rect = self.engine.find_trim(self.bytes, self.probe, &trim)?;
            findings.trims.push((text.clone(), rect));
        }
        if survey.faces {
            findings.faces = Some(self.engine.faces(self.bytes, self.probe)?);
        }
        if survey.embedded || survey.place {
            let told = self.engine.told(self.bytes, self.probe)?;
            findings.embedded = survey.embedded.then_some(told.embedded);
            findings.place = survey.place.then_some(Place { at: told.place });
        }
        Ok(findings)
    }
}
