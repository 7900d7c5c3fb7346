//! Worlds that break what the contract rests on: the simulator must notice each.

/// What does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The state store writes whatever the condition says.
    ConditionsIgnored,
    /// A HEAD of an original that fails answers that there is none.
    FailureIsAbsence,
    /// A HEAD of an original shows the upload before the last.
    StaleHead,
    /// A file is there a minute after its PUT was answered.
    FilesLater,
    /// The queue forgets what is handed back.
    ReleaseLoses,
    /// The queue forgets what is not settled in time.
    LeaseLoses,
    /// Somebody deletes a file that is named.
    NamedDeleted,
}

impl Broken {
    pub const ALL: [Self; 7] = [
        Self::ConditionsIgnored,
        Self::FailureIsAbsence,
        Self::StaleHead,
        Self::FilesLater,
        Self::ReleaseLoses,
        Self::LeaseLoses,
        Self::NamedDeleted,
    ];
}
