//! The figure: seconds of work that wait, from the broker's counts, what was sent, and what such jobs take.
//!
//! Nothing in it is counted by the process that is asked, so all answer the same.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use minilab_queue::{Depth, Queue};
use minilab_record::Error;
use minilab_store::Store;
use tokio::{sync::Mutex, time::Instant};

use crate::{Costs, Place, Sent};

/// Askers within this time get one answer: an autoscaler asks for each lane by itself.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// What waits in one place.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figure {
    /// CPU seconds of jobs that are due or worked on.
    pub seconds: f64,
    /// Jobs that are due.
    pub ready: u64,
    /// Jobs that are worked on, where the broker tells.
    pub leased: Option<u64>,
}

impl Figure {
    /// Jobs that it counts.
    pub fn jobs(&self) -> u64 {
        self.ready + self.leased.unwrap_or(0)
    }
}

/// What waits everywhere.
pub type Figures = BTreeMap<Place, Figure>;

/// Why there is no figure now.
#[derive(Debug)]
pub enum Unknown {
    /// The broker does not tell.
    Queue(minilab_queue::Error),
    /// The store of records does not tell.
    State(Error),
}

/// Tells what waits.
#[derive(Debug)]
pub struct Waiting {
    queue: Arc<dyn Queue>,
    state: Arc<dyn Store>,
    last: Mutex<Option<(Instant, Figures)>>,
}

impl Waiting {
    /// In these queues, of a fleet with this store of records.
    pub fn new(queue: Arc<dyn Queue>, state: Arc<dyn Store>) -> Self {
        Self {
            queue,
            state,
            last: Mutex::default(),
        }
    }

    /// What waits now.
    pub async fn look(&self) -> Result<Figures, Unknown> {
        let mut last = self.last.lock().await;
        if let Some((at, figures)) = &*last
            && at.elapsed() < GOOD_FOR
        {
            return Ok(figures.clone());
        }
        let mut depths = BTreeMap::new();
        for place in Place::ALL {
            let depth = self.queue.depth(&place.queue()).await.map_err(Unknown::Queue)?;
            depths.insert(place, depth);
        }
        let (sent, costs) =
            tokio::try_join!(Sent::load(&*self.state), Costs::load(&*self.state)).map_err(Unknown::State)?;
        let figures = figures(&depths, &sent, &costs);
        *last = Some((Instant::now(), figures.clone()));
        Ok(figures)
    }
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Queue(error) => write!(f, "the broker does not tell how much waits: {error}"),
            Self::State(error) => write!(f, "what jobs take cannot be read: {error}"),
        }
    }
}

impl std::error::Error for Unknown {}

/// The same everywhere: it depends on nothing else.
pub(crate) fn figures(depths: &BTreeMap<Place, Depth>, sent: &Sent, costs: &Costs) -> Figures {
    let jobs = |place: Place| {
        let depth = depths.get(&place).copied().unwrap_or_default();
        depth.ready + depth.leased.unwrap_or(0)
    };
    depths
        .iter()
        .map(|(place, depth)| {
            // What waits in an earlier lane comes here later: those were sent after the ones that wait here.
            let not_yet = place.before().iter().map(|before| jobs(*before)).sum();
            let seconds = seconds(*place, (not_yet, jobs(*place)), sent, costs);
            let (ready, leased) = (depth.ready, depth.leased);
            (
                *place,
                Figure {
                    seconds,
                    ready,
                    leased,
                },
            )
        })
        .collect()
}

/// Seconds of the last `count` jobs that were sent to a place, but for the last `not_yet`.
fn seconds(place: Place, (not_yet, count): (u64, u64), sent: &Sent, costs: &Costs) -> f64 {
    let (mut skipped, mut left, mut sum) = (not_yet, count, 0.0);
    let (mut all_jobs, mut all_seconds) = (0, 0.0);
    for batch in sent.batches(place).iter().rev().filter(|batch| batch.jobs() > 0) {
        let (jobs, seconds) = (batch.jobs(), costs.seconds(place, batch));
        (all_jobs, all_seconds) = (all_jobs + jobs, all_seconds + seconds);
        let passed = skipped.min(jobs);
        let taken = left.min(jobs - passed);
        (skipped, left) = (skipped - passed, left - taken);
        sum += seconds * taken as f64 / jobs as f64;
        if left == 0 {
            return sum;
        }
    }
    // More than anybody remembers: as those that are remembered.
    let mean = if all_jobs > 0 {
        all_seconds / all_jobs as f64
    } else {
        costs.mean_seconds(place)
    };
    sum + mean * left as f64
}

