//! The statements. A message waits while `lease_until` is null; `schema_1.sql` and what follows it have the table.

pub(super) const EXPIRE: &str =
    "UPDATE messages SET due = lease_until, lease_until = NULL, redelivered = 1 WHERE lease_until <= ?";

pub(super) const ABSORB: &str = "UPDATE messages SET due = min(due, :due) WHERE id = (
    SELECT id FROM messages WHERE queue = :queue AND coalescing_key = :key AND lease_until IS NULL
    ORDER BY due, id LIMIT 1)";

pub(super) const INSERT: &str =
    "INSERT INTO messages (queue, payload, coalescing_key, due) VALUES (?, ?, ?, ?)";

pub(super) const CLAIM: &str =
    "UPDATE messages SET lease_until = :until, lease_token = lease_token + 1 WHERE id = (
    SELECT id FROM messages AS m WHERE queue = :queue AND lease_until IS NULL AND due <= :now
        AND (coalescing_key IS NULL OR NOT EXISTS (
            SELECT 1 FROM messages AS l
            WHERE l.queue = m.queue AND l.coalescing_key = m.coalescing_key AND l.lease_until IS NOT NULL))
    ORDER BY due, id LIMIT 1)
    RETURNING id, lease_token, payload, redelivered, reason";

pub(super) const NEXT: &str = "SELECT min(at) FROM (
    SELECT min(due) AS at FROM messages WHERE queue = :queue AND lease_until IS NULL AND due > :now
    UNION ALL SELECT min(lease_until) FROM messages WHERE queue = :queue AND lease_until IS NOT NULL)";

pub(super) const EXTEND: &str =
    "UPDATE messages SET lease_until = ? WHERE id = ? AND lease_token = ? AND lease_until IS NOT NULL";

/// The mark stays as it was: nobody saw this hand-out.
pub(super) const TAKE_BACK: &str = "UPDATE messages SET lease_until = NULL
    WHERE id = ? AND lease_token = ? AND lease_until IS NOT NULL RETURNING queue";

pub(super) const RETURN: &str = "UPDATE messages
    SET payload = coalesce(:payload, payload), due = :due, lease_until = NULL, redelivered = 0
    WHERE id = :id AND lease_token = :token AND lease_until IS NOT NULL RETURNING queue";

pub(super) const FINISH: &str =
    "DELETE FROM messages WHERE id = ? AND lease_token = ? AND lease_until IS NOT NULL
    RETURNING queue";

pub(super) const BURY: &str = "INSERT INTO messages (queue, payload, due, reason) VALUES (?, ?, ?, ?)";

/// The cross join keeps SQLite from starting with the many that wait instead of the few that are leased.
pub(super) const DEPTH: &str = "SELECT
    (SELECT count(*) FROM messages WHERE queue = :queue AND lease_until IS NULL AND due <= :now),
    (SELECT count(*) FROM messages WHERE queue = :queue AND lease_until IS NULL AND due > :now),
    (SELECT count(*) FROM messages WHERE queue = :queue AND lease_until IS NOT NULL),
    (SELECT count(*) FROM messages AS l
        CROSS JOIN messages AS w ON w.queue = l.queue AND w.coalescing_key = l.coalescing_key
        WHERE l.queue = :queue AND l.lease_until IS NOT NULL AND w.lease_until IS NULL AND w.due <= :now)";

pub(super) const CUT_DELAYS: &str = "UPDATE messages SET due = ?1 WHERE due > ?1";

pub(super) const FORGET_LEASES: &str =
    "UPDATE messages SET due = ?, lease_until = NULL, redelivered = 1 WHERE lease_until IS NOT NULL";

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::sqlite::schema;

    /// Each step of the plan, named parameters unbound.
    fn plan(statement: &str) -> Vec<String> {
        let connection = Connection::open_in_memory().unwrap();
        for step in schema::STEPS {
            connection.execute_batch(step).unwrap();
        }
        let mut explain = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
            .unwrap();
        let steps = explain.raw_query().mapped(|row| row.get("detail"));
        steps.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn coalescing_looks_at_one_key_and_not_at_the_backlog() {
        for statement in [ABSORB, CLAIM, DEPTH] {
            let plan = plan(statement);
            let by_key = "messages_keys (queue=? AND coalescing_key=?";
            assert!(plan.iter().any(|step| step.contains(by_key)), "{plan:#?}");
            assert!(
                !plan
                    .iter()
                    .any(|step| step.ends_with("messages_waiting (queue=?)")),
                "{plan:#?}"
            );
        }
    }

    #[test]
    fn what_runs_with_every_call_looks_at_leased_messages_alone() {
        let plan = plan(EXPIRE);
        assert!(
            plan.iter().all(|step| step.contains("messages_leased")),
            "{plan:#?}"
        );
    }
}
