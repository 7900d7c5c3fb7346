//! Queues on a RabbitMQ broker, 3.10 to 4.x: quorum queues, a wait queue for each delay, confirmed publishing.
mod channels;
mod config;
mod dial;
mod exchange;
mod failure;
mod intake;
mod leases;
mod link;
mod message;
mod names;
mod publisher;
pub mod topology;
mod watchdog;

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::{Instant, interval, sleep_until};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::{
    Delivery, Depth, Disposition, Error, Limits, Noticed, Outgoing, Queue, QueueName, Receipt, Settled,
    limits,
};
use channels::{Channels, Taken};
use config::Address;
pub use config::Config;
pub use exchange::{Exchange, ExchangeConfig};
use intake::{Intake, LINGER};
use leases::Leases;
use link::{Link, Purpose};
use names::Names;
use publisher::{Parcel, Publisher};

/// Longest wait of one `receive`; keeps `now + wait` representable.
const WAIT_MAX: Duration = Duration::from_hours(24);

/// The broker.
///
/// One connection publishes and one receives, because a broker that takes no messages for the moment blocks the whole
/// connection. Both are made again whenever they end; calls fail meanwhile. Dropping it is like dying: what is unsettled is
/// delivered again, marked; [`Queue::close`] first gives back what nobody has got.
pub struct RabbitMq {
    core: Arc<Core>,
    _stop: DropGuard,
}

#[derive(Debug)]
struct Core {
    address: Address,
    names: Names,
    limits: Limits,
    publisher: Publisher,
    channels: Arc<Channels>,
    intakes: Mutex<HashMap<QueueName, Arc<Intake>>>,
    leases: Leases,
    leases_lost: AtomicU64,
    rescued: AtomicU64,
    /// How many messages each wait queue held at the last look.
    waiting: Vec<AtomicU64>,
    /// Fetches and consumers.
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl RabbitMq {
    /// Connects, and makes or looks at the topology as configured.
    pub async fn connect(config: Config) -> Result<Self, Error> {
        let address = config.parse()?;
        let names = Names::new(config.prefix.clone(), config.waits.clone());
        let purpose = |name: &str| Purpose {
            address: address.clone(),
            name: format!("{} {name}", names.prefix()),
            topology: None,
        };
        let publishing = Purpose {
            topology: Some((topology::Plan::of(&names), config.declare)),
            ..purpose("publishes")
        };
        let (publishing, publishing_kept) = Link::start(publishing).await?;
        let (receiving, receiving_kept) = Link::start(purpose("receives")).await?;

        let stop = CancellationToken::new();
        let core = Arc::new(Core {
            limits: limits_of(&config),
            leases: Leases::new(config.lease),
            publisher: Publisher::new(publishing),
            channels: Arc::new(Channels::new(receiving)),
            intakes: Mutex::default(),
            leases_lost: AtomicU64::new(0),
            rescued: AtomicU64::new(0),
            waiting: names.waits().iter().map(|_| AtomicU64::new(0)).collect(),
            tasks: TaskTracker::new(),
            closing: stop.child_token(),
            address,
            names,
        });
        tokio::spawn(stop.clone().run_until_cancelled_owned(publishing_kept));
        tokio::spawn(stop.clone().run_until_cancelled_owned(receiving_kept));
        tokio::spawn(
            stop.clone()
                .run_until_cancelled_owned(end_leases(Arc::clone(&core))),
        );
        tokio::spawn(
            stop.clone()
                .run_until_cancelled_owned(hand_back_unwanted(Arc::clone(&core))),
        );
        tokio::spawn(
            core.closing
                .clone()
                .run_until_cancelled_owned(watchdog::watch(Arc::clone(&core))),
        );
        Ok(Self {
            core,
            _stop: stop.drop_guard(),
        })
    }

    /// How many settlements came too late, since the start: each is work done twice.
    pub fn leases_lost(&self) -> u64 {
        self.core.leases_lost.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for RabbitMq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitMq")
            .field("address", &self.core.address)
            .field("prefix", &self.core.names.prefix())
            .finish_non_exhaustive()
    }
}

fn limits_of(config: &Config) -> Limits {
    Limits {
        payload_bytes_max: limits::PAYLOAD_BYTES_MAX,
        delay_max: config.waits.last().copied().unwrap_or_default(),
        lease: config.lease,
        receive_max: limits::RECEIVE_MAX,
        coalesces: false,
    }
}

async fn end_leases(core: Arc<Core>) {
    loop {
        let (ended, next) = core.leases.ended();
        for taken in ended {
            tracing::warn!(queue = %taken.queue, "a lease ended, the message is given to somebody else");
            taken.give_back(&core.channels).await;
        }
        sleep_until(next).await;
    }
}

async fn hand_back_unwanted(core: Arc<Core>) {
    let mut looks = interval(LINGER);
    loop {
        looks.tick().await;
        core.hand_back_unwanted().await;
    }
}

impl Core {
    fn intake(&self, queue: &QueueName) -> Result<Arc<Intake>, Error> {
        let name = self.names.queue(queue)?;
        let mut intakes = self.intakes();
        let intake = intakes.entry(queue.clone()).or_insert_with(|| {
            let (channels, tasks) = (Arc::clone(&self.channels), self.tasks.clone());
            let closing = self.closing.clone();
            Arc::new(Intake::new(queue.clone(), name, channels, tasks, closing))
        });
        Ok(Arc::clone(intake))
    }

