//! Landlock: files, ports and signals, refused by what they are and not by which system call is asked for them.
//!
//! It binds the thread that calls and those that it starts. So it goes up twice: before libvips has threads, with what
//! starting reads, and once libvips is warm without any rule, for the thread that works on originals.
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

/// The newest that this was tried on. Older kernels enforce what they know of it.
const KNOWN: ABI = ABI::V7;

/// What starting reads, each to its own good: without them all goes on by other means, only less well.
const READ_BY_STARTING: [&str; 4] = [
    // How many threads are worth it.
    "/sys/devices/system/cpu/online",
    // Dates of colour profiles.
    "/etc/localtime",
    // A libvips of the system loads its modules, with what they are linked to. The pinned one has none; then the folder is
    // none either.
    "/etc/ld.so.cache",
    env!("MINILAB_SYSTEM_LIBRARIES"),
];

/// Refuses all but reading what starting reads.
pub(super) fn but_a_few() -> Result<(), String> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let ruleset = || {
        let scoped = everything()?.scope(Scope::from_all(KNOWN))?;
        let rules = path_beneath_rules(READ_BY_STARTING, read);
        scoped.create()?.add_rules(rules)?.restrict_self()
    };
    whole(ruleset())
}

/// Refuses everything that is not refused yet. Signals are: a second time, kernels before Linux 6.15 would refuse them between
/// the threads of this process, too.
pub(super) fn none() -> Result<(), String> {
    whole(everything().and_then(|ruleset| ruleset.create()?.restrict_self()))
}

fn everything() -> Result<Ruleset, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::from_all(KNOWN))
}

fn whole(status: Result<RestrictionStatus, RulesetError>) -> Result<(), String> {
    let status = status.map_err(|cause| cause.to_string())?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::FullyEnforced, _) => Ok(()),
        (_, LandlockStatus::NotEnabled) => Err("switched off in this kernel (its parameter lsm=)".to_owned()),
        (RulesetStatus::NotEnforced, _) => Err("unknown to this kernel".to_owned()),
        (RulesetStatus::PartiallyEnforced, _) => {
            Err("this kernel knows only a part of it (all: Linux 6.12)".to_owned())
        }
    }
}
