//! The conversation: one original at a time, and in it one plan at a time, so that what is decoded is kept until another
//! plan comes or the original is closed.
//!
//! Each level answers the requests that it knows and returns the first that it does not.
use std::fs::File;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::time::Duration;

use minilab_imaging::{Engine, Error, Limits, Session};
use minilab_protos::renderer::{
    Asset, Closed, Failed, FileDone, FileFailed, Open, Probed, Render, Rendered, Surveyed,
    reply::Body as Reply, request::Body as Request,
};
use minilab_recipe::{Note, Plan, Score};

use crate::analyses;
use crate::arguments::Arguments;
use crate::link::{Link, LinkError, Received};
use crate::opened::Opened;
use crate::process::{background, mapped::Mapped, muster::Muster};
use crate::shelf::Shelf;
use crate::survey::{self, Fault};

/// Why the process ends.
#[derive(Debug)]
pub enum Stop {
    /// The worker is gone or wrong.
    Link(LinkError),
    /// What runs out of memory once is not trusted to have let go of all of it.
    OutOfMemory,
}

impl From<LinkError> for Stop {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

/// What every level needs.
struct Desk<'a> {
    engine: &'a Engine,
    link: &'a mut Link,
    muster: &'a Muster,
    file_bytes_max: u64,
    background: bool,
}

/// Serves originals until the worker hangs up.
pub fn serve(engine: &Engine, link: &mut Link, muster: &Muster, arguments: &Arguments) -> Result<(), Stop> {
    let mut desk = Desk {
        engine,
        link,
        muster,
        file_bytes_max: arguments.file_bytes_max,
        background: arguments.background,
    };
    loop {
        match desk.link.receive()? {
            (Request::Open(open), descriptors) => desk.original(&open, descriptors)?,
            (Request::Close(_), _) => desk.closed()?,
            _ => return Err(LinkError::Protocol("nothing is open").into()),
        }
    }
}

