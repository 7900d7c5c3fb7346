//! Reading pictures of pages: art direction, by media conditions.
use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::read::{self, Fields, Problems, list, suggestion};
use super::scalar;
use super::schema_parts::Mapping;
use super::tree::Tree;
use crate::diagnostic::Code;
use crate::{Derivative, PagePicture, PictureSet};

/// By name.
pub(super) fn pictures(
    tree: &Tree,
    derivatives: &[Derivative],
    problems: &Problems,
) -> Option<BTreeMap<String, PagePicture>> {
    let entries = read::entries("pictures", tree, problems)?;
    let read = entries.iter().map(|(name, tree)| {
        let mut fields = Fields::open("picture", tree, problems)?;
        let sets = fields.require("sets", |tree, problems| {
            let sets = list(tree, problems, |tree, problems| set(tree, derivatives, problems))?;
            check_order(&sets, tree, problems);
            Some(sets)
        });
        fields.close();
        Some((name.text.clone(), PagePicture { sets: sets? }))
    });
    Some(read.collect::<Vec<_>>().into_iter().flatten().collect())
}

fn set(tree: &Tree, derivatives: &[Derivative], problems: &Problems) -> Option<PictureSet> {
    let mut fields = Fields::open("picture_set", tree, problems)?;
    let media = fields.read("media", attribute);
    let sizes = fields.read("sizes", attribute);
    let derivative = fields.require("derivative", |tree, problems| {
        let name = scalar::text(tree, problems)?;
        let known: Vec<_> = derivatives.iter().flat_map(Derivative::every).collect();
        if known.iter().any(|known| known.name == name) {
            return Some(name);
        }
        let names: Vec<&str> = known.iter().map(|known| known.name.as_str()).collect();
        let message = format!("the recipe has no derivative {name:?}");
        problems.note(
            tree.span,
            Code::BadValue,
            message,
            Some(suggestion(&name, &names)),
        );
        None
    });
    fields.close();
    Some(PictureSet {
        media,
        derivative: derivative?,
        sizes,
    })
}

/// A browser takes the first set that applies, so one without a condition ends the list.
fn check_order(sets: &[PictureSet], tree: &Tree, problems: &Problems) {
    let Some((last, others)) = sets.split_last() else {
        problems.note(
            tree.span,
            Code::MissingKey,
            "a picture needs a set at least",
            None,
        );
        return;
    };
    if last.media.is_some() || others.iter().any(|set| set.media.is_none()) {
        let help =
            Some("give every set a media condition but the last, which is for all other screens".to_owned());
        problems.note(
            tree.span,
            Code::Conflict,
            "some set would never be shown, or no set would",
            help,
        );
    }
}

/// Longer conditions are mistakes.
const ATTRIBUTE_BYTES_MAX: usize = 300;

/// What is written into HTML; it is escaped there, and yet has no use for these.
fn attribute(tree: &Tree, problems: &Problems) -> Option<String> {
    let text = scalar::text(tree, problems)?;
    let is_plain = !text.contains(|c: char| c.is_control() || matches!(c, '"' | '{' | '}' | ';'));
    if is_plain && !text.trim().is_empty() && text.len() <= ATTRIBUTE_BYTES_MAX {
        return Some(text);
    }
    let help = "such as (max-width: 575px)".to_owned();
    problems.note(
        tree.span,
        Code::BadValue,
        format!("{text:?} is not allowed here"),
        Some(help),
    );
    None
}

pub(super) fn schema() -> Json {
    json!({
        "description": "Pictures of a page by name, with another derivative on other screens: what `minilab manifest --as picture` prints.",
        "type": "object",
        "propertyNames": { "pattern": "^[a-z][a-z0-9-]{0,62}$" },
        "additionalProperties": { "$ref": "#/definitions/picture" },
    })
}

pub(super) fn mappings() -> Vec<Mapping> {
    let text = |description: &str| json!({ "type": "string", "maxLength": ATTRIBUTE_BYTES_MAX, "description": description });
    vec![
        (
            "picture",
            json!({ "sets": {
                "description": "The first whose condition holds is shown.",
                "type": "array", "items": { "$ref": "#/definitions/picture_set" }, "minItems": 1,
            } }),
            &["sets"],
        ),
        (
            "picture_set",
            json!({
                "media": text("When it is shown, as CSS says it: (max-width: 575px). The last set has none."),
                "derivative": text("What is shown, in all its formats and widths."),
                "sizes": text("How wide it is laid out: (min-width: 60em) 50vw, 100vw."),
            }),
            &["derivative"],
        ),
    ]
}
