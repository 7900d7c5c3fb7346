//! The ledger's part for messages given up.
use bytes::Bytes;
use rusqlite::{OptionalExtension as _, params};

use super::{
    lease_id::LeaseId,
    ledger::{Ledger, bytes, name},
    sql,
};
use crate::{DeadLetter, QueueName};

impl Ledger<'_> {
    /// Moves a leased message over. `None`: the lease is lost.
    pub fn bury(&self, lease: LeaseId, payload: &Bytes, reason: &str) -> rusqlite::Result<Option<QueueName>> {
        let Some((queue, key)) = self.finish(lease)? else {
            return Ok(None);
        };
        let row = params![queue.as_str(), key, payload.as_ref(), reason];
        self.transaction.prepare_cached(sql::BURY)?.execute(row)?;
        Ok(Some(queue))
    }

    pub fn dead(&self, after: u64, max: usize) -> rusqlite::Result<Vec<DeadLetter>> {
        let mut statement = self.transaction.prepare_cached(sql::DEAD)?;
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let letters = statement.query_map(params![after, max], |row| {
            let id: u64 = row.get(0)?;
            Ok(DeadLetter {
                id: id.to_string(),
                queue: name(row, 1)?,
                payload: bytes(row, 2)?,
                reason: row.get(3)?,
            })
        })?;
        letters.collect()
    }

    pub fn redrive(&mut self, id: u64, payload: &Bytes) -> rusqlite::Result<bool> {
        let mut statement = self.transaction.prepare_cached(sql::EXHUME)?;
        let found: Option<(_, Option<String>)> = statement
            .query_row([id], |row| Ok((name(row, 0)?, row.get(1)?)))
            .optional()?;
        let Some((queue, key)) = found else {
            return Ok(false);
        };
        // It has been handed out before, and says so: a waiting message of its key must not absorb it.
        self.insert(&queue, payload, key.as_deref(), self.now, 1)?;
        self.touched.insert(queue);
        Ok(true)
    }
}