impl Desk<'_> {
    /// One original, from Open to Close.
    fn original(&mut self, open: &Open, descriptors: Vec<OwnedFd>) -> Result<(), Stop> {
        let [memory] = <[OwnedFd; 1]>::try_from(descriptors)
            .map_err(|_| LinkError::Protocol("an original needs one descriptor"))?;
        let bytes = map(memory, open.size_bytes)?;
        let limits = serde_json::from_str(&open.limits_json)
            .map_err(|_| LinkError::Protocol("the limits cannot be read"))?;
        let probe = match self.engine.probe(&bytes, &imaging_limits(&limits)) {
            Ok(probe) => probe,
            // The worker closes.
            Err(error) => return self.refuse(&error, "probe"),
        };
        let probe_json = serde_json::to_string(&probe).expect("a probe is plain data");
        self.link.send(Reply::Probed(Probed { probe_json }))?;
        let mut opened = Opened::new(&bytes, &probe);
        let mut next = self.link.receive()?;
        loop {
            next = match next {
                (Request::Survey(asked), _) => {
                    self.survey(&mut opened, &asked.survey_json)?;
                    self.link.receive()?
                }
                (Request::Render(render), files) => self.plan(&mut opened, render, files)?,
                (Request::Close(_), _) => break,
                (Request::Open(_), _) => return Err(LinkError::Protocol("an original is open").into()),
            };
        }
        drop(opened);
        drop(bytes);
        self.closed()
    }

    fn survey(&mut self, opened: &mut Opened<'_>, survey_json: &str) -> Result<(), Stop> {
        let survey = serde_json::from_str(survey_json)
            .map_err(|_| LinkError::Protocol("the survey cannot be read"))?;
        match survey::find(self.engine, opened, &survey) {
            Ok(findings) => {
                let surveyed = Surveyed {
                    findings_json: serde_json::to_string(&findings).expect("findings are plain data"),
                    decodes: opened.decodes,
                    decode_micros: micros(opened.decoding),
                };
                Ok(self.link.send(Reply::Surveyed(surveyed))?)
            }
            Err(Fault::Unreadable(what)) => Err(LinkError::Protocol(what).into()),
            Err(Fault::Imaging(error)) => self.refuse(&error, "decode"),
        }
    }

    /// One plan, until another request than to render more of it.
    fn plan(
        &mut self,
        opened: &mut Opened<'_>,
        first: Render,
        files: Vec<OwnedFd>,
    ) -> Result<Received, Stop> {
        let plan_json = first.plan_json.clone();
        let plan: Plan =
            serde_json::from_str(&plan_json).map_err(|_| LinkError::Protocol("the plan cannot be read"))?;
        let shelf = Shelf::default();
        let mut trunk = Trunk {
            shelf: &shelf,
            plan: &plan,
            opened,
            session: None,
            made: Rendered::default(),
            analysed: false,
        };
        let mut next = (first, files);
        loop {
            if next.0.background {
                self.step_back()?;
            }
            self.render(&mut trunk, &next.0, next.1)?;
            next = match self.link.receive()? {
                (Request::Render(render), files) if render.plan_json == plan_json => (render, files),
                other => {
                    trunk.forget();
                    return Ok(other);
                }
            };
        }
    }

    fn render(
        &mut self,
        trunk: &mut Trunk<'_, '_>,
        request: &Render,
        mut outputs: Vec<OwnedFd>,
    ) -> Result<(), Stop> {
        let wanted = &request.files;
        let assets = outputs.split_off(wanted.len().min(outputs.len()));
        put(trunk.shelf, &request.assets, assets)?;
        if wanted.len() != outputs.len() || wanted.iter().any(|file| *file as usize >= trunk.plan.files.len())
        {
            return Err(LinkError::Protocol("files and descriptors do not match the plan").into());
        }
        if let Err(error) = trunk.decode_for(self.engine, wanted) {
            return self.refuse(&error, "decode");
        }
        for (&file, output) in wanted.iter().zip(outputs) {
            let session = trunk.session.as_mut().expect("it was opened above");
            session.1[file as usize] = true;
            let reply = match session.0.encode(file as usize) {
                Err(Error::OutOfMemory { .. }) => return Err(Stop::OutOfMemory),
                Err(error) => failed_file(file, error.code(), error.to_string()),
                Ok(encoded) if encoded.bytes.len() as u64 > self.file_bytes_max => {
                    let sentence = format!(
                        "the encoded file has {} bytes, more than the limit of {}",
                        encoded.bytes.len(),
                        self.file_bytes_max
                    );
                    failed_file(file, "file_too_large", sentence)
                }
                Ok(encoded) => {
                    File::from(output)
                        .write_all(&encoded.bytes)
                        .map_err(LinkError::Io)?;
                    let mut notes = encoded.notes;
                    notes.extend(trunk.grown(file, encoded.bytes.len()));
                    Reply::FileDone(FileDone {
                        file,
                        size_bytes: encoded.bytes.len() as u64,
                        width: encoded.size.width,
                        height: encoded.size.height,
                        micros: micros(encoded.timing.steps + encoded.timing.encode),
                        quality: encoded.quality.map(u32::from),
                        score: encoded.score.map(Score::get),
                        notes: notes.iter().map(|note| note.name()).collect(),
                    })
                }
            };
            self.link.send(reply)?;
        }
        Ok(self.link.send(Reply::Rendered(trunk.told()))?)
    }

    /// What comes may take only the CPU time that nobody else wants.
    fn step_back(&mut self) -> Result<(), Stop> {
        if !self.background {
            background::enter(self.muster).map_err(LinkError::Io)?;
            self.background = true;
        }
        Ok(())
    }

    /// The process is well, the original is not.
    fn refuse(&mut self, error: &Error, stage: &str) -> Result<(), Stop> {
        if matches!(error, Error::OutOfMemory { .. }) {
            return Err(Stop::OutOfMemory);
        }
        let failed = Failed {
            code: error.code().to_owned(),
            sentence: error.to_string(),
            stage: stage.to_owned(),
        };
        Ok(self.link.send(Reply::Failed(failed))?)
    }

    fn closed(&mut self) -> Result<(), Stop> {
        Ok(self.link.send(Reply::Closed(Closed {}))?)
    }
}

