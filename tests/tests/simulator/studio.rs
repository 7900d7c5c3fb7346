//! A renderer that takes its time, and is lost now and then.
use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use minilab_recipe::{Findings, Limits, Plan, Probe, Survey};
use minilab_worker::{
    renderer::{
        CrashKind, Engine, OriginalFile, Priority, RenderError, RenderReport, RenderedFile, Renderer, Session,
    },
    testing::ScriptedRenderer,
};
use tokio::sync::mpsc;

use crate::process::Process;

/// Longest time that opening takes, or the making of one file.
const WORK_MAX: Duration = Duration::from_millis(800);

/// A process's renderer.
#[derive(Debug)]
pub struct Studio {
    process: Process,
    inner: ScriptedRenderer,
}

#[derive(Debug)]
struct Seat {
    process: Process,
    inner: Box<dyn Session>,
}

impl Studio {
    pub fn new(process: &Process, inner: ScriptedRenderer) -> Self {
        Self {
            process: process.clone(),
            inner,
        }
    }
}

impl Process {
    async fn work(&self) {
        self.spend(self.sim.weather.dice().up_to(WORK_MAX)).await;
    }
}

#[async_trait]
impl Renderer for Studio {
    fn engine(&self) -> &Engine {
        self.inner.engine()
    }

    fn expect(&self, head: &[u8], priority: Priority) {
        self.inner.expect(head, priority);
    }

    async fn open(
        &self,
        original: OriginalFile,
        limits: &Limits,
        priority: Priority,
    ) -> Result<Box<dyn Session>, RenderError> {
        self.process.work().await;
        if self.process.sim.weather.strikes("no renderer") {
            let reason = "the simulator says so".to_owned();
            return Err(RenderError::Unavailable { reason });
        }
        let inner = self.inner.open(original, limits, priority).await?;
        Ok(Box::new(Seat {
            process: self.process.clone(),
            inner,
        }))
    }
}

#[async_trait]
impl Session for Seat {
    fn probe(&self) -> &Probe {
        self.inner.probe()
    }

    async fn survey(&mut self, survey: &Survey) -> Result<Findings, RenderError> {
        self.inner.survey(survey).await
    }

    fn decodes(&self) -> u32 {
        self.inner.decodes()
    }

    fn cpu(&mut self) -> std::time::Duration {
        self.inner.cpu()
    }

    fn step_back(&mut self) {
        self.inner.step_back();
    }

    fn lend(&mut self, assets: Vec<minilab_worker::AssetFile>) {
        self.inner.lend(assets);
    }

    /// File by file; a renderer that is lost has sent some of them.
    async fn render(
        &mut self,
        plan: &Arc<Plan>,
        files: &[usize],
        done: mpsc::Sender<RenderedFile>,
    ) -> Result<RenderReport, RenderError> {
        let mut report = self.inner.render(plan, &[], done.clone()).await?;
        for &file in files {
            self.process.work().await;
            if self.process.sim.weather.strikes("renderer lost") {
                return Err(RenderError::Crash {
                    how: CrashKind::Signal(9),
                    stage: "encode".to_owned(),
                });
            }
            report = self.inner.render(plan, &[file], done.clone()).await?;
        }
        Ok(report)
    }

    async fn close(self: Box<Self>) {
        self.inner.close().await;
    }
}
