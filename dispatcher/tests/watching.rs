//! The whole dispatcher on a real folder, with the system's own file events.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]
mod world;

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use minilab_dispatcher::{Config, Dispatcher, Error, Folder, Watching};
use minilab_recipe::Lane;
use minilab_store::{Fs, Layout};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use world::World;

/// Far more than any of this takes; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(20);
/// Nothing settles by itself while a test runs.
const NEVER: Duration = Duration::from_hours(1);

struct Watched {
    world: World,
    folder: TempDir,
    drain: CancellationToken,
    running: JoinHandle<Result<(), Error>>,
}

impl Watched {
    /// A dispatcher that has caught up with a folder holding these files, all finished by workers.
    async fn with(finished: &[&str], quiet: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("in");
        fs::create_dir(&root).unwrap();
        let world = World::over(Arc::new(Fs::open(&root, Layout::Plain).unwrap()));
        for name in finished {
            write(&root.join(name));
            world.finish(name).await;
        }
        let config = Config {
            folder: Some(Folder { root, quiet }),
            ..Config::default()
        };
        let jobs = Arc::clone(&world.jobs);
        let dispatcher = Dispatcher::new(config, world.stores(), jobs, Arc::clone(&world.metrics));
        let mut progress = dispatcher.progress();
        let drain = CancellationToken::new();
        let running = tokio::spawn(dispatcher.run(drain.clone(), CancellationToken::new()));
        let caught_up = progress.wait_for(|progress| progress.caught_up);
        let caught_up = *tokio::time::timeout(PATIENCE, caught_up)
            .await
            .expect("it catches up")
            .unwrap();
        assert_eq!((caught_up.enqueued, caught_up.watching), (0, Watching::Events));
        Self {
            world,
            folder,
            drain,
            running,
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("in").join(name)
    }

    /// Keys of jobs until this many have come.
    async fn keys(&self, count: usize) -> Vec<String> {
        let mut keys = Vec::new();
        while keys.len() < count {
            let jobs = self.world.take_within(Lane::Fast, PATIENCE).await;
            assert!(!jobs.is_empty(), "no more jobs came after {keys:?}");
            keys.extend(jobs.into_iter().map(|job| job.key));
        }
        keys.sort();
        keys.dedup();
        keys
    }

    async fn stop(self) {
        self.drain.cancel();
        self.running.await.unwrap().unwrap();
    }
}

/// A file that is old enough to be believed in a listing.
fn write(path: &Path) {
    let mut file = File::create(path).unwrap();
    file.write_all(b"photo").unwrap();
    file.set_modified(SystemTime::now() - Duration::from_hours(2))
        .unwrap();
}

#[tokio::test]
async fn a_half_written_file_waits_until_it_is_closed() {
    let watched = Watched::with(&[], NEVER).await;
    let mut half = File::create(watched.path("half.jpg")).unwrap();
    half.write_all(b"begin").unwrap();
    // Events come in order: when the second file's job is here, the first one's signs have been seen.
    write(&watched.path("whole.jpg"));
    assert_eq!(watched.keys(1).await, ["whole.jpg"]);
    half.write_all(b"end").unwrap();
    drop(half);
    assert_eq!(watched.keys(1).await, ["half.jpg"]);
    watched.stop().await;
}

#[tokio::test]
async fn a_file_that_nobody_closes_counts_when_it_is_quiet() {
    let watched = Watched::with(&[], Duration::from_millis(50)).await;
    let outside = watched.folder.path().join("outside.jpg");
    write(&outside);
    fs::hard_link(outside, watched.path("link.jpg")).unwrap();
    assert_eq!(watched.keys(1).await, ["link.jpg"]);
    watched.stop().await;
}

#[tokio::test]
async fn a_rename_is_a_removal_and_an_upload() {
    let watched = Watched::with(&["a.jpg"], NEVER).await;
    fs::rename(watched.path("a.jpg"), watched.path("b.jpg")).unwrap();
    assert_eq!(watched.keys(2).await, ["a.jpg", "b.jpg"]);
    watched.stop().await;
}

#[tokio::test]
async fn a_temporary_name_counts_when_it_becomes_the_final_one() {
    let watched = Watched::with(&[], NEVER).await;
    write(&watched.path("a.jpg.part"));
    fs::rename(watched.path("a.jpg.part"), watched.path("a.jpg")).unwrap();
    assert_eq!(watched.keys(1).await, ["a.jpg"]);
    watched.stop().await;
}

#[tokio::test]
async fn folders_moved_in_and_out_bring_and_take_all_their_files() {
    let watched = Watched::with(&[], NEVER).await;
    let outside = watched.folder.path().join("album");
    fs::create_dir_all(outside.join("deep")).unwrap();
    write(&outside.join("a.jpg"));
    write(&outside.join("deep/b\n%#ü.jpg"));
    fs::rename(&outside, watched.path("album")).unwrap();
    let keys = watched.keys(2).await;
    assert_eq!(keys, ["album/a.jpg", "album/deep/b\n%#ü.jpg"]);
    write(&watched.path("album/deep/c.jpg"));
    assert_eq!(watched.keys(1).await, ["album/deep/c.jpg"]);
    watched.world.finish("album/a.jpg").await;
    fs::rename(watched.path("album"), watched.folder.path().join("elsewhere")).unwrap();
    let gone = watched.keys(1).await;
    assert!(
        gone.contains(&"album/a.jpg".to_owned()) || gone == ["album"],
        "{gone:?}"
    );
    watched.stop().await;
}

#[tokio::test]
async fn a_deletion_is_seen_at_once_and_one_made_while_down_at_the_start() {
    let watched = Watched::with(&["a.jpg", "b.jpg"], NEVER).await;
    fs::remove_file(watched.path("a.jpg")).unwrap();
    assert_eq!(watched.keys(1).await, ["a.jpg"]);
    let Watched {
        world,
        folder,
        drain,
        running,
    } = watched;
    drain.cancel();
    running.await.unwrap().unwrap();
    fs::remove_file(folder.path().join("in/b.jpg")).unwrap();
    let config = Config {
        folder: Some(Folder::new(folder.path().join("in"))),
        ..Config::default()
    };
    let dispatcher = Dispatcher::new(
        config,
        world.stores(),
        Arc::clone(&world.jobs),
        Arc::clone(&world.metrics),
    );
    let drain = CancellationToken::new();
    let running = tokio::spawn(dispatcher.run(drain.clone(), CancellationToken::new()));
    let watched = Watched {
        world,
        folder,
        drain,
        running,
    };
    assert_eq!(watched.keys(2).await, ["a.jpg", "b.jpg"]);
    watched.stop().await;
}
