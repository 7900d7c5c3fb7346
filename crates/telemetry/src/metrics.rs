//! Every metric there is. The doc comment is the help text, the field's name is the metric's without `minilab_`, the type says
//! its kind and labels.
use prometheus::{IntGauge, Opts, Registry, TextEncoder};

use crate::{
    families::{Counter, Family, Gauge, Histogram, Level, Seconds},
    labels::{
        Class, DeadReason, DependencyLabel, EventResult, ExitKind, FileOutcome, Finding, Format, Indicator,
        KeyRefusal, Lane, MessageState, PassMode, PassResult, PlaceLabel, Producer, QueueLabel,
        QueueOperation, QueueResult, ReceiverKind, RescanReason, SlotState, Stage, StoreOperation,
        StoreResult, StoreRole, Wall,
    },
};

/// From a thumbnail on an idle machine to the hard cap of a job (20 min).
const JOB_SECONDS: &[f64] = &[
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1200.0,
];
/// From a header read from memory to a slow encoding.
const STAGE_SECONDS: &[f64] = &[
    0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
];
/// From an idle machine to a backlog of a day.
const PUBLISHED_SECONDS: &[f64] = &[
    0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0,
];
/// From a local file to a store's own time-out.
const REQUEST_SECONDS: &[f64] = &[0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

macro_rules! metrics {
    ($($(#[$doc:meta])+ $service:ident { $(#[doc = $help:expr] $(#[doc = $more:expr])* $field:ident : $family:ty $(, $buckets:ident)?;)+ })+) => {$(
        $(#[$doc])+
        #[derive(Debug, Clone)]
        pub struct $service {
            $(#[doc = $help] $(#[doc = $more])* pub $field: $family,)+
        }

        impl $service {
            fn register(registry: &Registry) -> Self {
                Self {
                    $($field: <$family as Family>::register(
                        registry,
                        concat!("minilab_", stringify!($field)),
                        concat!($help $(, $more)*).trim(),
                        metrics!(@buckets $($buckets)?),
                    ),)+
                }
            }
        }
    )+};
    (@buckets) => { &[] };
    (@buckets $buckets:ident) => { $buckets };
}

metrics! {
    /// What workers do.
    WorkerMetrics {
        /// Attempts that ended, by how.
        jobs_total: Counter<(Lane, Class)>;
        /// Time from receiving a job to settling it.
        job_duration_seconds: Histogram<Lane>, JOB_SECONDS;
        /// Jobs sent to wait for another attempt, by class of the failed one.
        job_retries_total: Counter<Class>;
        /// Jobs given up for good.
        dead_letters_total: Counter<DeadReason>;
        /// Time from the event, as its producer dates it, to a worker's receipt of the job; waits between attempts are in it.
        job_queue_wait_seconds: Histogram<Lane>, PUBLISHED_SECONDS;
        /// Time spent in one part of an attempt.
        stage_duration_seconds: Histogram<Stage>, STAGE_SECONDS;
        /// Time from the event, as its producer dates it, to the record swap that publishes the lane.
        upload_to_published_seconds: Histogram<Lane>, PUBLISHED_SECONDS;
        /// Jobs and lanes that were measured against a target.
        sli_total: Counter<(Lane, Indicator)>;
        /// Those of them that met it.
        sli_good_total: Counter<(Lane, Indicator)>;
        /// The targets.
        slo_target_seconds: Level<(Lane, Indicator)>;
        /// The part that is to meet them.
        slo_objective_ratio: Level<()>;
        /// CPU time that renderers spent on a lane.
        render_cpu_seconds_total: Seconds<Lane>;
        /// Planned files, by what became of them.
        files_total: Counter<(Format, FileOutcome)>;
        /// Bytes of rendered files.
        file_bytes_total: Counter<Format>;
        /// Bytes of originals read.
        original_bytes_total: Counter<()>;
        /// Slots of this worker, by what they do.
        slots: Gauge<SlotState>;
        /// 1 for each queue that this worker takes jobs from, else 0.
        queues_served: Gauge<QueueLabel>;
        /// 1 while no jobs are taken because this is away, else 0.
        breaker_open: Gauge<DependencyLabel>;
        /// Deliveries whose lease was lost while they were worked on.
        lease_lost_total: Counter<()>;
        /// Settlements that the broker did not take, or did not answer: the job comes again.
        ack_lost_total: Counter<()>;
        /// Swaps of a record that somebody else's came before.
        cas_conflicts_total: Counter<()>;
        /// Lanes that were made although somebody else made them at the same time.
        duplicate_work_total: Counter<()>;
    }
    /// What renderer processes do, counted where they are owned.
    RendererMetrics {
        /// Originals decoded; a decode shared by several lanes counts once.
        decodes_total: Counter<()>;
        /// Files encoded by renderers, whether or not they were published.
        files_rendered_total: Counter<()>;
        /// Renderer processes started.
        renderers_started_total: Counter<()>;
        /// Renderer processes that ended, by how.
        renderer_exits_total: Counter<ExitKind>;
        /// Walls that renderers do without on this machine: 1 where one is missing or not whole.
        renderer_walls_missing: Gauge<Wall>;
    }
    /// What the dispatcher does.
    DispatcherMetrics {
        /// Events, by producer and by what became of them.
        events_total: Counter<(Producer, EventResult)>;
        /// Keys that cannot be an original's, by why.
        keys_refused_total: Counter<KeyRefusal>;
        /// Messages in a queue; 0 of what the broker does not tell.
        queue_messages: Gauge<(QueueLabel, MessageState)>;
        /// CPU seconds of the jobs that are due or worked on, by what such jobs take: the same from every dispatcher.
        work_waiting_seconds: Level<PlaceLabel>;
        /// Dead letters that no worker had recorded, and messages that were no jobs.
        dead_letters_recorded_total: Counter<()>;
        /// Reconcile passes that ended, by how.
        reconcile_passes_total: Counter<(PassMode, PassResult)>;
        /// Keys seen by reconcile, by what was found.
        reconcile_keys_total: Counter<Finding>;
        /// Time of the last reconcile pass that saw everything; 0 before the first.
        reconcile_last_complete_timestamp_seconds: Gauge<()>;
        /// Time since when the brake holds what reconcile finds; 0 while it does not.
        reconcile_braked_timestamp_seconds: Gauge<()>;
        /// Keys that the brake of reconcile holds back, by what was found.
        reconcile_braked_keys: Gauge<Finding>;
        /// Time since when the brake holds what the sweep finds; 0 while it does not.
        sweep_braked_timestamp_seconds: Gauge<()>;
        /// Originals of which the brake of the sweep keeps files.
        sweep_braked_originals: Gauge<()>;
        /// Sweep passes that ended, by how.
        sweep_passes_total: Counter<PassResult>;
        /// Files deleted by sweep after their time of grace.
        sweep_files_total: Counter<()>;
        /// Listings of the watched folder that were needed because single changes could not be told.
        watch_rescans_total: Counter<RescanReason>;
        /// 1 while the folder is listed periodically because the system grants no more watches, else 0.
        watch_degraded: Gauge<()>;
    }
    /// What receivers outside are told.
    NotifyMetrics {
        /// Notifications noted for receivers.
        notifications_noted_total: Counter<()>;
        /// Notifications given up for lack of room, after a later one of the same original had overtaken them.
        notifications_dropped_total: Counter<()>;
        /// Notifications that receivers took.
        notifications_delivered_total: Counter<ReceiverKind>;
        /// Notifications that receivers did not take, each try for itself.
        notification_failures_total: Counter<ReceiverKind>;
        /// Originals of which a receiver took nothing for so long that it is not told again by itself.
        notifications_given_up_total: Counter<ReceiverKind>;
        /// Time from when something became true to when a receiver took it.
        notification_delivery_seconds: Histogram<ReceiverKind>, PUBLISHED_SECONDS;
        /// Originals of which something waited for a receiver, at the last look at all of them.
        notification_outboxes_waiting: Gauge<ReceiverKind>;
        /// Receivers that are left alone for the moment, because they take nothing.
        receiver_breakers_open: Gauge<ReceiverKind>;
    }
    /// Calls of the store port.
    StoreMetrics {
        /// Store calls, by how they ended.
        store_requests_total: Counter<(StoreRole, StoreOperation, StoreResult)>;
        /// Time of a store call; for get, to the first byte.
        store_request_duration_seconds: Histogram<(StoreRole, StoreOperation)>, REQUEST_SECONDS;
    }
    /// Calls of the queue port.
    QueueMetrics {
        /// Queue calls, by how they ended.
        queue_requests_total: Counter<(QueueOperation, QueueResult)>;
        /// Time of a queue call, without receive, which waits on purpose.
        queue_request_duration_seconds: Histogram<QueueOperation>, REQUEST_SECONDS;
        /// Messages that the broker had stranded in a queue of those that wait and that this process took out.
        queue_messages_rescued_total: Counter<()>;
        /// Messages of all queues that wait for their time, where the broker does not tell it of each queue.
        queue_messages_delayed: Gauge<()>;
    }
    /// The process as a whole.
    ProcessMetrics {
        /// 1 while the process can do its work, else 0.
        ready: Gauge<()>;
        /// Spans of traces that the collector took.
        trace_spans_sent_total: Counter<()>;
        /// Spans of traces that nobody was told of: too many waited, or the collector did not take them.
        trace_spans_dropped_total: Counter<()>;
    }
}

/// The metrics of one process, or of one test.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// What workers do.
    pub worker: WorkerMetrics,
    /// What renderer processes do.
    pub renderer: RendererMetrics,
    /// What the dispatcher does.
    pub dispatcher: DispatcherMetrics,
    /// What receivers outside are told.
    pub notify: NotifyMetrics,
    /// Calls of the store port.
    pub store: StoreMetrics,
    /// Calls of the queue port.
    pub queue: QueueMetrics,
    /// The process as a whole.
    pub process: ProcessMetrics,
}

impl Metrics {
    /// All at zero, but for `minilab_build_info`, which carries the version as a label and is 1.
    pub fn new(version: &str) -> Self {
        let registry = Registry::new();
        let build = Opts::new("minilab_build_info", "Version of this process, as a label.");
        let build = IntGauge::with_opts(build.const_label("version", version)).expect("the name is valid");
        build.set(1);
        registry.register(Box::new(build)).expect("it is the first");
        Self {
            worker: WorkerMetrics::register(&registry),
            renderer: RendererMetrics::register(&registry),
            dispatcher: DispatcherMetrics::register(&registry),
            notify: NotifyMetrics::register(&registry),
            store: StoreMetrics::register(&registry),
            queue: QueueMetrics::register(&registry),
            process: ProcessMetrics::register(&registry),
            registry,
        }
    }

    /// Everything in Prometheus' text format.
    pub fn render(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .expect("families of one registry have unique names and at least one child")
    }
}

#[cfg(test)]
mod tests {
    use prometheus::proto::MetricType;

    use super::*;

    #[test]
    fn names_units_and_help_follow_the_rules() {
        for family in Metrics::new("1.2.3").registry.gather() {
            let (name, help) = (family.name(), family.help());
            assert!(name.starts_with("minilab_"), "{name}");
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{name}"
            );
            assert!(help.ends_with('.') && !help.contains('\n'), "{name}: {help}");
            assert!(
                help.starts_with(|c: char| c.is_ascii_uppercase() || c == '1'),
                "{name}: {help}"
            );
            match family.get_field_type() {
                MetricType::COUNTER => assert!(name.ends_with("_total"), "{name}"),
                MetricType::HISTOGRAM => assert!(name.ends_with("_seconds"), "{name}"),
                _ => assert!(!name.ends_with("_total"), "{name}"),
            }
        }
    }

    #[test]
    fn every_child_is_there_from_the_start_at_zero() {
        let text = Metrics::new("1.2.3").render();
        assert!(text.contains("minilab_build_info{version=\"1.2.3\"} 1"));
        assert!(
            text.contains("minilab_jobs_total{class=\"input\",lane=\"bulk\"} 0"),
            "{text}"
        );
        for line in text
            .lines()
            .filter(|l| !l.starts_with('#') && !l.starts_with("minilab_build_info"))
        {
            assert!(line.ends_with(" 0"), "{line}");
        }
    }

    #[test]
    fn two_instances_never_mix() {
        let (one, other) = (Metrics::new("1"), Metrics::new("1"));
        one.renderer.decodes_total.inc(());
        assert!(one.render().contains("minilab_decodes_total 1"));
        assert!(other.render().contains("minilab_decodes_total 0"));
    }
}
