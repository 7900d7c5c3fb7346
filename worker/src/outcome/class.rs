//! The classes, and which error is of which.
use std::fmt;

use crate::{Error, renderer::RenderError};

/// What a job came to. A closed set: it labels metrics and dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Made, swapped and verified.
    Complete,
    /// Verified that nothing was to be done.
    Noop,
    /// The original's own fault: recorded, not retried.
    Input,
    /// Some files cannot be made, for reasons of their own; the rest is published.
    Partial,
    /// May be over soon.
    Transient,
    /// Something that every job needs is missing.
    Dependency,
    /// This object alone is refused to us.
    Denied,
    /// It took its renderer down.
    Crash,
    /// It was handed out before, and nobody settled it: its worker died.
    Unsettled,
    /// A newer configuration is in force.
    Stale,
    /// Somebody else has the delivery.
    LeaseLost,
    /// The worker was stopped in the middle, or has another job to run alone.
    Aborted,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Complete,
        Self::Noop,
        Self::Input,
        Self::Partial,
        Self::Transient,
        Self::Dependency,
        Self::Denied,
        Self::Crash,
        Self::Unsettled,
        Self::Stale,
        Self::LeaseLost,
        Self::Aborted,
    ];

    /// Of an error.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::Originals(error) | Error::Output(error) | Error::Asset(error) => Self::of_store(error),
            Error::Record(error) | Error::Projection(error) => Self::of_record(error),
            Error::Render(RenderError::Input { .. }) | Error::Refused { .. } | Error::Envelope { .. } => {
                Self::Input
            }
            Error::Render(RenderError::Crash { .. })
            | Error::Deadline
            | Error::Panic { .. }
            | Error::Poison { .. } => Self::Crash,
            Error::Unsettled => Self::Unsettled,
            Error::Queue(error) if error.is_transient() => Self::Transient,
            Error::Render(RenderError::Unavailable { .. } | RenderError::Unwalled { .. })
            | Error::Memory { .. }
            | Error::Silent { .. }
            | Error::Queue(_) => Self::Dependency,
            Error::NotYetThere { .. } | Error::Restless { .. } => Self::Transient,
            Error::Stale { .. } => Self::Stale,
            Error::LeaseLost => Self::LeaseLost,
            Error::Beside | Error::Aborted => Self::Aborted,
        }
    }

    /// Of a failed call to a store of originals or files.
    fn of_store(error: &minilab_store::Error) -> Self {
        use minilab_store::Error as Store;
        match error {
            Store::Unavailable { .. }
            | Store::Unusable { .. }
            | Store::NotOpened { .. }
            | Store::Unsupported { .. } => Self::Dependency,
            Store::Denied { .. } => Self::Denied,
            Store::KeyRefused { .. } | Store::TooLarge { .. } => Self::Input,
            // What is gone or changed between two calls is another round's business; met here, it may pass. So may
            // whatever a later version of the port adds.
            Store::NotFound { .. } | Store::Precondition { .. } | Store::Io { .. } | _ => Self::Transient,
        }
    }

    /// Records are everybody's: one that is refused to us means that our credentials are wrong for all.
    fn of_record(error: &minilab_record::Error) -> Self {
        use minilab_record::Error as Record;
        match error {
            Record::Store(minilab_store::Error::Denied { .. }) => Self::Dependency,
            Record::Store(error) => Self::of_store(error),
            Record::KeyTooLong { .. } | Record::KeyInvalid { .. } => Self::Input,
            Record::NewerForm { .. } => Self::Stale,
            // An unreadable record is looked at by people: it becomes a dead letter that says so. What a later version
            // of the crate adds may pass too.
            Record::Unreadable { .. } | Record::Ambiguous { .. } | Record::Contended { .. } | _ => {
                Self::Transient
            }
        }
    }

    /// As it is written in logs, metrics and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Noop => "noop",
            Self::Input => "input",
            Self::Partial => "partial",
            Self::Transient => "transient",
            Self::Dependency => "dependency",
            Self::Denied => "denied",
            Self::Crash => "crash",
            Self::Unsettled => "unsettled",
            Self::Stale => "stale",
            Self::LeaseLost => "lease_lost",
            Self::Aborted => "aborted",
        }
    }

    /// May the same job succeed later, with nothing else changed?
    pub fn is_transient(self) -> bool {
        !matches!(self, Self::Complete | Self::Noop | Self::Input | Self::Partial)
    }

    /// Should somebody look at it?
    pub fn is_alarming(self) -> bool {
        matches!(
            self,
            Self::Transient
                | Self::Dependency
                | Self::Denied
                | Self::Crash
                | Self::Unsettled
                | Self::Stale
                | Self::LeaseLost
        )
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use minilab_store::{Error as Store, Key};

    use super::*;
    use crate::renderer::CrashKind;

    fn key() -> Key {
        Key::new("a.jpg").unwrap()
    }

    fn store() -> String {
        "memory".to_owned()
    }

    fn denied() -> Store {
        Store::Denied {
            store: store(),
            operation: "head",
            key: key(),
            cause: None,
        }
    }

    fn disk_full() -> Store {
        Store::Unavailable {
            store: store(),
            operation: "put",
            key: key(),
            reason: "disk full".into(),
        }
    }

    fn reset() -> Store {
        Store::Io {
            store: store(),
            operation: "get",
            key: key(),
            cause: std::io::Error::other("reset"),
        }
    }

    /// The rows of the table, with its own examples.
    #[test]
    fn every_error_is_of_the_class_that_the_table_names() {
        let (code, sentence, stage) = ("corrupt".to_owned(), "damaged".to_owned(), "decode".to_owned());
        let input = RenderError::Input {
            code: code.clone(),
            sentence: sentence.clone(),
            stage: stage.clone(),
        };
        let crash = RenderError::Crash {
            how: CrashKind::Memory,
            stage,
        };
        let broker = |operation| minilab_queue::Error::Unavailable {
            queue: store(),
            operation,
            cause: "gone".into(),
        };
        let ambiguous = minilab_record::Error::Ambiguous {
            key: key(),
            cause: reset(),
        };
        let rows: Vec<(Class, Error)> = vec![
            (Class::Input, input.into()),
            (Class::Input, Error::Refused { code, sentence }),
            (
                Class::Input,
                Error::Output(Store::KeyRefused {
                    store: store(),
                    key: key(),
                    reason: "`..`".into(),
                }),
            ),
            (
                Class::Input,
                minilab_record::Error::KeyTooLong {
                    bytes: 901,
                    begins: "x".into(),
                }
                .into(),
            ),
            (Class::Transient, Error::Originals(reset())),
            (Class::Transient, ambiguous.into()),
            (Class::Transient, broker("send").into()),
            (Class::Transient, Error::NotYetThere { key: "a.jpg".into() }),
            (
                Class::Transient,
                Error::Restless {
                    key: "a.jpg".into(),
                    rounds: 5,
                },
            ),
            (Class::Dependency, Error::Output(disk_full())),
            (
                Class::Dependency,
                minilab_record::Error::Store(disk_full()).into(),
            ),
            (Class::Dependency, minilab_record::Error::Store(denied()).into()),
            (
                Class::Dependency,
                RenderError::Unavailable {
                    reason: "not found".into(),
                }
                .into(),
            ),
            (
                Class::Dependency,
                Error::Memory {
                    key: "a.jpg".into(),
                    cause: std::io::Error::other("no"),
                },
            ),
            (Class::Denied, Error::Originals(denied())),
            (Class::Crash, crash.into()),
            (Class::Crash, Error::Deadline),
            (
                Class::Crash,
                Error::Panic {
                    message: "index".into(),
                },
            ),
            (Class::Unsettled, Error::Unsettled),
            (Class::Stale, Error::Stale { needed: 2, ours: 1 }),
            (Class::LeaseLost, Error::LeaseLost),
            (Class::Aborted, Error::Beside),
            (Class::Aborted, Error::Aborted),
        ];
        for (class, error) in rows {
            assert_eq!(Class::of(&error), class, "{error}");
        }
    }

    #[test]
    fn names_are_not_used_twice() {
        let mut names: Vec<_> = Class::ALL.iter().map(|class| class.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Class::ALL.len());
    }
}
