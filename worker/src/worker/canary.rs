//! Do the things that every job needs work? Asked before jobs are taken again, and to tell a refused object from refused
//! credentials.
use bytes::Bytes;
use minilab_store::{Key, PutOptions, Store};

use crate::{Error, attempt::World};

/// Beside everything else in a store; gone again at once.
const KEY: &str = "minilab-canary";
/// As large as a thumbnail: a disk may be full and still take a few bytes.
const BODY_BYTES: usize = 64 * 1024;

/// Reads where originals and records are, writes where files go.
pub(super) async fn check(world: &World) -> Result<(), Error> {
    let key = Key::new(KEY).expect("it is a key");
    for store in [&world.state, &world.originals] {
        match store.head(&key).await {
            Err(error) if !error.is_not_found() => return Err(error.into()),
            _ => {}
        }
    }
    write(&*world.output, &key).await?;
    world.queue.depth(&crate::envelope::backfill_queue()).await?;
    Ok(())
}

async fn write(store: &dyn Store, key: &Key) -> Result<(), Error> {
    store
        .put(key, Bytes::from(vec![0; BODY_BYTES]), PutOptions::default())
        .await?;
    store.delete(key).await?;
    Ok(())
}
