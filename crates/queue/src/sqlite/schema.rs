//! Opens the database file: ours and of a version we know, or not at all.
use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::failure;
use crate::Error;

/// `MLQU` in the file's header: `file(1)` shows it, and no other program's database is taken for ours.
const APPLICATION_ID: i64 = 0x4D4C_5155;
/// Step `n` leads from version `n` to `n + 1`; a step that was released is never edited.
pub(super) const STEPS: &[&str] = &[include_str!("schema_1.sql"), include_str!("schema_2.sql")];
/// How long to wait for an operator's `sqlite3` that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// All statements of [`super::ledger`] fit.
const STATEMENTS_CACHED: usize = 32;

pub(super) fn open(path: &Path) -> Result<Connection, Error> {
    let broker = path.display().to_string();
    let failed = |cause| failure::classify(&broker, "open", cause);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    configure(&connection).map_err(failed)?;
    let version = version(&connection).map_err(failed)?;
    let steps = match version {
        Version::Foreign => {
            return Err(Error::Unusable {
                queue: broker,
                reason: FOREIGN.into(),
            });
        }
        Version::Ours(version) => STEPS.get(version..).ok_or_else(|| newer(&broker, version))?,
    };
    migrate(&mut connection, steps).map_err(failed)?;
    Ok(connection)
}

const FOREIGN: &str = "the file is another program's database; give the queue a file of its own";

fn newer(broker: &str, version: usize) -> Error {
    let reason = format!(
        "the database was written by a newer minilab (schema {version}, this one knows {}); start that version again, or \
         let it drain the queue and give this one a new file",
        STEPS.len()
    );
    Error::Unusable {
        queue: broker.to_owned(),
        reason,
    }
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    // One plan for all values: without it, a statement with a range is compiled anew whenever another moment is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // What `send` has answered survives a power cut, not only a crash of the process.
    connection.pragma_update(None, "synchronous", "FULL")
}

enum Version {
    Ours(usize),
    Foreign,
}

fn version(connection: &Connection) -> rusqlite::Result<Version> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let version = number("user_version")?;
    let is_ours = number("application_id")? == APPLICATION_ID;
    let is_new = tables == 0 && version == 0;
    Ok(match usize::try_from(version) {
        Ok(version) if is_ours || is_new => Version::Ours(version),
        _ => Version::Foreign,
    })
}

fn migrate(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", STEPS.len() as i64)?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::sqlite::sql;

    fn file_with(sql: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        (folder, path)
    }

    #[test]
    fn a_second_opening_changes_nothing() {
        let (_folder, path) = file_with("");
        drop(open(&path).unwrap());
        drop(open(&path).unwrap());
    }

    #[test]
    fn dead_letters_of_the_first_schema_become_messages_of_the_queue_dead() {
        let (_folder, path) = file_with(STEPS[0]);
        Connection::open(&path)
            .unwrap()
            .execute_batch(&format!(
                "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;
                INSERT INTO dead_letters (queue, payload, coalescing_key, reason)
                VALUES ('fast', x'31', 'key', 'poison: first'), ('bulk', x'32', 'key', 'exhausted: second')"
            ))
            .unwrap();
        let connection = open(&path).unwrap();
        let mut statement = connection
            .prepare("SELECT queue, payload, coalescing_key, reason FROM messages ORDER BY id")
            .unwrap();
        let rows = statement
            .query_map([], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, Vec<u8>>(1)?,
                    row.get::<_, Option<String>>(2)?,
                    row.get::<_, String>(3)?,
                ))
            })
            .unwrap();
        let letter = |payload: &[u8], reason: &str| ("dead".into(), payload.to_vec(), None, reason.into());
        assert_eq!(
            rows.collect::<Result<Vec<_>, _>>().unwrap(),
            [letter(b"1", "poison: first"), letter(b"2", "exhausted: second")]
        );
    }

    #[test]
    fn commits_are_durable() {
        let (_folder, path) = file_with("");
        let connection = open(&path).unwrap();
        let full = connection
            .pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))
            .unwrap();
        let mode = connection
            .pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))
            .unwrap();
        assert_eq!((full, mode.as_str()), (2, "wal"));
    }

    #[test]
    fn cached_statements_are_compiled_once() {
        let (_folder, path) = file_with("");
        let connection = open(&path).unwrap();
        for text in [
            sql::EXPIRE,
            sql::ABSORB,
            sql::CLAIM,
            sql::NEXT,
            sql::EXTEND,
            sql::RETURN,
            sql::FINISH,
        ] {
            let mut statement = connection.prepare_cached(text).unwrap();
            for now in 0..3 {
                for parameter in 1..=statement.parameter_count() {
                    statement.raw_bind_parameter(parameter, now).unwrap();
                }
                let mut rows = statement.raw_query();
                while rows.next().unwrap().is_some() {}
            }
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{text}");
        }
    }

    #[test]
    fn a_newer_database_is_unusable_and_says_what_to_do() {
        let (_folder, path) = file_with("");
        open(&path)
            .unwrap()
            .pragma_update(None, "user_version", 7)
            .unwrap();
        let error = open(&path).unwrap_err();
        assert!(
            matches!(&error, Error::Unusable { reason, .. } if reason.contains("schema 7")),
            "{error}"
        );
    }

    #[test]
    fn another_programs_database_is_left_alone() {
        let (_folder, path) = file_with("CREATE TABLE bookmarks (url TEXT)");
        let error = open(&path).unwrap_err();
        assert!(
            matches!(&error, Error::Unusable { reason, .. } if reason.contains("another program")),
            "{error}"
        );
    }

    #[test]
    fn a_file_that_is_no_database_is_unusable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.db");
        std::fs::write(&path, "not a database, ".repeat(100)).unwrap();
        assert!(matches!(open(&path).unwrap_err(), Error::Unusable { .. }));
    }
}
