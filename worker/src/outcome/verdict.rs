//! From the class and the job's counters to what is told to the broker.
use std::time::Duration;

use minilab_protos::job::Job;
use minilab_queue::Backoff;

use super::Class;

/// How much a job may cost before it is given up.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Waits between failed attempts; after the last there is none.
    pub backoff: Backoff,
    /// Crashes of the renderer after which the job is poison. 2: one may have been the machine's fault.
    pub crashes_max: u32,
    /// Hand-outs that nobody settled after which the job is poison. 3, so at the 4th delivery: workers are killed for
    /// reasons of their own more often than by an original.
    pub unsettled_max: u32,
    /// Time that a run may take before anything is planned; four times what is planned comes on top. A minute and a half: a
    /// large original over a slow line.
    pub deadline: Duration,
    /// Wait after a job was handed back because something it needs is missing. The worker itself pauses longer.
    pub release: Duration,
    /// Wait after a job was handed back because its configuration is newer: about a rolling update's step.
    pub stale: Duration,
    /// Wait after a job was handed back because its tenant has as many at work as it may: about what a job takes.
    pub crowded: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            backoff: Backoff::default(),
            crashes_max: 2,
            unsettled_max: 3,
            deadline: Duration::from_secs(90),
            release: Duration::from_secs(5),
            stale: Duration::from_secs(30),
            crowded: Duration::from_secs(1),
        }
    }
}

/// What becomes of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It is done with.
    Complete,
    /// This copy is delivered in its place, after the delay.
    Retry(Box<Job>, Duration),
    /// Handed back as it is.
    Release(Duration),
    /// A dead letter, of this class.
    GiveUp(Box<Job>, GivenUp),
    /// Nothing is settled.
    Leave,
}

/// Stable classes of dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUp {
    /// It failed at every attempt.
    Exhausted,
    /// It was refused at every attempt.
    Denied,
    /// It takes renderers or workers down.
    Poison,
}

impl GivenUp {
    /// As it is written in reasons and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::Denied => "denied",
            Self::Poison => "poison",
        }
    }
}

/// A run of a job, as far as its verdict depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// What it came to.
    pub class: Class,
    /// Will the same bytes do the same for sure? So it is with a panic.
    pub permanent: bool,
    /// Is a record write of it unanswered, or of a run before it that no swap has followed?
    pub ambiguous: bool,
    /// The job as it was delivered.
    pub job: &'a Job,
}

/// What becomes of a job after a run.
///
/// Counters live in the body; the copy that goes out carries them. A job that turned ambiguous is never handed back as it
/// was, since the broker's copy does not say so.
pub fn verdict(run: Run<'_>, budget: &Budget) -> Verdict {
    let Run {
        class,
        permanent,
        ambiguous,
        job,
    } = run;
    let copy = Job {
        ambiguous,
        ..job.clone()
    };
    match class {
        Class::Complete | Class::Noop | Class::Input | Class::Partial => Verdict::Complete,
        Class::Transient => again(copy, GivenUp::Exhausted, budget),
        Class::Denied => again(copy, GivenUp::Denied, budget),
        Class::Crash => crashed(copy, permanent, budget.crashes_max),
        Class::Unsettled => crashed(copy, permanent, budget.unsettled_max + 1),
        Class::Dependency => hand_back(copy, job, budget.release),
        Class::Stale => hand_back(copy, job, budget.stale),
        Class::Aborted => hand_back(copy, job, Duration::ZERO),
        Class::LeaseLost => Verdict::Leave,
    }
}

/// The budget is checked after a failed attempt, so a job that an operator put back gets a real one.
fn again(job: Job, given_up: GivenUp, budget: &Budget) -> Verdict {
    let job = Job {
        attempt: job.attempt + 1,
        ..job
    };
    match budget.backoff.delay(job.attempt) {
        Some(delay) => Verdict::Retry(Box::new(job), delay),
        None => Verdict::GiveUp(Box::new(job), given_up),
    }
}

/// Once more at once: the next run is alone in a fresh renderer, so waiting would not help it.
fn crashed(job: Job, permanent: bool, crashes_max: u32) -> Verdict {
    let job = Job {
        crashes: job.crashes + 1,
        ..job
    };
    if permanent || job.crashes >= crashes_max {
        Verdict::GiveUp(Box::new(job), GivenUp::Poison)
    } else {
        Verdict::Retry(Box::new(job), Duration::ZERO)
    }
}

