//! Every operation, inside one open transaction, at one moment.
use std::{
    collections::HashSet,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use rusqlite::{OptionalExtension as _, Row, Transaction, named_params, params, types::Type};

use super::{lease_id::LeaseId, sql};
use crate::{Depth, Disposition, Limits, Outgoing, QueueName, Settled, dead_queue};

/// Milliseconds since 1970, as stored.
pub(super) fn millis(at: SystemTime) -> i64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn length(of: Duration) -> i64 {
    i64::try_from(of.as_millis()).unwrap_or(i64::MAX)
}

/// One transaction's view of the database.
pub(super) struct Ledger<'a> {
    transaction: &'a Transaction<'a>,
    now: i64,
    limits: Limits,
    touched: HashSet<QueueName>,
}

/// A leased message.
pub(super) struct Claim {
    pub lease: LeaseId,
    pub payload: Bytes,
    pub redelivered: bool,
    pub reason: Option<String>,
}

/// What `receive` found.
pub(super) struct Claimed {
    pub claims: Vec<Claim>,
    /// With no claim: when something becomes due by itself.
    pub next: Option<SystemTime>,
}

impl<'a> Ledger<'a> {
    /// Opens the ledger at a moment; ends the leases that are over by then.
    pub fn open(transaction: &'a Transaction<'a>, now: SystemTime, limits: Limits) -> rusqlite::Result<Self> {
        let now = millis(now);
        transaction.prepare_cached(sql::EXPIRE)?.execute([now])?;
        Ok(Self {
            transaction,
            now,
            limits,
            touched: HashSet::new(),
        })
    }

    /// The queues in which something may have become due.
    pub fn into_touched(self) -> HashSet<QueueName> {
        self.touched
    }

    /// After a start: nobody holds a lease, and no message waits longer than one may.
    pub fn forget_leases(&mut self) -> rusqlite::Result<usize> {
        let latest = self.due(self.limits.delay_max);
        self.transaction.execute(sql::CUT_DELAYS, [latest])?;
        self.transaction.execute(sql::FORGET_LEASES, [self.now])
    }

    pub fn send(&mut self, messages: &[Outgoing]) -> rusqlite::Result<()> {
        for Outgoing {
            queue,
            payload,
            delay,
            coalesce,
            ..
        } in messages
        {
            let due = self.due(*delay);
            let key = coalesce.as_ref().map(|key| key.0.as_str());
            let absorbed = match key {
                None => 0,
                Some(key) => self
                    .transaction
                    .prepare_cached(sql::ABSORB)?
                    .execute(named_params! { ":due": due, ":queue": queue.as_str(), ":key": key })?,
            };
            if absorbed == 0 {
                let row = params![queue.as_str(), payload.as_ref(), key, due];
                self.transaction.prepare_cached(sql::INSERT)?.execute(row)?;
            }
            self.touched.insert(queue.clone());
        }
        Ok(())
    }

    pub fn receive(&self, queue: &QueueName, max: usize) -> rusqlite::Result<Claimed> {
        let (queue, now, until) = (queue.as_str(), self.now, self.lease_end());
        let mut statement = self.transaction.prepare_cached(sql::CLAIM)?;
        let mut claims = Vec::new();
        while claims.len() < max {
            let claim = statement
                .query_row(
                    named_params! { ":queue": queue, ":now": now, ":until": until },
                    claim,
                )
                .optional()?;
            let Some(claim) = claim else { break };
            claims.push(claim);
        }
        let next = if claims.is_empty() {
            self.next(queue)?
        } else {
            None
        };
        Ok(Claimed { claims, next })
    }

    fn next(&self, queue: &str) -> rusqlite::Result<Option<SystemTime>> {
        let mut statement = self.transaction.prepare_cached(sql::NEXT)?;
        let at: Option<u64> = statement
            .query_row(named_params! { ":queue": queue, ":now": self.now }, |row| {
                row.get(0)
            })?;
        Ok(at.map(|at| SystemTime::UNIX_EPOCH + Duration::from_millis(at)))
    }

