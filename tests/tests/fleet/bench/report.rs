//! The table: what was wanted, what was measured.
use std::{fmt, fs};

struct Row {
    what: String,
    wanted: String,
    measured: String,
    verdict: &'static str,
}

/// Figures beside their targets, in the order in which they were taken.
pub struct Report {
    load_before: String,
    rows: Vec<Row>,
    /// What was promised and is not so.
    broken: Vec<String>,
}

impl Report {
    pub fn new() -> Self {
        Self {
            load_before: load(),
            rows: Vec::new(),
            broken: Vec::new(),
        }
    }

    pub fn at_most(&mut self, what: &str, limit: f64, measured: f64, unit: &str) {
        // As it is shown: a probe in the background is no part of a job.
        let measured = (measured * 10.0).round() / 10.0;
        self.judged(
            what,
            format!("<= {limit}{unit}"),
            format!("{measured:.1}{unit}"),
            measured <= limit,
        );
    }

    /// A limit that is a promise: the benchmark fails where it is missed, once all is measured.
    pub fn promised(&mut self, what: &str, limit: f64, measured: f64, unit: &str) {
        self.at_most(what, limit, measured, unit);
        if measured > limit {
            self.broken.push(format!(
                "{what}: {measured:.2}{unit}, promised is <= {limit}{unit}"
            ));
        }
    }

    /// Fails if a promise was missed.
    pub fn assert_promises(&self) {
        assert!(self.broken.is_empty(), "{}", self.broken.join("\n"));
    }

    pub fn at_least(&mut self, what: &str, limit: f64, measured: f64, unit: &str) {
        self.judged(
            what,
            format!(">= {limit}{unit}"),
            format!("{measured:.0}{unit}"),
            measured >= limit,
        );
    }

    /// Nothing is wanted of it; it says where the rest comes from.
    pub fn told(&mut self, what: &str, measured: impl Into<String>) {
        self.rows.push(Row {
            what: what.to_owned(),
            wanted: "-".to_owned(),
            measured: measured.into(),
            verdict: "",
        });
        self.say();
    }

    fn judged(&mut self, what: &str, wanted: String, measured: String, met: bool) {
        self.rows.push(Row {
            what: what.to_owned(),
            wanted,
            measured,
            verdict: if met { "met" } else { "**missed**" },
        });
        self.say();
    }

    fn say(&self) {
        let Row {
            what,
            measured,
            verdict,
            ..
        } = self.rows.last().expect("one was just pushed");
        println!("  {what}: {measured} {verdict}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .unwrap_or(": ?");
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let profile = if cfg!(debug_assertions) {
            "development"
        } else {
            "release"
        };
        writeln!(f, "# A fleet\n")?;
        writeln!(
            f,
            "{}, {cores} cores, shared by RabbitMQ, SeaweedFS, the roles and what measures them; {profile} build; load average {} \
             before, {} after.\n",
            model.trim_start_matches([' ', '\t', ':']),
            self.load_before,
            load()
        )?;
        writeln!(f, "| target | wanted | measured | |\n|---|---|---|---|")?;
        for Row {
            what,
            wanted,
            measured,
            verdict,
        } in &self.rows
        {
            writeln!(f, "| {what} | {wanted} | {measured} | {verdict} |")?;
        }
        Ok(())
    }
}

fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("?").to_owned()
}

/// The value under which `percent` of them lie.
pub fn percentile(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent).div_ceil(100).saturating_sub(1)]
}
