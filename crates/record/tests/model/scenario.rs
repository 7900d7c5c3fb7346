//! The bounds of an exploration, and the flaws that can be put into the protocol to see that they are found.
use minilab_recipe::{Lane, Replace};

use crate::originals::{Configuration, Derivative, ETags, Uploads};

/// One exploration: who takes part, what happens to them, how often.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What happens to the original.
    pub uploads: Uploads,
    /// Configurations in the order of their activation. Workers start with the first.
    pub configurations: Vec<Configuration>,
    /// Workers, each with one job at a time.
    pub workers: usize,
    /// Deliveries of a job that was delivered before, or is still held.
    pub duplicates: u8,
    /// Deaths of workers or of the collector, at any step; and record writes whose answer nobody sees.
    pub crashes: u8,
    /// Passes of the collector.
    pub passes: u8,
    /// What the passes look through for files that no record ever named.
    pub reach: Reach,
    /// Are manifests written? Two more steps with each swap.
    pub projects: bool,
    /// What is done wrong on purpose.
    pub flaw: Option<Flaw>,
}

/// Where a pass of the collector looks for what no record ever named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Under tombstones: as in most passes.
    Tombstones,
    /// Everywhere: as in a full one. Many times the states.
    Everything,
}

/// A way to break the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Step 9 is left out.
    NoLookAgain,
    /// Step 2 comes before step 1.
    OriginalBeforeRecord,
    /// Keys of files hold no generation.
    ContentOnlyKeys,
    /// One generation for all lanes: the record's.
    SharedGeneration,
    /// An ambiguous run that finds all current writes nothing.
    NoFence,
    /// An ambiguous run that finds neither original nor record writes nothing.
    NoTombstoneOfNobody,
}

const THUMB: Derivative = ("thumb", 1);
const PHOTO: Derivative = ("photo", 1);

impl Scenario {
    /// Two workers, two lanes with one file each, no faults.
    pub fn of(writes: &'static str) -> Self {
        Self {
            uploads: Uploads {
                writes,
                etags: ETags::OfBytes,
            },
            configurations: vec![first(Replace::Atomic)],
            workers: 2,
            duplicates: 0,
            crashes: 0,
            passes: 0,
            reach: Reach::Tombstones,
            projects: false,
            flaw: None,
        }
    }

    pub fn etags(mut self, etags: ETags) -> Self {
        self.uploads.etags = etags;
        self
    }

    pub fn workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    pub fn duplicates(self, duplicates: u8) -> Self {
        Self { duplicates, ..self }
    }

    pub fn crashes(self, crashes: u8) -> Self {
        Self { crashes, ..self }
    }

    pub fn passes(self, passes: u8) -> Self {
        Self { passes, ..self }
    }

    /// The passes are full ones.
    pub fn full_passes(self, passes: u8) -> Self {
        Self {
            passes,
            reach: Reach::Everything,
            ..self
        }
    }

    pub fn projects(self) -> Self {
        Self {
            projects: true,
            ..self
        }
    }

    pub fn flaw(self, flaw: Flaw) -> Self {
        Self {
            flaw: Some(flaw),
            ..self
        }
    }

    /// The recipe has one lane.
    pub fn one_lane(mut self) -> Self {
        self.configurations = vec![Configuration::new(1, &[(Lane::Fast, &[THUMB])], Replace::Atomic)];
        self
    }

    /// Manifests show new sets as they grow.
    pub fn progressive(mut self) -> Self {
        self.configurations = vec![first(Replace::Progressive)];
        self
    }

    /// Workers are replaced one by one by such with a configuration of other settings for the thumbnail.
    pub fn changes_settings(self) -> Self {
        self.rolls_to(&[(Lane::Fast, &[("thumb", 2)]), (Lane::Bulk, &[PHOTO])])
    }

    /// The same with a configuration that makes a second file in the first lane.
    pub fn adds_a_derivative(self) -> Self {
        self.rolls_to(&[(Lane::Fast, &[THUMB, ("card", 1)]), (Lane::Bulk, &[PHOTO])])
    }

    /// The same with a configuration that knows no second lane.
    pub fn drops_a_lane(self) -> Self {
        self.rolls_to(&[(Lane::Fast, &[THUMB])])
    }

    fn rolls_to(mut self, lanes: &[(Lane, &[Derivative])]) -> Self {
        self.configurations
            .push(Configuration::new(2, lanes, Replace::Atomic));
        self
    }

    pub fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub fn configuration(&self, revision: u64) -> &Configuration {
        let found = self.configurations.iter().find(|c| c.revision == revision);
        found.expect("revisions are those of the scenario")
    }

    pub fn newest(&self) -> &Configuration {
        self.configurations
            .last()
            .expect("there is always a first configuration")
    }
}

fn first(replace: Replace) -> Configuration {
    Configuration::new(1, &[(Lane::Fast, &[THUMB]), (Lane::Bulk, &[PHOTO])], replace)
}