    pub fn take_back(&mut self, lease: LeaseId) -> rusqlite::Result<()> {
        let mut statement = self.transaction.prepare_cached(sql::TAKE_BACK)?;
        let queue = statement
            .query_row(params![lease.id, lease.token], |row| name(row, 0))
            .optional()?;
        self.touched.extend(queue);
        Ok(())
    }

    pub fn extend(&self, lease: LeaseId) -> rusqlite::Result<Settled> {
        let mut statement = self.transaction.prepare_cached(sql::EXTEND)?;
        let count = statement.execute(params![self.lease_end(), lease.id, lease.token])?;
        Ok(if count == 1 {
            Settled::Done
        } else {
            Settled::LeaseLost
        })
    }

    pub fn settle(&mut self, lease: LeaseId, disposition: &Disposition) -> rusqlite::Result<Settled> {
        let queue = match disposition {
            Disposition::Complete => self.finish(lease)?,
            Disposition::Retry { payload, delay } => self.give_back(lease, Some(payload), *delay)?,
            Disposition::Release { delay } => self.give_back(lease, None, *delay)?,
            Disposition::Reject { payload, reason } => self.bury(lease, payload, reason)?,
        };
        let settled = if queue.is_some() {
            Settled::Done
        } else {
            Settled::LeaseLost
        };
        self.touched.extend(queue);
        Ok(settled)
    }

    fn give_back(
        &self,
        lease: LeaseId,
        payload: Option<&Bytes>,
        delay: Duration,
    ) -> rusqlite::Result<Option<QueueName>> {
        let row = named_params! {
            ":id": lease.id, ":token": lease.token, ":payload": payload.map(AsRef::as_ref), ":due": self.due(delay),
        };
        self.transaction
            .prepare_cached(sql::RETURN)?
            .query_row(row, |row| name(row, 0))
            .optional()
    }

    fn finish(&self, lease: LeaseId) -> rusqlite::Result<Option<QueueName>> {
        let mut statement = self.transaction.prepare_cached(sql::FINISH)?;
        statement
            .query_row(params![lease.id, lease.token], |row| name(row, 0))
            .optional()
    }

    /// Moves a message to the dead, as a new one: a receipt of its last hand-out is worth nothing there.
    fn bury(&mut self, lease: LeaseId, payload: &Bytes, reason: &str) -> rusqlite::Result<Option<QueueName>> {
        let Some(queue) = self.finish(lease)? else {
            return Ok(None);
        };
        let dead = dead_queue();
        let row = params![dead.as_str(), payload.as_ref(), self.now, reason];
        self.transaction.prepare_cached(sql::BURY)?.execute(row)?;
        self.touched.insert(dead);
        Ok(Some(queue))
    }

    pub fn depth(&self, queue: &QueueName) -> rusqlite::Result<Depth> {
        let mut statement = self.transaction.prepare_cached(sql::DEPTH)?;
        statement.query_row(
            named_params! { ":queue": queue.as_str(), ":now": self.now },
            |row| {
                let (due, later, held_back): (u64, u64, u64) = (row.get(0)?, row.get(1)?, row.get(3)?);
                Ok(Depth {
                    ready: due - held_back,
                    leased: Some(row.get(2)?),
                    delayed: Some(later + held_back),
                })
            },
        )
    }

    fn due(&self, delay: Duration) -> i64 {
        self.now.saturating_add(length(delay.min(self.limits.delay_max)))
    }

    fn lease_end(&self) -> i64 {
        self.now.saturating_add(length(self.limits.lease))
    }
}

fn claim(row: &Row<'_>) -> rusqlite::Result<Claim> {
    let lease = LeaseId {
        id: row.get(0)?,
        token: row.get(1)?,
    };
    Ok(Claim {
        lease,
        payload: row.get::<_, Vec<u8>>(2).map(Bytes::from)?,
        redelivered: row.get(3)?,
        reason: row.get(4)?,
    })
}

fn name(row: &Row<'_>, column: usize) -> rusqlite::Result<QueueName> {
    let text: String = row.get(column)?;
    QueueName::new(text.clone()).ok_or_else(|| {
        let cause = format!("`{text}` is no queue name; somebody else wrote this row");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, cause.into())
    })
}
