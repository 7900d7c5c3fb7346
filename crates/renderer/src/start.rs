//! Starting, in the order that the walls need: what reads files first, then the walls, then the first byte of an original.
use minilab_imaging::{Engine, Settings};
use minilab_protos::renderer as wire;
use minilab_recipe::Sandbox;

use crate::arguments::Arguments;
use crate::process::{self, muster::Muster};
use crate::walls::{self, Gap, attempts, trial};

/// A renderer that could begin.
#[derive(Debug)]
pub struct Started {
    /// Warm.
    pub engine: Engine,
    /// By which all threads are found.
    pub muster: Muster,
    /// Walls that are not there, or not whole.
    pub gaps: Vec<Gap>,
    /// What the others are worth.
    pub verdict: trial::Verdict,
}

/// Why it cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// libvips did not come up, or the kernel refuses what it always grants.
    #[error("{0}")]
    Machine(String),
    /// It is not walled in as it must be.
    #[error(
        "the sandbox does not hold: {0}; allow seccomp and no_new_privs in the container or service that minilab runs in, \
         or accept the risk with `sandbox: best_effort`"
    )]
    Sandbox(String),
}

/// To be called first thing, while there is one thread.
pub fn start(arguments: &Arguments) -> Result<Started, Refusal> {
    process::allocator::keep_one_heap();
    process::inherited::close();
    process::die_with_parent().map_err(cannot("ask to be killed with the worker"))?;
    attempts::aim();
    let muster = Muster::open().map_err(cannot("watch the threads of this process (is /proc there?)"))?;
    let mut gaps = walls::first();
    let engine = Engine::start(Settings::default()).map_err(|error| Refusal::Machine(error.to_string()))?;
    process::limit(arguments).map_err(cannot("set the limits of the process"))?;
    // After libvips is warm, for which the worker waits.
    if arguments.background {
        process::background::enter(&muster).map_err(cannot("step behind other processes (SCHED_IDLE)"))?;
    }
    gaps.extend(walls::last(&muster));
    // What is missing at first is missing at last.
    gaps.dedup();
    let verdict = trial::hold(&muster).map_err(cannot("try the sandbox from every thread"))?;
    let started = Started {
        engine,
        muster,
        gaps,
        verdict,
    };
    match started.refusal() {
        Some(refusal) if arguments.sandbox == Sandbox::Required => Err(refusal),
        _ => Ok(started),
    }
}

impl Started {
    /// What stands against this process where the sandbox is required.
    pub fn refusal(&self) -> Option<Refusal> {
        let needed = self.gaps.iter().filter(|gap| gap.wall.is_needed());
        let mut missing: Vec<String> = needed.map(Gap::to_string).collect();
        let holes = self.verdict.holes();
        if let [first, ..] = holes[..] {
            let sum = format!(
                "{} of the attempts that --selftest lists get through, `{first}` first",
                holes.len()
            );
            missing.push(sum);
        }
        (!missing.is_empty()).then(|| Refusal::Sandbox(missing.join("; ")))
    }

    /// What the worker is told of it.
    pub fn gaps(&self) -> Vec<wire::Gap> {
        let holes = self.verdict.holes();
        let through = (!holes.is_empty()).then(|| wire::Gap {
            wall: "trial".to_owned(),
            cause: format!(
                "{} of the attempts that --selftest lists get through",
                holes.len()
            ),
        });
        let gaps = self.gaps.iter().map(|gap| wire::Gap {
            wall: gap.wall.name().to_owned(),
            cause: gap.cause.clone(),
        });
        gaps.chain(through).collect()
    }
}

fn cannot(what: &'static str) -> impl Fn(std::io::Error) -> Refusal {
    move |cause| Refusal::Machine(format!("cannot {what}: {cause}"))
}
