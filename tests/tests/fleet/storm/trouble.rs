//! What goes wrong with the fleet: processes die, freeze and come back, the broker dies, lines break.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use minilab_tests::{
    proxy::{Condition, Fault, HttpFault, HttpProxy, Link, Request, S3Error, Side},
    servers::{RabbitMq, RabbitMqOptions, SeaweedFs},
};
use rustix::process::Signal;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    dice::Dice,
    process::{Process, Role},
    world::{Options, World},
};

/// Connections that are silent for twice as long are given up.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// A delivery may be held no longer.
const CONSUMER_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer than a lease, and than the broker waits for a sign of life.
const FROZEN: Duration = Duration::from_secs(7);
/// Nothing is left to do.
const ENDS_WITHIN: Duration = Duration::from_secs(30);
/// How long a process or the broker is away.
const AWAY_MAX: Duration = Duration::from_secs(2);
/// How long a line is bad.
const BAD_LINE: Duration = Duration::from_secs(3);
/// What has not hit by then never will.
const TURNS_MAX: usize = 8;
const BETWEEN_TROUBLES: Duration = Duration::from_millis(800);

/// The processes of a fleet; one that is away is `None`.
pub struct Fleet {
    pub workers: Vec<(Role, Option<Process>)>,
    pub dispatchers: Vec<(Role, Option<Process>)>,
}

impl Fleet {
    pub fn start(workers: Vec<Role>, dispatchers: Vec<Role>) -> Self {
        let start = |roles: Vec<Role>| {
            roles
                .into_iter()
                .map(|role| {
                    let process = role.start();
                    (role, Some(process))
                })
                .collect()
        };
        Self {
            workers: start(workers),
            dispatchers: start(dispatchers),
        }
    }

    /// Starts what is away or has ended, as an orchestrator does.
    pub fn restart_ended(&mut self) {
        for (role, process) in self.workers.iter_mut().chain(&mut self.dispatchers) {
            let is_running = process.as_mut().is_some_and(Process::is_running);
            if !is_running {
                *process = Some(role.start());
            }
        }
    }

    /// Starts what is away or has ended, and waits until all of it is ready.
    pub async fn whole(&mut self) {
        self.restart_ended();
        for (_, process) in self.workers.iter_mut().chain(&mut self.dispatchers) {
            process.as_mut().expect("started above").ready().await;
        }
    }

    /// Lets every process end in peace.
    pub async fn end(self) {
        for (_, process) in self.workers.into_iter().chain(self.dispatchers) {
            let process = process.expect("the fleet is whole");
            let (status, _) = process.terminate(ENDS_WITHIN).await.unwrap();
            assert!(status.success(), "{status}");
        }
    }
}

/// The lines between the fleet and its servers.
pub struct Lines {
    pub broker: Link,
    pub store: HttpProxy,
    servers: Option<(RabbitMq, SeaweedFs)>,
}

impl Lines {
    /// Servers with nothing in them, and a fair line to each.
    pub async fn new() -> Self {
        let broker = RabbitMqOptions {
            heartbeat: Some(HEARTBEAT),
            consumer_timeout: Some(CONSUMER_TIMEOUT),
            ..RabbitMqOptions::default()
        };
        let (broker, seaweed) = World::servers(broker).await;
        // A proxy has a runtime of its own, and starting one blocks.
        let start = move || Self {
            broker: Link::start(broker.address()).unwrap(),
            store: HttpProxy::start(seaweed.address()).unwrap(),
            servers: Some((broker, seaweed)),
        };
        tokio::task::spawn_blocking(start).await.unwrap()
    }

    /// A world whose roles use these lines.
    pub fn options(&self, queue: &str) -> Options {
        let (broker, _) = self.servers.as_ref().expect("no world has taken them yet");
        Options {
            queue: queue.to_owned(),
            broker_url: Some(broker.url_through(self.broker.address())),
            endpoint: Some(self.store.endpoint()),
            ..Options::default()
        }
    }

    pub async fn world(&mut self, options: &Options) -> World {
        let (broker, seaweed) = self.servers.take().expect("one world");
        World::on(broker, seaweed, options).await
    }
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    WorkerKilled,
    WorkerFrozen,
    DispatcherKilled,
    BrokerKilled,
    BrokerLineCut,
    BrokerLineSlow,
    BrokerLineDead,
    StoreRefuses,
    StoreConflicts,
    StoreAnswersLost,
    StoreLineCut,
    StoreLineSlow,
    StoreLineDead,
}

impl Trouble {
    pub const ALL: [Self; 13] = [
        Self::WorkerKilled,
        Self::StoreRefuses,
        Self::BrokerLineCut,
        Self::StoreAnswersLost,
        Self::WorkerFrozen,
        Self::StoreLineCut,
        Self::DispatcherKilled,
        Self::StoreConflicts,
        Self::BrokerKilled,
        Self::StoreLineSlow,
        Self::BrokerLineSlow,
        Self::StoreLineDead,
        Self::BrokerLineDead,
    ];
}

/// Makes trouble.
pub struct Weather {
    world: Arc<World>,
    lines: Lines,
    dice: Arc<Dice>,
    /// How often which trouble met something.
    pub hits: BTreeMap<Trouble, u64>,
}

impl Weather {
    pub fn new(world: Arc<World>, lines: Lines, dice: Arc<Dice>) -> Self {
        Self {
            world,
            lines,
            dice,
            hits: BTreeMap::new(),
        }
    }

