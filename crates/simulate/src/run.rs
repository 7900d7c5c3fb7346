//! A scenario, second by second.
use crate::{
    Class, LANES, Latencies, Minute, OfLane, Outcome, Trace,
    hpa::{Autoscaler, Behaviour},
    mix,
    pods::Pods,
    station::{Batch, Station},
};

/// What decides how many pods a lane has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Always so many.
    Fixed(u32),
    /// How many jobs wait or are worked on, by what the mean one is taken to cost.
    QueueLength,
    /// The same and the seconds of work that wait; the larger wish counts.
    CostWeighted,
}

impl std::fmt::Display for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(pods) => write!(f, "fixed={pods}"),
            Self::QueueLength => f.write_str("queue-length"),
            Self::CostWeighted => f.write_str("cost-weighted"),
        }
    }
}

/// What is asked of a lane.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneTerms {
    /// What it promises, from the upload on.
    pub target_seconds: Option<f64>,
    /// How long what waits may take, as the chart's `drainSeconds`.
    pub drain_seconds: f64,
    /// What its mean job is taken to cost, as the chart's `meanSeconds`; `None`: as the mix says.
    pub mean_seconds: Option<f64>,
    /// How its pods come and go.
    pub behaviour: Behaviour,
}

/// What is replayed.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// When uploads come.
    pub trace: Trace,
    /// Uploads a second, in the mean.
    pub rate: f64,
    /// How long.
    pub seconds: u32,
    /// Chance.
    pub seed: u64,
    /// What is uploaded.
    pub mix: Vec<Class>,
    /// The lanes of [`LANES`].
    pub lanes: [LaneTerms; 4],
    /// Jobs that a pod works on at a time, a CPU each.
    pub slots: u32,
    /// From the wish for a pod to its first job.
    pub start_seconds: u32,
    /// How far a pod is filled by what it is taken to be enough for.
    pub fill: f64,
}

/// A lane at work.
struct Lane<'a> {
    index: usize,
    terms: &'a LaneTerms,
    station: Station,
    pods: Pods,
    autoscaler: Autoscaler,
    latencies: Latencies,
    on_time: f64,
    pod_seconds: f64,
    pods_max: u32,
    came: f64,
    minute: Minute,
    minutes: Vec<Minute>,
}

impl<'a> Lane<'a> {
    fn new(scenario: &'a Scenario, index: usize, policy: Policy) -> Self {
        let terms = &scenario.lanes[index];
        let seconds = scenario.mix.iter().map(|class| class.seconds[index]).collect();
        let ready = match policy {
            Policy::Fixed(pods) => pods,
            _ => terms.behaviour.min,
        };
        Self {
            index,
            terms,
            station: Station::new(seconds),
            pods: Pods::ready(ready),
            autoscaler: Autoscaler::new(terms.behaviour.clone()),
            latencies: Latencies::default(),
            on_time: 0.0,
            pod_seconds: 0.0,
            pods_max: 0,
            came: 0.0,
            minute: Minute::default(),
            minutes: Vec::new(),
        }
    }

    fn push(&mut self, batch: Batch) {
        self.came += batch.jobs;
        self.minute.rate += batch.jobs / 60.0;
        self.station.push(batch);
    }

    /// Answers what has ended.
    fn step(&mut self, now: u32, scenario: &Scenario, policy: Policy) -> Vec<Batch> {
        self.pods.become_ready(now);
        self.scale(now, scenario, policy);
        let slots = f64::from(self.pods.at_work() * scenario.slots);
        let (latencies, on_time, minute) = (&mut self.latencies, &mut self.on_time, &mut self.minute);
        let target = self.terms.target_seconds.unwrap_or(f64::INFINITY);
        let ended = self.station.step(slots, |batch, seconds| {
            let took = f64::from(now - batch.uploaded) + seconds;
            latencies.add(took, batch.jobs);
            minute.longest_seconds = minute.longest_seconds.max(took);
            if took <= target {
                *on_time += batch.jobs;
            }
        });
        self.pod_seconds += f64::from(self.pods.all());
        self.pods_max = self.pods_max.max(self.pods.wanted());
        if now % 60 == 59 {
            self.minute.pods = self.pods.at_work();
            self.minute.waiting_seconds = self.station.waiting_seconds();
            self.minutes.push(std::mem::take(&mut self.minute));
        }
        ended
    }

