//! Sweeps, one after another. At the start of a process that is alone, too, because it may live shorter than the pause.
use std::{sync::Arc, time::Duration};

use minilab_telemetry::{Metrics, PassMode};
use tokio_util::sync::CancellationToken;

use super::{Reach, Sweep, SweepReport, SweepWay};
use crate::{
    Brake, Ended, Error, Offer, Periods, Sharing, Tenure, Turns, Wanted,
    health::{Health, Need},
    rounds::FAILED_PAUSE_MAX,
};

/// Makes sweeps.
pub(crate) struct SweepRounds {
    pub(crate) sweep: Sweep,
    pub(crate) turns: Turns<SweepWay>,
    pub(crate) periods: Periods,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Arc<Health>,
}

impl SweepRounds {
    /// Runs until told to stop. No error of a pass ends it.
    pub(crate) async fn run(mut self, drain: CancellationToken) -> Result<(), Error> {
        let mut asked = (self.turns.sharing() == Sharing::Alone).then_some(PassMode::Full);
        let mut current = None;
        while !drain.is_cancelled() {
            let pause = match self.round(&mut asked, &mut current, &drain).await {
                Ok(pause) => {
                    self.health.works(Need::Sweeps);
                    pause
                }
                Err(error) => {
                    self.health.lacks(Need::Sweeps, &error);
                    FAILED_PAUSE_MAX
                }
            };
            let _ = drain.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
        if let Some(mut tenure) = current
            && let Err(error) = tenure.leave().await
        {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the turn is not handed back: it expires"
            );
        }
        Ok(())
    }

    async fn round(
        &mut self,
        asked: &mut Option<PassMode>,
        current: &mut Option<Box<Tenure<SweepWay>>>,
        drain: &CancellationToken,
    ) -> Result<Duration, Error> {
        if current.is_none() {
            let wanted = Wanted {
                now: *asked,
                // What is swept does not follow from the rules.
                revision: 0,
                periods: self.periods,
            };
            let offer = self.turns.ask(wanted).await;
            self.show();
            match offer? {
                Offer::Later(pause) => return Ok(pause),
                Offer::Ours(tenure) => *current = Some(tenure),
            }
            *asked = None;
        }
        let mut tenure = current.take().expect("it was put there above");
        let now = match tenure.earlier().await {
            Ok(now) => now,
            Err(error) => {
                *current = Some(tenure);
                return Err(error);
            }
        };
        let reach = Reach::Delete(Brake::default());
        match self.sweep.run(reach, &mut tenure, now, drain).await {
            Ok(report) => tell(&report),
            Err(error) => {
                *current = Some(tenure);
                return Err(error);
            }
        }
        self.turns.look().await?;
        self.show();
        Ok(Duration::ZERO)
    }

    /// Shows what the fleet knows.
    fn show(&self) {
        let braked = self.turns.ledger().braked.as_ref();
        let metrics = &self.metrics.dispatcher;
        metrics
            .sweep_braked_timestamp_seconds
            .set((), braked.map_or(0, |braked| braked.since.as_second()));
        let held = braked.map_or(0, |braked| braked.counts.report.due);
        metrics.sweep_braked_originals.set((), held as i64);
    }
}

fn tell(report: &SweepReport) {
    if report.ended == Ended::Braked {
        tracing::error!(
            report.records,
            report.due,
            "the brake stopped the sweep: it would delete files of {} of {} originals; check that the stores and `retain` \
             are the ones you mean, look with `minilab sweep --dry-run`, then run `minilab sweep --allow`",
            report.due,
            report.records
        );
    } else if report.deleted + report.leftovers > 0 {
        tracing::info!(
            report.deleted,
            report.leftovers,
            report.bytes,
            report.moved_on,
            report.failed,
            "sweep pass ended"
        );
    }
}
