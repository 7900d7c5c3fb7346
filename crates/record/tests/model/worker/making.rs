//! Steps 6 and 8 of a lane: which of its files there are, which is stored next, and the record that names them all.
use minilab_record::{Change, FileEntry, LaneStatus, Placeholder, adoptable, next_generation, publish};

use super::{Base, PutFile, Run, Step};
use crate::{
    originals::{Derivative, ENGINE, KEY, NOW, file, file_key, fingerprint, observation},
    scenario::{Flaw, Scenario},
};

impl Run {
    /// Step 6 as long as a file is missing, then step 8.
    pub(super) fn store_or_swap(&self, scenario: &Scenario, base: Base) -> Step {
        let files: Result<Vec<_>, PutFile> = self.files(scenario, &base).into_iter().collect();
        let Ok(files) = files else {
            return Step::Store(base);
        };
        let seen = scenario.uploads.seen(base.proof.write);
        let seen = seen.expect("nothing is made of an original that is gone");
        let configuration = scenario.configuration(base.proof.revision);
        let bytes = bytes(scenario, &base);
        let is_first = configuration.lanes.keys().next() == Some(&self.lane);
        let change = Change {
            key: KEY.to_owned(),
            observation: observation(seen, bytes),
            lane: self.lane,
            status: LaneStatus::Done,
            files,
            failures: Vec::new(),
            dropped: Vec::new(),
            placeholder: is_first.then(|| Placeholder {
                thumbhash: Some(bytes.to_string()),
                dominant: None,
                ..Placeholder::default()
            }),
            wanted: configuration.wanted.clone(),
            engine: ENGINE.to_owned(),
            revision: base.proof.revision,
            now: NOW,
        };
        base.put(publish(base.record(), change))
    }

    /// The lane's files: those that the record names or this run has put, and what is missing.
    pub(super) fn files(&self, scenario: &Scenario, base: &Base) -> Vec<Result<FileEntry, PutFile>> {
        let generation = next_generation(base.record(), self.lane);
        let bytes = bytes(scenario, base);
        let file_of = |derivative: &Derivative| {
            let fingerprint = fingerprint(*derivative, bytes);
            if let Some(entry) = base.record().and_then(|record| adoptable(record, &fingerprint)) {
                return Ok(entry.clone());
            }
            let is_it = |put: &&PutFile| {
                (put.lane, put.generation, &put.fingerprint) == (self.lane, generation, &fingerprint)
            };
            if let Some(put) = self.put.iter().find(is_it) {
                return Ok(file(*derivative, bytes, put.key.clone()));
            }
            let key = file_key(
                *derivative,
                generation_in_key(scenario, base, generation),
                &fingerprint,
            );
            Err(PutFile {
                lane: self.lane,
                generation,
                fingerprint,
                key,
            })
        };
        let made = &scenario.configuration(base.proof.revision).lanes[&self.lane];
        made.iter().map(file_of).collect()
    }
}

fn bytes(scenario: &Scenario, base: &Base) -> char {
    let bytes = scenario.uploads.bytes(base.proof.write);
    bytes.expect("nothing is made of an original that is gone")
}

fn generation_in_key(scenario: &Scenario, base: &Base, lane_generation: u64) -> u64 {
    match scenario.flaw {
        Some(Flaw::ContentOnlyKeys) => 0,
        Some(Flaw::SharedGeneration) => base.record().map_or(0, |record| record.generation) + 1,
        _ => lane_generation,
    }
}
