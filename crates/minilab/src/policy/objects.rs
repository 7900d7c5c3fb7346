//! What a role does to the objects of each store; keys are relative to the store's prefix.
//!
//! State is told apart by what lies in it. A worker deletes among the files only stable aliases that the recipe has dropped,
//! but these lie between files of the same original, where no pattern tells them apart.
use super::Role;

/// Patterns of keys. Every store that is used is also listed: to whoever may not list, a missing object is forbidden.
#[derive(Debug, Default)]
pub(super) struct Use {
    pub(super) reads: Vec<&'static str>,
    pub(super) writes: Vec<&'static str>,
    pub(super) deletes: Vec<&'static str>,
    /// Objects whose tags are read.
    pub(super) tags: Vec<&'static str>,
}

const ALL: &str = "*";
/// Whether a store answers is asked with an object that nobody has.
const CANARY: &str = "minilab-canary";
/// Whether one may be written to is tried out with these.
const DOCTOR: &str = "minilab-doctor-*";

/// The store of originals: nobody ever writes there.
pub(super) fn from(role: Role) -> Use {
    Use {
        reads: match role {
            Role::Worker | Role::Operator => vec![ALL],
            Role::Dispatcher => vec![CANARY],
        },
        ..Use::default()
    }
}

/// The same, where a recipe reads tags of originals.
pub(super) fn tagged_from(role: Role) -> Use {
    let tags = match role {
        Role::Worker => vec![ALL],
        Role::Dispatcher | Role::Operator => Vec::new(),
    };
    Use { tags, ..from(role) }
}

/// A store of pictures that recipes name.
pub(super) fn assets() -> Use {
    Use {
        reads: vec![ALL],
        ..Use::default()
    }
}

/// The store of files.
pub(super) fn to(role: Role) -> Use {
    let (reads, writes) = match role {
        Role::Worker => (vec![ALL], vec![ALL]),
        Role::Dispatcher => (vec![CANARY], Vec::new()),
        Role::Operator => (vec![ALL], vec![DOCTOR]),
    };
    Use {
        reads,
        writes,
        deletes: vec![ALL],
        ..Use::default()
    }
}

/// The store of records. Every process tries out at its start whether it decides conditional writes.
pub(super) fn state(role: Role, notifies: bool) -> Use {
    let mut used = match role {
        Role::Worker => Use {
            reads: vec![
                "records/*",
                "failures/*",
                "config/revision",
                "scaling/costs",
                "probe/*",
            ],
            writes: vec!["records/*", "failures/*", "scaling/costs", "probe/*", CANARY],
            deletes: vec!["failures/*", "probe/*", CANARY],
            ..Use::default()
        },
        Role::Dispatcher => Use {
            reads: vec![
                "records/*",
                "failures/*",
                "config/revision",
                "passes/*",
                "scaling/*",
                "probe/*",
            ],
            writes: vec![
                "records/*",
                "failures/*",
                "unreadable/*",
                "passes/*",
                "scaling/sent",
                "probe/*",
            ],
            deletes: vec!["probe/*"],
            ..Use::default()
        },
        Role::Operator => Use {
            reads: vec![ALL],
            writes: vec![
                "records/*",
                "config/revision",
                "passes/*",
                "scaling/sent",
                "probe/*",
            ],
            deletes: vec!["failures/*", "unreadable/*", "probe/*"],
            ..Use::default()
        },
    };
    // What a receiver was not told yet is noted by who knows it and crossed out by who tells it. An operator has it told again.
    if notifies {
        if role != Role::Operator {
            used.reads.push("outbox/*");
        }
        used.writes.push("outbox/*");
    }
    used
}
