//! Step 6: the files of one lane. What is current is kept; the rest is rendered, and stored while more is rendered.
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, TryStreamExt as _};
use minilab_recipe::{Analysis, Lane, Naming, OutputFormat, Plan, PlannedFile, Recipe, version};
use minilab_record::{DroppedEntry, FailureEntry, FileEntry, Placeholder, Record, adoptable};
use minilab_store::{Key, Sha256, Store};
use tokio::sync::mpsc;

use super::files::{Stored, store_file};
use super::scales::Scales;
use crate::{
    Error,
    outcome::{Class, GivenUp},
    renderer::{RenderReport, RenderedFile, Session},
    report::{FileOutcome, FileReport, LaneReport},
};

/// Files stored at the same time. Four hide a store's latency behind encoding; more would hold more bodies in memory.
const PUTS_AT_ONCE: usize = 4;
/// Finished files that may wait for one of these before the renderer is held up.
const FINISHED_WAITING_MAX: usize = 2;

/// What the files of a lane are made by.
pub(super) struct Making<'a> {
    pub recipe: &'a Recipe,
    pub naming: Naming<'a>,
    pub output: &'a dyn Store,
    pub engine: &'a str,
    pub plan: &'a Arc<Plan>,
    pub lane: Lane,
    pub generation: u64,
    pub sha256: Sha256,
    pub reads: &'a BTreeMap<String, String>,
}

/// The files of a lane, as far as they came.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub files: Vec<FileEntry>,
    pub failures: Vec<FailureEntry>,
    /// What was made and not kept.
    pub dropped: Vec<DroppedEntry>,
    /// Why files are missing that may come yet.
    pub unfinished: Option<Error>,
    pub report: RenderReport,
    /// Time spent storing, one beside the other.
    pub put: Duration,
    /// What became of each planned file.
    pub told: Vec<FileReport>,
}

/// Files by key that this attempt has put: valid as long as generation and bytes, which the key holds, are the same.
pub(super) type Put = HashMap<String, FileEntry>;

/// A file that is to be rendered.
struct Wanted<'a> {
    file: &'a PlannedFile,
    key: Key,
    fingerprint: String,
}