    fn scale(&mut self, now: u32, scenario: &Scenario, policy: Policy) {
        let per_pod = f64::from(scenario.slots) * scenario.fill * self.terms.drain_seconds;
        let usual = mix::mean(&scenario.mix, self.index);
        let mean = self.terms.mean_seconds.unwrap_or(usual);
        let jobs = self.station.jobs() + self.station.working();
        let by_number = jobs / (per_pod / mean).floor().max(1.0);
        let by_cost = self.station.waiting_seconds() / per_pod.floor().max(1.0);
        let loads = match policy {
            Policy::Fixed(_) => return,
            Policy::QueueLength => vec![by_number],
            Policy::CostWeighted => vec![by_number, by_cost],
        };
        let current = self.pods.wanted();
        let to = self.autoscaler.look(now, current, &loads, jobs > 1e-6);
        self.pods
            .scale((now, scenario.start_seconds), to, &mut self.station);
    }

    fn told(self) -> OfLane {
        let (jobs, left) = (self.latencies.jobs(), self.station.jobs());
        let attained = |_| self.on_time / (jobs + left).max(1e-9);
        OfLane {
            lane: LANES[self.index],
            jobs,
            left,
            p50_seconds: self.latencies.quantile(0.50),
            p95_seconds: self.latencies.quantile(0.95),
            p99_seconds: self.latencies.quantile(0.99),
            longest_seconds: self.latencies.longest(),
            target_seconds: self.terms.target_seconds,
            attained: self.terms.target_seconds.map(attained),
            pod_hours: self.pod_seconds / 3600.0,
            pods_max: self.pods_max,
            minutes: self.minutes,
        }
    }
}

/// Replays a scenario under a policy.
pub fn run(scenario: &Scenario, policy: Policy) -> Outcome {
    let mut chance = fastrand::Rng::with_seed(scenario.seed);
    let mut lanes: Vec<_> = (0..LANES.len())
        .map(|index| Lane::new(scenario, index, policy))
        .collect();
    for now in 0..scenario.seconds {
        let at = (now, scenario.seconds);
        let mut expected = scenario.trace.expected(at, scenario.rate, &scenario.mix);
        if !scenario.trace.is_exact() {
            for jobs in &mut expected {
                *jobs = poisson(*jobs, &mut chance);
            }
        }
        let backfilled = scenario.trace.backfilled(at, scenario.rate, &scenario.mix);
        for (lane, arrivals) in [(0, expected), (3, backfilled)] {
            for (class, jobs) in arrivals.into_iter().enumerate() {
                let uploaded = now;
                lanes[lane].push(Batch {
                    uploaded,
                    class,
                    jobs,
                });
            }
        }
        for index in 0..LANES.len() {
            let ended = lanes[index].step(now, scenario, policy);
            // Fast hands on to standard, and that to bulk.
            if index < 2 {
                for batch in ended {
                    lanes[index + 1].push(batch);
                }
            }
        }
    }
    let lanes: Vec<_> = lanes
        .into_iter()
        .filter(|lane| lane.came > 0.0)
        .map(Lane::told)
        .collect();
    Outcome {
        policy: policy.to_string(),
        pod_hours: lanes.iter().map(|lane| lane.pod_hours).sum(),
        lanes,
    }
}

/// How many come where so many are to be expected.
fn poisson(expected: f64, chance: &mut fastrand::Rng) -> f64 {
    if expected > 50.0 {
        // By then it is a bell.
        let (one, other) = (1.0 - chance.f64(), chance.f64());
        let bell = (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos();
        return (expected + expected.sqrt() * bell).round().max(0.0);
    }
    let (least, mut product, mut count) = ((-expected).exp(), 1.0, 0.0);
    loop {
        product *= chance.f64();
        if product <= least {
            return count;
        }
        count += 1.0;
    }
}
