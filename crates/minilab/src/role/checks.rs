//! Asks what every job needs whether it is there, so that `/readyz` also tells while there is no work.
use std::{sync::Arc, time::Duration};

use minilab_store::{Key, Store};
use minilab_worker::lane_queue;

use crate::{
    compose::Backing,
    probes::Probes,
    readiness::{Part, Readiness},
};

/// Pause between two rounds: four small requests of each process.
const EVERY: Duration = Duration::from_secs(10);
/// What has not answered by then is as good as gone.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// An object that nobody has: only whether the store answers matters.
const CANARY: &str = "minilab-canary";

/// Looks again and again.
pub(super) async fn watch(backing: Backing, revision: u64, probes: Arc<Probes>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        look(&backing, revision, &probes.readiness).await;
    }
}

/// One round, all parts at once.
async fn look(backing: &Backing, revision: u64, readiness: &Readiness) {
    let fast = lane_queue(minilab_recipe::Lane::Fast);
    let broker = async { backing.queue.works(&fast).await.map_err(anyhow::Error::from) };
    let tell = |part, reason| readiness.set(part, reason);
    tokio::join!(
        async { tell(Part::Broker, trouble(broker).await) },
        async { tell(Part::Originals, trouble(head(&*backing.stores.from)).await) },
        async { tell(Part::Files, trouble(head(&*backing.stores.to)).await) },
        configuration(backing, revision, readiness),
    );
}

/// The state store is asked for what is in force there.
async fn configuration(backing: &Backing, revision: u64, readiness: &Readiness) {
    let mut newer = None;
    let state = async {
        newer = backing
            .revision()
            .await?
            .filter(|current| current.revision > revision);
        Ok(())
    };
    let trouble = trouble(state).await;
    if trouble.is_none() {
        let stale = newer.map(|current| {
            format!(
                "revision {} is in force since {}, this process follows {revision}: restart it with the configuration in force",
                current.revision, current.activated
            )
        });
        readiness.set(Part::Configuration, stale);
    }
    readiness.set(Part::State, trouble);
}

async fn head(store: &dyn Store) -> anyhow::Result<()> {
    let key = Key::new(CANARY).expect("a constant within the limits");
    match store.head(&key).await {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(()),
    }
}

async fn trouble(question: impl Future<Output = anyhow::Result<()>>) -> Option<String> {
    match tokio::time::timeout(ANSWER_MAX, question).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("{error:#}")),
        Err(_elapsed) => Some(format!("no answer within {} s", ANSWER_MAX.as_secs())),
    }
}