fn hand_back(copy: Job, delivered: &Job, delay: Duration) -> Verdict {
    if copy == *delivered {
        Verdict::Release(delay)
    } else {
        Verdict::Retry(Box::new(copy), delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(attempt: u32, crashes: u32) -> Job {
        Job {
            attempt,
            crashes,
            ..Job::default()
        }
    }

    fn after(class: Class, job: &Job) -> Verdict {
        verdict(
            Run {
                class,
                permanent: false,
                ambiguous: job.ambiguous,
                job,
            },
            &Budget::default(),
        )
    }

    fn retry(job: Job, seconds: u64) -> Verdict {
        Verdict::Retry(Box::new(job), Duration::from_secs(seconds))
    }

    #[test]
    fn ends_are_settled_whatever_the_counters_say() {
        for class in [Class::Complete, Class::Noop, Class::Input, Class::Partial] {
            assert_eq!(after(class, &job(5, 1)), Verdict::Complete, "{class}");
        }
    }

    #[test]
    fn transient_failure_counts_and_waits_longer_each_time_until_it_is_exhausted() {
        for (failed, wait) in [(0, 5), (1, 30), (2, 120), (3, 600), (4, 3600)] {
            assert_eq!(
                after(Class::Transient, &job(failed, 0)),
                retry(job(failed + 1, 0), wait)
            );
        }
        let dead = Verdict::GiveUp(Box::new(job(6, 0)), GivenUp::Exhausted);
        assert_eq!(after(Class::Transient, &job(5, 0)), dead);
    }

    #[test]
    fn denied_is_retried_as_transient_and_given_up_under_its_own_name() {
        assert_eq!(after(Class::Denied, &job(0, 0)), retry(job(1, 0), 5));
        let dead = Verdict::GiveUp(Box::new(job(6, 0)), GivenUp::Denied);
        assert_eq!(after(Class::Denied, &job(5, 0)), dead);
    }

    #[test]
    fn crash_gets_one_more_run_and_then_is_poison() {
        assert_eq!(after(Class::Crash, &job(0, 0)), retry(job(0, 1), 0));
        let dead = Verdict::GiveUp(Box::new(job(0, 2)), GivenUp::Poison);
        assert_eq!(after(Class::Crash, &job(0, 1)), dead);
    }

    #[test]
    fn hand_outs_that_nobody_settled_are_poison_at_the_fourth_delivery() {
        assert_eq!(after(Class::Unsettled, &job(0, 0)), retry(job(0, 1), 0));
        assert_eq!(after(Class::Unsettled, &job(0, 2)), retry(job(0, 3), 0));
        let dead = Verdict::GiveUp(Box::new(job(0, 4)), GivenUp::Poison);
        assert_eq!(after(Class::Unsettled, &job(0, 3)), dead);
    }

    #[test]
    fn panic_is_poison_at_once() {
        let job = job(0, 0);
        let run = Run {
            class: Class::Crash,
            permanent: true,
            ambiguous: false,
            job: &job,
        };
        let dead = verdict(run, &Budget::default());
        assert!(matches!(dead, Verdict::GiveUp(_, GivenUp::Poison)), "{dead:?}");
    }

    #[test]
    fn what_is_not_the_jobs_fault_is_handed_back_uncounted() {
        for (class, seconds) in [(Class::Dependency, 5), (Class::Stale, 30), (Class::Aborted, 0)] {
            assert_eq!(
                after(class, &job(2, 1)),
                Verdict::Release(Duration::from_secs(seconds)),
                "{class}"
            );
        }
    }

    #[test]
    fn every_copy_of_an_ambiguous_job_says_so() {
        let delivered = job(2, 0);
        for class in [
            Class::Transient,
            Class::Crash,
            Class::Dependency,
            Class::Stale,
            Class::Aborted,
        ] {
            let run = Run {
                class,
                permanent: false,
                ambiguous: true,
                job: &delivered,
            };
            let Verdict::Retry(copy, _) = verdict(run, &Budget::default()) else {
                panic!("{class} is not sent anew");
            };
            assert!(copy.ambiguous, "{class}");
        }
    }

    #[test]
    fn lost_lease_settles_nothing() {
        assert_eq!(after(Class::LeaseLost, &job(0, 0)), Verdict::Leave);
    }
}
