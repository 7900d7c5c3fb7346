//! What is believed of a renderer's answers, without a renderer: for tests that make them up.
use minilab_protos::renderer::reply::Body as Reply;
use minilab_recipe::{Findings, Limits, OutputFormat, Plan, Probe, Size, Survey};

use super::{answer, header};
use crate::renderer::{FileFailure, RenderError, RenderReport, RenderedFile};

/// What a renderer was asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Of the original.
    pub limits: &'a Limits,
    /// What the original was believed to be.
    pub probe: &'a Probe,
    /// What was to be found out.
    pub survey: &'a Survey,
    /// What was to be made.
    pub plan: &'a Plan,
}

/// An answer that keeps the protocol.
#[derive(Debug)]
pub enum Believed {
    /// The header of an original.
    Probed(Probe),
    /// What was found in it.
    Found(Findings),
    /// A file, without its bytes.
    File(RenderedFile),
    /// A file that could not be made.
    FileFailed(FileFailure),
    /// The end of a render.
    Rendered(RenderReport),
    /// The original is refused.
    Refused(RenderError),
}

/// What is believed of an answer; `None`: the child would be killed, or the answer carries nothing.
pub fn believed(reply: &Reply, asked: Asked<'_>) -> Option<Believed> {
    match reply {
        Reply::Probed(said) => serde_json::from_str(&said.probe_json)
            .ok()
            .filter(|probe| answer::is_within(probe, asked.limits))
            .map(Believed::Probed),
        Reply::Surveyed(said) => answer::findings(said, asked.survey, asked.probe).map(Believed::Found),
        Reply::FileDone(said) => {
            let index = said.file as usize;
            let planned = asked.plan.files.get(index)?;
            answer::file_done(index, bytes::Bytes::new(), said, planned).map(Believed::File)
        }
        Reply::FileFailed(said) => answer::file_failure(said.file as usize, said).map(Believed::FileFailed),
        Reply::Rendered(said) => {
            answer::report(said, Vec::new(), &asked.plan.analyses).map(Believed::Rendered)
        }
        Reply::Failed(said) => answer::refusal(said).map(Believed::Refused),
        Reply::Hello(_) | Reply::Closed(_) => None,
    }
}

/// Format and size of a file, by its own bytes.
pub fn header(bytes: &[u8]) -> Option<(OutputFormat, Size)> {
    header::read(bytes)
}
