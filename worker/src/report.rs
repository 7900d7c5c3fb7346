//! What one delivery came to, as plain data: recorded by whoever was given as [`crate::WorkerParts::observer`].
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use minilab_recipe::{Lane, OutputFormat};
use minilab_telemetry::traces::SpanContext;

use crate::outcome::{Class, GivenUp};

/// One delivery, from its receipt to its settlement.
#[derive(Debug, Clone)]
pub struct JobReport {
    /// Id of the job.
    pub job_id: String,
    /// Key of the original.
    pub key: String,
    /// Name of the queue it came from.
    pub queue: String,
    /// Lane it was published for.
    pub lane: Lane,
    /// Whose it is.
    pub tenant: String,
    /// 1-based.
    pub attempt: u32,
    /// Length of the original as the event says; 0: it does not.
    pub original_bytes: u64,
    /// What it came to.
    pub class: Class,
    /// Stable code and sentence, where it failed, or the first of its files that cannot be made.
    pub failure: Option<(String, String)>,
    /// What the broker was told. `None`: nothing, since the lease was lost or the broker did not answer.
    pub settlement: Option<Settlement>,
    /// From the event to the receipt.
    pub waited: Duration,
    /// From the receipt to the settlement.
    pub took: Duration,
    /// What was done.
    pub work: Work,
    /// When it was received.
    pub received_at: SystemTime,
    /// Where in a trace it is, if in any.
    pub place: Option<Place>,
    /// What it went through, in order.
    pub steps: Vec<StepReport>,
}

/// Where an attempt is in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The attempt itself.
    pub context: SpanContext,
    /// What sent its job. `None`: an earlier release, or nobody who traces.
    pub parent: Option<SpanContext>,
}

/// A step of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepReport {
    /// For which lane.
    pub lane: Lane,
    /// `load`, `look`, `make`, `swap`, `verify` or `hand_on`.
    pub step: &'static str,
    /// How long after the receipt it began.
    pub after: Duration,
    /// How long it took.
    pub took: Duration,
}

/// How a delivery was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// The job is done with.
    Completed,
    /// A copy waits for the next attempt.
    Retried,
    /// Handed back, not counted.
    Released,
    /// It is a dead letter now.
    GivenUp(GivenUp),
}

impl Settlement {
    /// As it is written in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "complete",
            Self::Retried => "retry",
            Self::Released => "release",
            Self::GivenUp(given_up) => given_up.as_str(),
        }
    }
}

/// What an attempt did, as far as it came.
#[derive(Debug, Clone, Default)]
pub struct Work {
    /// Lanes that were swapped, in order.
    pub lanes: Vec<LaneReport>,
    /// Bytes of originals read.
    pub original_bytes: u64,
    /// Time spent reading the original.
    pub fetch: Duration,
    /// Time spent rendering and storing files.
    pub make: Duration,
    /// Time from asking for a renderer to an opened original.
    pub probe: Duration,
    /// Time spent storing files, one beside the other.
    pub put: Duration,
    /// Time from the first write of the record to the end of what follows from it.
    pub publish: Duration,
    /// CPU time that renderers spent, by lane. The first one's has what all of them share.
    pub cpu: BTreeMap<Lane, Duration>,
    /// How often originals were decoded.
    pub decodes: u32,
    /// Time spent decoding.
    pub decode: Duration,
    /// Notifications noted for receivers outside.
    pub notifications_noted: u64,
    /// Notifications given up for lack of room, after later ones had overtaken them.
    pub notifications_dropped: u64,
    /// Lane of the follow-up job that was published.
    pub handed_on: Option<Lane>,
    /// Was the original no image, and ignored as the recipe says?
    pub ignored: bool,
    /// Was the same content swapped once more, to end what an unanswered write may still do?
    pub fenced: bool,
    /// How often steps 1 to 9 were begun anew.
    pub rounds: u32,
    /// How often somebody else swapped the record first.
    pub swaps_lost: u32,
    /// Lanes that were made, and turned out to have been made by somebody else meanwhile.
    pub duplicates: u32,
}

/// One lane that was swapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneReport {
    /// Which.
    pub lane: Lane,
    /// Its planned files. None if the original could not be opened.
    pub files: Vec<FileReport>,
    /// Stable code and sentence of the first thing in it that cannot be made.
    pub failure: Option<(String, String)>,
}

/// One planned file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileReport {
    /// Its format.
    pub format: OutputFormat,
    /// What became of it.
    pub outcome: FileOutcome,
    /// Its length; 0 where there is none.
    pub bytes: u64,
}

/// What became of a planned file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileOutcome {
    /// Rendered and stored.
    Made,
    /// It was current already.
    Kept,
    /// Found under its key.
    Adopted,
    /// Rendered and not kept: the next format's file is smaller.
    Dropped,
    /// It cannot be made.
    Failed,
}

impl Work {
    /// How many files came out so, over all lanes.
    pub fn files(&self, outcome: FileOutcome) -> u64 {
        self.each(outcome).count() as u64
    }

    /// Bytes of the files that were rendered and stored.
    pub fn made_bytes(&self) -> u64 {
        self.each(FileOutcome::Made).map(|file| file.bytes).sum()
    }

    fn each(&self, outcome: FileOutcome) -> impl Iterator<Item = &FileReport> {
        let files = self.lanes.iter().flat_map(|lane| &lane.files);
        files.filter(move |file| file.outcome == outcome)
    }
}

impl JobReport {
    /// The one line that tells of the job.
    pub fn log(&self) {
        let work = &self.work;
        let (code, sentence) = self
            .failure
            .as_ref()
            .map_or(("", ""), |(c, s)| (c.as_str(), s.as_str()));
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    job.id = self.job_id,
                    trace.id = self.place.map(|place| place.context.trace_id()),
                    original.key = self.key,
                    lane = self.lane.as_str(),
                    queue = self.queue,
                    class = self.class.as_str(),
                    attempt = self.attempt,
                    code,
                    sentence,
                    settled = self.settlement.map(Settlement::as_str),
                    waited_ms = self.waited.as_millis() as u64,
                    took_ms = self.took.as_millis() as u64,
                    fetch_ms = work.fetch.as_millis() as u64,
                    make_ms = work.make.as_millis() as u64,
                    original.bytes = work.original_bytes,
                    files.made = work.files(FileOutcome::Made),
                    files.kept = work.files(FileOutcome::Kept),
                    files.adopted = work.files(FileOutcome::Adopted),
                    files.dropped = work.files(FileOutcome::Dropped),
                    files.failed = work.files(FileOutcome::Failed),
                    files.bytes = work.made_bytes(),
                    lanes = work.lanes.len(),
                    handed_on = work.handed_on.map(Lane::as_str),
                    decodes = work.decodes,
                    rounds = work.rounds,
                    duplicates = work.duplicates,
                    "job {}: {}",
                    self.class,
                    self.key
                )
            };
        }
        if self.class.is_alarming() {
            line!(warn);
        } else {
            line!(info);
        }
    }
}
