//! What a role does to the objects of each store; keys are relative to the store's prefix.
//!
//! State is told apart by what lies in it. A worker deletes among the files only stable aliases that the recipe has dropped,
//! but these lie between files of the same original, where no pattern tells them apart.
use super::Role;

/// Patterns of keys. Every store that is used is also listed: to whoever may not list, a missing object is forbidden.
pub(super) struct Use {
    pub(super) reads: &'static [&'static str],
    pub(super) writes: &'static [&'static str],
    pub(super) deletes: &'static [&'static str],
}

const ALL: &[&str] = &["*"];
/// Whether a store answers is asked with an object that nobody has.
const CANARY: &str = "minilab-canary";

/// The store of originals: nobody ever writes there.
pub(super) const FROM: fn(Role) -> Use = |role| Use {
    reads: match role {
        Role::Worker | Role::Operator => ALL,
        Role::Dispatcher => &[CANARY],
    },
    writes: &[],
    deletes: &[],
};

/// The store of files.
pub(super) const TO: fn(Role) -> Use = |role| match role {
    Role::Worker => Use {
        reads: ALL,
        writes: ALL,
        deletes: ALL,
    },
    Role::Dispatcher => Use {
        reads: &[CANARY],
        writes: &[],
        deletes: ALL,
    },
    Role::Operator => Use {
        reads: ALL,
        writes: &["minilab-doctor-*"],
        deletes: ALL,
    },
};

/// The store of records. Every process tries out at its start whether it decides conditional writes.
pub(super) const STATE: fn(Role) -> Use = |role| match role {
    Role::Worker => Use {
        reads: &[
            "records/*",
            "failures/*",
            "outbox/*",
            "config/revision",
            "probe/*",
        ],
        writes: &["records/*", "failures/*", "outbox/*", "probe/*", CANARY],
        deletes: &["failures/*", "probe/*", CANARY],
    },
    Role::Dispatcher => Use {
        reads: &[
            "records/*",
            "failures/*",
            "unreadable/*",
            "outbox/*",
            "config/revision",
            "passes/*",
            "probe/*",
        ],
        writes: &[
            "records/*",
            "failures/*",
            "unreadable/*",
            "outbox/*",
            "passes/*",
            "probe/*",
        ],
        deletes: &["outbox/*", "probe/*"],
    },
    Role::Operator => Use {
        reads: ALL,
        writes: &["records/*", "config/revision", "passes/*", "probe/*"],
        deletes: &["failures/*", "unreadable/*", "probe/*"],
    },
};
