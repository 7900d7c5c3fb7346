//! Which queues, and how they are reached. Plain data; what is secret in it is never shown.
use std::{fmt, time::Duration};

use crate::{Declare, Error};

/// The lease unless configured. A killed worker's message is due again after it; two of three extensions may fail.
const LEASE: Duration = Duration::from_mins(1);
/// A shorter one would end while the broker rounds to seconds.
const LEASE_MIN: Duration = Duration::from_secs(1);
/// Far below the 12 h for which SQS lets anybody have a message.
const LEASE_MAX: Duration = Duration::from_hours(1);
/// Leaves room for the rest of a name: SQS takes 80 characters.
const PREFIX_LENGTH_MAX: usize = 64;

/// Where an SQS is, and who asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// Region; `None`: the environment's, and `us-east-1` where an endpoint is set.
    pub region: Option<String>,
    /// Address of another server than AWS: `https://` or `http://`, host, port.
    pub endpoint: Option<String>,
    /// Who asks; `None`: the SDK's chain (environment, profile, web identity, container, instance).
    pub credentials: Option<Credentials>,
}

/// An access key given by hand, for tests and tools; services use the SDK's chain.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Access key id.
    pub access_key: String,
    /// Secret access key; never printed.
    pub secret_key: String,
}

/// How the queues of an installation are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where they are.
    pub service: Service,
    /// What the names of all queues begin with: `<prefix>-jobs-fast`.
    pub prefix: String,
    /// Who makes them.
    pub declare: Declare,
    /// How long a delivery is ours unless extended.
    pub lease: Duration,
}

/// How one queue of somebody else's is used, into which uploads are told: its messages are those of the queue `events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsConfig {
    /// Where it is.
    pub service: Service,
    /// Its name, or its address, which says by itself where it is.
    pub queue: String,
    /// The queue that takes what is given up; `None`: the one that its own redrive policy names.
    pub dead: Option<String>,
    /// How long a delivery is ours unless extended.
    pub lease: Duration,
}

impl Config {
    /// The defaults for a service.
    pub fn at(service: Service) -> Self {
        Self {
            service,
            prefix: "minilab".into(),
            declare: Declare::Passive,
            lease: LEASE,
        }
    }

    /// Refuses what no queue could be used with.
    pub(super) fn check(&self) -> Result<(), Error> {
        let named = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        if self.prefix.is_empty() || self.prefix.len() > PREFIX_LENGTH_MAX || !self.prefix.chars().all(named)
        {
            return Err(unusable(
                "the prefix must be 1 to 64 letters, digits, dashes or underscores",
            ));
        }
        check_lease(self.lease)?;
        self.service.check()
    }
}

impl EventsConfig {
    /// The defaults for a queue.
    pub fn of(service: Service, queue: impl Into<String>) -> Self {
        Self {
            service,
            queue: queue.into(),
            dead: None,
            lease: LEASE,
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        check_lease(self.lease)?;
        self.service().check()
    }

    /// Does it say where the queue is, instead of what it is called there?
    pub(super) fn is_address(&self) -> bool {
        self.queue.starts_with("https://") || self.queue.starts_with("http://")
    }

    /// Where the queue is, also as its address says it.
    pub(super) fn service(&self) -> Service {
        let mut service = self.service.clone();
        let address = self.queue.split_once("://").filter(|_| self.is_address());
        let Some((scheme, rest)) = address else {
            return service;
        };
        let host = rest.split('/').next().unwrap_or_default();
        match region_of(host) {
            Some(region) => service.region = Some(region.to_owned()),
            None if service.endpoint.is_none() => service.endpoint = Some(format!("{scheme}://{host}")),
            None => {}
        }
        service
    }
}

/// `sqs.eu-central-1.amazonaws.com`.
fn region_of(host: &str) -> Option<&str> {
    let (region, rest) = host.strip_prefix("sqs.")?.split_once('.')?;
    rest.starts_with("amazonaws.").then_some(region)
}

impl Service {
    /// Does the endpoint speak without TLS?
    pub(super) fn is_plain(&self) -> bool {
        self.endpoint
            .as_deref()
            .is_some_and(|endpoint| endpoint.starts_with("http://"))
    }

    fn check(&self) -> Result<(), Error> {
        let Some(endpoint) = &self.endpoint else {
            return Ok(());
        };
        let address = endpoint
            .split_once("://")
            .filter(|(scheme, address)| matches!(*scheme, "http" | "https") && !address.is_empty());
        match address {
            None => Err(unusable(
                "its endpoint is no address; write https://host:port or http://host:port",
            )),
            // Not repeated in the sentence: it is a password.
            Some((_, address)) if address.contains('@') => Err(unusable(
                "its endpoint contains credentials; take them out and give them to the environment (AWS_ACCESS_KEY_ID)",
            )),
            Some(_) => Ok(()),
        }
    }
}

fn check_lease(lease: Duration) -> Result<(), Error> {
    if (LEASE_MIN..=LEASE_MAX).contains(&lease) {
        return Ok(());
    }
    Err(unusable("the lease must be between a second and an hour"))
}

fn unusable(reason: &str) -> Error {
    Error::Unusable {
        queue: "sqs".into(),
        reason: reason.into(),
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::at(Service::default());
        change(&mut config);
        config.check().unwrap_err().to_string()
    }

    #[test]
    fn what_can_never_work_is_refused_before_any_request() {
        assert_eq!(Config::at(Service::default()).check().ok(), Some(()));
        assert!(refusal(|config| config.prefix = "a.b".into()).contains("prefix"));
        assert!(refusal(|config| config.prefix = "p".repeat(65)).contains("prefix"));
        assert!(refusal(|config| config.lease = Duration::ZERO).contains("lease"));
        assert!(
            refusal(|config| config.service.endpoint = Some("moto:5000".into()))
                .contains("https://host:port")
        );
        let secret = refusal(|config| config.service.endpoint = Some("http://me:hunter2@moto".into()));
        assert!(
            secret.contains("take them out") && !secret.contains("hunter2"),
            "{secret}"
        );
    }

    #[test]
    fn an_address_says_where_its_queue_is() {
        let service = |queue: &str| EventsConfig::of(Service::default(), queue).service();
        let at = |region: Option<&str>, endpoint: Option<&str>| Service {
            region: region.map(str::to_owned),
            endpoint: endpoint.map(str::to_owned),
            credentials: None,
        };
        assert_eq!(service("uploads"), at(None, None));
        assert_eq!(
            service("https://sqs.eu-west-1.amazonaws.com/123456789012/uploads"),
            at(Some("eu-west-1"), None)
        );
        assert_eq!(
            service("http://127.0.0.1:5000/123456789012/uploads"),
            at(None, Some("http://127.0.0.1:5000"))
        );
    }

    #[test]
    fn given_credentials_are_never_printed() {
        let credentials = Credentials {
            access_key: "AKIAEXAMPLE".into(),
            secret_key: "hunter2".into(),
        };
        assert_eq!(format!("{credentials:?}"), "Credentials { .. }");
    }
}
