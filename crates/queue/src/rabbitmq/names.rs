//! What exchanges and queues are called, and which of them a message is published to.
use std::time::Duration;

use lapin::types::ShortString;

use crate::{Error, QueueName};

/// The version in the names of queues: arguments of a queue cannot be changed, so other arguments are other queues.
const VERSION: &str = "v1";

/// A queue of the port, and how it hangs in the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Jobs of one lane, and notifications: published by name.
    Jobs,
    /// What stores tell of; published by them or by us.
    Events,
    /// What was given up, by us or by the broker.
    Dead,
}

/// Every queue of the port.
pub(super) const QUEUES: [(&str, Kind); 7] = [
    ("fast", Kind::Jobs),
    ("standard", Kind::Jobs),
    ("bulk", Kind::Jobs),
    ("backfill", Kind::Jobs),
    ("notify", Kind::Jobs),
    ("events", Kind::Events),
    ("dead", Kind::Dead),
];

/// Where a message is published to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    pub exchange: ShortString,
    pub key: ShortString,
}

/// The names below one prefix.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: String,
    waits: Vec<Duration>,
}

impl Names {
    pub fn new(prefix: String, waits: Vec<Duration>) -> Self {
        Self { prefix, waits }
    }

    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Rising.
    pub fn waits(&self) -> &[Duration] {
        &self.waits
    }

    pub fn exchange(&self, role: &str) -> ShortString {
        format!("{}.{role}", self.prefix).into()
    }

    /// The broker's name of one of [`QUEUES`]; there are no others.
    pub fn queue(&self, queue: &QueueName) -> Result<ShortString, Error> {
        let (name, kind) = known(queue)?;
        Ok(self.queue_of(name, kind))
    }

    pub fn queue_of(&self, name: &str, kind: Kind) -> ShortString {
        let folder = match (kind, name) {
            (Kind::Jobs, "notify") | (Kind::Events | Kind::Dead, _) => "",
            (Kind::Jobs, _) => "jobs.",
        };
        format!("{}.{VERSION}.{folder}{name}", self.prefix).into()
    }

    pub fn wait_queue(&self, wait: Duration) -> ShortString {
        format!("{}.{VERSION}.wait.{}", self.prefix, label(wait)).into()
    }

    /// Where a message goes that is due in a queue after a delay.
    pub fn route(&self, queue: &QueueName, delay: Duration) -> Result<Route, Error> {
        let (name, kind) = known(queue)?;
        let Some(wait) = self.wait_for(delay) else {
            let exchange = match kind {
                Kind::Jobs => "jobs",
                Kind::Events => "events",
                Kind::Dead => "dead",
            };
            return Ok(Route {
                exchange: self.exchange(exchange),
                key: name.into(),
            });
        };
        Ok(Route {
            exchange: self.exchange("retry"),
            key: format!("{}.{name}", label(wait)).into(),
        })
    }

    /// The queue that a message waits for which has this key; a stranger's may be for none of ours.
    pub fn awaited(key: &ShortString) -> Option<QueueName> {
        let (_, name) = key.as_str().split_once('.')?;
        let name = QueueName::new(name)?;
        known(&name).is_ok().then_some(name)
    }

    /// Where a message of a queue goes that is given up.
    pub fn dead_route(&self, queue: &QueueName) -> Route {
        Route {
            exchange: self.exchange("dead"),
            key: queue.as_str().into(),
        }
    }

    /// The shortest wait that is long enough, or else the longest.
    fn wait_for(&self, delay: Duration) -> Option<Duration> {
        if delay.is_zero() {
            return None;
        }
        let fitting = self.waits.iter().find(|wait| **wait >= delay);
        fitting.or(self.waits.last()).copied()
    }
}

fn known(queue: &QueueName) -> Result<(&'static str, Kind), Error> {
    let found = QUEUES.iter().find(|(name, _)| *name == queue.as_str());
    found.copied().ok_or_else(|| Error::Refused {
        queue: queue.to_string(),
        reason: "there is no such queue".into(),
    })
}

/// `5s`, `2m`, `1h`; in the names of queues and in routing keys, where a dot would part words.
pub(super) fn label(wait: Duration) -> String {
    let (ms, seconds) = (wait.as_millis(), wait.as_secs());
    match seconds {
        _ if ms % 1000 != 0 => format!("{ms}ms"),
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backoff;

    fn names() -> Names {
        Names::new("minilab".into(), Backoff::default().delays().to_vec())
    }

    fn queue(name: &str) -> QueueName {
        QueueName::new(name).expect("tests use valid names")
    }

    #[test]
    fn queues_have_the_names_that_dashboards_and_scalers_know() {
        let name = |name| names().queue(&queue(name)).map(String::from).ok();
        assert_eq!(name("fast").as_deref(), Some("minilab.v1.jobs.fast"));
        assert_eq!(name("backfill").as_deref(), Some("minilab.v1.jobs.backfill"));
        assert_eq!(name("notify").as_deref(), Some("minilab.v1.notify"));
        assert_eq!(name("events").as_deref(), Some("minilab.v1.events"));
        assert_eq!(name("dead").as_deref(), Some("minilab.v1.dead"));
        let waits: Vec<_> = names()
            .waits()
            .iter()
            .map(|w| String::from(names().wait_queue(*w)))
            .collect();
        assert_eq!(
            waits,
            ["5s", "30s", "2m", "10m", "1h"].map(|wait| format!("minilab.v1.wait.{wait}"))
        );
    }

    #[test]
    fn delays_round_up_to_the_next_wait_and_never_past_the_longest() {
        let key = |ms| {
            names()
                .route(&queue("bulk"), Duration::from_millis(ms))
                .map(|route| (String::from(route.exchange), String::from(route.key)))
                .ok()
        };
        let expected = |exchange: &str, key: &str| Some((exchange.to_owned(), key.to_owned()));
        assert_eq!(key(0), expected("minilab.jobs", "bulk"));
        assert_eq!(key(1), expected("minilab.retry", "5s.bulk"));
        assert_eq!(key(5_000), expected("minilab.retry", "5s.bulk"));
        assert_eq!(key(5_001), expected("minilab.retry", "30s.bulk"));
        assert_eq!(key(u64::MAX), expected("minilab.retry", "1h.bulk"));
    }

    #[test]
    fn a_key_tells_which_queue_is_waited_for() {
        for (name, _) in QUEUES {
            let route = names().route(&queue(name), Duration::from_secs(1));
            let awaited = route.ok().and_then(|route| Names::awaited(&route.key));
            assert_eq!(awaited, Some(queue(name)));
        }
        for strange in ["fast", "5s.other", "5s.", ""] {
            assert_eq!(Names::awaited(&strange.into()), None, "{strange}");
        }
    }

    #[test]
    fn a_queue_that_is_not_there_is_refused() {
        assert!(matches!(
            names().route(&queue("other"), Duration::ZERO),
            Err(Error::Refused { .. })
        ));
    }
}
