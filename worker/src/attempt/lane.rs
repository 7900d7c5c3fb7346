//! Steps 5 to 7 of one lane: from an upload that was seen to the next record.
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use minilab_recipe::{Analysis, Lane, Naming, NotAnImage, Plan};
use minilab_record::{
    Change, DroppedEntry, FailureEntry, LaneStatus, Loaded, Observation, Placeholder, Record, Seen,
    next_generation, publish, same_upload, tombstone,
};

use super::{
    Attempt, Opening, Sitting, Upload,
    fetch::{Fetched, fetch},
    make::{self, Making, failure, lane_report},
};
use crate::{
    Error,
    outcome::Class,
    renderer::Priority,
    report::{FileReport, LaneReport},
};

/// The renderer's codes for bytes that are no image, or none of a kind that is decoded.
const NOT_AN_IMAGE: [&str; 2] = ["not_an_image", "unsupported_format"];

/// Names that end so promise an image, decoded by this build or not.
const IMAGE_EXTENSIONS: [&str; 14] = [
    "avif", "bmp", "gif", "heic", "heif", "jpe", "jpeg", "jpg", "jxl", "png", "svg", "tif", "tiff", "webp",
];

/// What steps 5 to 7 came to.
pub(super) enum Made {
    /// Another upload is there by now.
    Changed,
    /// The recipe ignores what is no image.
    NotAnImage,
    /// A lane with its files, or with the reason why it has none.
    Lane(Box<MadeLane>),
}

/// What is to be swapped, and what is told of it after.
pub(super) struct MadeLane {
    pub next: Record,
    pub class: Class,
    /// What may come yet.
    pub unfinished: Option<Error>,
    pub report: LaneReport,
}

/// A lane's files or its failure, on the way into a change.
struct Outcome {
    observation: Observation,
    status: LaneStatus,
    files: Vec<minilab_record::FileEntry>,
    failures: Vec<FailureEntry>,
    dropped: Vec<DroppedEntry>,
    placeholder: Option<Placeholder>,
    told: Vec<FileReport>,
}

