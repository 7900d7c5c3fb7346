//! The port to whatever decodes and encodes: a pool of renderer processes, or a script in tests.
use std::{fmt, fs::File, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use minilab_recipe::{Findings, Note, Plan, Probe, Score, Survey};
use tokio::sync::mpsc;

use crate::assets::AssetFile;

/// Makes files of originals. A session is one slot: it holds a process (and its memory) until it is closed or dropped.
#[async_trait]
pub trait Renderer: Send + Sync + fmt::Debug + 'static {
    /// What renders: part of every file's version, so that two builds never adopt each other's bytes.
    fn engine(&self) -> &Engine;

    /// An original that begins with these bytes is on its way. What it will need and is not there yet is made ready meanwhile;
    /// [`Self::open`] does not rely on it.
    fn expect(&self, head: &[u8], priority: Priority);

    /// Waits for a free slot, hands the original over and probes it. Where nobody waits for the result, it takes only the
    /// CPU time that nothing else on the machine wants.
    ///
    /// Dropping the future or the session at any time frees the slot (the process is killed if it was busy).
    async fn open(
        &self,
        original: OriginalFile,
        limits: &minilab_recipe::Limits,
        priority: Priority,
    ) -> Result<Box<dyn Session>, RenderError>;
}

/// One original in one renderer.
#[async_trait]
pub trait Session: Send + Sync + fmt::Debug {
    /// Its header.
    fn probe(&self) -> &Probe;

    /// Finds out what a recipe must know of the original before it is planned: all that is asked, and nothing else.
    async fn survey(&mut self, survey: &Survey) -> Result<Findings, RenderError>;

    /// How often its original has been decoded so far, whatever for.
    fn decodes(&self) -> u32;

    /// CPU time spent on this original since it was last asked.
    fn cpu(&mut self) -> Duration;

    /// Goes on as [`Priority::Background`], until it is closed.
    fn step_back(&mut self);

    /// Lends the pictures that plans name by their SHA-256; those lent before are forgotten.
    fn lend(&mut self, assets: Vec<AssetFile>);

    /// Encodes the files of `plan` with these indexes, in this order, and sends each as soon as it is done. Waits for
    /// admission by the plan's predicted memory. Files that fail for a reason of their own are in the report; the rest is
    /// made. A later call with the same plan reuses what is decoded.
    async fn render(
        &mut self,
        plan: &Arc<Plan>,
        files: &[usize],
        done: mpsc::Sender<RenderedFile>,
    ) -> Result<RenderReport, RenderError>;

    /// Forgets the original and gives the process back to the pool.
    async fn close(self: Box<Self>);
}

/// Who waits for what is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// Somebody.
    Live,
    /// Nobody for now.
    Background,
}

/// What renders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// Digest of both binaries' build.
    pub build_id: String,
    /// For people: `libvips 8.18.7 (...)`.
    pub version: String,
}

/// An original's bytes in an anonymous memory file, complete and sealed.
#[derive(Debug)]
pub struct OriginalFile {
    /// The memory file.
    pub file: File,
    /// Its length.
    pub size_bytes: u64,
    /// Whose it is; `None`: nobody's in particular.
    pub tenant: Option<String>,
}

impl OriginalFile {
    /// The same, of this tenant; of none if the name is empty.
    #[must_use]
    pub fn of_tenant(self, tenant: &str) -> Self {
        Self {
            tenant: Some(tenant.to_owned()).filter(|tenant| !tenant.is_empty()),
            ..self
        }
    }
}

/// A finished file.
#[derive(Debug, Clone)]
pub struct RenderedFile {
    /// Index in [`Plan::files`].
    pub index: usize,
    /// The encoded picture, checked to be of the planned format and size.
    pub body: Bytes,
    /// Time spent on it.
    pub micros: u64,
    /// What its quality was found to be, where the plan has it searched.
    pub quality: Option<u8>,
    /// How it looks beside what it was encoded from, where the plan seeks that.
    pub score: Option<Score>,
    /// What the renderer adds to the plan's notes.
    pub notes: Vec<Note>,
}

/// What one call of [`Session::render`] came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RenderReport {
    /// Files that could not be made, for reasons of their own.
    pub failed: Vec<FileFailure>,
    /// Time spent decoding in this session so far.
    pub decode_micros: u64,
    /// Base64 of the thumbhash, where the plan asks for it.
    pub thumbhash: Option<String>,
    /// `#rrggbb`, where the plan asks for it.
    pub dominant: Option<String>,
    /// BlurHash, where the plan asks for it.
    pub blurhash: Option<String>,
    /// `#rrggbb` each, where the plan asks for them.
    pub palette: Vec<String>,
    /// A data URI, where the plan asks for it.
    pub lqip: Option<String>,
}

/// One file that could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFailure {
    /// Index in [`Plan::files`].
    pub index: usize,
    /// Stable code.
    pub code: String,
    /// For people.
    pub sentence: String,
}

/// Why an original could not be rendered at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The original's own fault: not an image, corrupt, over limits. The same bytes fail again.
    #[error("{stage}: {sentence}")]
    Input {
        /// Stable code.
        code: String,
        /// For people.
        sentence: String,
        /// `probe`, `decode`, ...
        stage: String,
    },
    /// The renderer died, hung, ran out of memory or broke the protocol; it has been killed and replaced.
    #[error("the renderer was lost while it worked on {stage}: {how}")]
    Crash {
        /// What happened to it.
        how: CrashKind,
        /// What it was doing.
        stage: String,
    },
    /// The kernel does not wall renderers in, and the configuration does not allow them to go without.
    #[error("no renderer may work here: {said}")]
    Unwalled {
        /// What it said of the walls, and of the way out.
        said: String,
    },
    /// No renderer can be started, or the machine refuses memory or descriptors: not the original's fault.
    #[error("no renderer is available: {reason}")]
    Unavailable {
        /// For people, with the fix.
        reason: String,
    },
}

/// How a renderer was lost, by signal and stage, never by what it said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashKind {
    /// Died of a signal.
    Signal(i32),
    /// Ended by itself.
    Exit(i32),
    /// Killed at its deadline.
    Deadline,
    /// Ran into its memory limit.
    Memory,
    /// Sent what no renderer of this build sends.
    Protocol,
}

impl fmt::Display for CrashKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(signal) => write!(f, "killed by signal {signal}"),
            Self::Exit(code) => write!(f, "exited with status {code}"),
            Self::Deadline => f.write_str("killed at its deadline"),
            Self::Memory => f.write_str("out of its memory limit"),
            Self::Protocol => f.write_str("broke the protocol"),
        }
    }
}

impl RenderError {
    /// May the same original succeed later, with nothing else changed?
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Crash { .. } | Self::Unavailable { .. } | Self::Unwalled { .. }
        )
    }
}
