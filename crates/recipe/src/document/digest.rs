//! The digest that a configuration revision is bound to.
use std::collections::BTreeMap;

use serde::Serialize;

use super::{Document, OnDelete, Output, Rule};
use crate::{Recipe, canonical};

/// What affects outputs. Queues, intakes and listeners do not; secrets are not in the document's values.
#[derive(Serialize)]
struct Form<'a> {
    recipes: &'a BTreeMap<String, Recipe>,
    rules: &'a [Rule],
    to: &'a Output,
    on_delete: OnDelete,
}

pub(super) fn digest(document: &Document) -> String {
    canonical::digest(
        "document",
        &Form {
            recipes: &document.recipes,
            rules: &document.rules,
            to: &document.to,
            on_delete: document.on_delete,
        },
    )
}