    /// One trouble after the other, each kind in its turn, until what goes on meanwhile has ended. Then the lines are fair.
    /// `had_all` is cancelled when each kind has hit, or has had so many turns that it never will.
    pub async fn rage(
        &mut self,
        fleet: &mut Fleet,
        had_all: &CancellationToken,
        meanwhile: impl Future<Output = ()>,
    ) {
        let ended = CancellationToken::new();
        let raging = async {
            for (turn, trouble) in Trouble::ALL.into_iter().cycle().enumerate() {
                if ended.is_cancelled() {
                    return;
                }
                let before = self.faults();
                let own = self.make(trouble, fleet).await;
                let hits = own.unwrap_or_else(|| self.faults() - before);
                *self.hits.entry(trouble).or_default() += hits;
                self.lines.broker.mend();
                self.lines.store.mend();
                let hit = self.hits.values().filter(|hits| **hits > 0).count();
                if hit == Trouble::ALL.len() || turn > TURNS_MAX * Trouble::ALL.len() {
                    had_all.cancel();
                }
                fleet.restart_ended();
                sleep(self.dice.up_to(BETWEEN_TROUBLES)).await;
            }
        };
        let meanwhile = async {
            meanwhile.await;
            ended.cancel();
        };
        tokio::join!(raging, meanwhile);
    }

    /// Everything that the lines did to what passed, until now.
    fn faults(&self) -> u64 {
        let store = [
            Fault::Swallowed,
            Fault::Answered(S3Error::SlowDown),
            Fault::Answered(S3Error::InternalError),
            Fault::Answered(S3Error::ConditionalRequestConflict),
            Fault::Answered(S3Error::PreconditionFailed),
        ];
        let line = [
            Fault::Reset,
            Fault::Cut,
            Fault::Delayed,
            Fault::Trickled,
            Fault::Withheld,
        ];
        let links = [&self.lines.broker, self.lines.store.link()];
        let of_links = links.iter().flat_map(|link| line.map(|fault| link.hits(fault)));
        let of_requests = store.map(|fault| self.lines.store.hits(fault));
        of_links.chain(of_requests).sum()
    }

    /// Makes one, and ends it; how often it hit, unless the lines count that.
    async fn make(&self, trouble: Trouble, fleet: &mut Fleet) -> Option<u64> {
        let away = self.dice.up_to(AWAY_MAX);
        let (broker, store) = (&self.lines.broker, &self.lines.store);
        let several = 3 + self.dice.roll(10);
        match trouble {
            Trouble::WorkerKilled => kill(&mut fleet.workers, &self.dice, away).await,
            Trouble::DispatcherKilled => kill(&mut fleet.dispatchers, &self.dice, away).await,
            Trouble::WorkerFrozen => {
                let index = self.dice.roll(fleet.workers.len() as u64) as usize;
                let process = fleet.workers[index].1.as_ref()?;
                process.signal(Signal::STOP);
                sleep(FROZEN).await;
                process.signal(Signal::CONT);
                Some(1)
            }
            Trouble::BrokerKilled => {
                let server = Arc::clone(&self.world.broker);
                let restarting = move || {
                    let mut server = server.lock().unwrap();
                    server.kill();
                    std::thread::sleep(away);
                    server.restart().unwrap();
                };
                tokio::task::spawn_blocking(restarting).await.unwrap();
                Some(1)
            }
            Trouble::BrokerLineCut => {
                broker.reset_after(Side::Client, 200 + self.dice.roll(4000) as usize);
                sleep(BAD_LINE).await;
                broker.cut();
                None
            }
            Trouble::BrokerLineSlow => {
                broker.set(Condition::Delayed(self.dice.up_to(Duration::from_millis(150))));
                sleep(BAD_LINE).await;
                None
            }
            Trouble::BrokerLineDead => {
                broker.set(Condition::BlackHole);
                sleep(FROZEN).await;
                None
            }
            Trouble::StoreRefuses => {
                store.fail_next(several, HttpFault::Answer(S3Error::SlowDown), |_| true);
                store.fail_next(several, HttpFault::Answer(S3Error::InternalError), |_| true);
                sleep(BAD_LINE).await;
                None
            }
            Trouble::StoreConflicts => {
                let is_put = |request: &Request| request.method == "PUT";
                let conflict = HttpFault::Answer(S3Error::ConditionalRequestConflict);
                store.fail_next(several, conflict, is_put);
                store.fail_next(several, HttpFault::Answer(S3Error::PreconditionFailed), is_put);
                sleep(BAD_LINE).await;
                None
            }
            Trouble::StoreAnswersLost => {
                store.fail_next(several, HttpFault::Swallow, |request| request.method == "PUT");
                sleep(BAD_LINE).await;
                None
            }
            Trouble::StoreLineCut => {
                store
                    .link()
                    .reset_after(Side::Client, 1000 + self.dice.roll(60_000) as usize);
                sleep(BAD_LINE / 2).await;
                store
                    .link()
                    .reset_after(Side::Server, 100 + self.dice.roll(20_000) as usize);
                sleep(BAD_LINE / 2).await;
                None
            }
            Trouble::StoreLineSlow => {
                store
                    .link()
                    .set(Condition::Trickling(4_000 + self.dice.roll(20_000) as u32));
                sleep(BAD_LINE).await;
                None
            }
            Trouble::StoreLineDead => {
                store.link().set(Condition::BlackHole);
                sleep(BAD_LINE).await;
                None
            }
        }
    }
}

async fn kill(roles: &mut [(Role, Option<Process>)], dice: &Dice, away: Duration) -> Option<u64> {
    let (_, process) = &mut roles[dice.roll(roles.len() as u64) as usize];
    process.take()?.kill();
    sleep(away).await;
    Some(1)
}
