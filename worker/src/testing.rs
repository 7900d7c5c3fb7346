//! A [`Renderer`] without processes and pixels, for tests of everything around it.
//!
//! An original is any text that begins with `WIDTHxHEIGHT`, say `4000x3000 a cat`; all else is not an image. A "file" of it
//! is a line of text that names the original and the planned file, so equal plans give equal bytes.
use std::collections::BTreeMap;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use minilab_recipe::{
    Analysis, Asset, AssetState, Embedded, Findings, Format, Limits, Pixels, Place, Plan, PlannedFile, Probe,
    Rect, Size, Survey,
};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use crate::assets::AssetFile;
use crate::pool::OriginalWriter;
use crate::renderer::{
    CrashKind, Engine, FileFailure, OriginalFile, Priority, RenderError, RenderReport, RenderedFile,
    Renderer, Session,
};

/// Renders by a script and counts what it is asked for. Clones share script and tally.
#[derive(Debug, Clone)]
pub struct ScriptedRenderer {
    engine: Engine,
    state: Arc<Mutex<State>>,
}

/// Where a fault strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// While the original is opened and probed.
    Open,
    /// While something is looked for in it.
    Survey,
    /// While the files of this derivative are encoded.
    Encode(String),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The original is refused with this code.
    Input(String),
    /// The renderer is lost.
    Crash(CrashKind),
    /// No renderer can be started.
    Unavailable,
    /// This file alone fails, with this code. Elsewhere than at [`Moment::Encode`] it is [`Fault::Input`].
    File(String),
    /// It takes this much longer, and succeeds.
    Slow(Duration),
    /// Nothing happens any more; only dropping the future ends it.
    Hang,
}

/// What was asked so far. Originals go by the SHA-256 of their bytes, in hex.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Originals opened.
    pub opens: BTreeMap<String, u32>,
    /// Originals decoded; at most once in a session.
    pub decodes: BTreeMap<String, u32>,
    /// Surveys made of them.
    pub surveys: BTreeMap<String, u32>,
    /// Files made in the background, by derivative.
    pub in_background: BTreeMap<String, u32>,
    /// Files made, by original and [`PlannedFile::canonical`].
    pub files: BTreeMap<(String, String), u32>,
    /// Sessions that are neither closed nor dropped.
    pub sessions: u32,
}

#[derive(Debug, Default)]
struct State {
    faults: Vec<(Moment, Fault, u32)>,
    tally: Tally,
}

impl Default for ScriptedRenderer {
    fn default() -> Self {
        Self::with_build_id("scripted")
    }
}

impl ScriptedRenderer {
    /// A renderer of another build: its files have other versions.
    pub fn with_build_id(build_id: &str) -> Self {
        let version = "scripted".to_owned();
        let engine = Engine {
            build_id: build_id.to_owned(),
            version,
        };
        Self {
            engine,
            state: Arc::default(),
        }
    }

    /// Lets `fault` strike the next `times` times that `moment` comes. Faults added earlier strike first.
    pub fn fail(&self, moment: Moment, fault: Fault, times: u32) {
        self.with(|state| state.faults.push((moment, fault, times)));
    }

    /// What was asked so far.
    pub fn tally(&self) -> Tally {
        self.with(|state| state.tally.clone())
    }

    /// The bytes that `file` of the original with these bytes is made as.
    pub fn body(original: &[u8], file: &PlannedFile) -> Bytes {
        encode(&sha256(original), file)
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(
            &mut self
                .state
                .lock()
                .expect("no test panics while it holds the script"),
        )
    }

    fn fault(&self, moment: &Moment) -> Option<Fault> {
        self.with(|state| {
            let (_, fault, times) = state
                .faults
                .iter_mut()
                .find(|(at, _, times)| at == moment && *times > 0)?;
            *times -= 1;
            Some(fault.clone())
        })
    }

