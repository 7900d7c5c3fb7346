//! What one delivery came to, as plain data: recorded by whoever was given as [`crate::WorkerParts::observer`].
use std::time::Duration;

use minilab_recipe::Lane;

use crate::outcome::Class;

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
    /// What it came to.
    pub class: Class,
    /// Stable code and sentence, where it failed.
    pub failure: Option<(String, String)>,
    /// Was it settled? A lost lease settles nothing.
    pub settled: bool,
    /// From the event to the receipt.
    pub waited: Duration,
    /// From the receipt to the settlement.
    pub took: Duration,
    /// What was done.
    pub work: Work,
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
    /// How often originals were decoded.
    pub decodes: u32,
    /// Time spent decoding.
    pub decode: Duration,
    /// Lane of the follow-up job that was published.
    pub handed_on: Option<Lane>,
    /// Was the original no image, and ignored as the recipe says?
    pub ignored: bool,
    /// Was the same content swapped once more, to end what an unanswered write may still do?
    pub fenced: bool,
    /// How often steps 1 to 9 were begun anew.
    pub rounds: u32,
}

/// One lane that was swapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneReport {
    /// Which.
    pub lane: Lane,
    /// Files rendered and stored, by format: count and bytes are of these.
    pub made: u32,
    /// Their bytes.
    pub made_bytes: u64,
    /// Files that were current already.
    pub kept: u32,
    /// Files found under their key.
    pub adopted: u32,
    /// Files that cannot be made.
    pub failed: u32,
}

impl JobReport {
    /// The one line that tells of the job.
    pub fn log(&self) {
        let sum = |count: fn(&LaneReport) -> u64| self.work.lanes.iter().map(count).sum::<u64>();
        let (code, sentence) = self
            .failure
            .as_ref()
            .map_or(("", ""), |(c, s)| (c.as_str(), s.as_str()));
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    job.id = self.job_id,
                    original.key = self.key,
                    lane = self.lane.as_str(),
                    queue = self.queue,
                    class = self.class.as_str(),
                    attempt = self.attempt,
                    code,
                    sentence,
                    settled = self.settled,
                    waited_ms = self.waited.as_millis() as u64,
                    took_ms = self.took.as_millis() as u64,
                    fetch_ms = self.work.fetch.as_millis() as u64,
                    make_ms = self.work.make.as_millis() as u64,
                    original.bytes = self.work.original_bytes,
                    files.made = sum(|l| l.made.into()),
                    files.kept = sum(|l| l.kept.into()),
                    files.adopted = sum(|l| l.adopted.into()),
                    files.failed = sum(|l| l.failed.into()),
                    files.bytes = sum(|l| l.made_bytes),
                    lanes = self.work.lanes.len(),
                    handed_on = self.work.handed_on.map(Lane::as_str),
                    decodes = self.work.decodes,
                    rounds = self.work.rounds,
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
