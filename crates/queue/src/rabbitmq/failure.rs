//! What the driver says, in the port's words.
use std::fmt::Display;

use lapin::ErrorKind;

use crate::Error;

/// AMQP's reply codes that mean something to us.
pub(super) const ACCESS_REFUSED: u16 = 403;
pub(super) const NOT_FOUND: u16 = 404;
pub(super) const PRECONDITION_FAILED: u16 = 406;
pub(super) const NOT_ALLOWED: u16 = 530;

/// The broker cannot be used now, and why.
pub(super) fn unavailable(
    queue: &dyn Display,
    operation: &'static str,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::Unavailable {
        queue: queue.to_string(),
        operation,
        cause: cause.into(),
    }
}

/// The code with which the broker closed a channel or connection, where it did.
pub(super) fn reply_code(error: &lapin::Error) -> Option<u16> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => Some(error.get_id()),
        _ => None,
    }
}
