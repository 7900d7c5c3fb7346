//! Three workers, one original that keeps changing, bad weather, and a worker that is stopped now and then: when it is
//! over, the record tells of what is there. Each seed is a run of its own and the same every time.
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use minilab_recipe::Lane;
use minilab_record::named_keys;
use minilab_store::{Faulty, Store as _};

use crate::{
    weather::{Dice, Weather},
    world::{CAT, DOG, FILES, World, key},
};

const SEEDS: u64 = 150;
const STEPS: u64 = 12;
const NAME: &str = "a.jpg";

struct Storm {
    world: World,
    dice: Arc<Dice>,
    calm: Arc<AtomicBool>,
    text: Option<&'static str>,
}

impl Storm {
    fn new(seed: u64) -> Self {
        let (mut world, dice) = (World::default(), Arc::new(Dice::new(seed)));
        let calm = Arc::new(AtomicBool::new(false));
        let weather = |store: &minilab_store::Memory| {
            Faulty::new(Arc::new(Weather::new(
                store.clone(),
                Arc::clone(&dice),
                Arc::clone(&calm),
            )))
        };
        world.originals = weather(&world.shelves.originals);
        world.output = weather(&world.shelves.output);
        world.state = weather(&world.shelves.state);
        Self {
            world,
            dice,
            calm,
            text: None,
        }
    }

    /// Something happens to the original, and is announced once or twice.
    async fn step(&mut self) {
        self.text = [Some(CAT), Some(DOG), Some(CAT), None][self.dice.roll(4) as usize];
        match self.text {
            Some(text) => self.world.upload(NAME, text).await,
            None => self.world.delete(NAME).await,
        }
        for _ in 0..=self.dice.roll(2) {
            self.world.event(NAME).await;
        }
        if self.dice.roll(4) == 0 {
            self.world.send("bulk", &self.world.job(NAME, Lane::Bulk)).await;
        }
        tokio::time::sleep(Duration::from_millis(self.dice.roll(4_000))).await;
        self.assert_nothing_dangles().await;
    }

    /// The weather clears up; what was given up meanwhile is put back by an operator.
    async fn pass(&self) {
        self.world.idle().await;
        self.calm.store(true, Ordering::SeqCst);
        for reason in self.world.dead().await {
            assert!(reason.starts_with("exhausted: "), "{reason}");
        }
        self.world.put_back().await;
        self.world.idle().await;
        // What strays still arrive, arrive long before anybody looks.
        tokio::time::sleep(Duration::from_mins(1)).await;
    }

    async fn assert_nothing_dangles(&self) {
        let Some(record) = self.world.record(NAME).await else {
            return;
        };
        for named in named_keys(&record) {
            assert!(
                self.world.shelves.output.head(&key(named)).await.is_ok(),
                "{named} is named and missing"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn three_workers_converge_in_bad_weather() {
    for seed in 0..SEEDS {
        let mut storm = Storm::new(seed);
        let workers = [storm.world.start(), storm.world.start()];
        let mut third = storm.world.start();
        for _ in 0..STEPS {
            storm.step().await;
            if storm.dice.roll(3) == 0 {
                third.abort.cancel();
                third.drained().await;
                third = storm.world.start();
            }
        }
        storm.pass().await;
        for worker in workers.into_iter().chain([third]) {
            worker.drained().await;
        }
        assert_eq!(storm.world.dead().await, [""; 0], "seed {seed}");
        if let Some(text) = storm.text {
            storm.world.assert_current(NAME, text, FILES).await;
        } else {
            let record = storm.world.record(NAME).await;
            assert!(
                record.is_none_or(|record| record.observation.is_none()),
                "seed {seed}: no tombstone"
            );
        }
        storm.assert_nothing_dangles().await;
        assert_eq!(storm.world.renderer.tally().sessions, 0, "seed {seed}");
    }
}
