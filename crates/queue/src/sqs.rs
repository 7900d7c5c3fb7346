//! Queues on Amazon SQS, and on servers that speak its language: standard queues, polled for long, with leases by our own
//! clock.
mod attributes;
mod clients;
mod config;
mod failure;
mod intake;
mod leases;
mod message;
mod names;
mod places;
mod sender;
mod target;
pub mod topology;
mod wishes;

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_sqs::types::QueueAttributeName;
use tokio::{
    sync::Mutex,
    time::{Instant, interval},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::{
    Declare, Delivery, Depth, Disposition, Error, Limits, Outgoing, Queue, QueueName, Receipt, Settled,
    dead_queue,
};
pub use attributes::QueueAttributes;
use clients::Clients;
pub use config::{Config, Credentials, EventsConfig, Service};
use failure::{Failure, Request};
use intake::{Intake, LINGER, Polling, RECEIVE_MAX, visibility};
use leases::{Leases, Settling};
use message::{Taken, Written};
use places::Places;
use sender::{BATCH_BYTES_MAX, DELAY_MAX, Parcel, Sender};
pub use target::{Target, TargetConfig};

/// Longest wait of one `receive`; keeps `now + wait` representable.
const WAIT_MAX: Duration = Duration::from_hours(24);
/// What is left of a batch for a payload that travels as base64, beside a reason and the names of attributes.
const PAYLOAD_BYTES_MAX: usize = (BATCH_BYTES_MAX - 16 * 1024) / 4 * 3;

/// The queues.
///
/// A message is done with when it is deleted; one that is retried, released or given up is first sent anew, because only
/// so its count of deliveries begins anew. [`Queue::close`] ends no poll that is under way: it may have a message.
pub struct Sqs {
    core: Arc<Core>,
    _stop: DropGuard,
}

#[derive(Debug)]
struct Core {
    limits: Limits,
    clients: Arc<Clients>,
    sender: Sender,
    intakes: HashMap<QueueName, Arc<Intake>>,
    places: Places,
    leases: Leases,
    /// Held while what nobody wants is handed back, so that who closes waits for it.
    handing_back: Mutex<()>,
    /// Polls.
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl Sqs {
    /// Finds the queues of an installation, and makes them first where it is configured to.
    pub async fn connect(config: Config) -> Result<Self, Error> {
        config.check()?;
        if config.declare == Declare::Apply {
            topology::apply(&config).await?;
        }
        let clients = Clients::new(&config.service).await?;
        let places = Places::of_installation(&clients, &config.prefix).await?;
        Ok(Self::start(clients, places, config.lease))
    }

    /// Finds one queue of somebody else's, to be the queue `events`; what is rejected goes to its queue of dead letters.
    pub async fn of_events(config: EventsConfig) -> Result<Self, Error> {
        config.check()?;
        let clients = Clients::new(&config.service()).await?;
        let places = Places::of_events(&clients, &config).await?;
        Ok(Self::start(clients, places, config.lease))
    }

    fn start(clients: Clients, places: Places, lease: Duration) -> Self {
        let (clients, stop) = (Arc::new(clients), CancellationToken::new());
        let polling = Polling {
            clients: Arc::clone(&clients),
            lease,
            tasks: TaskTracker::new(),
            closing: stop.child_token(),
        };
        let intakes = places.iter().map(|(queue, address)| {
            let intake = Intake::new(queue.clone(), Arc::clone(address), polling.clone());
            (queue.clone(), Arc::new(intake))
        });
        let core = Arc::new(Core {
            limits: Limits {
                payload_bytes_max: PAYLOAD_BYTES_MAX,
                delay_max: DELAY_MAX,
                lease,
                receive_max: RECEIVE_MAX,
                coalesces: false,
            },
            intakes: intakes.collect(),
            sender: Sender::new(Arc::clone(&clients)),
            clients,
            places,
            leases: Leases::new(lease),
            handing_back: Mutex::default(),
            tasks: polling.tasks,
            closing: polling.closing,
        });
        tokio::spawn(
            stop.clone()
                .run_until_cancelled_owned(hand_back_unwanted(Arc::clone(&core))),
        );
        Self {
            core,
            _stop: stop.drop_guard(),
        }
    }
}

impl fmt::Debug for Sqs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqs")
            .field("places", &self.core.places)
            .finish_non_exhaustive()
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
    async fn hand_back_unwanted(&self) {
        let _one_at_a_time = self.handing_back.lock().await;
        for intake in self.intakes.values() {
            for taken in intake.unwanted() {
                if let Err(error) = self.hand_back(&taken).await {
                    tracing::warn!(
                        queue = %taken.queue,
                        error = &error as &dyn std::error::Error,
                        "a message that nobody wants could not be handed back; it comes again when its lease ends"
                    );
                }
            }
        }
    }

    /// As it came: unmarked only by a copy, marked by being let go.
    async fn hand_back(&self, taken: &Taken) -> Result<(), Error> {
        if taken.redelivered {
            return match self.change_visibility(taken, 0).await {
                Ok(()) | Err(Failure::NotOurs) => Ok(()),
                Err(failure) => Err(self.failed(taken, Request::Extend, failure)),
            };
        }
        let copy = self.copy(taken, Duration::ZERO)?;
        self.sender.send(vec![copy]).await?;
        match self.delete(taken).await {
            Ok(()) | Err(Failure::NotOurs) => Ok(()),
            Err(failure) => Err(self.failed(taken, Request::Delete, failure)),
        }
    }

    fn copy(&self, taken: &Taken, delay: Duration) -> Result<Parcel, Error> {
        Ok(Parcel {
            to: self.places.address(&taken.queue)?,
            written: Written::new(&taken.payload, taken.reason.as_deref(), taken.group.as_deref()),
            delay,
        })
    }

    /// What has to be safe before a message is done with.
    fn successor(&self, taken: &Taken, disposition: Disposition) -> Result<Option<Parcel>, Error> {
        let group = taken.group.as_deref();
        let parcel = match disposition {
            Disposition::Complete => return Ok(None),
            Disposition::Release { delay } => self.copy(taken, delay)?,
            Disposition::Retry { payload, delay } => Parcel {
                written: Written::new(&payload, taken.reason.as_deref(), group),
                ..self.copy(taken, delay)?
            },
            Disposition::Reject { payload, reason } => Parcel {
                to: self.places.address(&dead_queue())?,
                written: Written::new(&payload, Some(&reason), group),
                delay: Duration::ZERO,
            },
        };
        Ok(Some(parcel))
    }

    async fn settle(&self, settling: Settling<'_>, disposition: Disposition) -> Result<Settled, Error> {
        let taken = settling.message();
        if let Some(successor) = self.successor(taken, disposition)? {
            self.sender.send(vec![successor]).await?;
        }
        // SQS would delete it also when it is somebody else's by now.
        if !settling.lasts() {
            return Ok(Settled::LeaseLost);
        }
        let deleted = self.delete(taken).await;
        let settled = match deleted {
            Ok(()) => Settled::Done,
            Err(Failure::NotOurs) => Settled::LeaseLost,
            Err(failure) => return Err(self.failed(taken, Request::Delete, failure)),
        };
        settling.finish();
        Ok(settled)
    }

    async fn delete(&self, taken: &Taken) -> Result<(), Failure> {
        let url = &self.places.known(&taken.queue).url;
        let request = self.clients.tell.delete_message().queue_url(url);
        let deleted = request.receipt_handle(&taken.handle).send().await;
        deleted.map_err(|error| Failure::of(Request::Delete, &error))?;
        Ok(())
    }

    async fn change_visibility(&self, taken: &Taken, seconds: i32) -> Result<(), Failure> {
        let url = &self.places.known(&taken.queue).url;
        let request = self.clients.tell.change_message_visibility().queue_url(url);
        let request = request.receipt_handle(&taken.handle).visibility_timeout(seconds);
        let changed = request.send().await;
        changed.map_err(|error| Failure::of(Request::Extend, &error))?;
        Ok(())
    }

    fn failed(&self, taken: &Taken, request: Request, failure: Failure) -> Error {
        failure.into_error(request, &self.places.known(&taken.queue).name)
    }

    fn intake(&self, queue: &QueueName) -> Result<&Arc<Intake>, Error> {
        self.intakes.get(queue).ok_or_else(|| places::unknown(queue))
    }
}

#[async_trait]
impl Queue for Sqs {
    fn limits(&self) -> Limits {
        self.core.limits
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
        let core = &self.core;
        core.limits
            .admit_all(messages.iter().map(|m| (&m.queue, &m.payload)))?;
        let parcels = messages.into_iter().map(|message| {
            Ok(Parcel {
                to: core.places.address(&message.queue)?,
                written: Written::new(&message.payload, None, message.group.as_deref()),
                delay: message.delay,
            })
        });
        core.sender.send(parcels.collect::<Result<_, Error>>()?).await
    }

    async fn receive(&self, queue: &QueueName, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        let intake = self.core.intake(queue)?;
        let deadline = Instant::now() + wait.min(WAIT_MAX);
        let taken = intake.receive(max.min(RECEIVE_MAX), deadline).await?;
        Ok(self.core.leases.start(taken))
    }

    /// SQS extends what is ours, and refuses what has been out for 12 h.
    async fn extend(&self, receipt: &Receipt) -> Result<Settled, Error> {
        let core = &self.core;
        let Some(taken) = core.leases.message(receipt) else {
            return Ok(Settled::LeaseLost);
        };
        let asked = Instant::now();
        match core
            .change_visibility(&taken, visibility(core.limits.lease))
            .await
        {
            Ok(()) if core.leases.extend(receipt, asked) => Ok(Settled::Done),
            Ok(()) => Ok(Settled::LeaseLost),
            Err(Failure::NotOurs) => {
                core.leases.forget(receipt);
                Ok(Settled::LeaseLost)
            }
            Err(failure) => Err(core.failed(&taken, Request::Extend, failure)),
        }
    }

    async fn settle(&self, receipt: &Receipt, disposition: Disposition) -> Result<Settled, Error> {
        let core = &self.core;
        if let Disposition::Retry { payload, .. } | Disposition::Reject { payload, .. } = &disposition {
            core.limits.admit(&"sqs", payload)?;
        }
        match core.leases.settle(receipt) {
            None => Ok(Settled::LeaseLost),
            Some(settling) => core.settle(settling, disposition).await,
        }
    }

    /// As SQS counts, which is approximately.
    async fn depth(&self, queue: &QueueName) -> Result<Depth, Error> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages, ApproximateNumberOfMessagesDelayed,
            ApproximateNumberOfMessagesNotVisible,
        };
        let address = self.core.places.address(queue)?;
        let attributes = places::attributes(&self.core.clients, &address).await?;
        let count = |name| {
            let counted = attributes.get(&name).and_then(|count| count.parse().ok());
            counted.unwrap_or_default()
        };
        Ok(Depth {
            ready: count(ApproximateNumberOfMessages),
            leased: Some(count(ApproximateNumberOfMessagesNotVisible)),
            delayed: Some(count(ApproximateNumberOfMessagesDelayed)),
        })
    }

    async fn close(&self) {
        let core = &self.core;
        core.closing.cancel();
        core.tasks.close();
        core.tasks.wait().await;
        core.hand_back_unwanted().await;
    }
}
