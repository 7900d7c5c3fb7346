//! Where the broker is and how it is used. The URL holds a password, so nothing here shows it.
use std::{fmt, time::Duration};

use lapin::uri::AMQPUri;

use crate::{Backoff, Declare, Error};

/// The lease unless configured. Longer than the embedded brokers' because here it only guards against a holder that hangs:
/// one that dies takes its connection along, and its messages are due at once.
const LEASE: Duration = Duration::from_mins(1);
/// A dead connection is noticed within two of these.
const HEARTBEAT_SECONDS: u16 = 10;
/// Leaves room for the rest of a name: AMQP names have at most 255 bytes.
const PREFIX_LENGTH_MAX: usize = 64;

/// How a RabbitMQ broker is used.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// `amqp://user:password@host:port/vhost`, or `amqps`.
    pub url: String,
    /// What the names of all exchanges and queues begin with.
    pub prefix: String,
    /// Who makes them.
    pub declare: Declare,
    /// How long a delivery is ours unless extended.
    pub lease: Duration,
    /// The delays there are, one wait queue each; others are rounded up.
    pub waits: Vec<Duration>,
}

impl Config {
    /// The defaults for a broker.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: "minilab".into(),
            declare: Declare::default(),
            lease: LEASE,
            waits: Backoff::default().delays().to_vec(),
        }
    }

    /// Refuses what no broker could be used with.
    pub(super) fn parse(&self) -> Result<Address, Error> {
        let unusable = |reason: &str| Error::Unusable {
            queue: "rabbitmq".into(),
            reason: reason.into(),
        };
        let named = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        if self.prefix.is_empty() || self.prefix.len() > PREFIX_LENGTH_MAX || !self.prefix.chars().all(named)
        {
            return Err(unusable(
                "the prefix must be 1 to 64 letters, digits, dots, dashes or underscores",
            ));
        }
        let rises = self.waits.is_sorted_by(|a, b| a < b);
        if !rises || self.waits.first().is_none_or(|wait| wait.as_millis() == 0) {
            return Err(unusable("the waits must be rising delays of at least 1 ms"));
        }
        // The parser's own words may repeat the URL, and with it the password.
        Address::parse(&self.url)
            .ok_or_else(|| unusable("its URL is not of the form amqp://user:password@host:port/vhost"))
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = Address::parse(&self.url).map_or_else(|| "not a URL".into(), |address| address.to_string());
        f.debug_struct("RabbitMqConfig")
            .field("url", &url)
            .field("prefix", &self.prefix)
            .field("declare", &self.declare)
            .field("lease", &self.lease)
            .field("waits", &self.waits)
            .finish()
    }
}

/// A broker's URL, understood. Shown without credentials.
#[derive(Clone)]
pub(super) struct Address(AMQPUri);

impl Address {
    pub fn parse(url: &str) -> Option<Self> {
        let mut uri: AMQPUri = url.parse().ok()?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        Some(Self(uri))
    }

    pub fn uri(&self) -> AMQPUri {
        self.0.clone()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AMQPUri {
            scheme,
            authority,
            vhost,
            ..
        } = &self.0;
        let vhost = if vhost == "/" { "" } else { vhost };
        write!(f, "{scheme}://{}:{}/{vhost}", authority.host, authority.port)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_the_password() {
        for url in [
            "amqp://someone:hunter2@rabbit.example:5672/images",
            "amqp:someone:hunter2",
            "hunter2",
            "hunter2://someone@rabbit.example",
            "amqp://someone:hunter2@rabbit.example?heartbeat=hunter2",
        ] {
            let config = Config::at(url);
            let told = match config.parse() {
                Ok(address) => format!("{address} {address:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!format!("{config:?} {told}").contains("hunter2"), "{told}");
        }
        assert_eq!(
            Config::at("amqp://someone:hunter2@rabbit.example:5673/images")
                .parse()
                .map(|address| address.to_string())
                .ok()
                .as_deref(),
            Some("amqp://rabbit.example:5673/images")
        );
    }

    #[test]
    fn what_no_broker_could_be_used_with_is_refused() {
        let config = || Config::at("amqp://rabbit.example");
        let seconds = |s| Duration::from_secs(s);
        for refused in [
            Config {
                prefix: String::new(),
                ..config()
            },
            Config {
                prefix: "a b".into(),
                ..config()
            },
            Config {
                prefix: "p".repeat(65),
                ..config()
            },
            Config {
                waits: vec![],
                ..config()
            },
            Config {
                waits: vec![Duration::ZERO],
                ..config()
            },
            Config {
                waits: vec![seconds(2), seconds(1)],
                ..config()
            },
            Config {
                waits: vec![seconds(1), seconds(1)],
                ..config()
            },
            Config::at("http://rabbit.example"),
        ] {
            assert!(
                matches!(refused.parse(), Err(Error::Unusable { .. })),
                "{refused:?}"
            );
        }
        assert!(config().parse().is_ok());
    }
}
