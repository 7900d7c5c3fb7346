//! One original in one child: questions, checked answers, deadlines.
use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use async_trait::async_trait;
use minilab_inspect as inspect;
use minilab_protos::renderer::{
    self as wire, DESCRIPTORS_MAX, FRAME_BYTES_MAX, reply::Body as Reply, request::Body as Request,
};
use minilab_recipe::{AssetState, Findings, Limits, Plan, Probe, Survey};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::Instant;

use super::alone;
use super::answer::{self, is_within};
use super::child::Loss;
use super::deadline::Deadline;
use super::output::Output;
use super::{Seat, Shared};
use crate::assets::AssetFile;
use crate::renderer::{OriginalFile, Priority, RenderError, RenderReport, RenderedFile, Session};

/// What a request takes besides its plan: the indexes of its files, at most three bytes each.
const PLAN_MARGIN_BYTES: usize = 1 << 10;

/// A session, from the moment it has a child.
#[derive(Debug)]
pub(super) struct PooledSession {
    shared: Arc<Shared>,
    /// Gone once the child is lost.
    seat: Option<Seat>,
    probe: Option<Probe>,
    /// An answer is due; the child is of no use to anybody else before it comes.
    busy: bool,
    /// The child sees no other original, before or after.
    alone: bool,
    /// The child has done what it must not carry into another original.
    soiled: bool,
    decodes: u32,
    /// The next request says that what is left is for the background.
    steps_back: bool,
    /// What plans may name.
    assets: Vec<AssetFile>,
    /// Share of the memory budget, and the plan that it was taken for.
    admitted: Option<(Arc<Plan>, OwnedSemaphorePermit)>,
}

impl PooledSession {
    /// `alone`: the seat's child is fresh, and ends with this session.
    pub(super) fn new(shared: Arc<Shared>, seat: Seat, alone: bool) -> Self {
        Self {
            shared,
            seat: Some(seat),
            probe: None,
            busy: false,
            alone,
            soiled: alone,
            decodes: 0,
            steps_back: false,
            assets: Vec::new(),
            admitted: None,
        }
    }

    /// Hands the original over and keeps what its header says.
    pub(super) async fn open(&mut self, original: OriginalFile, limits: &Limits) -> Result<(), RenderError> {
        const STAGE: &str = "probe";
        let limits_json = serde_json::to_string(limits).expect("limits are plain data");
        let request = Request::Open(wire::Open {
            size_bytes: original.size_bytes,
            limits_json,
        });
        if let Some(seat) = &mut self.seat {
            seat.child.jobs += 1;
        }
        let deadline = self.deadline(self.shared.config.probe_deadline);
        self.ask(request, vec![original.file.into()], STAGE, deadline)
            .await?;
        let probe = match self.answer(STAGE, deadline).await? {
            Reply::Probed(probed) => serde_json::from_str::<Probe>(&probed.probe_json).ok(),
            Reply::Failed(failed) => {
                let refused = self.refused(failed, STAGE).await;
                // Nothing was decoded: the child is as good as before, unless it has this original to itself.
                self.give_back().await;
                return Err(refused);
            }
            _ => None,
        };
        // What shares a renderer was told by its first bytes, and cannot turn out to be something else.
        let is_true =
            |probe: &Probe| is_within(probe, limits) && (self.alone || alone::may_share(probe.format));
        let Some(probe) = probe.filter(is_true) else {
            return Err(self.lose(Loss::Protocol, STAGE).await);
        };
        self.probe = Some(probe);
        Ok(())
    }

    fn deadline(&self, allowed: Duration) -> Deadline {
        let seat = self.seat.as_ref();
        seat.map_or_else(|| Deadline::after(allowed), |seat| seat.child.deadline(allowed))
    }

    async fn ask(
        &mut self,
        request: Request,
        descriptors: Vec<OwnedFd>,
        stage: &str,
        deadline: Deadline,
    ) -> Result<(), RenderError> {
        self.busy = true;
        let Some(seat) = &mut self.seat else {
            return Err(RenderError::Unavailable {
                reason: "this session's renderer was lost before".to_owned(),
            });
        };
        match seat.child.ask(request, &descriptors, deadline).await {
            Ok(()) => Ok(()),
            Err(loss) => Err(self.lose(loss, stage).await),
        }
    }

    async fn answer(&mut self, stage: &str, deadline: Deadline) -> Result<Reply, RenderError> {
        let seat = self
            .seat
            .as_mut()
            .expect("a question was asked, so there is a child");
        match seat.child.answer(deadline).await {
            Ok(reply) => {
                self.busy = matches!(reply, Reply::FileDone(_) | Reply::FileFailed(_));
                Ok(reply)
            }
            Err(loss) => Err(self.lose(loss, stage).await),
        }
    }

