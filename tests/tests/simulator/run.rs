//! One seed, from its first upload to the last sweep.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use minilab_queue::{Clock as _, LEASE, Memory as MemoryQueue};
use minilab_record::revision;
use tokio::{runtime::Builder, time::Instant};

use crate::{
    broken::Broken,
    crew::{Deployment, Running},
    dice::Dice,
    documents::document,
    figures::Figures,
    ledger::Ledger,
    sim::{Shelves, Sim, VirtualClock},
    story::Story,
    trace::Trace,
    weather::Weather,
};

/// What a family of runs is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// One original, changed all the time.
    Contention,
    /// Several originals, events that are lost, late, doubled and in any order.
    Events,
    /// Recipes, revisions and renderers change while the old ones are still at work.
    Configurations,
    /// Files are swept while attempts run.
    Sweeps,
}

/// What a seed makes of its theme.
#[derive(Debug, Clone)]
pub struct Options {
    pub theme: Theme,
    pub keys: &'static [&'static str],
    pub workers: usize,
    pub slots: usize,
    pub steps: u64,
    pub pause_max: Duration,
    /// Does a dispatcher make passes and sweeps? Without one, no event is lost, and jobs alone must do.
    pub dispatches: bool,
    pub retain: Duration,
}

/// `a.jpg/n.jpg` lies where the files of `a.jpg` lie.
const KEYS: [&str; 4] = ["a.jpg", "a.jpg/n.jpg", "d/b.jpg", "z.jpg"];

impl Options {
    fn new(theme: Theme, dice: &Dice) -> Self {
        let (keys, steps, retain) = match theme {
            Theme::Contention => (1, 14, Duration::from_mins(30)),
            Theme::Events => (4, 16, Duration::from_mins(30)),
            Theme::Configurations => (3, 14, Duration::from_mins(30)),
            Theme::Sweeps => (2, 14, Duration::from_mins(6)),
        };
        let dispatches = match theme {
            Theme::Contention | Theme::Events => dice.one_in(2),
            Theme::Configurations | Theme::Sweeps => true,
        };
        let pauses: &[u64] = match theme {
            Theme::Contention => &[2, 8, 40],
            Theme::Events | Theme::Configurations => &[8, 40],
            Theme::Sweeps => &[40, 180],
        };
        Self {
            theme,
            keys: &KEYS[..keys],
            workers: 2 + dice.roll(2) as usize,
            slots: 1 + dice.roll(3) as usize,
            steps: steps / 2 + dice.roll(steps),
            pause_max: Duration::from_secs(*dice.pick(pauses)),
            dispatches,
            retain,
        }
    }
}

/// A run that has begun.
pub struct Run {
    pub sim: Arc<Sim>,
    pub dice: Dice,
    pub options: Options,
    /// What the originals are now.
    pub originals: BTreeMap<&'static str, String>,
    pub deployments: Vec<Deployment>,
    pub workers: Vec<Option<Running>>,
    pub dispatcher: Option<Running>,
    pub operations: u64,
    pub crashes: u64,
    /// Processes so far, for names.
    pub started: u64,
}

/// How a run ended.
pub struct Outcome {
    pub verdict: Result<(), String>,
    pub figures: Figures,
    pub digest: u64,
    pub trace: String,
}

/// Runs a seed on a clock and a runtime of its own.
pub fn run(theme: Theme, seed: u64, broken: Option<Broken>) -> Outcome {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime without input and output always starts");
    runtime.block_on(async {
        let begun = Instant::now();
        let mut run = Run::new(theme, seed, broken);
        let told = run.story().await;
        let verdict = run.sim.ledger.verdict().and(told);
        let (faults, calls) = run.sim.weather.tally();
        let figures = Figures {
            seeds: 1,
            operations: run.operations,
            calls,
            faults,
            crashes: run.crashes,
            swaps: run.sim.ledger.swaps(),
            time: begun.elapsed(),
        };
        Outcome {
            trace: if verdict.is_err() {
                run.sim.trace.tail()
            } else {
                String::new()
            },
            digest: run.sim.trace.digest(),
            verdict,
            figures,
        }
    })
}

impl Run {
    fn new(theme: Theme, seed: u64, broken: Option<Broken>) -> Self {
        let dice = Dice::new(seed, 2);
        let options = Options::new(theme, &dice);
        let clock = Arc::new(VirtualClock::new());
        let shelves = Shelves::new(&clock);
        let trace = Arc::new(Trace::new());
        let ledger = Arc::new(Ledger::new(&trace, &clock, &shelves, options.retain));
        let sim = Arc::new(Sim {
            weather: Weather::new(seed, *dice.pick(&[1, 8, 20, 40])),
            trace,
            ledger,
            shelves,
            queue: Arc::new(MemoryQueue::with_lease(LEASE)),
            coalesces: !dice.one_in(3),
            clock,
            broken,
        });
        sim.trace.note("seed", format!("{seed}: {options:?}"));
        let first = Deployment {
            revision: 1,
            document: document(&dice),
            build: "build-1",
        };
        sim.ledger.deployed(1, &first.document);
        Self {
            sim,
            dice,
            options,
            originals: BTreeMap::new(),
            deployments: vec![first],
            workers: Vec::new(),
            dispatcher: None,
            operations: 0,
            crashes: 0,
            started: 0,
        }
    }

    async fn story(&mut self) -> Result<(), String> {
        let Deployment {
            revision, document, ..
        } = self.newest();
        let now = Timestamp::try_from(self.sim.clock.now()).unwrap();
        let activated = revision::activate(&self.sim.shelves.state, &document.digest(), now).await;
        assert_eq!(activated.unwrap(), revision);
        Story(self).tell().await?;
        self.come_to_rest().await
    }
}
