//! A lane's queue and the slots that work on it, first come first served.
use std::collections::VecDeque;

/// Jobs that came in one second, of one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Batch {
    /// When their originals were uploaded.
    pub uploaded: u32,
    /// Of which class.
    pub class: usize,
    /// How many; slots share a second, so there are parts of jobs.
    pub jobs: f64,
}

/// A queue and what is worked on.
#[derive(Debug, Clone, Default)]
pub struct Station {
    queue: VecDeque<Batch>,
    /// Slot seconds that are taken in this second and those that follow.
    taken: VecDeque<f64>,
    /// What ends in this second and those that follow.
    ending: VecDeque<Vec<Batch>>,
    /// CPU seconds of each class.
    seconds: Vec<f64>,
    waiting: (f64, f64),
    working: f64,
}

impl Station {
    /// Nothing waits.
    pub fn new(seconds: Vec<f64>) -> Self {
        Self {
            seconds,
            ..Self::default()
        }
    }

    /// Jobs have come.
    pub fn push(&mut self, batch: Batch) {
        if batch.jobs <= 0.0 {
            return;
        }
        self.waiting.0 += batch.jobs;
        self.waiting.1 += batch.jobs * self.seconds[batch.class];
        self.queue.push_back(batch);
    }

    /// Jobs that wait.
    pub fn jobs(&self) -> f64 {
        self.waiting.0
    }

    /// CPU seconds that wait.
    pub fn waiting_seconds(&self) -> f64 {
        self.waiting.1
    }

    /// Jobs that are worked on.
    pub fn working(&self) -> f64 {
        self.working
    }

    /// This part of the slots takes nothing more; what it works on it finishes, elsewhere than in the slots that stay. Answers
    /// how many seconds that takes.
    pub fn leave(&mut self, part: f64) -> u32 {
        for taken in &mut self.taken {
            *taken *= 1.0 - part;
        }
        self.taken.len() as u32
    }

    /// One second with so many slots. `started` is told of what begins and what it takes; answers what has ended.
    pub fn step(&mut self, slots: f64, mut started: impl FnMut(Batch, f64)) -> Vec<Batch> {
        let mut free = (slots - self.taken.pop_front().unwrap_or(0.0)).max(0.0);
        while free > 1e-9 {
            let Some(head) = self.queue.front_mut() else { break };
            let seconds = self.seconds[head.class];
            let here = seconds.min(1.0);
            let begin = Batch {
                jobs: head.jobs.min(free / here),
                ..*head
            };
            free -= begin.jobs * here;
            head.jobs -= begin.jobs;
            if head.jobs <= 1e-9 {
                self.queue.pop_front();
            }
            self.waiting.0 = (self.waiting.0 - begin.jobs).max(0.0);
            self.waiting.1 = (self.waiting.1 - begin.jobs * seconds).max(0.0);
            self.working += begin.jobs;
            self.occupy(begin, seconds);
            started(begin, seconds);
        }
        let ended = self.ending.pop_front().unwrap_or_default();
        self.working -= ended.iter().map(|batch| batch.jobs).sum::<f64>();
        ended
    }

    fn occupy(&mut self, begin: Batch, seconds: f64) {
        let lasts = seconds.ceil().max(1.0) as usize;
        for later in 1..lasts {
            let part = (seconds - later as f64).min(1.0);
            if self.taken.len() < later {
                self.taken.resize(later, 0.0);
            }
            self.taken[later - 1] += begin.jobs * part;
        }
        if self.ending.len() < lasts {
            self.ending.resize(lasts, Vec::new());
        }
        self.ending[lasts - 1].push(begin);
    }
}
