//! What is found out of an original before its plan: the survey's questions put to the engine, one by one, over one decode.
use minilab_imaging::{Engine, Error};
use minilab_recipe::{Findings, Place, Survey};

use crate::{opened::Opened, trim};

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

/// All that is asked, and nothing else. What was decoded for it stays at hand.
pub fn find(engine: &Engine, opened: &mut Opened<'_>, survey: &Survey) -> Result<Findings, Fault> {
    let mut findings = Findings::default();
    if survey.embedded || survey.place {
        let told = engine.told(opened.bytes(), opened.probe)?;
        findings.embedded = survey.embedded.then_some(told.embedded);
        findings.place = survey.place.then_some(Place { at: told.place });
    }
    if survey.trims.is_empty() && !survey.faces {
        return Ok(findings);
    }
    let Some(decode) = &survey.decode else {
        return Err(Fault::Unreadable("the survey does not say how to decode"));
    };
    if !survey.trims.is_empty() && decode.size != opened.probe.upright() {
        return Err(Fault::Unreadable(
            "a trim is looked for in less than the original",
        ));
    }
    let decoded = opened.decoded(engine, decode)?;
    for text in &survey.trims {
        let trim = trim::parse(text).ok_or(Fault::Unreadable("the trim cannot be read"))?;
        findings.trims.push((text.clone(), decoded.find_trim(&trim)?));
    }
    if survey.faces {
        findings.faces = Some(decoded.faces()?);
    }
    opened.keep(decoded);
    Ok(findings)
}
