//! Do the things that every job needs work? Asked before jobs are taken again, and to tell a call that failed alone from a
//! dependency that is away.
use std::time::Duration;

use bytes::Bytes;
use minilab_store::{Key, PutOptions, Store};
use tokio::time::timeout;

use crate::{Error, attempt::World, dependency::Dependency, envelope::backfill_queue};

/// Beside everything else in a store; gone again at once.
const KEY: &str = "minilab-canary";
/// As large as a thumbnail: a disk may be full and still take a few bytes.
const BODY_BYTES: usize = 64 * 1024;
/// What takes longer is of no use to jobs either.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks all of them at once.
pub(super) async fn check(world: &World) -> [(Dependency, Result<(), Error>); Dependency::ALL.len()] {
    let asked = Dependency::ALL.map(|dependency| async move {
        let answer = timeout(PATIENCE, ask(world, dependency)).await;
        (dependency, answer.unwrap_or(Err(Error::Silent { dependency })))
    });
    let answers = futures::future::join_all(asked).await;
    answers.try_into().expect("one answer for each")
}

/// Reads where originals are, writes where files and records go, asks the broker. A renderer shows with the next job.
async fn ask(world: &World, dependency: Dependency) -> Result<(), Error> {
    let key = Key::new(KEY).expect("it is a key");
    match dependency {
        Dependency::Broker => world.queue.works(&backfill_queue()).await?,
        Dependency::Originals => match world.originals.head(&key).await {
            Err(error) if !error.is_not_found() => return Err(Error::Originals(error)),
            _ => {}
        },
        Dependency::Output => write(&*world.output, &key).await.map_err(Error::Output)?,
        Dependency::State => write(&*world.state, &key)
            .await
            .map_err(|error| Error::Record(error.into()))?,
        Dependency::Assets => {
            for store in world.assets.stores() {
                match store.head(&key).await {
                    Err(error) if !error.is_not_found() => return Err(Error::Asset(error)),
                    _ => {}
                }
            }
        }
        Dependency::Renderer => {}
    }
    Ok(())
}

async fn write(store: &dyn Store, key: &Key) -> Result<(), minilab_store::Error> {
    store
        .put(key, Bytes::from(vec![0; BODY_BYTES]), PutOptions::default())
        .await?;
    store.delete(key).await
}
