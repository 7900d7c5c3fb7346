//! Everything of ours that reads bytes from outside: one function for each reader, with what must hold whatever the bytes.
//!
//! A function panics where something does not hold. `make test` replays it over seeds and found cases, and over mutations of
//! them ([`mutation`]); `make fuzz` lets libFuzzer look for more.
pub mod mutation;
mod parts;
mod targets;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A reader of bytes from outside.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Of its folder in `fuzz/seeds`.
    pub name: &'static str,
    /// Panics where something does not hold.
    pub run: fn(&[u8]),
    /// Further folders of seeds, below the root of the repository.
    samples: &'static [&'static str],
}

/// Longest seed: what is longer only slows mutations down.
const SEED_BYTES_MAX: u64 = 24 << 10;

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "events",
        run: targets::events::run,
        samples: &["dispatcher/tests/events"],
    },
    Target {
        name: "pushed",
        run: targets::pushed::run,
        samples: &[],
    },
    Target {
        name: "keys",
        run: targets::keys::run,
        samples: &[],
    },
    Target {
        name: "containers",
        run: targets::containers::run,
        samples: &["crates/imaging/tests/samples"],
    },
    Target {
        name: "metadata",
        run: targets::metadata::run,
        samples: &[],
    },
    Target {
        name: "clearing",
        run: targets::clearing::run,
        samples: &[],
    },
    Target {
        name: "drawings",
        run: targets::drawings::run,
        samples: &[],
    },
    Target {
        name: "requests",
        run: targets::requests::run,
        samples: &[],
    },
    Target {
        name: "replies",
        run: targets::replies::run,
        samples: &[],
    },
    Target {
        name: "jobs",
        run: targets::jobs::run,
        samples: &["protos/samples", "protos/samples/0.1.0"],
    },
    Target {
        name: "state",
        run: targets::state::run,
        samples: &["protos/samples", "protos/samples/0.1.0"],
    },
    Target {
        name: "documents",
        run: targets::documents::run,
        samples: &["examples"],
    },
];

/// The target of that name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|target| target.name == name).copied()
}

impl Target {
    /// Folders with its seeds and found cases.
    pub fn folders(&self) -> Vec<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("fuzz/ lies in the workspace");
        let own = root.join("fuzz/seeds").join(self.name);
        let samples = self.samples.iter().map(|folder| root.join(folder));
        std::iter::once(own).chain(samples).collect()
    }

    /// Its seeds and found cases, with their names, in the order of these.
    pub fn seeds(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut seeds = Vec::new();
        for folder in self.folders() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let facts = entry.metadata()?;
                if facts.is_file() && facts.len() <= SEED_BYTES_MAX {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    seeds.push((name, fs::read(entry.path())?));
                }
            }
        }
        seeds.sort();
        Ok(seeds)
    }
}