impl Making<'_> {
    /// Makes what `base` does not have. `analyse`: also if no file is missing.
    pub async fn make(
        &self,
        session: &mut dyn Session,
        base: Option<&Record>,
        put: &mut Put,
        analyse: bool,
    ) -> Result<Made, Error> {
        let mut made = Made::default();
        let mut wanted = BTreeMap::new();
        for (index, file) in self
            .plan
            .files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.lane == self.lane)
        {
            match self.current(file, base, put) {
                Ok(Current::Kept(entry)) => made.with(entry, FileOutcome::Kept),
                Ok(Current::Dropped(entry)) => made.less(entry),
                Ok(Current::Missing(_)) if self.plan.lacking(file).is_some() => {
                    let (code, sentence) = self.plan.lacking(file).expect("it was just looked at");
                    made.without(file, lacking(file, code, sentence));
                }
                Ok(Current::Missing(file)) => drop(wanted.insert(index, file)),
                Err(error) => made.without(file, failure(Some(&file.derivative), &error)),
            }
        }
        if !wanted.is_empty() || analyse {
            self.render(session, &wanted, put, &mut made).await?;
        }
        Ok(made)
    }

    fn current<'a>(
        &self,
        file: &'a PlannedFile,
        base: Option<&Record>,
        put: &Put,
    ) -> Result<Current<'a>, Error> {
        let fingerprint = self
            .recipe
            .fingerprint(file, &self.sha256.to_string(), self.reads);
        let known = base.and_then(|base| adoptable(base, &fingerprint));
        if let Some(entry) = known.filter(|entry| entry.derivative == file.derivative) {
            return Ok(Current::Kept(entry.clone()));
        }
        let lane = base.and_then(|base| base.lanes.get(&self.lane));
        let dropped = lane.and_then(|lane| lane.dropped.iter().find(|old| old.fingerprint == fingerprint));
        if let Some(entry) = dropped {
            return Ok(Current::Dropped(entry.clone()));
        }
        let version = version(self.generation, &fingerprint, self.engine);
        let key = self.recipe.key(self.naming, file, &version)?;
        if let Some(entry) = put.get(&key) {
            return Ok(Current::Kept(entry.clone()));
        }
        let key = Key::new(key).map_err(|invalid| Error::Refused {
            code: "key_refused".to_owned(),
            sentence: invalid.to_string(),
        })?;
        Ok(Current::Missing(Wanted {
            file,
            key,
            fingerprint,
        }))
    }

    /// Renders and stores at the same time. Ends at once when the renderer is lost or the store takes nothing at all;
    /// the other files of a file that cannot be stored are finished.
    async fn render(
        &self,
        session: &mut dyn Session,
        wanted: &BTreeMap<usize, Wanted<'_>>,
        put: &mut Put,
        made: &mut Made,
    ) -> Result<(), Error> {
        let indexes: Vec<usize> = wanted.keys().copied().collect();
        let (done, mut finished) = mpsc::channel::<RenderedFile>(FINISHED_WAITING_MAX);
        let rendering = async {
            session
                .render(self.plan, &indexes, done)
                .await
                .map_err(Error::from)
        };
        let mut scales = Scales::default();
        for entry in &made.files {
            scales.put(
                &entry.derivative,
                entry.size,
                entry.encoding.format(),
                entry.bytes,
            );
        }
        let storing = futures::stream::poll_fn(move |cx| finished.poll_recv(cx))
            .map(|rendered| {
                let length = rendered.body.len() as u64;
                let planned = wanted.get(&rendered.index);
                let than = planned.and_then(|wanted| scales.weigh(wanted.file, length));
                async move {
                    let begun = Instant::now();
                    let stored = self.store(wanted, rendered, than).await;
                    stored.map(|stored| (stored, begun.elapsed()))
                }
            })
            .buffer_unordered(PUTS_AT_ONCE)
            .try_collect::<Vec<_>>();
        let (report, stored) = futures::future::try_join(rendering, storing).await?;
        for (stored, took) in stored {
            made.put += took;
            match stored {
                Ok(Finished::Dropped(entry)) => made.less(entry),
                Ok(Finished::Stored(entry, adopted)) => {
                    put.insert(entry.key.clone(), entry.clone());
                    made.with(
                        entry,
                        if adopted {
                            FileOutcome::Adopted
                        } else {
                            FileOutcome::Made
                        },
                    );
                }
                Err((index, error)) if Class::of(&error) == Class::Input => {
                    let file = wanted[&index].file;
                    made.without(file, failure(Some(&file.derivative), &error));
                }
                Err((_, error)) => made.unfinished = Some(error),
            }
        }
        for failed in &report.failed {
            let Some(Wanted { file, .. }) = wanted.get(&failed.index) else {
                return Err(confused());
            };
            let entry = FailureEntry {
                derivative: Some(file.derivative.clone()),
                class: Class::Input.as_str().to_owned(),
                code: failed.code.clone(),
                sentence: failed.sentence.clone(),
            };
            made.without(file, entry);
        }
        // Uploads end in any order; records and manifests read the same every time.
        made.files.sort_by(|a, b| a.key.cmp(&b.key));
        made.dropped.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
        made.report = report;
        Ok(())
    }

    /// The outer error ends the lane, the inner one concerns the file alone.
    async fn store(
        &self,
        wanted: &BTreeMap<usize, Wanted<'_>>,
        rendered: RenderedFile,
        than: Option<OutputFormat>,
    ) -> Result<Result<Finished, (usize, Error)>, Error> {
        let Some(Wanted {
            file,
            key,
            fingerprint,
        }) = wanted.get(&rendered.index)
        else {
            return Err(confused());
        };
        if let Some(than) = than {
            return Ok(Ok(Finished::Dropped(DroppedEntry {
                derivative: file.derivative.clone(),
                size: file.size,
                format: file.encoding.format(),
                bytes: rendered.body.len() as u64,
                than,
                fingerprint: fingerprint.clone(),
            })));
        }
        match store_file(self.output, key, file, rendered.body.clone()).await {
            Ok(stored) => {
                let entry = self.entry(file, key, fingerprint, stored, &rendered);
                Ok(Ok(Finished::Stored(entry, stored.adopted)))
            }
            Err(error) if Class::of(&error) == Class::Dependency => Err(error),
            Err(error) => Ok(Err((rendered.index, error))),
        }
    }

    fn entry(
        &self,
        file: &PlannedFile,
        key: &Key,
        fingerprint: &str,
        stored: Stored,
        rendered: &RenderedFile,
    ) -> FileEntry {
        let mut notes = file.notes.clone();
        notes.extend(&rendered.notes);
        notes.sort();
        notes.dedup();
        FileEntry {
            derivative: file.derivative.clone(),
            key: key.as_str().to_owned(),
            size: file.size,
            encoding: file.encoding.clone(),
            bytes: stored.bytes,
            sha256: stored.sha256,
            fingerprint: fingerprint.to_owned(),
            notes,
            engine: self.engine.to_owned(),
            micros: rendered.micros,
            quality: rendered.quality,
            score: rendered.score,
        }
    }
}

