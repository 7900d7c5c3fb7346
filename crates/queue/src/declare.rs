//! Who makes what a broker has to have.

/// Who makes exchanges and queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Declare {
    /// This process does, whenever it connects.
    #[default]
    Apply,
    /// Somebody else did, with `minilab topology apply`: this process may lack the permission, and only looks.
    Passive,
}
