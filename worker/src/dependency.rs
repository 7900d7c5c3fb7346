//! What every job needs from outside, and which of it an error tells of.
use std::fmt;

use crate::{Error, outcome::Class};

/// Something without which no job can be done. A closed set: it labels metrics and reasons of readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dependency {
    /// Where jobs wait.
    Broker,
    /// The store of originals.
    Originals,
    /// The store of files.
    Output,
    /// The store of records.
    State,
    /// The stores of overlays and masks.
    Assets,
    /// What decodes and encodes, and the memory it takes.
    Renderer,
}

/// What an error says of a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// Nothing.
    Nobody,
    /// It may be away, or this was a single call or this object's own.
    Maybe(Dependency),
    /// It cannot be used as it is.
    Surely(Dependency),
}

impl Dependency {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Broker,
        Self::Originals,
        Self::Output,
        Self::State,
        Self::Assets,
        Self::Renderer,
    ];

    /// As it is written in metrics and reasons.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Originals => "originals",
            Self::Output => "output",
            Self::State => "state",
            Self::Assets => "assets",
            Self::Renderer => "renderer",
        }
    }

    /// Which one an error came from.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Originals(_) => Some(Self::Originals),
            Error::Output(_) | Error::Projection(_) => Some(Self::Output),
            Error::Record(_) => Some(Self::State),
            Error::Asset(_) => Some(Self::Assets),
            Error::Queue(_) => Some(Self::Broker),
            Error::Render(_) | Error::Memory { .. } => Some(Self::Renderer),
            Error::Silent { dependency } => Some(*dependency),
            _ => None,
        }
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Blame {
    /// What an error says.
    pub fn of(error: &Error) -> Self {
        let Some(dependency) = Dependency::of(error) else {
            return Self::Nobody;
        };
        match Class::of(error) {
            Class::Denied => Self::Maybe(dependency),
            Class::Dependency | Class::Transient if is_passing(error) => Self::Maybe(dependency),
            Class::Dependency => Self::Surely(dependency),
            _ => Self::Nobody,
        }
    }
}

/// Did the call itself fail, in a way that may be over at the next one?
fn is_passing(error: &Error) -> bool {
    use minilab_record::Error as Record;
    match error {
        Error::Originals(error) | Error::Output(error) | Error::Asset(error) => is_of_the_call(error),
        Error::Record(Record::Store(error)) | Error::Projection(Record::Store(error)) => {
            is_of_the_call(error)
        }
        Error::Record(error) | Error::Projection(error) => {
            error.is_transient() && !matches!(error, Record::Contended { .. })
        }
        Error::Queue(error) => error.is_transient(),
        _ => false,
    }
}

/// A store without credentials fails every call, also where they are back before anybody has looked again.
fn is_of_the_call(error: &minilab_store::Error) -> bool {
    error.is_transient() && !matches!(error, minilab_store::Error::Unusable { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_nobody_can_use_is_surely_away() {
        let unusable = || minilab_store::Error::Unusable {
            store: "memory".to_owned(),
            operation: "get",
            reason: "no credentials were found".to_owned(),
        };
        assert_eq!(
            Blame::of(&Error::Originals(unusable())),
            Blame::Surely(Dependency::Originals)
        );
        assert_eq!(
            Blame::of(&Error::Record(unusable().into())),
            Blame::Surely(Dependency::State)
        );
    }
}
