//! Two versions of the program on one queue, while roles change from the older to the newer and back.
//!
//! `make rolling PREVIOUS=<revision>` builds the older one and names its folder in `MINILAB_PREVIOUS`.
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::{
    broker::Kind,
    comparison::{Comparison, compare},
    dice::Dice,
    jobs::{classes, told},
    pictures::Pictures,
    process::{Process, Role},
    reader::{Reader, Seen},
    storm::operations::{Done, Users},
    world::{Options, World},
};

/// The folder of the older program, its renderer beside it.
const VARIABLE: &str = "MINILAB_PREVIOUS";
/// Things that users do while the fleet is as one change of a role left it.
const OPERATIONS_BETWEEN: u64 = 25;
/// About what two cores can follow.
const PAUSE: Duration = Duration::from_millis(160);
const KEYS: u64 = 40;
const SEED: u64 = 1;
/// A drain ends with the jobs that run.
const ENDS_WITHIN: Duration = Duration::from_mins(1);
const REST_WITHIN: Duration = Duration::from_mins(3);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
const PLACES: [&str; 4] = ["worker-0", "dispatcher-0", "worker-1", "dispatcher-1"];

/// A role that is now of one version, now of the other.
struct Place {
    previous: Role,
    present: Role,
    process: Process,
    is_present: bool,
}

impl Place {
    /// Of the older version, as before an upgrade.
    fn new(present: Role, program: &Path) -> Self {
        let previous = Role {
            name: format!("{}-previous", present.name),
            program: program.to_owned(),
            ..present.clone()
        };
        Self {
            process: previous.start(),
            previous,
            present,
            is_present: false,
        }
    }

    /// Ends in peace, and starts as the other version: what a rolling update does, forth or back.
    async fn change(&mut self) {
        self.is_present = !self.is_present;
        let next = if self.is_present {
            &self.present
        } else {
            &self.previous
        };
        self.process.signal(rustix::process::Signal::TERM);
        let (status, _) = self.process.ended(ENDS_WITHIN).await.unwrap();
        assert!(status.success(), "{}: {status}", self.process.role().name);
        self.process = next.start();
        self.process.ready().await;
    }
}

#[ignore = "needs the program of another revision: make rolling PREVIOUS=<revision>"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_versions_work_on_one_queue_during_an_upgrade_and_back() {
    upgrade_and_back(Kind::default()).await;
}

#[ignore = "needs the program of another revision: make rolling PREVIOUS=<revision>"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_versions_work_on_one_queue_of_sqs_during_an_upgrade_and_back() {
    upgrade_and_back(Kind::Sqs).await;
}

async fn upgrade_and_back(broker: Kind) {
    let folder = std::env::var_os(VARIABLE).unwrap_or_else(|| panic!("{VARIABLE} names no folder"));
    let program = PathBuf::from(folder).join("minilab");
    let pictures = Arc::new(tokio::task::spawn_blocking(Pictures::cut).await.unwrap());
    let options = Options {
        broker,
        ..Options::default()
    };
    let world = Arc::new(World::new(options.clone()).await);
    let dispatchers = ["dispatcher-0", "dispatcher-1"].map(|name| world.dispatcher(name));
    let mut places: Vec<_> = PLACES
        .iter()
        .map(|name| {
            let dispatcher = dispatchers
                .iter()
                .find(|dispatcher| dispatcher.role.name == *name);
            let role = dispatcher.map_or_else(
                || world.worker(name, &["--slots", "2"]),
                |dispatcher| dispatcher.role.clone(),
            );
            Place::new(role, &program)
        })
        .collect();
    for place in &mut places {
        place.process.ready().await;
    }

    let (seen, done) = (Arc::new(Mutex::new(Seen::default())), Arc::new(Done::default()));
    let (over, may_end) = (CancellationToken::new(), CancellationToken::new());
    let reader = Reader {
        output: Arc::clone(&world.media),
        ledger: Arc::clone(&world.ledger),
        pictures: Arc::clone(&pictures),
        seen: Arc::clone(&seen),
    };
    let reading = tokio::spawn(reader.run(over.clone()));
    let users = Users {
        world: Arc::clone(&world),
        pictures: Arc::clone(&pictures),
        dispatchers: dispatchers.to_vec(),
        dice: Arc::new(Dice::new(SEED, 1)),
        done: Arc::clone(&done),
        keys: KEYS,
    };
    let acting = tokio::spawn(users.run(0, PAUSE, may_end.clone()));
    // Forth, back, and forth again half way: every mixture there can be, and both whole fleets.
    let changes = (0..PLACES.len())
        .cycle()
        .take(2 * PLACES.len() + PLACES.len() / 2);
    let mut so_far = 0;
    for place in changes {
        so_far += OPERATIONS_BETWEEN;
        while operations(&done) < so_far {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        places[place].change().await;
    }
    may_end.cancel();
    acting.await.unwrap();

    world.at_rest(REST_WITHIN).await;
    // One pass finds what no event told of.
    let reconcile = ["reconcile", "--config", "minilab.yaml", "--full"];
    world.operate(&reconcile).await.unwrap();
    world.at_rest(REST_WITHIN).await;
    over.cancel();
    reading.await.unwrap();
    let worked = worked(&places);
    drop(places);
    let dead = world.dead().await;
    world.configure(&options, "swept.yaml", "1s");
    let sweep = ["sweep", "--config", "swept.yaml", "--full", "--allow"];
    world.operate(&sweep).await.unwrap();
    let Comparison { counts, complaints } = compare(&*world.media, &world.ledger, &pictures).await;
    println!(
        "{counts} dead letters {}, {} operations ({done:?}), jobs by role and version: {worked:?}",
        dead.len(),
        operations(&done),
    );
    let seen = seen.lock().unwrap();
    assert!(complaints.is_empty(), "{counts}\n{}", complaints.join("\n"));
    assert_eq!(seen.mixed, [] as [String; 0]);
    assert_eq!(seen.dangling, [] as [String; 0]);
    assert_eq!(seen.reverted, [] as [String; 0]);
    assert!(dead.is_empty(), "{dead:#?}");
    for (role, classes) in worked {
        let complete = classes.get("complete").copied().unwrap_or_default();
        assert!(complete > 0, "{role} has made nothing: {classes:?}");
    }
}

fn operations(done: &Done) -> u64 {
    [&done.created, &done.overwritten, &done.deleted]
        .map(|count| count.load(Relaxed))
        .iter()
        .sum()
}

/// What became of the jobs that each worker had, by version.
fn worked(places: &[Place]) -> BTreeMap<String, BTreeMap<String, usize>> {
    let workers = places
        .iter()
        .filter(|place| place.present.name.starts_with("worker"));
    let roles = workers.flat_map(|place| [&place.previous, &place.present]);
    roles
        .map(|role| {
            let told = told(role);
            let counted = classes(&told).into_iter();
            let counted = counted.map(|(class, count)| (class.to_owned(), count));
            (role.name.clone(), counted.collect())
        })
        .collect()
}
