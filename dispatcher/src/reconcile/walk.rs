//! One walk over both listings: judges, sends window by window, notes how far it is, and ends as its brake says.
use std::cmp::Reverse;

use futures::{TryStreamExt as _, pin_mut};
use minilab_protos::job::Via;
use tokio_util::sync::CancellationToken;

use super::{Found, Reconcile, ReconcileWay};
use crate::{
    Ended, Error, Hint, Pass, Report, Tenure,
    brake::{Kind, Verdict},
    pass::{End, Turn},
};

pub(super) struct Walk<'a> {
    reconcile: &'a Reconcile,
    pass: &'a Pass,
    tenure: &'a mut Tenure<ReconcileWay>,
    drain: &'a CancellationToken,
    way: ReconcileWay,
    /// Found and not sent yet. Whenever it is empty, the way may be noted.
    window: Vec<Hint>,
}

/// Does the walk go on?
enum Go {
    On,
    /// No; this is how it ends.
    End(Ended),
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        reconcile: &'a Reconcile,
        pass: &'a Pass,
        tenure: &'a mut Tenure<ReconcileWay>,
        drain: &'a CancellationToken,
    ) -> Self {
        let way = tenure.under_way().way.clone();
        Self {
            reconcile,
            pass,
            tenure,
            drain,
            way,
            window: Vec::new(),
        }
    }

    /// From where the tenure says to the end.
    pub(super) async fn run(mut self) -> Result<Report, Error> {
        let ended = self.walk().await?;
        self.way.report.ended = ended;
        Ok(self.way.report)
    }

    async fn walk(&mut self) -> Result<Ended, Error> {
        // A pass that goes on after a pause first makes sure that nobody else has gone on with it.
        if let Go::End(ended) = self.renew().await? {
            return Ok(ended);
        }
        let found = self.reconcile.found(self.pass, self.way.after.clone());
        pin_mut!(found);
        loop {
            let go = tokio::select! {
                biased;
                () = self.drain.cancelled() => Go::End(Ended::Stopped),
                () = tokio::time::sleep_until(self.tenure.renewal()) => self.send().await?,
                next = found.try_next() => match next? {
                    Some(found) => self.take(found).await?,
                    None => break,
                },
            };
            if let Go::End(ended) = go {
                return self.leave(ended).await;
            }
        }
        if let Go::End(ended) = self.send().await? {
            return self.leave(ended).await;
        }
        self.end().await
    }

    async fn take(&mut self, found: Found) -> Result<Go, Error> {
        self.way.report.note(found.finding);
        if found.unsettled {
            self.way.report.unsettled.push(found.key.clone());
        } else if let Some(hint) = found.hint {
            let released = match Kind::of(found.finding) {
                Some(kind) => self.way.held.hold(&self.pass.brake, kind, hint),
                None => Some(hint),
            };
            self.window.extend(released.map(Hint::from));
        }
        self.way.after = Some(found.key.as_str().to_owned());
        if self.window.len() < self.reconcile.config.window {
            return Ok(Go::On);
        }
        self.send().await
    }

    /// Sends the window, newest original first, once the queues have room.
    async fn send(&mut self) -> Result<Go, Error> {
        let (jobs, config) = (&self.reconcile.jobs, &self.reconcile.config);
        while !self.window.is_empty() && jobs.queued().await? > config.queued_max {
            let pause = tokio::time::sleep(config.depth_every);
            if self.drain.run_until_cancelled(pause).await.is_none() {
                return Ok(Go::End(Ended::Stopped));
            }
            if self.is_renewal_due()
                && let Go::End(ended) = self.renew().await?
            {
                return Ok(Go::End(ended));
            }
        }
        self.window.sort_by_key(|hint| Reverse(hint.event_time));
        self.way.report.enqueued += jobs.enqueue(&self.window, Via::Live).await?.jobs;
        self.window.clear();
        if !self.is_renewal_due() {
            return Ok(Go::On);
        }
        self.tenure.note(self.way.clone());
        self.renew().await
    }

    fn is_renewal_due(&self) -> bool {
        self.tenure.renewal() <= tokio::time::Instant::now()
    }

    async fn renew(&mut self) -> Result<Go, Error> {
        Ok(match self.tenure.renew().await? {
            Turn::Ours => Go::On,
            Turn::Lost => Go::End(Ended::Overtaken),
        })
    }

    async fn leave(&mut self, ended: Ended) -> Result<Ended, Error> {
        if ended == Ended::Stopped {
            if self.window.is_empty() {
                self.tenure.note(self.way.clone());
            }
            self.tenure.leave().await?;
        }
        Ok(ended)
    }

    /// Everything was seen: the brake decides.
    async fn end(&mut self) -> Result<Ended, Error> {
        let report = &self.way.report;
        let (end, ended) = match self.way.held.verdict(&self.pass.brake, report.seen) {
            Verdict::Stop { limit } => (End::Braked { limit }, Ended::Braked),
            Verdict::Release(held) => {
                if let Go::End(ended) = self.release(held.into_iter().map(Hint::from).collect()).await? {
                    return self.leave(ended).await;
                }
                (End::Complete, Ended::Complete)
            }
        };
        self.way.report.ended = ended;
        match self.tenure.end(end, self.way.clone()).await? {
            Turn::Ours => Ok(ended),
            Turn::Lost => Ok(Ended::Overtaken),
        }
    }

    /// Sends what was held. It stays noted as held until the pass has ended: if it does not, all of it is sent again, which
    /// costs a look each.
    async fn release(&mut self, mut held: Vec<Hint>) -> Result<Go, Error> {
        held.sort_by_key(|hint| Reverse(hint.event_time));
        for window in held.chunks(self.reconcile.config.window.max(1)) {
            self.window.extend_from_slice(window);
            if let Go::End(ended) = self.send().await? {
                return Ok(Go::End(ended));
            }
        }
        Ok(Go::On)
    }
}