/// A plan being made from an original: decoded when the first file is wanted, and kept for later ones.
struct Trunk<'a, 'o> {
    shelf: &'a Shelf,
    plan: &'a Plan,
    opened: &'a mut Opened<'o>,
    /// And which files it has made: it makes each once.
    session: Option<(Session<'a>, Vec<bool>)>,
    made: Rendered,
    /// Are the plan's analyses in it?
    analysed: bool,
}

impl Trunk<'_, '_> {
    /// What there is to be said of all that was made. Further pages are decoded when a file needs them.
    fn told(&self) -> Rendered {
        let session = self.session.as_ref().map(|(session, _)| session);
        let further = session.map_or((0, Duration::ZERO), |session| {
            (session.decodes(), session.decoding())
        });
        Rendered {
            decodes: self.opened.decodes + further.0,
            decode_micros: micros(self.opened.decoding + further.1),
            ..self.made.clone()
        }
    }

    /// Lets go of what is decoded.
    fn forget(&mut self) {
        if let Some((session, _)) = self.session.take() {
            self.opened.decodes += session.decodes();
            self.opened.decoding += session.decoding();
        }
    }

    /// Is a file an animation that came out larger than it was?
    fn grown(&self, file: u32, bytes: usize) -> Option<Note> {
        let is_animated = self.plan.files[file as usize].frames > 1;
        (is_animated && bytes > self.opened.bytes().len()).then_some(Note::LargerThanOriginal)
    }

    /// Decodes, unless what is decoded can still make these files.
    fn decode_for(&mut self, engine: &Engine, wanted: &[u32]) -> Result<(), Error> {
        if let Some((session, done)) = &mut self.session
            && wanted.iter().all(|file| !done[*file as usize])
        {
            lend(session, engine, self.shelf);
            return Ok(());
        }
        self.forget();
        // All of the plan, not only what is wanted now: a later request finds the images that it needs.
        let all: Vec<usize> = (0..self.plan.files.len()).collect();
        let decoded = self.opened.decoded(engine, &self.plan.decode)?;
        let mut session = decoded.open(self.plan, &all)?;
        lend(&mut session, engine, self.shelf);
        if !self.analysed && !self.plan.analyses.is_empty() {
            self.analysed = true;
            let analyses = session.analyse()?;
            analyses::tell(&mut self.made, &self.plan.analyses, &analyses);
        }
        self.session = Some((session, vec![false; self.plan.files.len()]));
        Ok(())
    }
}

/// What is on the shelf and the session does not know yet.
fn lend<'a>(session: &mut Session<'a>, engine: &Engine, shelf: &'a Shelf) {
    for (sha256, bytes) in shelf.all() {
        session.lend(engine, sha256, bytes);
    }
}

/// Maps what is not there yet.
fn put(shelf: &Shelf, assets: &[Asset], descriptors: Vec<OwnedFd>) -> Result<(), Stop> {
    if assets.len() != descriptors.len() {
        return Err(LinkError::Protocol("assets and descriptors do not match").into());
    }
    for (asset, descriptor) in assets.iter().zip(descriptors) {
        if shelf.has(&asset.sha256) {
            continue;
        }
        let bytes = map(descriptor, asset.size_bytes)?;
        if !shelf.put(asset.sha256.clone(), bytes) {
            return Err(LinkError::Protocol("there are more assets than a recipe may name").into());
        }
    }
    Ok(())
}

fn map(memory: OwnedFd, size_bytes: u64) -> Result<Mapped, Stop> {
    Mapped::new(memory, size_bytes).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::OutOfMemory => Stop::OutOfMemory,
        _ => Stop::Link(LinkError::Io(cause)),
    })
}

fn failed_file(file: u32, code: &str, sentence: String) -> Reply {
    Reply::FileFailed(FileFailed {
        file,
        code: code.to_owned(),
        sentence,
    })
}

fn imaging_limits(limits: &minilab_recipe::Limits) -> Limits {
    Limits {
        pixels_max: limits.pixels,
        pixels_whole_image_max: limits.pixels_whole_image,
        side_px_max: limits.side,
        bands_max: limits.bands,
        frames_max: limits.frames,
        formats: limits.formats.clone(),
        pages: limits.pages.clone(),
        ..Limits::default()
    }
}

fn micros(time: Duration) -> u64 {
    time.as_micros() as u64
}