#[cfg(test)]
mod tests {
    use minilab_queue::{Memory as MemoryQueue, Outgoing};
    use minilab_store::Memory;
    use proptest::prelude::*;

    use super::*;
    use crate::{Lessons, Sending};

    fn at(fast: u64, standard: u64) -> BTreeMap<Place, Depth> {
        let depth = |ready| Depth {
            ready,
            ..Depth::default()
        };
        [(Place::Fast, depth(fast)), (Place::Standard, depth(standard))].into()
    }

    fn is_near(figures: &Figures, place: Place, expected: f64) {
        let seconds = figures[&place].seconds;
        assert!(
            (seconds - expected).abs() <= expected * 0.001,
            "{place}: {seconds}, not {expected}"
        );
    }

    #[test]
    fn a_mixed_backlog_is_worth_what_its_jobs_are_and_not_their_number() {
        let mut sent = Sent::default();
        for number in 0..1_000 {
            sent.note(Place::Fast, number, 10);
            sent.note(Place::Standard, number, 100);
        }
        for number in 1_000..1_020 {
            sent.note(Place::Fast, number, 4_000);
            sent.note(Place::Standard, number, 40_000);
        }
        let costs = Costs::default();
        is_near(&figures(&at(1_020, 0), &sent, &costs), Place::Fast, 90.0);
        // The first in was the first out.
        is_near(&figures(&at(20, 0), &sent, &costs), Place::Fast, 80.0);
        is_near(&figures(&at(520, 0), &sent, &costs), Place::Fast, 85.0);
        // The costly ones have not been handed on yet.
        is_near(&figures(&at(20, 1_000), &sent, &costs), Place::Standard, 100.0);
        is_near(&figures(&at(0, 20), &sent, &costs), Place::Standard, 800.0);
    }

    #[test]
    fn more_than_anybody_remembers_counts_as_what_is_remembered() {
        let (mut sent, mut costs) = (Sent::default(), Costs::default());
        is_near(&figures(&at(10, 0), &sent, &costs), Place::Fast, 2.0);
        (0..5).for_each(|_| costs.note(Place::Fast, 10, 1_000.0));
        is_near(&figures(&at(10, 0), &sent, &costs), Place::Fast, 10.0);
        sent.note(Place::Fast, 1, 20);
        is_near(&figures(&at(10, 0), &sent, &costs), Place::Fast, 20.0);
    }

    #[tokio::test]
    async fn whoever_is_asked_answers_the_same() {
        let (queue, state) = (Arc::new(MemoryQueue::default()), Arc::new(Memory::new()));
        let (sending, lessons) = (Sending::default(), Lessons::default());
        let jobs = (0..7)
            .map(|_| Outgoing::new(Place::Bulk.queue(), "job"))
            .collect();
        queue.send(jobs).await.unwrap();
        (0..7).for_each(|at| sending.note(Place::Bulk, at, 1_000));
        (0..7).for_each(|_| lessons.note(Place::Bulk, 1_000, Duration::from_secs(3)));
        sending.write(&*state).await.unwrap();
        lessons.tell(&*state).await.unwrap();
        let replicas = [0, 1].map(|_| Waiting::new(queue.clone(), state.clone()));
        for replica in &replicas {
            let figures = replica.look().await.unwrap();
            is_near(&figures, Place::Bulk, 21.0);
            assert_eq!(figures, replicas[0].look().await.unwrap());
        }
    }

    proptest! {
        #[test]
        fn the_broker_s_count_bounds_the_figure_whatever_was_noted_twice_or_never(
            noted in proptest::collection::vec((1_u64..60_000, 1_u64..50), 1..60),
            waiting in 0_u64..5_000,
        ) {
            let mut sent = Sent::default();
            for (at, (ms, times)) in noted.iter().enumerate() {
                (0..*times).for_each(|_| sent.note(Place::Fast, at as u64, *ms));
            }
            let found = figures(&at(waiting, 0), &sent, &Costs::default())[&Place::Fast].seconds;
            let dearest = noted.iter().map(|(ms, _)| *ms).max().unwrap() as f64 / 1e3;
            let cheapest = noted.iter().map(|(ms, _)| *ms).min().unwrap() as f64 / 1e3;
            prop_assert!(found <= dearest * waiting as f64 * 1.000_001);
            prop_assert!(found >= cheapest * waiting as f64 * 0.999_999);
        }
    }
}
