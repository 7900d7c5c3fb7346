//! Step 10: what receivers outside are told is noted for them. Nobody here waits for a receiver.
use std::collections::BTreeMap;

use minilab_record::{PublicUrls, Record};

use super::context::Context;
use crate::Error;

impl Context<'_> {
    /// Notes what a swapped record says. A run that repeats it, or comes late, notes nothing twice.
    pub(super) async fn tell(&self, record: &Record) -> Result<(), Error> {
        let (none, target) = (BTreeMap::new(), self.target.as_ref());
        let lanes = target.map_or(&none, |target| &target.wanted.lanes);
        let urls = PublicUrls {
            base: self.world.document.to.url.as_deref().unwrap_or_default(),
            recipe: target.map(|target| target.recipe),
        };
        let noted = self.world.notifier.note(record, lanes, &urls).await?;
        if noted.dropped > 0 {
            tracing::warn!(
                original.key = record.key,
                dropped = noted.dropped,
                "notifications were overtaken before they were taken, and are given up for lack of room"
            );
        }
        self.trace.note(|work| {
            work.notifications_noted += noted.added;
            work.notifications_dropped += noted.dropped;
        });
        Ok(())
    }
}
