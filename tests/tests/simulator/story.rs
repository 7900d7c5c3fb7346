//! What happens in a run while the weather is bad.
use std::time::Duration;

use bytes::Bytes;
use minilab_dispatcher::{Change, Hint};
use minilab_protos::job::Via;
use minilab_queue::Clock as _;
use minilab_record::revision;
use minilab_store::{Key, PutOptions, Store as _};
use minilab_telemetry::Producer;

use crate::{
    broken::Broken,
    crew::{self, Deployment, Running},
    documents::document,
    process::{Process, at_once},
    remote_store::{RemoteStore, Role},
    run::{Run, Theme},
};

/// What originals are made of: large, small, the same large one under another name, and no image.
const TEXTS: [&str; 5] = [
    "4000x3000 a cat",
    "3000x2000 a dog",
    "4000x3000 a cat",
    "500x400 a mouse",
    "no image",
];
/// An event comes within this time, if it comes.
const EVENT_MAX: Duration = Duration::from_mins(1);
/// Pause of a producer whose event was not taken.
const EVENT_AGAIN: Duration = Duration::from_secs(2);

/// Tells it.
pub struct Story<'a>(pub &'a mut Run);

impl Story<'_> {
    pub async fn tell(&mut self) -> Result<(), String> {
        self.0.workers = (0..self.0.options.workers).map(|_| None).collect();
        self.0.start_missing();
        for _ in 0..self.0.options.steps {
            self.step().await;
            tokio::time::sleep(self.0.dice.up_to(self.0.options.pause_max)).await;
            self.0.sim.ledger.audit();
            self.0.sim.ledger.verdict()?;
        }
        Ok(())
    }

    async fn step(&mut self) {
        match self.0.dice.roll(20) {
            0..8 => self.0.upload().await,
            8..11 => self.0.delete().await,
            11 => self.0.announce_anything(),
            12..14 => self.kill_a_worker(),
            14 => self.stop_a_worker().await,
            15 => self.kill_the_dispatcher(),
            16 if self.0.sim.broken == Some(Broken::NamedDeleted) => self.delete_something_named(),
            16..18 if self.0.options.theme == Theme::Configurations => self.deploy().await,
            _ => self.0.start_missing(),
        }
    }

    fn a_worker(&mut self) -> Option<Running> {
        let index = self.0.dice.roll(self.0.workers.len() as u64) as usize;
        self.0.workers[index].take()
    }

    fn kill_a_worker(&mut self) {
        if let Some(worker) = self.a_worker() {
            worker.kill();
            self.0.crashes += 1;
        }
        if self.0.dice.one_in(2) {
            self.0.start_missing();
        }
    }

    async fn stop_a_worker(&mut self) {
        if let Some(worker) = self.a_worker()
            && !worker.stop().await
        {
            self.0.crashes += 1;
        }
        self.0.start_missing();
    }

    fn kill_the_dispatcher(&mut self) {
        if let Some(dispatcher) = self.0.dispatcher.take() {
            dispatcher.kill();
            self.0.crashes += 1;
        }
    }

    /// A new configuration, or an earlier one again. Processes that run keep theirs.
    async fn deploy(&mut self) {
        let earlier = &self.0.deployments[0];
        let build = if self.0.dice.one_in(3) {
            "build-2"
        } else {
            "build-1"
        };
        let next = if self.0.dice.one_in(3) {
            earlier.document.clone()
        } else {
            document(&self.0.dice)
        };
        let process = Process::new("operator", &self.0.sim);
        let state = RemoteStore::of(&process, Role::State);
        let now = jiff::Timestamp::try_from(self.0.sim.clock.now()).unwrap();
        let Ok(revision) = revision::activate(&*state, &next.digest(), now).await else {
            return; // The upgrade failed; nothing was started with it.
        };
        process.note(format!("activates configuration {revision}"));
        self.0.sim.ledger.deployed(revision, &next);
        self.0.deployments.push(Deployment {
            revision,
            document: next,
            build,
        });
    }

    fn delete_something_named(&self) {
        let output = &self.0.sim.shelves.output;
        let page = at_once(output.list(minilab_store::ListRequest::default())).unwrap();
        if let Some(file) = page
            .objects
            .iter()
            .find(|listed| listed.key.as_str().contains(".g"))
        {
            self.0.sim.trace.note("somebody", format!("deletes {}", file.key));
            at_once(output.delete(&file.key)).unwrap();
        }
    }
}

