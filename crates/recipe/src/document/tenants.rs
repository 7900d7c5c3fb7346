//! Whose originals they are, and what that means for a worker. None of it affects what is made.
use std::num::NonZeroU32;

use super::read::{Fields, Problems};
use super::scalar;
use super::tree::Tree;

/// How tenants share the workers. Rules say which original is whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tenants {
    /// A worker works on at most this many jobs of one tenant at a time; `None`: on any number.
    pub in_flight: Option<NonZeroU32>,
    /// Whose originals one renderer process works on.
    pub renderers: Renderers,
}

/// Whose originals one renderer process works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Renderers {
    /// Everybody's, one after the other.
    #[default]
    Shared,
    /// One tenant's, until it ends.
    Own,
}

/// More than any worker has slots.
const IN_FLIGHT_MAX: u32 = 1_000;

pub(super) fn tenants(tree: &Tree, problems: &Problems) -> Option<Tenants> {
    let mut fields = Fields::open("tenants", tree, problems)?;
    let in_flight = fields.read("in_flight", |tree, problems| {
        scalar::integer(tree, 1..=IN_FLIGHT_MAX, problems)
    });
    let renderers = fields.read("renderers", |tree, problems| {
        let choices = [("shared", Renderers::Shared), ("own", Renderers::Own)];
        scalar::choice(tree, &choices, problems)
    });
    fields.close();
    Some(Tenants {
        in_flight: in_flight.and_then(NonZeroU32::new),
        renderers: renderers.unwrap_or_default(),
    })
}
