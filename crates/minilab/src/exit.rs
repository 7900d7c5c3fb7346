//! Exit codes: one table, printed by `minilab --help`, documented in docs/COMMANDS.md, and how an error finds its row.
use std::{fmt, io};

use minilab_recipe::Diagnostics;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All that was asked is done.
    Ok = 0,
    /// Something that nobody foresaw.
    Unexpected = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// Finished, but some items failed; each was reported.
    SomeFailed = 3,
    /// A file, folder, key or program that was named is not there.
    NotFound = 4,
    /// The same command may succeed later: broker or store away, disk full, address in use, stopped before the work was done.
    Temporary = 5,
    /// The system refuses access.
    Permission = 6,
    /// The configuration is not the one that is in force.
    NotInForce = 7,
    /// The configuration is invalid: restarting does not help (`EX_CONFIG` of sysexits.h).
    Config = 78,
}

impl Exit {
    /// Every row of the table.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Unexpected,
        Self::Usage,
        Self::SomeFailed,
        Self::NotFound,
        Self::Temporary,
        Self::Permission,
        Self::NotInForce,
        Self::Config,
    ];

    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What the row says.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done",
            Self::Unexpected => "unexpected error",
            Self::Usage => "wrong usage of the command line",
            Self::SomeFailed => "finished, but some items failed; each was reported",
            Self::NotFound => "a file, folder, key or program that was named is not there",
            Self::Temporary => {
                "may succeed later: no answer, disk full, address in use, stopped before the end"
            }
            Self::Permission => "permission denied",
            Self::NotInForce => "the configuration is not in force: run `minilab config activate`",
            Self::Config => "invalid configuration: a restart does not help",
        }
    }
}

/// The table as `--help` shows it.
pub fn table() -> String {
    let rows = Exit::ALL.map(|exit| format!("  {:>2}  {}\n", exit.code(), exit.meaning()));
    format!("Exit codes:\n{}", rows.concat())
}

/// An error of this program's own: what is wrong, what to do, and how to exit.
#[derive(Debug)]
pub struct Refusal {
    exit: Exit,
    what: String,
    fix: String,
}

impl Refusal {
    /// States what is wrong and what to do about it.
    pub fn new(exit: Exit, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            exit,
            what: what.into(),
            fix: fix.into(),
        }
    }

    /// What to do.
    pub fn fix(&self) -> &str {
        &self.fix
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Refusal {}

/// The row of an error: that of the first cause that knows its own.
pub fn of(error: &anyhow::Error) -> Exit {
    error.chain().find_map(of_cause).unwrap_or(Exit::Unexpected)
}

fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    if let Some(refusal) = cause.downcast_ref::<Refusal>() {
        return Some(refusal.exit);
    }
    if cause.is::<Diagnostics>() {
        return Some(Exit::Config);
    }
    if let Some(error) = cause.downcast_ref::<minilab_store::Error>() {
        return of_store(error);
    }
    if let Some(error) = cause.downcast_ref::<minilab_queue::Error>() {
        // What is unusable as it is (held by another process, on a network file system) takes a change by somebody.
        return Some(if error.is_transient() {
            Exit::Temporary
        } else {
            Exit::Config
        });
    }
    cause
        .downcast_ref::<io::Error>()
        .and_then(|error| of_io(error.kind()))
}

fn of_store(error: &minilab_store::Error) -> Option<Exit> {
    use minilab_store::Error;
    match error {
        Error::NotFound { .. } => Some(Exit::NotFound),
        Error::Denied { .. } => Some(Exit::Permission),
        Error::Unavailable { .. } | Error::Unusable { .. } | Error::Precondition { .. } => {
            Some(Exit::Temporary)
        }
        Error::KeyRefused { .. } => Some(Exit::Usage),
        Error::Unsupported { .. } => Some(Exit::Config),
        Error::NotOpened { cause, .. } => match cause.kind() {
            // A server that is away; where the system said something else, that decides.
            io::ErrorKind::Other => Some(Exit::Temporary),
            io::ErrorKind::InvalidInput => Some(Exit::Config),
            kind => of_io(kind),
        },
        // These carry what the system said, which decides.
        _ => None,
    }
}

fn of_io(kind: io::ErrorKind) -> Option<Exit> {
    match kind {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Some(Exit::NotFound),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Some(Exit::Permission),
        io::ErrorKind::StorageFull | io::ErrorKind::AddrInUse | io::ErrorKind::ResourceBusy => {
            Some(Exit::Temporary)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn the_row_is_that_of_the_first_cause_that_knows() {
        let error = anyhow::Error::new(io::Error::from(io::ErrorKind::PermissionDenied))
            .context("opening the folder");
        assert_eq!(of(&error), Exit::Permission);
        let refused: Result<(), _> = Err(Refusal::new(Exit::Config, "no", "say yes"));
        assert_eq!(of(&refused.context("starting").unwrap_err()), Exit::Config);
        assert_eq!(of(&anyhow::anyhow!("who knows")), Exit::Unexpected);
    }

    #[test]
    fn the_documented_table_is_the_one_in_force() {
        let documented = include_str!("../../../docs/COMMANDS.md");
        for exit in Exit::ALL {
            let row = format!("| {} | {} |", exit.code(), exit.meaning());
            assert!(
                documented.contains(&row),
                "docs/COMMANDS.md lacks the row {row:?}"
            );
        }
    }
}
