//! What goes wrong with the fleet: processes die, freeze and come back, the broker dies, lines break.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use minilab_tests::proxy::{Condition, Fault, HttpFault, Link, Request, S3Error, Side};
use rustix::process::Signal;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    fleet::Fleet,
    lines::{Lines, is_confirm},
};
use crate::{
    broker::Broker,
    dice::Dice,
    process::{Process, Role},
    world::World,
};

/// Longer than a lease, and than the broker waits for a sign of life.
const FROZEN: Duration = Duration::from_secs(7);
/// How long a process or the broker is away.
const AWAY_MAX: Duration = Duration::from_secs(2);
/// How long a line is bad.
const BAD_LINE: Duration = Duration::from_secs(3);
/// What has not hit by then never will.
const TURNS_MAX: usize = 8;
const BETWEEN_TROUBLES: Duration = Duration::from_millis(800);

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    WorkerKilled,
    WorkerFrozen,
    DispatcherKilled,
    /// Killed, or frozen where that would lose what it keeps in memory.
    BrokerAway,
    /// Of a broker that speaks AMQP: it has taken a message, and who sent it is not told.
    BrokerConfirmsLost,
    /// Of a broker that speaks HTTP.
    BrokerRefuses,
    /// Of a broker that speaks HTTP.
    BrokerAnswersLost,
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
    /// Of any fleet.
    const USUAL: [Self; 13] = [
        Self::WorkerKilled,
        Self::StoreRefuses,
        Self::BrokerLineCut,
        Self::StoreAnswersLost,
        Self::WorkerFrozen,
        Self::StoreLineCut,
        Self::DispatcherKilled,
        Self::StoreConflicts,
        Self::BrokerAway,
        Self::StoreLineSlow,
        Self::BrokerLineSlow,
        Self::StoreLineDead,
        Self::BrokerLineDead,
    ];

    /// What can go wrong with a fleet on this broker.
    pub fn all(broker: &Broker) -> Vec<Self> {
        let mut all = Self::USUAL.to_vec();
        match broker {
            Broker::RabbitMq(_) => all.push(Self::BrokerConfirmsLost),
            Broker::Sqs(_) => all.extend([Self::BrokerRefuses, Self::BrokerAnswersLost]),
        }
        all
    }
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
        let all = Trouble::all(&self.world.broker);
        let raging = async {
            for (turn, trouble) in all.iter().copied().cycle().enumerate() {
                if ended.is_cancelled() {
                    return;
                }
                let before = self.lines.faults();
                let own = self.make(trouble, fleet).await;
                let hits = own.unwrap_or_else(|| self.lines.faults() - before);
                *self.hits.entry(trouble).or_default() += hits;
                self.lines.mend();
                let hit = self.hits.values().filter(|hits| **hits > 0).count();
                if hit == all.len() || turn > TURNS_MAX * all.len() {
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

    /// Makes one, and ends it; how often it hit, unless the lines count that.
    async fn make(&self, trouble: Trouble, fleet: &mut Fleet) -> Option<u64> {
        let away = self.dice.up_to(AWAY_MAX);
        let (broker, store) = (self.lines.broker.link(), &self.lines.store);
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
            Trouble::BrokerAway => {
                let server = Arc::clone(&self.world.broker);
                let leaving = move || server.away(away);
                tokio::task::spawn_blocking(leaving).await.unwrap();
                Some(1)
            }
            Trouble::BrokerConfirmsLost => Some(lose_confirms(broker, several).await),
            Trouble::BrokerRefuses => {
                let broker = self.lines.broker.http();
                broker.fail_next(several, HttpFault::Answer(S3Error::SlowDown), |_| true);
                broker.fail_next(several, HttpFault::Answer(S3Error::InternalError), |_| true);
                sleep(BAD_LINE).await;
                None
            }
            Trouble::BrokerAnswersLost => {
                let broker = self.lines.broker.http();
                broker.fail_next(several, HttpFault::Swallow, |_| true);
                sleep(BAD_LINE).await;
                None
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

async fn lose_confirms(broker: &Link, several: u64) -> u64 {
    let before = broker.hits(Fault::Swallowed);
    for _ in 0..several {
        broker.swallow_answer_of(is_confirm);
        sleep(BAD_LINE / several as u32).await;
    }
    broker.hits(Fault::Swallowed) - before
}

async fn kill(roles: &mut [(Role, Option<Process>)], dice: &Dice, away: Duration) -> Option<u64> {
    let (_, process) = &mut roles[dice.roll(roles.len() as u64) as usize];
    process.take()?.kill();
    sleep(away).await;
    Some(1)
}
