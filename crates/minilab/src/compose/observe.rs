//! From what the worker and its renderers report to metrics: both know no telemetry.
use std::{sync::Mutex, time::Duration};

use minilab_recipe::OutputFormat;
use minilab_telemetry::{
    Class, Counter, DeadReason, DependencyLabel, ExitKind, FileOutcome, Format, Indicator, Label as _,
    Labels, Lane, Metrics, QueueLabel, SlotState, Stage, Wall,
};
use minilab_worker::{
    Dependency, Lanes, Ready, outcome,
    pool::{Counters, Gap},
    report::{self, JobReport, Settlement},
};

/// Counts one delivery.
pub fn job(metrics: &Metrics, report: &JobReport) {
    let worker = &metrics.worker;
    let lane = lane(report.lane);
    if let Some(class) = class(report.class) {
        worker.jobs_total.inc((lane, class));
    }
    worker.job_duration_seconds.observe(lane, report.took);
    worker.job_queue_wait_seconds.observe(lane, report.waited);
    worker.original_bytes_total.add((), report.work.original_bytes);
    let work = &report.work;
    for (stage, took) in [
        (Stage::Fetch, work.fetch),
        (Stage::Probe, work.probe),
        (Stage::Decode, work.decode),
        (Stage::Render, work.make),
        (Stage::Put, work.put),
        (Stage::Publish, work.publish),
    ] {
        if !took.is_zero() {
            worker.stage_duration_seconds.observe(stage, took);
        }
    }
    for (lane, cpu) in &work.cpu {
        worker.render_cpu_seconds_total.add(self::lane(*lane), *cpu);
    }
    indicators(metrics, report);
    match report.settlement {
        Some(Settlement::Retried) => class(report.class)
            .into_iter()
            .for_each(|class| worker.job_retries_total.inc(class)),
        Some(Settlement::GivenUp(given_up)) => worker.dead_letters_total.inc(reason(given_up)),
        Some(Settlement::Completed | Settlement::Released) | None => {}
    }
    for file in work.lanes.iter().flat_map(|lane| &lane.files) {
        let format = format(file.format);
        worker.files_total.inc((format, outcome(file.outcome)));
        if file.outcome == report::FileOutcome::Made {
            worker.file_bytes_total.add(format, file.bytes);
        }
    }
    worker.cas_conflicts_total.add((), work.swaps_lost.into());
    worker.duplicate_work_total.add((), work.duplicates.into());
    metrics
        .notify
        .notifications_noted_total
        .add((), work.notifications_noted);
    metrics
        .notify
        .notifications_dropped_total
        .add((), work.notifications_dropped);
    match (report.class, report.settlement) {
        (outcome::Class::LeaseLost, _) => worker.lease_lost_total.inc(()),
        (_, None) => worker.ack_lost_total.inc(()),
        (_, Some(_)) => {}
    }
    for published in &work.lanes {
        worker
            .upload_to_published_seconds
            .observe(self::lane(published.lane), report.waited + report.took);
    }
}

/// The part of jobs that is to meet a target.
const OBJECTIVE: f64 = 0.99;

/// What a lane promises. Of a whole job it is what the rules of the chart alert on; its parts say where the time goes.
fn target(lane: Lane, indicator: Indicator) -> Duration {
    let seconds = match (lane, indicator) {
        (Lane::Fast, Indicator::Queueing | Indicator::Execution) => 5,
        (Lane::Fast, Indicator::EndToEnd) => 10,
        (Lane::Standard, Indicator::Queueing | Indicator::Execution) => 30,
        (Lane::Standard, Indicator::EndToEnd) => 60,
        (Lane::Bulk, Indicator::Queueing | Indicator::Execution) => 900,
        (Lane::Bulk, Indicator::EndToEnd) => 1800,
    };
    Duration::from_secs(seconds)
}

/// The targets, told once.
pub fn targets(metrics: &Metrics) {
    let worker = &metrics.worker;
    worker.slo_objective_ratio.set((), OBJECTIVE);
    for lane in Lane::ALL {
        for indicator in Indicator::ALL {
            let target = target(*lane, *indicator).as_secs_f64();
            worker.slo_target_seconds.set((*lane, *indicator), target);
        }
    }
}

/// What a delivery says of the promises: its wait once for each job, its run if it came to an end, and each lane published.
fn indicators(metrics: &Metrics, report: &JobReport) {
    let count = |lane: Lane, indicator, took: Duration| {
        let worker = &metrics.worker;
        worker.sli_total.inc((lane, indicator));
        if took <= target(lane, indicator) {
            worker.sli_good_total.inc((lane, indicator));
        }
    };
    let asked = lane(report.lane);
    if report.attempt == 1 && report.settlement.is_some() {
        count(asked, Indicator::Queueing, report.waited);
    }
    if report.settlement == Some(Settlement::Completed) {
        count(asked, Indicator::Execution, report.took);
    }
    for published in &report.work.lanes {
        count(
            lane(published.lane),
            Indicator::EndToEnd,
            report.waited + report.took,
        );
    }
}

/// Which queues a worker takes from, told once: as long as it lives.
pub fn served(metrics: &Metrics, lanes: &Lanes) {
    let queues = lanes.queues();
    for queue in queues
        .iter()
        .filter_map(|queue| QueueLabel::named(queue.as_str()))
    {
        metrics.worker.queues_served.set(queue, 1);
    }
}

