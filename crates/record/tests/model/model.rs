//! What may happen next, and what then is: the scenario as a model for the checker.
use stateright::{Model, Property};

use crate::{
    collector::Collector,
    laws,
    scenario::Scenario,
    worker::{Step, Turn, Worker},
    world::{Job, World},
};

/// Something happens. Numbers are places in the state's own order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The original is uploaded or deleted, and its event becomes a job.
    Write,
    /// The next configuration is activated.
    Activate,
    /// A pass queues what the newest configuration has not reached.
    Reconcile,
    /// A worker without a job is replaced by one with the configuration in force.
    Replace(usize),
    /// A worker takes a job.
    Deliver { worker: usize, job: usize },
    /// A job that waits is there twice.
    Duplicate { job: usize },
    /// The lease of a job ends under a worker that does not notice.
    LoseLease { worker: usize },
    /// A worker does its next step; a next lane is carried on with.
    Step { worker: usize },
    /// A worker publishes the job of the next lane.
    HandOn { worker: usize },
    /// A worker dies, having sent nothing since its last step.
    Crash { worker: usize },
    /// A worker sends its record write and dies, or gives up waiting.
    Abandon { worker: usize },
    /// A record write whose sender has given up happens.
    Land { put: usize },
    /// The collector does its next step.
    Collect,
    /// The collector dies.
    CrashCollector,
    /// The collector sends its record write and dies, or gives up waiting.
    AbandonCollector,
}

impl Model for Scenario {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        // What follows a broken law is of no interest.
        if world.broken.is_some() {
            return;
        }
        if world.write < self.uploads.count() {
            actions.push(Action::Write);
        }
        if world.revision < self.newest().revision {
            actions.push(Action::Activate);
        }
        if !world.reconciled {
            actions.push(Action::Reconcile);
        }
        for (index, worker) in distinct(&world.workers) {
            actions_of(world, index, worker, actions);
        }
        if world.left.duplicates > 0 {
            actions.extend(distinct(&world.jobs).map(|(job, _)| Action::Duplicate { job }));
        }
        actions.extend(distinct(&world.late).map(|(put, _)| Action::Land { put }));
        let may_crash = world.left.crashes > 0;
        match &world.collector {
            Collector::Idle => {
                if world.left.passes > 0 && Collector::begin(self, world).is_some() {
                    actions.push(Action::Collect);
                }
            }
            busy => {
                actions.push(Action::Collect);
                if may_crash {
                    actions.push(Action::CrashCollector);
                }
                if may_crash && matches!(busy, Collector::Swap(..)) {
                    actions.push(Action::AbandonCollector);
                }
            }
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        match action {
            Action::Write => {
                world.write += 1;
                let job = self.job(world.revision);
                world.jobs.push(job);
            }
            Action::Activate => (world.revision, world.reconciled) = (world.revision + 1, false),
            Action::Reconcile => {
                world.reconciled = true;
                let job = self.job(world.revision);
                world.jobs.push(job);
            }
            Action::Replace(worker) => world.workers[worker] = Worker::new(world.revision),
            Action::Deliver { worker, job } => {
                let job = world.jobs.remove(job);
                world.workers[worker].take(self, job);
            }
            Action::Duplicate { job } => {
                world.left.duplicates -= 1;
                let job = world.jobs[job];
                world.jobs.push(job);
            }
            Action::LoseLease { worker } => {
                world.left.duplicates -= 1;
                let job = world.workers[worker].run.as_ref()?.redelivered();
                world.jobs.push(job);
            }
            Action::Step { worker } => self.step(&mut world, worker, false),
            Action::HandOn { worker } => self.step(&mut world, worker, true),
            Action::Crash { worker } => {
                die(&mut world, worker)?;
            }
            Action::Abandon { worker } => {
                if let Step::Swap(put) = die(&mut world, worker)? {
                    world.leave_behind(put);
                }
            }
            Action::Land { put } => {
                let put = world.late.remove(put);
                world.swap(self, &put);
            }
            Action::Collect => self.collect(&mut world)?,
            Action::CrashCollector => {
                world.left.crashes -= 1;
                world.collector = Collector::Idle;
            }
            Action::AbandonCollector => {
                world.left.crashes -= 1;
                let collector = std::mem::replace(&mut world.collector, Collector::Idle);
                if let Collector::Swap(put, _) = collector {
                    world.leave_behind(put);
                }
            }
        }
        Some(world.in_order())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        laws::all()
    }
}

impl Scenario {
    fn job(&self, min_revision: u64) -> Job {
        let lanes = &self.configuration(min_revision).lanes;
        Job {
            lane: *lanes.keys().next().expect("configurations have lanes"),
            min_revision,
            ambiguous: false,
        }
    }

    fn step(&self, world: &mut World, worker: usize, hands_on: bool) {
        let stepping = world.workers[worker].clone();
        world.workers[worker] = stepping.step(&mut Turn {
            scenario: self,
            world,
            hands_on,
        });
    }

    fn collect(&self, world: &mut World) -> Option<()> {
        world.collector = match std::mem::replace(&mut world.collector, Collector::Idle) {
            Collector::Idle => {
                world.left.passes -= 1;
                Collector::begin(self, world)?
            }
            busy => busy.step(self, world),
        };
        Some(())
    }
}

fn actions_of(world: &World, index: usize, worker: &Worker, actions: &mut Vec<Action>) {
    let Some(run) = &worker.run else {
        if worker.revision < world.revision {
            actions.push(Action::Replace(index));
        }
        // A job for a newer configuration is handed back: nothing changes.
        let takes = |job: &Job| job.min_revision <= worker.revision;
        let jobs = distinct(&world.jobs).filter(|(_, job)| takes(job));
        actions.extend(jobs.map(|(job, _)| Action::Deliver { worker: index, job }));
        return;
    };
    actions.push(Action::Step { worker: index });
    if run.may_hand_on() {
        actions.push(Action::HandOn { worker: index });
    }
    if world.left.duplicates > 0 {
        actions.push(Action::LoseLease { worker: index });
    }
    if world.left.crashes > 0 {
        actions.push(Action::Crash { worker: index });
        if matches!(run.step, Step::Swap(_)) {
            actions.push(Action::Abandon { worker: index });
        }
    }
}

/// The worker's job goes back to the queue; answers at which step that was.
fn die(world: &mut World, worker: usize) -> Option<Step> {
    world.left.crashes -= 1;
    let run = world.workers[worker].run.take()?;
    world.jobs.push(run.redelivered());
    Some(run.step)
}

/// Things in order, without those that equal the one before.
fn distinct<T: PartialEq>(things: &[T]) -> impl Iterator<Item = (usize, &T)> {
    let is_new = |(index, thing): &(usize, &T)| *index == 0 || things[*index - 1] != **thing;
    things.iter().enumerate().filter(is_new)
}