    async fn hand_back_unwanted(&self) {
        let intakes: Vec<_> = self.intakes().values().cloned().collect();
        for intake in intakes {
            self.hand_back(&intake).await;
        }
    }

    /// Gives back what is held and nobody wants, as unmarked as it came: a copy, and then the original is done with.
    async fn hand_back(&self, intake: &Intake) {
        for taken in intake.unwanted() {
            if !taken.is_ours() {
                continue;
            }
            if taken.redelivered {
                taken.give_back(&self.channels).await;
                continue;
            }
            let copied = match self.parcel(&taken, Duration::ZERO) {
                Ok(copy) => self.publisher.publish("give back", vec![copy]).await,
                Err(error) => Err(error),
            };
            match copied {
                Ok(()) => {
                    taken.acknowledge(&self.channels).await;
                }
                Err(error) => {
                    tracing::warn!(
                        queue = %taken.queue,
                        error = &error as &dyn std::error::Error,
                        "a message that nobody wants could not be given back"
                    );
                    intake.hold(taken);
                }
            }
        }
    }

    fn parcel(&self, taken: &Taken, delay: Duration) -> Result<Parcel, Error> {
        Ok(Parcel {
            route: self.names.route(&taken.queue, delay)?,
            payload: taken.payload.clone(),
            reason: taken.reason.clone(),
        })
    }

    /// What has to be in the broker before a message is done with.
    fn successor(&self, taken: &Taken, disposition: Disposition) -> Result<Option<Parcel>, Error> {
        let parcel = match disposition {
            Disposition::Complete => return Ok(None),
            Disposition::Release { delay } => self.parcel(taken, delay)?,
            Disposition::Retry { payload, delay } => Parcel {
                payload,
                ..self.parcel(taken, delay)?
            },
            Disposition::Reject { payload, reason } => Parcel {
                route: self.names.dead_route(&taken.queue),
                payload,
                reason: Some(reason),
            },
        };
        Ok(Some(parcel))
    }

    fn intakes(&self) -> MutexGuard<'_, HashMap<QueueName, Arc<Intake>>> {
        self.intakes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Queue for RabbitMq {
    fn limits(&self) -> Limits {
        self.core.limits
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
        let core = &self.core;
        core.limits
            .admit_all(messages.iter().map(|m| (&m.queue, &m.payload)))?;
        let parcels = messages.into_iter().map(|message| {
            Ok(Parcel {
                route: core.names.route(&message.queue, message.delay)?,
                payload: message.payload,
                reason: None,
            })
        });
        let parcels = parcels.collect::<Result<_, Error>>()?;
        core.publisher.publish("send", parcels).await
    }

    async fn receive(&self, queue: &QueueName, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        let intake = self.core.intake(queue)?;
        let deadline = Instant::now() + wait.min(WAIT_MAX);
        let taken = intake
            .receive(max.min(self.core.limits.receive_max), deadline)
            .await?;
        Ok(self.core.leases.start(taken))
    }

    async fn extend(&self, receipt: &Receipt) -> Result<Settled, Error> {
        Ok(self.core.leases.extend(receipt))
    }

    async fn settle(&self, receipt: &Receipt, disposition: Disposition) -> Result<Settled, Error> {
        let core = &self.core;
        if let Disposition::Retry { payload, .. } | Disposition::Reject { payload, .. } = &disposition {
            core.limits.admit(&core.address, payload)?;
        }
        let settled = match core.leases.settle(receipt) {
            None => Settled::LeaseLost,
            Some(settling) => {
                if let Some(successor) = core.successor(settling.message(), disposition)? {
                    core.publisher.publish("settle", vec![successor]).await?;
                }
                settling.finish().acknowledge(&core.channels).await
            }
        };
        if settled == Settled::LeaseLost {
            core.leases_lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(settled)
    }

    /// Of what is handed out and what waits for its time the broker tells nothing that could be said of one queue.
    async fn depth(&self, queue: &QueueName) -> Result<Depth, Error> {
        let (core, intake) = (&self.core, self.core.intake(queue)?);
        let ready = core.channels.ready("depth", &core.names.queue(queue)?).await?;
        Ok(Depth {
            ready: u64::from(ready) + intake.held() as u64,
            leased: None,
            delayed: None,
        })
    }

    /// A blocked broker answers what it is asked.
    async fn works(&self, queue: &QueueName) -> Result<(), Error> {
        self.core.publisher.is_open_for("works")?;
        self.depth(queue).await.map(drop)
    }

    fn noticed(&self) -> Noticed {
        let waiting = self
            .core
            .waiting
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        Noticed {
            rescued: self.core.rescued.load(Ordering::Relaxed),
            delayed: Some(waiting.sum()),
        }
    }

    async fn close(&self) {
        let core = &self.core;
        core.closing.cancel();
        core.tasks.close();
        core.tasks.wait().await;
        core.hand_back_unwanted().await;
        core.channels.close_spare().await;
    }
}
