//! What is told of passes: to the log, to metrics, to whoever asks how far we are.
use jiff::Timestamp;
use minilab_telemetry::{Finding, Label as _, Metrics};

use crate::{Ended, Ledger, Pass, ReconcileWay, Report, brake::Kind};

/// A pass has ended here.
pub(super) fn log(pass: &Pass, report: &Report) {
    let (seen, enqueued) = (report.seen, report.enqueued);
    let (gone, unmatched) = (report.count(Finding::Gone), report.count(Finding::Unmatched));
    let made = [Finding::Missing, Finding::Changed, Finding::Stale].map(|finding| report.count(finding));
    if report.ended == Ended::Braked {
        let [missing, changed, stale] = made;
        tracing::error!(
            seen,
            gone,
            unmatched,
            missing,
            changed,
            stale,
            "the brake stopped reconcile: it would make or drop the files of more than {} originals; check that store, \
             rules and recipes are the ones you mean, then run `minilab reconcile --allow`",
            pass.brake.limit(seen)
        );
    } else if enqueued > 0 {
        let made: u64 = made.iter().sum();
        tracing::info!(
            seen,
            enqueued,
            gone,
            unmatched,
            made,
            prefix = pass.prefix,
            "reconcile pass ended"
        );
    }
}

/// What the whole fleet knows, whoever made the passes.
pub(super) fn show(metrics: &Metrics, ledger: &Ledger<ReconcileWay>) {
    let complete = ledger.ended.values().filter(|last| last.complete);
    let last = complete.map(|last| last.ended).max();
    let metrics = &metrics.dispatcher;
    metrics
        .reconcile_last_complete_timestamp_seconds
        .set((), last.map_or(0, Timestamp::as_second));
    let braked = ledger.braked.as_ref();
    metrics
        .reconcile_braked_timestamp_seconds
        .set((), braked.map_or(0, |braked| braked.since.as_second()));
    for finding in Finding::ALL {
        let held = braked
            .filter(|_| Kind::of(*finding).is_some())
            .map_or(0, |braked| braked.counts.report.count(*finding));
        metrics.reconcile_braked_keys.set(*finding, held as i64);
    }
}