impl Attempt<'_> {
    pub(super) async fn make(&mut self, lane: Lane, base: &Loaded, seen: &Seen) -> Result<Made, Error> {
        if let Some(reason) = &self.given_up {
            let entry = failure(None, reason);
            return Ok(self.failed(lane, base, self.observed(seen, base.record.as_ref()), entry));
        }
        if let Some((_, entry)) = self.refused.clone().filter(|(etag, _)| *etag == seen.etag) {
            return Ok(self.failed(lane, base, self.observed(seen, base.record.as_ref()), entry));
        }
        match self.try_make(lane, base, seen).await {
            Err(error) if Class::of(&error) == Class::Input => {
                if self.is_ignored(&error) {
                    self.context.trace.note(|work| work.ignored = true);
                    return Ok(Made::NotAnImage);
                }
                let (observation, entry) = (self.observed(seen, base.record.as_ref()), failure(None, &error));
                self.refused = Some((seen.etag.clone(), entry.clone()));
                Ok(self.failed(lane, base, observation, entry))
            }
            other => other,
        }
    }

    async fn try_make(&mut self, lane: Lane, base: &Loaded, seen: &Seen) -> Result<Made, Error> {
        let record = base.record.as_ref();
        let priority = self.context.priority(lane);
        if !self.sit(seen, record, priority).await? {
            return Ok(Made::Changed);
        }
        let mut upload = self.upload.take().expect("the original was just opened");
        if priority == Priority::Background {
            upload.sitting.session.step_back();
            // It gets the CPU when nothing else wants it.
            self.context.trace.plan(Duration::MAX);
        }
        // The plan there is, if it makes this lane: what is decoded is used again.
        let plan = match upload.sitting.planned(lane) {
            Some(plan) => plan,
            None => self.plan(&mut upload.sitting, lane, record, seen).await?,
        };
        let target = self
            .context
            .target
            .as_ref()
            .expect("only what a recipe takes is made");
        let observation = observation(seen, Some(&upload));
        let is_first = target.wanted.lanes.keys().next() == Some(&lane);
        let known = record
            .filter(|record| {
                record
                    .observation
                    .as_ref()
                    .is_some_and(|known| same_upload(known, &observation))
            })
            .map(|record| record.placeholder.clone());
        let analyse = is_first && !has_all(known.as_ref(), &plan.analyses);
        let mut put = std::mem::take(&mut self.put);
        let making = Making {
            recipe: target.recipe,
            naming: Naming {
                original: self.context.envelope.key.as_str(),
                tenant: target.tenant.as_deref(),
                metadata: Some(&seen.reads),
            },
            output: &*self.context.world.output,
            engine: &self.context.world.renderer.engine().build_id,
            plan: &plan,
            lane,
            generation: next_generation(record, lane),
            sha256: upload.sha256,
            reads: &seen.reads,
        };
        let begun = Instant::now();
        if record.is_none() {
            self.context.trace.storing();
        }
        // On an error the session goes too: its renderer may be lost, or busy with what nobody waits for any more.
        // On the heap: what it holds of stores and files would make every future around it large.
        let making = making.make(&mut *upload.sitting.session, record, &mut put, analyse);
        let made = Box::pin(making).await?;
        self.put = put;
        let (decodes, cpu) = (upload.sitting.session.decodes(), upload.sitting.session.cpu());
        self.upload = Some(upload);
        self.context.trace.note(|work| {
            work.make += begun.elapsed();
            work.put += made.put;
            *work.cpu.entry(lane).or_default() += cpu;
            work.decodes = work.decodes.max(decodes);
            work.decode = work.decode.max(Duration::from_micros(made.report.decode_micros));
        });
        let placeholder = is_first.then(|| {
            if analyse {
                made.placeholder(&plan.analyses)
            } else {
                known.unwrap_or_default()
            }
        });
        let make::Made {
            files,
            failures,
            dropped,
            unfinished,
            told,
            ..
        } = made;
        let status = status(&files, &failures, unfinished.as_ref());
        Ok(self.change(
            lane,
            base,
            Outcome {
                observation,
                status,
                files,
                failures,
                dropped,
                placeholder,
                told,
            },
            unfinished,
        ))
    }

    /// A plan of this lane and those that will be carried on with, and time to make it.
    async fn plan(
        &self,
        sitting: &mut Sitting,
        lane: Lane,
        record: Option<&Record>,
        seen: &Seen,
    ) -> Result<Arc<Plan>, Error> {
        let lanes = self.context.lanes_to_plan(lane, record, seen).await?;
        let target = self
            .context
            .target
            .as_ref()
            .expect("only what a recipe takes is made");
        let plan = sitting.plan(target.recipe, &lanes)?;
        self.context
            .trace
            .plan(Duration::from_millis(plan.predicted.cpu_ms));
        Ok(plan)
    }

    /// Opens the upload that was seen, unless it is open; `false`: it is gone.
    async fn sit(&mut self, seen: &Seen, record: Option<&Record>, priority: Priority) -> Result<bool, Error> {
        if self
            .upload
            .as_ref()
            .is_some_and(|upload| upload.etag == seen.etag)
        {
            return Ok(true);
        }
        if let Some(Upload { sitting, .. }) = self.upload.take() {
            sitting.session.close().await;
        }
        let target = self
            .context
            .target
            .as_ref()
            .expect("only what a recipe takes is made");
        target.recipe.accept.bytes(seen.size_bytes)?;
        let begun = Instant::now();
        let (world, key) = (&self.context.world, &self.context.envelope.key);
        let announce = |head: &[u8]| world.renderer.expect(head, priority);
        let fetched = fetch(&*world.originals, key, seen, announce).await?;
        let Fetched::Whole(file, sha256) = fetched else {
            return Ok(false);
        };
        self.context.trace.note(|work| {
            work.fetch += begun.elapsed();
            work.original_bytes += file.size_bytes;
        });
        self.read = Some((seen.etag.clone(), sha256));
        let known = record.and_then(|record| record.observation.as_ref());
        let opening = Opening {
            recipe: target.recipe,
            key: self.context.envelope.key.as_str(),
            metadata: &seen.reads,
            priority,
            known: known
                .filter(|known| known.sha256 == Some(sha256))
                .map(|known| &*known.findings),
            assets: &self.context.world.assets,
        };
        let file = file.of_tenant(&self.context.envelope.job.tenant);
        let begun = Instant::now();
        // Boxed: rare, and large; the attempt's own future stays small.
        let sitting = Box::pin(Sitting::open(&*self.context.world.renderer, opening, file)).await?;
        self.context.trace.note(|work| work.probe += begun.elapsed());
        self.upload = Some(Upload {
            etag: seen.etag.clone(),
            sha256,
            sitting,
        });
        Ok(true)
    }

    /// What is known of an upload whose pixels were not seen: from this attempt's reading, or an earlier one's.
    fn observed(&self, seen: &Seen, record: Option<&Record>) -> Observation {
        let read = self
            .read
            .as_ref()
            .filter(|(etag, _)| *etag == seen.etag)
            .map(|(_, sha256)| *sha256);
        let known = record
            .and_then(|record| record.observation.as_ref())
            .filter(|known| known.etag == seen.etag);
        Observation {
            sha256: read.or_else(|| known.and_then(|known| known.sha256)),
            probe: known.and_then(|known| known.probe.clone()),
            findings: known.map(|known| known.findings.clone()).unwrap_or_default(),
            ..observation(
                seen,
                self.upload.as_ref().filter(|upload| upload.etag == seen.etag),
            )
        }
    }

    fn failed(&self, lane: Lane, base: &Loaded, observation: Observation, entry: FailureEntry) -> Made {
        let (status, files, failures) = (LaneStatus::Failed, Vec::new(), vec![entry]);
        self.change(
            lane,
            base,
            Outcome {
                observation,
                status,
                files,
                failures,
                dropped: Vec::new(),
                placeholder: None,
                told: Vec::new(),
            },
            None,
        )
    }

    fn change(&self, lane: Lane, base: &Loaded, outcome: Outcome, unfinished: Option<Error>) -> Made {
        let target = self
            .context
            .target
            .as_ref()
            .expect("only what a recipe takes is made");
        let class = match outcome.status {
            LaneStatus::Done | LaneStatus::Pending => Class::Complete,
            LaneStatus::Partial => Class::Partial,
            LaneStatus::Failed => Class::Input,
        };
        let report = lane_report(lane, outcome.told, &outcome.failures);
        let change = Change {
            key: self.context.envelope.key.as_str().to_owned(),
            observation: outcome.observation,
            lane,
            status: outcome.status,
            files: outcome.files,
            failures: outcome.failures,
            dropped: outcome.dropped,
            placeholder: outcome.placeholder,
            wanted: target.wanted.clone(),
            engine: self.context.world.renderer.engine().build_id.clone(),
            revision: self.context.world.revision,
            now: self.context.world.now(),
        };
        Made::Lane(Box::new(MadeLane {
            next: publish(base.record.as_ref(), change),
            class,
            unfinished,
            report,
        }))
    }

    /// What is no image and was one, or has a record for another reason: its files go, as if it were gone.
    pub(super) fn without_image(&self, record: Option<&Record>) -> Option<Record> {
        let record = record.filter(|record| record.observation.is_some())?;
        Some(tombstone(
            record,
            self.context.world.revision,
            self.context.world.now(),
        ))
    }

    /// A recipe may ignore what is no image. A name that promises one is not ignored: somebody expects a picture there.
    fn is_ignored(&self, error: &Error) -> bool {
        let ignores = self
            .context
            .target
            .as_ref()
            .is_some_and(|t| t.recipe.not_an_image == NotAnImage::Ignore);
        let extension = self
            .context
            .envelope
            .key
            .as_str()
            .rsplit_once('.')
            .map(|(_, end)| end.to_lowercase());
        let promised = extension.is_some_and(|extension| IMAGE_EXTENSIONS.contains(&extension.as_str()));
        ignores && !promised && NOT_AN_IMAGE.contains(&error.code_and_sentence().0.as_str())
    }
}