    /// Waits or fails as the script says; a fault of a single file is handed back.
    async fn pass(&self, moment: &Moment, stage: &str) -> Result<Option<String>, RenderError> {
        match self.fault(moment) {
            None => Ok(None),
            Some(Fault::File(code)) if matches!(moment, Moment::Encode(_)) => Ok(Some(code)),
            Some(Fault::Input(code) | Fault::File(code)) => Err(refused(&code, stage)),
            Some(Fault::Crash(how)) => Err(RenderError::Crash {
                how,
                stage: stage.to_owned(),
            }),
            Some(Fault::Unavailable) => Err(RenderError::Unavailable {
                reason: "the script says so".to_owned(),
            }),
            Some(Fault::Slow(by)) => {
                tokio::time::sleep(by).await;
                Ok(None)
            }
            Some(Fault::Hang) => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Renderer for ScriptedRenderer {
    fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A script is always ready.
    fn expect(&self, _: &[u8], _: Priority) {}

    async fn open(
        &self,
        original: OriginalFile,
        limits: &Limits,
        priority: Priority,
    ) -> Result<Box<dyn Session>, RenderError> {
        let mut bytes = vec![0; usize::try_from(original.size_bytes).expect("a test's original fits memory")];
        original
            .file
            .read_exact_at(&mut bytes, 0)
            .map_err(|cause| RenderError::Unavailable {
                reason: format!("cannot read the original's memory file: {cause}"),
            })?;
        let sha256 = sha256(&bytes);
        self.with(|state| *state.tally.opens.entry(sha256.clone()).or_default() += 1);
        self.pass(&Moment::Open, "probe").await?;
        let probe = probe(&bytes).ok_or_else(|| refused("not_an_image", "probe"))?;
        if probe.stored.pixels() > limits.pixels {
            return Err(refused("too_many_pixels", "probe"));
        }
        self.with(|state| state.tally.sessions += 1);
        Ok(Box::new(ScriptedSession {
            renderer: self.clone(),
            sha256,
            probe,
            decodes: 0,
            priority,
            assets: Vec::new(),
        }))
    }
}

#[derive(Debug)]
struct ScriptedSession {
    renderer: ScriptedRenderer,
    sha256: String,
    probe: Probe,
    decodes: u32,
    priority: Priority,
    assets: Vec<AssetFile>,
}

impl Drop for ScriptedSession {
    fn drop(&mut self) {
        self.renderer.with(|state| state.tally.sessions -= 1);
    }
}

impl ScriptedSession {
    /// What a plan names came along, as it is named.
    fn assert_lent(&self, asset: &Asset) {
        let AssetState::Found {
            sha256: wanted,
            bytes,
        } = &asset.state
        else {
            panic!("{} is absent; files that need it are not asked for", asset.name);
        };
        let lent = self.assets.iter().find(|lent| lent.sha256 == *wanted);
        let lent = lent.unwrap_or_else(|| panic!("{} was not lent", asset.name));
        let mut read = vec![0; usize::try_from(*bytes).expect("a test's asset fits memory")];
        lent.file
            .read_exact_at(&mut read, 0)
            .expect("it is a memory file");
        assert_eq!(sha256(&read), *wanted, "{} has other bytes", asset.name);
    }
}

#[async_trait]
impl Session for ScriptedSession {
    fn probe(&self) -> &Probe {
        &self.probe
    }

    async fn survey(&mut self, survey: &Survey) -> Result<Findings, RenderError> {
        self.renderer.pass(&Moment::Survey, "survey").await?;
        self.renderer
            .with(|state| *state.tally.surveys.entry(self.sha256.clone()).or_default() += 1);
        let Size { width, height } = self.probe.upright();
        // A tenth of each side is border, and nobody is there.
        let inside = Rect {
            left: width / 10,
            top: height / 10,
            width: width - 2 * (width / 10),
            height: height - 2 * (height / 10),
        };
        Ok(Findings {
            trims: survey.trims.iter().map(|trim| (trim.clone(), inside)).collect(),
            faces: survey.faces.then(Vec::new),
            embedded: survey.embedded.then(Embedded::default),
            place: survey.place.then(Place::default),
        })
    }

    fn decodes(&self) -> u32 {
        self.decodes
    }

    fn cpu(&mut self) -> Duration {
        Duration::ZERO
    }

    fn step_back(&mut self) {
        self.priority = Priority::Background;
    }

    fn lend(&mut self, assets: Vec<AssetFile>) {
        self.assets = assets;
    }

    async fn render(
        &mut self,
        plan: &Arc<Plan>,
        files: &[usize],
        done: mpsc::Sender<RenderedFile>,
    ) -> Result<RenderReport, RenderError> {
        if self.decodes == 0 {
            self.decodes = 1;
            self.renderer
                .with(|state| *state.tally.decodes.entry(self.sha256.clone()).or_default() += 1);
        }
        let mut failed = Vec::new();
        for &index in files {
            let file = &plan.files[index];
            for asset in plan.assets_of(file) {
                self.assert_lent(asset);
            }
            if let Some(code) = self
                .renderer
                .pass(&Moment::Encode(file.derivative.clone()), "encode")
                .await?
            {
                let sentence = "the script says so".to_owned();
                failed.push(FileFailure {
                    index,
                    code,
                    sentence,
                });
                continue;
            }
            if self.priority == Priority::Background {
                self.renderer.with(|state| {
                    *state
                        .tally
                        .in_background
                        .entry(file.derivative.clone())
                        .or_default() += 1;
                });
            }
            let made = (self.sha256.clone(), file.canonical.clone());
            self.renderer
                .with(|state| *state.tally.files.entry(made).or_default() += 1);
            let body = encode(&self.sha256, file);
            // Whoever asked may have stopped listening.
            let _ = done
                .send(RenderedFile {
                    index,
                    body,
                    micros: 1,
                    quality: None,
                    score: None,
                    notes: Vec::new(),
                })
                .await;
        }
        let asks = |analysis| plan.analyses.contains(&analysis);
        Ok(RenderReport {
            failed,
            decode_micros: 1,
            thumbhash: asks(Analysis::Thumbhash).then(|| "1QcSHQRnh493V4dIh4eXh1h4kJUI".to_owned()),
            dominant: asks(Analysis::Dominant).then(|| format!("#{}", &self.sha256[..6])),
            ..RenderReport::default()
        })
    }

    async fn close(self: Box<Self>) {}
}

/// Key and lane of a job, as a worker reads it; `None`: it is a dead letter, or a later release's.
pub fn job(payload: &[u8]) -> Option<(minilab_store::Key, minilab_recipe::Lane)> {
    let envelope = crate::envelope::Envelope::parse(payload).ok()?;
    Some((envelope.key, envelope.lane))
}

/// An original of these bytes, as the attempt would hand it over.
pub fn original(bytes: &[u8]) -> OriginalFile {
    let mut writer = OriginalWriter::create().expect("memory files exist");
    writer.write_all(bytes).expect("memory files take bytes");
    writer.finish().expect("memory files can be sealed")
}

fn probe(bytes: &[u8]) -> Option<Probe> {
    let text = str::from_utf8(bytes).ok()?;
    let (width, height) = text.split_whitespace().next()?.split_once('x')?;
    let stored = Size {
        width: width.parse().ok()?,
        height: height.parse().ok()?,
    };
    Some(Probe {
        format: Format::Jpeg,
        stored,
        orientation: 1,
        pages: 1,
        alpha: false,
        bits: 8,
        pixels: Pixels::Rgb,
        icc: false,
        whole_image: false,
        further: std::collections::BTreeMap::new(),
    })
}

fn encode(sha256: &str, file: &PlannedFile) -> Bytes {
    let (format, Size { width, height }) = (file.encoding.format(), file.size);
    format!("{format} {width}x{height} {} of {sha256}", file.canonical).into()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn refused(code: &str, stage: &str) -> RenderError {
    RenderError::Input {
        code: code.to_owned(),
        sentence: format!("the original is refused: {code}"),
        stage: stage.to_owned(),
    }
}
