//! Labels: closed sets, so that the number of time series is known when the program is built.
//!
//! Never a key, a URL or a user: those go into logs. A value that no set holds is a new variant here, in the same change.

/// A label and all its values.
pub trait Label: Copy + 'static {
    /// The label's name.
    const NAME: &'static str;
    /// Every value there is.
    const ALL: &'static [Self];
    /// The value as Prometheus shows it.
    fn as_str(self) -> &'static str;
}

/// The labels of one metric: none, one, or a tuple of up to three.
pub trait Labels: Copy + 'static {
    /// Their names, in order.
    fn names() -> Vec<&'static str>;
    /// Every combination.
    fn every() -> Vec<Self>;
    /// This combination as Prometheus shows it.
    fn values(self) -> Vec<&'static str>;
}

impl Labels for () {
    fn names() -> Vec<&'static str> {
        Vec::new()
    }
    fn every() -> Vec<Self> {
        vec![()]
    }
    fn values(self) -> Vec<&'static str> {
        Vec::new()
    }
}

impl<A: Label> Labels for A {
    fn names() -> Vec<&'static str> {
        vec![A::NAME]
    }
    fn every() -> Vec<Self> {
        A::ALL.to_vec()
    }
    fn values(self) -> Vec<&'static str> {
        vec![self.as_str()]
    }
}

impl<A: Label, B: Label> Labels for (A, B) {
    fn names() -> Vec<&'static str> {
        vec![A::NAME, B::NAME]
    }
    fn every() -> Vec<Self> {
        A::ALL
            .iter()
            .flat_map(|a| B::ALL.iter().map(move |b| (*a, *b)))
            .collect()
    }
    fn values(self) -> Vec<&'static str> {
        vec![self.0.as_str(), self.1.as_str()]
    }
}

impl<A: Label, B: Label, C: Label> Labels for (A, B, C) {
    fn names() -> Vec<&'static str> {
        vec![A::NAME, B::NAME, C::NAME]
    }
    fn every() -> Vec<Self> {
        let pairs = <(A, B)>::every();
        pairs
            .into_iter()
            .flat_map(|(a, b)| C::ALL.iter().map(move |c| (a, b, *c)))
            .collect()
    }
    fn values(self) -> Vec<&'static str> {
        vec![self.0.as_str(), self.1.as_str(), self.2.as_str()]
    }
}

macro_rules! labels {
    ($($(#[$doc:meta])+ $name:ident ($label:literal) { $($variant:ident = $text:literal),+ $(,)? })+) => {$(
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant),+
        }

        impl $name {
            /// The value with this text, if the set holds it.
            pub fn named(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }
        }

        impl Label for $name {
            const NAME: &'static str = $label;
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    )+};
}