/// Called before metrics are read, with how many slots are at work out of how many.
pub fn slots(metrics: &Metrics, (busy, all): (usize, usize)) {
    let gauge = &metrics.worker.slots;
    gauge.set(SlotState::Busy, busy as i64);
    gauge.set(SlotState::Idle, all.saturating_sub(busy) as i64);
}

/// Called before metrics are read, with whether the worker takes jobs.
pub fn breakers(metrics: &Metrics, ready: &Ready) {
    for dependency in Dependency::ALL {
        let is_open = matches!(ready, Ready::No(missing) if missing.iter().any(|reason| reason.dependency == dependency));
        let gauge = &metrics.worker.breaker_open;
        gauge.set(self::dependency(dependency), i64::from(is_open));
    }
}

fn dependency(dependency: Dependency) -> DependencyLabel {
    match dependency {
        Dependency::Broker => DependencyLabel::Broker,
        Dependency::Originals => DependencyLabel::Originals,
        Dependency::Output => DependencyLabel::Output,
        Dependency::State => DependencyLabel::State,
        Dependency::Assets => DependencyLabel::Assets,
        Dependency::Renderer => DependencyLabel::Renderer,
    }
}

fn lane(lane: minilab_recipe::Lane) -> Lane {
    match lane {
        minilab_recipe::Lane::Fast => Lane::Fast,
        minilab_recipe::Lane::Standard => Lane::Standard,
        minilab_recipe::Lane::Bulk => Lane::Bulk,
    }
}

fn format(format: OutputFormat) -> Format {
    match format {
        OutputFormat::Avif => Format::Avif,
        OutputFormat::Webp => Format::WebP,
        OutputFormat::Jpeg => Format::Jpeg,
        OutputFormat::Png => Format::Png,
        OutputFormat::Gif => Format::Gif,
        OutputFormat::Tiff => Format::Tiff,
    }
}

fn outcome(outcome: report::FileOutcome) -> FileOutcome {
    match outcome {
        report::FileOutcome::Made => FileOutcome::Rendered,
        report::FileOutcome::Kept => FileOutcome::Kept,
        report::FileOutcome::Adopted => FileOutcome::Adopted,
        report::FileOutcome::Dropped => FileOutcome::Dropped,
        report::FileOutcome::Failed => FileOutcome::Failed,
    }
}

fn reason(given_up: outcome::GivenUp) -> DeadReason {
    match given_up {
        outcome::GivenUp::Exhausted => DeadReason::Exhausted,
        outcome::GivenUp::Denied => DeadReason::Denied,
        outcome::GivenUp::Poison => DeadReason::Poison,
    }
}

/// `None`: the delivery ended without an outcome of its own; whoever has it next counts it.
fn class(class: outcome::Class) -> Option<Class> {
    match class {
        outcome::Class::Complete => Some(Class::Complete),
        outcome::Class::Noop => Some(Class::NoOp),
        outcome::Class::Input => Some(Class::Input),
        outcome::Class::Partial => Some(Class::Partial),
        outcome::Class::Transient => Some(Class::Transient),
        outcome::Class::Dependency => Some(Class::Dependency),
        outcome::Class::Denied => Some(Class::Denied),
        outcome::Class::Crash | outcome::Class::Unsettled => Some(Class::Crash),
        outcome::Class::Stale => Some(Class::StaleConfiguration),
        outcome::Class::LeaseLost | outcome::Class::Aborted => None,
    }
}

/// Brings the metrics of the renderers up to the pool's own counters.
#[derive(Debug, Default)]
pub struct Renderers {
    told: Mutex<()>,
}

impl Renderers {
    /// Called before metrics are read.
    pub fn tell(&self, metrics: &Metrics, now: Counters) {
        // Two scrapes at one time must not both add the difference. The lock guards no data that could be half-written.
        let _one_at_a_time = self
            .told
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let renderer = &metrics.renderer;
        raise(&renderer.decodes_total, (), now.decodes);
        raise(&renderer.files_rendered_total, (), now.files);
        raise(&renderer.renderers_started_total, (), now.started);
        let exits = [
            (ExitKind::Recycled, now.recycled),
            (ExitKind::Stopped, now.abandoned + now.crashes.exit),
            (ExitKind::Signal, now.crashes.signal),
            (ExitKind::Deadline, now.crashes.deadline),
            (ExitKind::Memory, now.crashes.memory),
            (ExitKind::Protocol, now.crashes.protocol),
        ];
        for (kind, count) in exits {
            raise(&renderer.renderer_exits_total, kind, count);
        }
    }
}

/// Which walls its renderers do without. They are found at the start and stay.
pub fn walls(metrics: &Metrics, gaps: &[Gap]) {
    for wall in Wall::ALL {
        let is_missing = gaps.iter().any(|gap| gap.wall == wall.as_str());
        metrics
            .renderer
            .renderer_walls_missing
            .set(*wall, is_missing.into());
    }
}

fn raise<L: Labels + Copy>(counter: &Counter<L>, labels: L, to: u64) {
    counter.add(labels, to.saturating_sub(counter.get(labels)));
}