impl Run {
    /// The deployment that processes are started with.
    pub fn newest(&self) -> Deployment {
        let newest = self
            .deployments
            .iter()
            .max_by_key(|deployment| deployment.revision);
        newest.expect("there is the first").clone()
    }

    pub fn start_missing(&mut self) {
        let newest = self.newest();
        for index in 0..self.workers.len() {
            if self.workers[index].is_none() {
                self.started += 1;
                let name = format!("worker-{}", self.started);
                self.workers[index] = Some(crew::worker(&self.sim, name, self.options.slots, &newest));
            }
        }
        if self.options.dispatches && self.dispatcher.as_ref().is_none_or(Running::has_ended) {
            self.started += 1;
            let name = format!("dispatcher-{}", self.started);
            self.dispatcher = Some(crew::dispatcher(&self.sim, name, &newest, self.options.retain));
        }
    }

    async fn upload(&mut self) {
        let (key, text) = (*self.dice.pick(self.options.keys), *self.dice.pick(&TEXTS));
        self.upload_as(key, text).await;
    }

    /// Uploads, and lets events tell of it.
    pub async fn upload_as(&mut self, key: &'static str, text: &str) {
        self.operations += 1;
        let (name, originals) = (Key::new(key).unwrap(), &self.sim.shelves.originals);
        let body = Bytes::from(text.to_owned());
        let etag = originals.put(&name, body, PutOptions::default()).await.unwrap();
        self.sim
            .ledger
            .uploaded(key, originals.head(&name).await.unwrap());
        self.sim
            .trace
            .note("uploader", format!("puts {key} {etag}: {text}"));
        self.originals.insert(key, text.to_owned());
        let hint = Hint {
            etag: Some(etag),
            size_bytes: Some(text.len() as u64),
            event_time: Some(self.sim.clock.now()),
            ..Hint::new(name, Change::Uploaded, Producer::Scan)
        };
        self.announce(&hint);
    }

    async fn delete(&mut self) {
        self.operations += 1;
        let key = *self.dice.pick(self.options.keys);
        let name = Key::new(key).unwrap();
        self.sim.shelves.originals.delete(&name).await.unwrap();
        self.sim.trace.note("uploader", format!("deletes {key}"));
        self.originals.remove(key);
        self.announce(&Hint::new(name, Change::Removed, Producer::Scan));
    }

    /// An event that tells nothing new.
    fn announce_anything(&mut self) {
        self.operations += 1;
        let key = Key::new(*self.dice.pick(self.options.keys)).unwrap();
        let change = *self
            .dice
            .pick(&[Change::Uploaded, Change::Removed, Change::Recorded]);
        self.announce_once(
            &Hint::new(key, change, Producer::Scan),
            self.dice.up_to(EVENT_MAX),
        );
    }

    /// Once, twice, or not at all if there is a dispatcher to find out; at any time, so in any order.
    fn announce(&mut self, hint: &Hint) {
        let times = if self.options.dispatches {
            self.dice.roll(3)
        } else {
            1 + self.dice.roll(2)
        };
        for _ in 0..times {
            let after = if self.dice.one_in(2) {
                Duration::ZERO
            } else {
                self.dice.up_to(EVENT_MAX)
            };
            self.announce_once(hint, after);
        }
    }

    fn announce_once(&self, hint: &Hint, after: Duration) {
        let process = Process::new("producer", &self.sim);
        let jobs = crew::jobs(&process, &self.newest());
        let hint = hint.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            while jobs
                .enqueue(std::slice::from_ref(&hint), Via::Live)
                .await
                .is_err()
            {
                tokio::time::sleep(EVENT_AGAIN).await;
            }
        });
    }
}