labels! {
    /// The lane of a job.
    Lane("lane") { Fast = "fast", Standard = "standard", Bulk = "bulk" }
    /// Where jobs wait.
    PlaceLabel("lane") { Fast = "fast", Standard = "standard", Bulk = "bulk", Backfill = "backfill" }
    /// What a promise is about: the wait until a worker has the job, its run, and both with all that is between.
    Indicator("sli") { Queueing = "queueing", Execution = "execution", EndToEnd = "end_to_end" }
    /// The broker's object behind a lane, the one for operators' work, and the one of dead letters.
    QueueLabel("queue") {
        Fast = "fast", Standard = "standard", Bulk = "bulk", Backfill = "backfill", Dead = "dead",
    }
    /// Where a message is.
    MessageState("state") { Ready = "ready", Leased = "leased", Delayed = "delayed" }
    /// How an attempt ended.
    Class("class") {
        Complete = "complete", NoOp = "no_op", Input = "input", Partial = "partial", Transient = "transient",
        Dependency = "dependency", Denied = "denied", Crash = "crash", StaleConfiguration = "stale_configuration",
    }
    /// Why a job was given up.
    DeadReason("reason") {
        Exhausted = "exhausted", Poison = "poison", Denied = "denied",
    }
    /// Format of a file.
    Format("format") { Jpeg = "jpeg", WebP = "webp", Avif = "avif", Png = "png", Gif = "gif", Tiff = "tiff" }
    /// What became of a planned file.
    FileOutcome("outcome") { Rendered = "rendered", Kept = "kept", Adopted = "adopted", Dropped = "dropped", Failed = "failed" }
    /// Part of an attempt.
    Stage("stage") {
        Fetch = "fetch", Probe = "probe", Decode = "decode", Render = "render", Put = "put", Publish = "publish",
    }
    /// What every job needs.
    DependencyLabel("dependency") {
        Broker = "broker", Originals = "originals", Output = "output", State = "state", Assets = "assets", Renderer = "renderer",
    }
    /// What a slot of the worker does.
    SlotState("state") { Idle = "idle", Busy = "busy" }
    /// How a renderer process ended.
    ExitKind("kind") {
        Recycled = "recycled", Stopped = "stopped", Signal = "signal", Deadline = "deadline", Memory = "memory",
        Protocol = "protocol",
    }
    /// A wall around renderers; `trial`: what the others are worth, tried at the start.
    Wall("wall") {
        Seccomp = "seccomp", Landlock = "landlock", NoNewPrivs = "no_new_privs", Trial = "trial",
    }
    /// What a store is for.
    StoreRole("store") { Originals = "originals", Outputs = "outputs", State = "state" }
    /// A call of the store port.
    StoreOperation("operation") { Get = "get", Head = "head", Tags = "tags", Put = "put", List = "list", Delete = "delete" }
    /// How a store call ended.
    StoreResult("result") {
        Ok = "ok", NotFound = "not_found", Precondition = "precondition", Denied = "denied",
        Unavailable = "unavailable", Failed = "failed",
    }
    /// A call of the queue port.
    QueueOperation("operation") {
        Send = "send", Receive = "receive", Extend = "extend", Settle = "settle", Depth = "depth",
    }
    /// How a queue call ended.
    QueueResult("result") {
        Ok = "ok", LeaseLost = "lease_lost", Unavailable = "unavailable", Refused = "refused",
    }
    /// Who noticed that something was uploaded or removed.
    Producer("producer") {
        Watch = "watch", Scan = "scan", Operator = "operator", S3 = "s3", EventBridge = "eventbridge", Minio = "minio",
        Sender = "sender", Ceph = "ceph", SeaweedFs = "seaweedfs", R2 = "r2", Unknown = "unknown",
    }
    /// What became of an event: a job, or why none. Of another bucket, outside our part of it, of what minilab wrote itself, of
    /// an empty object, of nothing that changes a derivative, of no known form.
    EventResult("result") {
        Enqueued = "enqueued", Unmatched = "unmatched", Refused = "refused", Foreign = "foreign", Outside = "outside",
        Ours = "ours", Empty = "empty", Ignored = "ignored", Unknown = "unknown",
    }
    /// Why a key cannot be an original's.
    KeyRefusal("reason") { NotUtf8 = "not_utf8", Invalid = "invalid", TooLong = "too_long" }
    /// How much of the records a reconcile pass reads.
    PassMode("mode") { Incremental = "incremental", Full = "full" }
    /// How a periodic pass ended.
    PassResult("result") { Complete = "complete", Braked = "braked", Stopped = "stopped", Failed = "failed" }
    /// What reconcile found of one key.
    Finding("finding") {
        Current = "current", Missing = "missing", Changed = "changed", Gone = "gone", Unmatched = "unmatched",
        Pending = "pending", Stale = "stale", Unreadable = "unreadable",
    }
    /// What kind of receiver is told.
    ReceiverKind("receiver") { Webhook = "webhook", RabbitMq = "rabbitmq", Sqs = "sqs" }
    /// Why a folder is listed anew.
    RescanReason("reason") { Overflow = "overflow", WatcherError = "watcher_error", NoWatches = "no_watches" }
}
