//! Which exchanges and queues there are, and whether a broker has them.
//!
//! Only what RabbitMQ 3.10 to 4.x understand alike. A broker takes arguments it does not know without a word, so that a
//! declaration that worked proves nothing about newer features.
use lapin::{
    Channel, Connection, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, ShortString},
};

use super::{
    config::{Address, Config},
    dial,
    failure::{ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED, reply_code, unavailable},
    names::{Kind, Names, QUEUES, label},
};
use crate::{Difference, Error, State};

/// Each return counts, also that of a message nobody started on when its worker lost the connection; our own counters in
/// the message end jobs that fail, this one only those that nobody ever gets to count.
const DELIVERY_LIMIT: i32 = 20;
/// Dead letters go nowhere from here, so the 20 that newer brokers set themselves would drop them.
const DEAD_DELIVERY_LIMIT: i32 = i32::MAX;

/// Looks, and changes nothing. Bindings cannot be seen this way; [`apply`] makes them whether they are there or not.
pub async fn check(config: &Config) -> Result<Vec<Difference>, Error> {
    let (address, plan) = (config.parse()?, Plan::of(&names(config)));
    let connection = dial::open(&address, &connection_name(config)).await?;
    plan.differences(&address, &connection).await
}

/// Makes what is missing, and all bindings. Answers what it found different before; what [`State::Differs`] still does.
pub async fn apply(config: &Config) -> Result<Vec<Difference>, Error> {
    let (address, plan) = (config.parse()?, Plan::of(&names(config)));
    let connection = dial::open(&address, &connection_name(config)).await?;
    let differences = plan.differences(&address, &connection).await?;
    if differences.iter().all(|found| found.state == State::Missing) {
        plan.declare(&address, &connection).await?;
    }
    Ok(differences)
}

fn names(config: &Config) -> Names {
    Names::new(config.prefix.clone(), config.waits.clone())
}

fn connection_name(config: &Config) -> String {
    format!("{} topology", config.prefix)
}

/// Everything there has to be.
#[derive(Debug)]
pub(super) struct Plan(Vec<Thing>);

#[derive(Debug)]
enum Thing {
    Exchange(ShortString, ExchangeKind),
    Queue {
        name: ShortString,
        arguments: FieldTable,
        /// Exchanges and the keys that lead here from them.
        bindings: Vec<(ShortString, ShortString)>,
    },
}

impl Plan {
    pub fn of(names: &Names) -> Self {
        let exchange = |role: &str, kind| Thing::Exchange(names.exchange(role), kind);
        let mut things = vec![
            exchange("jobs", ExchangeKind::Direct),
            exchange("retry", ExchangeKind::Topic),
            exchange("return", ExchangeKind::Topic),
            exchange("dead", ExchangeKind::Topic),
            exchange("events", ExchangeKind::Topic),
        ];
        things.extend(QUEUES.map(|(name, kind)| queue(names, name, kind)));
        things.extend(names.waits().iter().map(|wait| {
            let ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
            let mut arguments = kept_until_passed_on(&names.exchange("return"));
            arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(ms));
            Thing::Queue {
                name: names.wait_queue(*wait),
                arguments,
                bindings: vec![(names.exchange("retry"), format!("{}.*", label(*wait)).into())],
            }
        }));
        Self(things)
    }

    /// Makes everything; what is there as it should be, stays.
    pub async fn declare(&self, address: &Address, connection: &Connection) -> Result<(), Error> {
        let channel = channel(address, connection).await?;
        for thing in &self.0 {
            match thing.declare(&channel).await {
                Ok(()) => {}
                Err(error) => return Err(thing.complaint(&error, address)),
            }
        }
        Ok(())
    }

    /// Refuses a broker on which something is missing.
    pub async fn look(&self, address: &Address, connection: &Connection) -> Result<(), Error> {
        let channel = channel(address, connection).await?;
        for thing in &self.0 {
            match thing.look(&channel).await {
                Ok(()) => {}
                Err(error) => return Err(thing.complaint(&error, address)),
            }
        }
        Ok(())
    }

    async fn differences(
        &self,
        address: &Address,
        connection: &Connection,
    ) -> Result<Vec<Difference>, Error> {
        let mut found = Vec::new();
        for thing in &self.0 {
            // An error closes its channel.
            let looked = channel(address, connection).await?;
            let compared = match thing.look(&looked).await {
                // The same declaration again, changes nothing where it is the same, and is refused where it is not.
                Ok(()) => thing.make(&looked).await,
                Err(error) => Err(error),
            };
            let Err(error) = compared else { continue };
            let state = match reply_code(&error) {
                Some(NOT_FOUND) => State::Missing,
                Some(PRECONDITION_FAILED) => State::Differs(error.to_string()),
                _ => return Err(thing.complaint(&error, address)),
            };
            found.push(Difference {
                name: thing.name().to_string(),
                state,
            });
        }
        Ok(found)
    }
}