fn observation(seen: &Seen, upload: Option<&Upload>) -> Observation {
    Observation {
        etag: seen.etag.clone(),
        size_bytes: seen.size_bytes,
        version_id: seen.version_id.clone(),
        sha256: upload.map(|upload| upload.sha256),
        reads: seen.reads.clone(),
        said: seen.said.clone(),
        probe: upload.map(|upload| upload.sitting.probe().clone()),
        findings: upload
            .map(|upload| Box::new(upload.sitting.findings().clone()))
            .unwrap_or_default(),
    }
}

fn status(
    files: &[minilab_record::FileEntry],
    failures: &[FailureEntry],
    unfinished: Option<&Error>,
) -> LaneStatus {
    match (files.is_empty(), failures.is_empty()) {
        _ if unfinished.is_some() => LaneStatus::Pending,
        (_, true) => LaneStatus::Done,
        (false, false) => LaneStatus::Partial,
        (true, false) => LaneStatus::Failed,
    }
}

fn has_all(known: Option<&Placeholder>, asked: &[Analysis]) -> bool {
    let known = known.cloned().unwrap_or_default();
    asked.iter().all(|analysis| match analysis {
        Analysis::Thumbhash => known.thumbhash.is_some(),
        Analysis::Dominant => known.dominant.is_some(),
        // What they were asked tells them apart from those of an earlier recipe.
        other => known.asked.contains(other),
    })
}
