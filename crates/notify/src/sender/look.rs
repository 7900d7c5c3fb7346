//! The periodic look at all outboxes: finds those whose wake-up was lost with its broker, and tells how many wait.
use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::TryStreamExt as _;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Core, Post};
use crate::{
    Error, Outbox,
    wake_up::{Cause, WakeUp},
};

/// A process that has just begun has better things to do than to list.
const FIRST: Duration = Duration::from_mins(1);
const EVERY: Duration = Duration::from_hours(1);
/// Later than any wake-up is on its way: the longest pause between two tries, and some for a queue that is behind.
const OVERDUE: Duration = Duration::from_mins(90);

pub(super) async fn again_and_again(core: Arc<Core>, drain: CancellationToken) {
    let mut pause = FIRST;
    while drain
        .run_until_cancelled(tokio::time::sleep(pause))
        .await
        .is_some()
    {
        pause = EVERY;
        let looked = drain.run_until_cancelled(core.look()).await;
        if let Some(Err(error)) = looked {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "outboxes could not be looked at: the next look is in an hour"
            );
        }
    }
}

impl Core {
    async fn look(&self) -> Result<(), Error> {
        let mut waiting: HashMap<_, i64> = HashMap::new();
        for post in self.posts.values() {
            *waiting.entry(post.target.kind).or_default() += self.look_at(post).await?;
        }
        for (kind, count) in waiting {
            self.metrics.notify.notification_outboxes_waiting.set(kind, count);
        }
        Ok(())
    }

    /// Answers how many wait. Those of a receiver that is left alone have wake-ups that go round; once these are gone, a single
    /// one each time finds out whether it is back, and then the next look finds all.
    async fn look_at(&self, post: &Post) -> Result<i64, Error> {
        let name = &post.target.name;
        let mut tries = match post.breaker.closed_for(self.now()) {
            None if post.breaker.works() => usize::MAX,
            None => 1,
            Some(_) => 0,
        };
        let (mut count, mut listed) = (0, std::pin::pin!(self.outboxes.list(name, "")));
        while let Some(listed) = listed.try_next().await? {
            if !listed.waits {
                continue;
            }
            count += 1;
            if tries > 0 && is_overdue(&self.outboxes.load(name, &listed.key).await?, self.now()) {
                let wake_up = WakeUp::new(name, &listed.key, Cause::Found, self.now());
                self.queue.send(vec![wake_up.outgoing()]).await?;
                tries -= 1;
            }
        }
        Ok(count)
    }
}

/// Should something have happened long ago?
fn is_overdue(outbox: &Outbox, now: Timestamp) -> bool {
    let due = match &outbox.trouble {
        Some(trouble) => trouble.next,
        None => outbox.waiting.last().and_then(|said| said.time.parse().ok()),
    };
    due.is_some_and(|due| {
        let late = now.duration_since(due);
        Duration::try_from(late).is_ok_and(|late| late > OVERDUE)
    })
}