    async fn lose(&mut self, loss: Loss, stage: &str) -> RenderError {
        let seat = self.seat.take().expect("a child is lost once");
        self.shared.bury(seat, loss, stage).await
    }

    /// The request as a whole failed.
    async fn refused(&mut self, failed: wire::Failed, stage: &str) -> RenderError {
        let Some(refusal) = answer::refusal(&failed) else {
            return self.lose(Loss::Protocol, stage).await;
        };
        // After a refusal by a decoder nobody knows what it left behind; before, nothing was touched.
        self.soiled |= stage != "probe";
        refusal
    }

    /// Leaves the child to the pool.
    async fn give_back(&mut self) {
        self.admitted = None;
        match self.seat.take() {
            Some(seat) if self.busy => self.shared.abandon(seat),
            Some(seat) => self.shared.settle(seat, self.soiled).await,
            None => {}
        }
    }

    /// Takes the plan's share of the memory budget, once: what is decoded stays until the session ends.
    async fn admit(&mut self, plan: &Arc<Plan>) {
        if self
            .admitted
            .as_ref()
            .is_some_and(|(admitted, _)| admitted == plan)
        {
            return;
        }
        // Never wait for a share while holding one: two sessions could wait for each other.
        self.admitted = None;
        let share = self.shared.admit(plan.predicted.memory_bytes).await;
        self.admitted = Some((Arc::clone(plan), share));
    }

    fn render_deadline(&self, plan: &Plan) -> Duration {
        let config = &self.shared.config;
        config.render_deadline + Duration::from_millis(plan.predicted.cpu_ms) * config.predicted_cpu_factor
    }

    fn record_decodes(&mut self, decodes: u32) {
        let fresh = decodes.saturating_sub(self.decodes);
        self.decodes = decodes;
        self.shared.tally.decodes.fetch_add(fresh.into(), Relaxed);
    }
}

impl Drop for PooledSession {
    fn drop(&mut self) {
        match self.seat.take() {
            Some(seat) if self.busy || self.probe.is_none() => self.shared.abandon(seat),
            Some(seat) => {
                let (shared, soiled) = (Arc::clone(&self.shared), self.soiled);
                self.shared
                    .runtime
                    .spawn(async move { shared.settle(seat, soiled).await });
            }
            None => {}
        }
    }
}

#[async_trait]
impl Session for PooledSession {
    fn probe(&self) -> &Probe {
        self.probe
            .as_ref()
            .expect("a session is handed out after its probe")
    }

    async fn survey(&mut self, survey: &Survey) -> Result<Findings, RenderError> {
        const STAGE: &str = "survey";
        // A trim looks at every pixel of the original, and some forms are held as a whole. What stays decoded is part of what
        // the plan after it asks for.
        let _share = self.shared.admit(self.probe().stored.pixels() * 4).await;
        let deadline = self.deadline(self.shared.config.render_deadline);
        let survey_json = serde_json::to_string(survey).expect("a survey is plain data");
        self.ask(
            Request::Survey(wire::Survey { survey_json }),
            Vec::new(),
            STAGE,
            deadline,
        )
        .await?;
        let found = match self.answer(STAGE, deadline).await? {
            Reply::Surveyed(said) => {
                self.record_decodes(said.decodes);
                answer::findings(&said, survey, self.probe())
            }
            Reply::Failed(failed) => return Err(self.refused(failed, STAGE).await),
            _ => None,
        };
        match found {
            Some(found) => Ok(found),
            None => Err(self.lose(Loss::Protocol, STAGE).await),
        }
    }

    fn decodes(&self) -> u32 {
        self.decodes
    }

    fn cpu(&mut self) -> Duration {
        self.seat.as_mut().map_or(Duration::ZERO, |seat| seat.child.cpu())
    }

