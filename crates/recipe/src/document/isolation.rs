//! How far the processes that decode are from each other and from the machine. None of it affects what is made.
use super::read::Problems;
use super::scalar;
use super::tree::Tree;

/// What becomes of a renderer that the kernel does not wall in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sandbox {
    /// It does not start.
    #[default]
    Required,
    /// It works, and says what it lacks.
    BestEffort,
}

/// Which originals one renderer process sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// One after the other; those with decoders in which faults are found more often have one to themselves.
    #[default]
    Pooled,
    /// One.
    PerJob,
}

const SANDBOXES: [(&str, Sandbox); 2] = [
    ("required", Sandbox::Required),
    ("best_effort", Sandbox::BestEffort),
];

impl Sandbox {
    /// As documents and renderers' arguments call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::BestEffort => "best_effort",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        SANDBOXES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, it)| *it)
    }
}

pub(super) fn sandbox(tree: &Tree, problems: &Problems) -> Option<Sandbox> {
    scalar::choice(tree, &SANDBOXES, problems)
}

pub(super) fn isolation(tree: &Tree, problems: &Problems) -> Option<Isolation> {
    let choices = [("pooled", Isolation::Pooled), ("per_job", Isolation::PerJob)];
    scalar::choice(tree, &choices, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_is_found_by_the_name_that_it_has() {
        for (name, sandbox) in SANDBOXES {
            assert_eq!((sandbox.name(), Sandbox::named(name)), (name, Some(sandbox)));
        }
        assert_eq!(Sandbox::named("none"), None);
    }
}
