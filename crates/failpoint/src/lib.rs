//! Named moments at which a process can be stopped, so that a test kills it exactly there.
//!
//! With the feature `armed`, `MINILAB_FAIL_POINT=step8_after_swap:3` stops the process, as SIGSTOP does, when it comes to that
//! point for the third time. Whoever started it sees that with `waitpid` and does what it likes. Without the feature, which no
//! release has, a point is an empty function.

/// The process is at the point `name`.
#[cfg(not(feature = "armed"))]
#[inline]
pub fn reached(_name: &str) {}

#[cfg(feature = "armed")]
pub use armed::reached;

#[cfg(feature = "armed")]
mod armed {
    use std::{
        sync::{
            LazyLock,
            atomic::{AtomicU32, Ordering::Relaxed},
        },
        thread,
    };

    use rustix::process::{Signal, getpid, kill_process};

    static CHOSEN: LazyLock<Option<Chosen>> = LazyLock::new(|| {
        let text = std::env::var("MINILAB_FAIL_POINT").ok()?;
        Some(Chosen::parse(&text).expect("MINILAB_FAIL_POINT reads like step8_after_swap:3"))
    });

    /// The point to stop at, and how many more times it may be passed.
    #[derive(Debug)]
    struct Chosen {
        name: String,
        hit: u32,
        hits: AtomicU32,
    }

    impl Chosen {
        fn parse(text: &str) -> Option<Self> {
            let (name, hit) = text.split_once(':')?;
            Some(Self {
                name: name.to_owned(),
                hit: hit.parse().ok()?,
                hits: AtomicU32::new(0),
            })
        }

        fn is_due(&self, name: &str) -> bool {
            self.name == name && self.hits.fetch_add(1, Relaxed) + 1 == self.hit
        }
    }

    /// The process is at the point `name`.
    pub fn reached(name: &str) {
        if !CHOSEN.as_ref().is_some_and(|chosen| chosen.is_due(name)) {
            return;
        }
        eprintln!("stopped at the fail point {name}");
        kill_process(getpid(), Signal::STOP).expect("a process may stop itself");
        // The signal stops the other threads a moment later than this one goes on, and a process that is continued must not
        // pass either.
        loop {
            thread::park();
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn only_the_chosen_hit_of_the_chosen_point_is_due() {
            let chosen = Chosen::parse("put:2").unwrap();
            let due = ["put", "swap", "put", "put"].map(|name| chosen.is_due(name));
            assert_eq!(due, [false, false, true, false]);
            assert!(Chosen::parse("put").is_none() && Chosen::parse("put:x").is_none());
        }
    }
}