    fn step_back(&mut self) {
        let Some(seat) = &mut self.seat else { return };
        if seat.child.priority == Priority::Live {
            seat.child.steps_back();
            self.steps_back = true;
            // There is no way back for it.
            self.soiled = true;
        }
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
        const STAGE: &str = "render";
        self.admit(plan).await;
        let (request, mut outputs, descriptors) = prepare(plan, files, &self.assets, self.steps_back)?;
        let mut deadline = self.deadline(self.render_deadline(plan));
        self.ask(request, descriptors, STAGE, deadline).await?;
        let mut failed = Vec::new();
        loop {
            match self.answer(STAGE, deadline).await? {
                Reply::FileDone(said) => {
                    let max = self.shared.config.file_bytes_max;
                    let taken = take_output(&mut outputs, said.file).and_then(|output| {
                        let planned = &plan.files[output_index(said.file)];
                        let body = output.take(&said, planned, inspect::allowed(plan, planned), max)?;
                        answer::file_done(output_index(said.file), body, &said, planned)
                    });
                    let Some(rendered) = taken else {
                        return Err(self.lose(Loss::Protocol, STAGE).await);
                    };
                    self.shared.tally.files.fetch_add(1, Relaxed);
                    let waiting = Instant::now();
                    // Whoever asked may have stopped listening; the child must be heard to the end all the same.
                    let _ = done.send(rendered).await;
                    // A slow listener is not the child's fault.
                    deadline.postpone(waiting.elapsed());
                }
                Reply::FileFailed(said) => {
                    let failure = take_output(&mut outputs, said.file)
                        .and_then(|output| answer::file_failure(output.index, &said));
                    let Some(failure) = failure else {
                        return Err(self.lose(Loss::Protocol, STAGE).await);
                    };
                    failed.push(failure);
                }
                Reply::Rendered(said) if outputs.is_empty() => {
                    self.record_decodes(said.decodes);
                    // An encoder that failed may have left anything behind.
                    self.soiled |= !failed.is_empty();
                    return match answer::report(&said, failed, &plan.analyses) {
                        Some(report) => Ok(report),
                        None => Err(self.lose(Loss::Protocol, STAGE).await),
                    };
                }
                Reply::Failed(said) => return Err(self.refused(said, STAGE).await),
                _ => return Err(self.lose(Loss::Protocol, STAGE).await),
            }
        }
    }

    async fn close(mut self: Box<Self>) {
        self.give_back().await;
    }
}

/// The request for some files, and the memory files that they will be written into.
fn prepare(
    plan: &Plan,
    files: &[usize],
    lent: &[AssetFile],
    background: bool,
) -> Result<(Request, Vec<Output>, Vec<OwnedFd>), RenderError> {
    let refused = |cause: std::io::Error| RenderError::Unavailable {
        reason: format!("no memory file for a rendered file: {cause}; raise the limit of open files"),
    };
    let plan_json = serde_json::to_string(plan).expect("a plan is plain data");
    let assets = needed(plan, files, lent);
    let descriptors = files.len() + assets.len();
    if plan_json.len() + PLAN_MARGIN_BYTES > FRAME_BYTES_MAX || descriptors > DESCRIPTORS_MAX {
        return Err(RenderError::Input {
            code: "plan_too_large".to_owned(),
            sentence: format!(
                "the plan has {} files and {} bytes, more than a renderer is given at once ({DESCRIPTORS_MAX} files, \
                 {FRAME_BYTES_MAX} bytes): give the recipe fewer sizes or formats",
                files.len(),
                plan_json.len(),
            ),
            stage: "render".to_owned(),
        });
    }
    let outputs: Vec<Output> = files
        .iter()
        .map(|&index| Output::create(index))
        .collect::<Result<_, _>>()
        .map_err(refused)?;
    let written = outputs.iter().map(Output::descriptor);
    let read = assets.iter().map(|asset| Ok(asset.file.try_clone()?.into()));
    let descriptors = written.chain(read).collect::<Result<_, _>>().map_err(refused)?;
    let files = files.iter().map(|&index| index as u32).collect();
    Ok((
        Request::Render(wire::Render {
            plan_json,
            files,
            background,
            assets: assets
                .into_iter()
                .map(|asset| wire::Asset {
                    sha256: asset.sha256.clone(),
                    size_bytes: asset.size_bytes,
                })
                .collect(),
        }),
        outputs,
        descriptors,
    ))
}

/// The pictures that these files are made with.
fn needed<'a>(plan: &Plan, files: &[usize], lent: &'a [AssetFile]) -> Vec<&'a AssetFile> {
    let named = files.iter().flat_map(|&file| plan.assets_of(&plan.files[file]));
    let wanted: BTreeSet<&str> = named
        .filter_map(|asset| match &asset.state {
            AssetState::Found { sha256, .. } => Some(sha256.as_str()),
            AssetState::Absent { .. } => None,
        })
        .collect();
    // Two names may have the same content.
    let mut found: Vec<&AssetFile> = lent
        .iter()
        .filter(|asset| wanted.contains(asset.sha256.as_str()))
        .collect();
    found.sort_by(|one, other| one.sha256.cmp(&other.sha256));
    found.dedup_by(|one, other| one.sha256 == other.sha256);
    found
}

/// The output that is answered for: each once, and only what was asked.
fn take_output(outputs: &mut Vec<Output>, file: u32) -> Option<Output> {
    let at = outputs
        .iter()
        .position(|output| output.index == output_index(file))?;
    Some(outputs.remove(at))
}

fn output_index(file: u32) -> usize {
    file as usize
}
