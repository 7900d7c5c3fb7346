//! Which queues a worker takes jobs from: some lanes', operators' work, or all of them.
use std::{collections::BTreeSet, str::FromStr};

use minilab_queue::QueueName;
use minilab_recipe::Lane;

use crate::envelope::{backfill_queue, lane_queue};

const BACKFILL: &str = "backfill";

/// The lanes that a worker serves, and whether it does operators' work; at least one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lanes {
    lanes: BTreeSet<Lane>,
    backfill: bool,
}

/// The text names no lanes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` names no lanes: give one or more of fast, standard, bulk, backfill, separated by commas")]
pub struct InvalidLanes {
    /// What was given.
    pub given: String,
}

impl Default for Lanes {
    /// All of them.
    fn default() -> Self {
        Self {
            lanes: Lane::ALL.into(),
            backfill: true,
        }
    }
}

impl FromStr for Lanes {
    type Err = InvalidLanes;

    fn from_str(given: &str) -> Result<Self, InvalidLanes> {
        let mut served = Self {
            lanes: BTreeSet::new(),
            backfill: false,
        };
        for name in given.split(',').map(str::trim) {
            match Lane::ALL.into_iter().find(|lane| lane.as_str() == name) {
                Some(lane) => drop(served.lanes.insert(lane)),
                None if name == BACKFILL => served.backfill = true,
                None => {
                    return Err(InvalidLanes {
                        given: given.to_owned(),
                    });
                }
            }
        }
        Ok(served)
    }
}

impl Lanes {
    /// Does the worker take jobs of this lane?
    pub fn serve(&self, lane: Lane) -> bool {
        self.lanes.contains(&lane)
    }

    /// Does it take operators' work?
    pub fn serve_backfill(&self) -> bool {
        self.backfill
    }

    /// Their queues, the most urgent first.
    pub fn queues(&self) -> Vec<QueueName> {
        let lanes = self.lanes.iter().copied().map(lane_queue);
        lanes.chain(self.backfill.then(backfill_queue)).collect()
    }

    /// How many of a worker's slots are kept for `fast`: one, where there is something else that could take all.
    pub(super) fn slots_kept(&self, slots: usize) -> usize {
        let shares = self.serve(Lane::Fast) && self.queues().len() > 1;
        usize::from(shares && slots > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes(text: &str) -> Lanes {
        text.parse().unwrap()
    }

    #[test]
    fn lanes_are_named_in_any_order_and_served_by_urgency() {
        let queues = lanes("backfill, bulk,fast").queues();
        let names: Vec<_> = queues.iter().map(QueueName::as_str).collect();
        assert_eq!(names, ["fast", "bulk", "backfill"]);
        assert_eq!(lanes("fast,standard,bulk,backfill"), Lanes::default());
    }

    #[test]
    fn what_names_no_lane_is_refused() {
        for wrong in ["", "fast,", "Fast", "slow", "fast;bulk"] {
            assert!(wrong.parse::<Lanes>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn slot_is_kept_only_from_others() {
        assert_eq!(Lanes::default().slots_kept(3), 1);
        assert_eq!(Lanes::default().slots_kept(1), 0);
        assert_eq!(lanes("fast").slots_kept(3), 0);
        assert_eq!(lanes("standard,bulk").slots_kept(3), 0);
        assert_eq!(lanes("fast,backfill").slots_kept(2), 1);
    }
}