enum Current<'a> {
    Kept(FileEntry),
    Dropped(DroppedEntry),
    Missing(Wanted<'a>),
}

/// What became of a rendered file.
enum Finished {
    /// And whether it was there already.
    Stored(FileEntry, bool),
    Dropped(DroppedEntry),
}

impl Made {
    /// What the first lane's analyses came to.
    pub fn placeholder(&self, asked: &[Analysis]) -> Placeholder {
        Placeholder {
            thumbhash: self.report.thumbhash.clone(),
            dominant: self.report.dominant.clone(),
            blurhash: self.report.blurhash.clone(),
            palette: self.report.palette.clone(),
            lqip: self.report.lqip.clone(),
            asked: asked.to_vec(),
        }
    }

    fn with(&mut self, entry: FileEntry, outcome: FileOutcome) {
        self.told.push(FileReport {
            format: entry.encoding.format(),
            outcome,
            bytes: entry.bytes,
        });
        self.files.push(entry);
    }

    fn less(&mut self, entry: DroppedEntry) {
        self.told.push(FileReport {
            format: entry.format,
            outcome: FileOutcome::Dropped,
            bytes: entry.bytes,
        });
        self.dropped.push(entry);
    }

    fn without(&mut self, file: &PlannedFile, entry: FailureEntry) {
        self.told.push(FileReport {
            format: file.encoding.format(),
            outcome: FileOutcome::Failed,
            bytes: 0,
        });
        self.failures.push(entry);
    }
}

/// The renderer answered what nobody asked: the pool's own check failed to catch it.
fn confused() -> Error {
    let (how, stage) = (crate::renderer::CrashKind::Protocol, "encode".to_owned());
    crate::renderer::RenderError::Crash { how, stage }.into()
}

/// A picture that a file needs is not there: the original and the other files are as well as ever.
fn lacking(file: &PlannedFile, code: &str, sentence: &str) -> FailureEntry {
    FailureEntry {
        derivative: Some(file.derivative.clone()),
        class: Class::Input.as_str().to_owned(),
        code: code.to_owned(),
        sentence: sentence.to_owned(),
    }
}

/// What is told of a lane.
pub(super) fn lane_report(lane: Lane, told: Vec<FileReport>, failures: &[FailureEntry]) -> LaneReport {
    LaneReport {
        lane,
        files: told,
        failure: failures
            .first()
            .map(|entry| (entry.code.clone(), entry.sentence.clone())),
    }
}

/// An error as it is written into a record.
pub(crate) fn failure(derivative: Option<&str>, error: &Error) -> FailureEntry {
    let (code, sentence) = error.code_and_sentence();
    FailureEntry {
        derivative: derivative.map(str::to_owned),
        class: match error {
            Error::Poison { .. } => GivenUp::Poison.as_str().to_owned(),
            other => Class::of(other).as_str().to_owned(),
        },
        code,
        sentence,
    }
}
