//! What a SQLite error means to the caller of the queue.
use rusqlite::ErrorCode;

use crate::Error;

/// A full disk or a busy file passes; a damaged or read-only one does not.
pub(super) fn classify(broker: &str, operation: &'static str, cause: rusqlite::Error) -> Error {
    let fix = match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "give the queue a file of its own",
        Some(ErrorCode::DatabaseCorrupt) => {
            "check the disk, move the file away together with its -wal, and let reconcile queue again what is missing"
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "make the file and its folder writable",
        Some(ErrorCode::CannotOpen) => "create the folder and make it writable",
        _ => {
            return Error::Unavailable {
                queue: broker.to_owned(),
                operation,
                cause: Box::new(cause),
            };
        }
    };
    Error::Unusable {
        queue: broker.to_owned(),
        reason: format!("{operation}: {cause}; {fix}"),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn error(code: i32) -> Error {
        classify(
            "queue.db",
            "send",
            rusqlite::Error::SqliteFailure(ffi::Error::new(code), None),
        )
    }

    #[test]
    fn what_passes_is_unavailable() {
        for code in [
            ffi::SQLITE_FULL,
            ffi::SQLITE_IOERR,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_BUSY,
        ] {
            assert!(error(code).is_transient(), "{code}");
        }
    }

    #[test]
    fn what_somebody_has_to_repair_is_unusable() {
        for code in [
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_CANTOPEN,
        ] {
            assert!(matches!(error(code), Error::Unusable { .. }), "{code}");
        }
    }
}
