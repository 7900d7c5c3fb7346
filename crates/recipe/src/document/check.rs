//! What must hold across the parts of a document.
use std::path::{Component, Path, PathBuf};

use super::read::{Problems, suggestion};
use super::tree::{Tree, Value};
use super::{Document, Location};
use crate::diagnostic::{Code, Span};

/// Without rules the recipe for every key is the only one there is.
pub(super) fn only_recipe(root: &Tree, recipes: Option<&[String]>, problems: &Problems) -> Option<String> {
    let recipes = recipes?;
    if let [only] = recipes {
        return Some(only.clone());
    }
    if recipes.iter().any(|name| name == "default") {
        return Some("default".to_owned());
    }
    let names: Vec<_> = recipes.iter().map(String::as_str).collect();
    let help = format!(
        "write rules:, such as [{{ recipe: {} }}]; {}",
        names.first()?,
        suggestion("", &names)
    );
    let message = "several recipes, none called \"default\", and no rules to choose by";
    problems.note(span_of(root, "recipes"), Code::MissingKey, message, Some(help));
    None
}

/// Files must not come back as originals: outputs and originals may not lie inside each other.
pub(super) fn places(root: &Tree, document: &Document, problems: &Problems) {
    if overlap(&document.from, &document.to.location) {
        let help = "two folders (or prefixes) side by side, none inside the other".to_owned();
        let message = "\"to\" overlaps \"from\": files would be taken for originals";
        problems.note(span_of(root, "to"), Code::Conflict, message, Some(help));
    }
    if document
        .state
        .as_ref()
        .is_some_and(|state| overlap(&document.from, state))
    {
        let help = "records need a place of their own".to_owned();
        problems.note(
            span_of(root, "state"),
            Code::Conflict,
            "\"state\" overlaps \"from\"",
            Some(help),
        );
    }
}

fn overlap(one: &Location, other: &Location) -> bool {
    match (one, other) {
        (Location::Folder(one), Location::Folder(other)) => {
            let (one, other) = (plain(one), plain(other));
            one.starts_with(&other) || other.starts_with(&one)
        }
        (Location::S3(one), Location::S3(other)) => {
            (&one.bucket, &one.endpoint) == (&other.bucket, &other.endpoint)
                && (one.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&one.prefix))
        }
        _ => false,
    }
}

/// `./photos` is `photos`. Links are not looked at: the composer sees the real folders.
fn plain(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| !matches!(part, Component::CurDir))
        .collect()
}

fn span_of(root: &Tree, key: &str) -> Span {
    let Value::Map(entries) = &root.value else {
        return root.span;
    };
    entries
        .iter()
        .find(|(name, _)| name.text == key)
        .map_or(root.span, |(name, _)| name.span)
}
