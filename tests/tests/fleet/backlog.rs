//! Work that nobody waits for: originals under a prefix whose recipe has the lane `bulk` alone, told of and queued.
use std::{ops::Range, time::Duration};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use minilab_store::{Key, PutOptions};

use crate::{
    events::{self, Said},
    world::{ORIGINALS, World},
};

/// One file each; small originals and a slow format, so that rendering is what there is to do.
pub const HEAVY: &str = "  heavy:
    derivatives:
      large: { resize: { width: 200 }, formats: [avif], lane: bulk }
";
pub const RULE: &str = "  - { match: { prefix: bulk/ }, recipe: heavy }\n";
const AT_ONCE: usize = 32;
const QUEUED_WITHIN: Duration = Duration::from_mins(5);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Uploads these bytes under so many keys, tells the broker of each, and waits until its jobs are queued. Needs a
/// dispatcher, and no worker.
pub async fn queue(world: &World, bytes: Bytes, numbers: Range<u64>) {
    let producer = world.producer().await;
    let jobs = numbers.end - numbers.start;
    let uploads = stream::iter(numbers).map(Ok::<_, anyhow::Error>);
    uploads
        .try_for_each_concurrent(AT_ONCE, async |number| {
            let key = Key::new(format!("bulk/{number}.jpg"))?;
            let put = world.originals.put(&key, bytes.clone(), PutOptions::default());
            put.await?;
            let size_bytes = bytes.len();
            producer
                .publish(&events::notification(
                    ORIGINALS,
                    key.as_str(),
                    &Said::Created { size_bytes },
                ))
                .await
        })
        .await
        .unwrap();
    waiting(world, "bulk", jobs).await;
}

/// Until that lane's queue holds so many jobs, or has handed them out.
pub async fn waiting(world: &World, lane: &str, jobs: u64) {
    let begun = std::time::Instant::now();
    while queued(world, lane).await < jobs {
        assert!(
            begun.elapsed() < QUEUED_WITHIN,
            "{jobs} jobs do not come into `{lane}`"
        );
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Jobs in a lane's queue.
pub async fn queued(world: &World, lane: &str) -> u64 {
    let messages = world.messages().await;
    let suffix = format!(".jobs.{lane}");
    let queue = messages.iter().find(|(name, ..)| name.ends_with(&suffix));
    queue.map_or(0, |(_, ready, unacked)| ready + unacked)
}
