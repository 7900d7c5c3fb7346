//! How latencies are distributed: counts by size, each within two percent.

const PER_DOUBLING: f64 = 36.0;
const LEAST_SECONDS: f64 = 0.001;

/// Latencies of jobs, parts of a job included.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    counts: Vec<f64>,
    all: f64,
    longest: f64,
}

impl Latencies {
    /// So many jobs took so long.
    pub fn add(&mut self, seconds: f64, jobs: f64) {
        let step = (seconds.max(LEAST_SECONDS) / LEAST_SECONDS).log2() * PER_DOUBLING;
        let step = step.round() as usize;
        if self.counts.len() <= step {
            self.counts.resize(step + 1, 0.0);
        }
        self.counts[step] += jobs;
        self.all += jobs;
        self.longest = self.longest.max(seconds);
    }

    /// What this part of them is within; 0 of none.
    pub fn quantile(&self, part: f64) -> f64 {
        let mut left = self.all * part;
        for (step, jobs) in self.counts.iter().enumerate() {
            left -= jobs;
            if left <= 0.0 && *jobs > 0.0 {
                return LEAST_SECONDS * (step as f64 / PER_DOUBLING).exp2();
            }
        }
        self.longest
    }

    /// The longest.
    pub fn longest(&self) -> f64 {
        self.longest
    }

    /// How many there are.
    pub fn jobs(&self) -> f64 {
        self.all
    }
}
