//! What a worker logged of its jobs, one line each.
use std::collections::BTreeMap;

use serde_json::Value;

use crate::process::Role;

/// One delivery.
#[derive(Debug, Clone)]
pub struct Told {
    pub key: String,
    pub class: String,
    /// 1-based: more than 1 means that an attempt was spent before.
    pub attempt: u64,
    pub took_ms: u64,
    /// `None`: the broker was not reached.
    pub settled: Option<String>,
    /// Of what failed.
    pub sentence: Option<String>,
}

/// Of every process of that role, in order.
pub fn told(role: &Role) -> Vec<Told> {
    let lines = role.logged();
    let jobs = lines.iter().filter_map(|line| {
        let text = |name: &str| field(line, name)?.as_str().map(str::to_owned);
        Some(Told {
            key: text("original.key")?,
            class: text("class")?,
            attempt: field(line, "attempt")?.as_u64()?,
            took_ms: field(line, "took_ms")?.as_u64()?,
            settled: text("settled"),
            sentence: text("sentence"),
        })
    });
    jobs.collect()
}

/// A number that lines of jobs tell, over all of those roles.
pub fn sum(roles: &[Role], name: &str) -> u64 {
    let lines = roles.iter().flat_map(Role::logged);
    lines
        .filter_map(|line| field(&line, name).and_then(Value::as_u64))
        .sum()
}

/// How often which class.
pub fn classes(jobs: &[Told]) -> BTreeMap<&str, usize> {
    let mut classes = BTreeMap::new();
    for job in jobs {
        *classes.entry(job.class.as_str()).or_default() += 1;
    }
    classes
}

/// Lines keep their fields at the top or under `fields`.
fn field<'a>(line: &'a Value, name: &str) -> Option<&'a Value> {
    line.get(name).or_else(|| line["fields"].get(name))
}
