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
