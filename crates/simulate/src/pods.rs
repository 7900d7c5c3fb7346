//! The pods of a lane: they start, work and stop.
use std::collections::VecDeque;

use crate::station::Station;

/// How many there are, by what they do.
#[derive(Debug, Default)]
pub(crate) struct Pods {
    ready: u32,
    starting: VecDeque<(u32, u32)>,
    /// Until when how many stop.
    stopping: Vec<(u32, u32)>,
}

impl Pods {
    /// So many, at work.
    pub(crate) fn ready(ready: u32) -> Self {
        Self {
            ready,
            ..Self::default()
        }
    }

    /// That take jobs.
    pub(crate) fn at_work(&self) -> u32 {
        self.ready
    }

    /// That an autoscaler counts: those at work and those that start.
    pub(crate) fn wanted(&self) -> u32 {
        self.ready + self.starting.iter().map(|(_, pods)| pods).sum::<u32>()
    }

    /// That are paid for.
    pub(crate) fn all(&self) -> u32 {
        self.wanted() + self.stopping.iter().map(|(_, pods)| pods).sum::<u32>()
    }

    /// Those that have started take jobs, those that have stopped are gone.
    pub(crate) fn become_ready(&mut self, now: u32) {
        while let Some((_, pods)) = self.starting.pop_front_if(|(at, _)| *at <= now) {
            self.ready += pods;
        }
        self.stopping.retain(|(until, _)| *until > now);
    }

    /// Starts or stops some. Those that have not started go first: nobody waits for them.
    pub(crate) fn scale(&mut self, (now, start_seconds): (u32, u32), to: u32, station: &mut Station) {
        let mut surplus = self.wanted().saturating_sub(to);
        if to > self.wanted() {
            self.starting.push_back((now + start_seconds, to - self.wanted()));
        }
        while surplus > 0
            && let Some((_, pods)) = self.starting.back_mut()
        {
            let gone = surplus.min(*pods);
            (*pods, surplus) = (*pods - gone, surplus - gone);
            if *pods == 0 {
                self.starting.pop_back();
            }
        }
        if surplus > 0 {
            let lasts = station.leave(f64::from(surplus) / f64::from(self.ready));
            self.ready -= surplus;
            self.stopping.push((now + lasts, surplus));
        }
    }
}
