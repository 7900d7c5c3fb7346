//! `minilab simulate`: how a fleet would cope.
use std::{path::PathBuf, time::Duration};

use clap::Args;
use minilab_simulate::Policy;

/// `minilab simulate`
#[derive(Debug, Args)]
pub struct Simulate {
    /// When uploads come: steady, diurnal, flash, backfill, or a CSV file of `second,class,uploads`
    #[arg(long, default_value = "diurnal", value_name = "TRACE")]
    pub trace: String,
    /// Uploads a second, in the mean; a file says them itself
    #[arg(long, default_value_t = 10.0, value_parser = rate, value_name = "N")]
    pub rate: f64,
    /// How long
    #[arg(long, default_value = "24h", value_parser = super::duration, value_name = "DURATION")]
    pub time: Duration,
    /// What decides how many pods there are: some of queue-length, cost-weighted, fixed=PODS, separated by commas
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "queue-length,cost-weighted",
        value_parser = policy,
        value_name = "POLICIES"
    )]
    pub policy: Vec<Policy>,
    /// Originals by class: NAME=SHARE:FAST/STANDARD/BULK, the share of uploads and the CPU seconds of each lane's job
    /// [default: small=0.6:0.01/0.03/0.1,photo=0.38:0.15/0.5/2,large=0.02:1/4/20]
    #[arg(long, value_delimiter = ',', value_name = "CLASSES")]
    pub mix: Vec<String>,
    /// Jobs that a pod works on at a time
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64), value_name = "N")]
    pub slots: u32,
    /// From the wish for a pod to its first job
    #[arg(long, default_value = "30s", value_parser = super::duration, value_name = "DURATION")]
    pub pod_start: Duration,
    /// Most pods of a lane
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000), value_name = "N")]
    pub pods_max: u32,
    /// Seconds that what waits may take, for fast/standard/bulk/backfill: `drainSeconds` of the chart
    #[arg(long, default_value = "2/30/900/900", value_name = "SECONDS")]
    pub drain: String,
    /// How long scaling down takes the largest wish: `behavior.scaleDown.stabilizationWindowSeconds` of the chart
    #[arg(long, default_value = "300s", value_parser = super::duration, value_name = "DURATION")]
    pub down_window: Duration,
    /// The same seed comes to the same
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Draw it, as an SVG
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text
        .parse::<f64>()
        .ok()
        .filter(|rate| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "take a number of uploads a second, above 0".to_owned())
}

fn policy(text: &str) -> Result<Policy, String> {
    match (text, text.strip_prefix("fixed=").map(str::parse)) {
        ("queue-length", _) => Ok(Policy::QueueLength),
        ("cost-weighted", _) => Ok(Policy::CostWeighted),
        (_, Some(Ok(pods))) => Ok(Policy::Fixed(pods)),
        _ => Err("take queue-length, cost-weighted or fixed=PODS".to_owned()),
    }
}