fn queue(names: &Names, name: &str, kind: Kind) -> Thing {
    let returned = (names.exchange("return"), format!("*.{name}").into());
    let (arguments, binding) = match kind {
        Kind::Jobs => (
            with_limit(kept_until_passed_on(&names.exchange("dead")), DELIVERY_LIMIT),
            (names.exchange("jobs"), name.into()),
        ),
        Kind::Events => {
            let mut arguments = with_limit(quorum(), DELIVERY_LIMIT);
            let dead = names.exchange("dead").to_string();
            arguments.insert("x-dead-letter-exchange".into(), text(&dead));
            (arguments, (names.exchange("events"), "#".into()))
        }
        Kind::Dead => (
            with_limit(quorum(), DEAD_DELIVERY_LIMIT),
            (names.exchange("dead"), "#".into()),
        ),
    };
    Thing::Queue {
        name: names.queue_of(name, kind),
        arguments,
        bindings: vec![binding, returned],
    }
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

/// A message that leaves for another exchange stays until it has arrived there, which a full queue must be able to refuse.
fn kept_until_passed_on(exchange: &ShortString) -> FieldTable {
    let mut arguments = quorum();
    arguments.insert("x-dead-letter-exchange".into(), text(exchange.as_str()));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

fn with_limit(mut arguments: FieldTable, limit: i32) -> FieldTable {
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(limit));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

async fn channel(address: &Address, connection: &Connection) -> Result<Channel, Error> {
    let opened = connection.create_channel().await;
    opened.map_err(|error| unavailable(address, "look at the topology", error))
}

impl Thing {
    fn name(&self) -> &ShortString {
        match self {
            Self::Exchange(name, _) | Self::Queue { name, .. } => name,
        }
    }

    async fn look(&self, channel: &Channel) -> lapin::Result<()> {
        match self {
            Self::Exchange(name, kind) => {
                let options = ExchangeDeclareOptions {
                    passive: true,
                    ..ExchangeDeclareOptions::default()
                };
                let declared =
                    channel.exchange_declare(name.clone(), kind.clone(), options, FieldTable::default());
                declared.await
            }
            Self::Queue { name, .. } => {
                let options = QueueDeclareOptions {
                    passive: true,
                    ..QueueDeclareOptions::default()
                };
                let declared = channel.queue_declare(name.clone(), options, FieldTable::default());
                declared.await.map(drop)
            }
        }
    }

    async fn make(&self, channel: &Channel) -> lapin::Result<()> {
        match self {
            Self::Exchange(name, kind) => {
                let options = ExchangeDeclareOptions {
                    durable: true,
                    ..ExchangeDeclareOptions::default()
                };
                let declared =
                    channel.exchange_declare(name.clone(), kind.clone(), options, FieldTable::default());
                declared.await
            }
            Self::Queue { name, arguments, .. } => {
                let options = QueueDeclareOptions {
                    durable: true,
                    ..QueueDeclareOptions::default()
                };
                let declared = channel.queue_declare(name.clone(), options, arguments.clone());
                declared.await.map(drop)
            }
        }
    }

    async fn declare(&self, channel: &Channel) -> lapin::Result<()> {
        self.make(channel).await?;
        let Self::Queue { name, bindings, .. } = self else {
            return Ok(());
        };
        for (exchange, key) in bindings {
            let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
            channel
                .queue_bind(name.clone(), exchange.clone(), key.clone(), options, arguments)
                .await?;
        }
        Ok(())
    }

    fn complaint(&self, error: &lapin::Error, address: &Address) -> Error {
        let advice = match reply_code(error) {
            Some(NOT_FOUND) => "it is missing: run `minilab topology apply`",
            Some(PRECONDITION_FAILED) => {
                "it is there with other arguments: delete it when it is empty, or choose another prefix"
            }
            Some(ACCESS_REFUSED) => {
                "it may not be declared: grant the user the permission, or run `minilab topology apply` as another and \
                 set `declare: passive`"
            }
            _ => return unavailable(address, "look at the topology", error.clone()),
        };
        Error::Unusable {
            queue: format!("{address}: {}", self.name()),
            reason: format!("{advice} ({error})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backoff;

    fn plan() -> Plan {
        Plan::of(&Names::new("p".into(), Backoff::default().delays().to_vec()))
    }

    fn told(thing: &Thing) -> String {
        let Thing::Queue {
            name,
            arguments,
            bindings,
        } = thing
        else {
            let Thing::Exchange(name, kind) = thing else {
                unreachable!()
            };
            return format!("{name}: {kind:?}");
        };
        let mut told: Vec<String> = bindings
            .iter()
            .map(|(exchange, key)| format!("{exchange}:{key}"))
            .collect();
        told.extend(arguments.inner().iter().map(|(key, value)| match value {
            AMQPValue::LongString(text) => format!("{key}={text}"),
            AMQPValue::LongInt(number) => format!("{key}={number}"),
            AMQPValue::LongLongInt(number) => format!("{key}={number}"),
            other => format!("{key}={other:?}"),
        }));
        format!("{name}: {}", told.join(" "))
    }

    /// Arguments of a queue cannot be changed: whoever changes a line of these also raises the version in the names.
    #[test]
    fn the_topology_is_this() {
        let lane = |name: &str, rest: &str| {
            format!(
                "p.v1.{rest}{name}: p.jobs:{name} p.return:*.{name} x-dead-letter-exchange=p.dead \
                 x-dead-letter-strategy=at-least-once x-delivery-limit=20 x-overflow=reject-publish x-queue-type=quorum"
            )
        };
        let wait = |label: &str, ms: u64| {
            format!(
                "p.v1.wait.{label}: p.retry:{label}.* x-dead-letter-exchange=p.return \
                 x-dead-letter-strategy=at-least-once x-message-ttl={ms} x-overflow=reject-publish x-queue-type=quorum"
            )
        };
        let expected = [
            "p.jobs: Direct".to_owned(),
            "p.retry: Topic".into(),
            "p.return: Topic".into(),
            "p.dead: Topic".into(),
            "p.events: Topic".into(),
            lane("fast", "jobs."),
            lane("standard", "jobs."),
            lane("bulk", "jobs."),
            lane("backfill", "jobs."),
            lane("notify", ""),
            "p.v1.events: p.events:# p.return:*.events x-dead-letter-exchange=p.dead x-delivery-limit=20 \
             x-queue-type=quorum"
                .into(),
            "p.v1.dead: p.dead:# p.return:*.dead x-delivery-limit=2147483647 x-queue-type=quorum".into(),
            wait("5s", 5_000),
            wait("30s", 30_000),
            wait("2m", 120_000),
            wait("10m", 600_000),
            wait("1h", 3_600_000),
        ];
        let found: Vec<_> = plan().0.iter().map(told).collect();
        assert_eq!(found, expected);
    }
}
