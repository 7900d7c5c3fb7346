//! A world that is changed, killed, started again and compared with one that nobody disturbed.
use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use crate::{
    census::Census,
    photos::{Content, KEYS, Photos, VERSIONS},
    process::{Killed, Standalone},
    world::World,
};

/// Between the kill and the next start the time of grace of what was dropped runs out only here.
const SWEEPS_MAX: usize = 60;

/// How it ends if nobody kills anything: the manifest of each original for each content.
pub struct Undisturbed {
    pub photos: Photos,
    manifests: BTreeMap<(usize, Content), Value>,
}

impl Undisturbed {
    pub fn watch() -> Self {
        let mut undisturbed = Self {
            photos: Photos::cut(),
            manifests: BTreeMap::new(),
        };
        for version in 0..VERSIONS {
            let world = World::new();
            undisturbed.note(&world, Content::Version(version));
            if version == 0 {
                undisturbed.note(&world, Content::Gone);
            }
        }
        undisturbed
    }

    fn note(&mut self, world: &World, content: Content) {
        for key in 0..KEYS.len() {
            world.set(&self.photos, key, content);
        }
        Standalone::settle(world);
        let census = Census::take(world);
        assert_eq!(
            (census.manifests.len(), census.orphans.len(), census.sidecars),
            (KEYS.len(), 0, 0)
        );
        for (key, name) in KEYS.iter().enumerate() {
            self.manifests
                .insert((key, content), census.manifests[*name].clone());
        }
    }
}

/// What all rounds of a test came to.
#[derive(Debug, Default)]
pub struct Tally {
    pub kills: usize,
    pub children: usize,
    pub outlived_max: Duration,
    pub compared: usize,
    pub differences: Vec<String>,
    pub orphans: usize,
    pub sidecars: usize,
}

impl Tally {
    pub fn note(&mut self, killed: &Killed) {
        self.kills += 1;
        self.children += killed.children;
        self.outlived_max = self.outlived_max.max(killed.outlived);
    }

    pub fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.children += other.children;
        self.outlived_max = self.outlived_max.max(other.outlived_max);
        self.compared += other.compared;
        self.differences.extend(other.differences);
        self.orphans += other.orphans;
        self.sidecars += other.sidecars;
    }

    pub fn tell(&self, what: &str) {
        eprintln!(
            "{what}: {} kills, {} renderers gone within {} ms, {} originals compared, {} differences, {} files that no \
             record named, all swept; {} orphaned sidecars",
            self.kills,
            self.children,
            self.outlived_max.as_millis(),
            self.compared,
            self.differences.len(),
            self.orphans,
            self.sidecars
        );
        assert!(self.differences.is_empty(), "{:#?}", self.differences);
        assert_eq!(self.sidecars, 0, "attributes of objects that are not there");
    }
}

/// One world through several rounds.
pub struct Life<'a> {
    undisturbed: &'a Undisturbed,
    pub world: World,
    contents: [Content; KEYS.len()],
    pub tally: Tally,
}

impl<'a> Life<'a> {
    pub fn new(undisturbed: &'a Undisturbed) -> Self {
        Self {
            undisturbed,
            world: World::new(),
            contents: [Content::Gone; KEYS.len()],
            tally: Tally::default(),
        }
    }

    pub fn set(&mut self, key: usize, content: Content) {
        self.world.set(&self.undisturbed.photos, key, content);
        self.contents[key] = content;
    }

    pub fn set_all(&mut self, content: Content) {
        (0..KEYS.len()).for_each(|key| self.set(key, content));
    }

    pub fn kill(&mut self, running: Standalone) {
        self.tally.note(&running.kill());
    }

    /// Starts it again, and compares what there is when it is idle.
    pub fn settle(&mut self, after: &str) {
        Standalone::settle(&self.world);
        let census = Census::take(&self.world);
        for (key, name) in KEYS.iter().enumerate() {
            self.tally.compared += 1;
            let found = census.manifests.get(*name);
            let expected = &self.undisturbed.manifests[&(key, self.contents[key])];
            if found.is_none() && self.contents[key] == Content::Gone {
                continue;
            }
            for difference in differences(found.unwrap_or(&Value::Null), expected, name) {
                self.tally.differences.push(format!("{after}: {difference}"));
            }
        }
        self.tally.sidecars += census.sidecars;
    }

    /// Removes all originals and lets their times of grace run out: what stays are the manifests that tell of it.
    pub fn end(mut self) -> Tally {
        self.tally.orphans += Census::take(&self.world).orphans.len();
        self.set_all(Content::Gone);
        self.world.retain("1s");
        for _ in 0..SWEEPS_MAX {
            self.settle("all were removed");
            let census = Census::take(&self.world);
            if census.orphans.is_empty() && census.retained.is_empty() {
                return self.tally;
            }
        }
        panic!("never swept: {:#?}", Census::take(&self.world));
    }
}

/// Where two values differ.
fn differences(found: &Value, expected: &Value, at: &str) -> Vec<String> {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) if found.keys().eq(expected.keys()) => found
            .iter()
            .flat_map(|(name, value)| differences(value, &expected[name], &format!("{at}/{name}")))
            .collect(),
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => found
            .iter()
            .zip(expected)
            .enumerate()
            .flat_map(|(index, (found, expected))| differences(found, expected, &format!("{at}/{index}")))
            .collect(),
        _ if found == expected => Vec::new(),
        _ => vec![format!("{at} is {found} instead of {expected}")],
    }
}
