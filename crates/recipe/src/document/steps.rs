//! Reading `steps`: a list of mappings with one key each, in the order in which they run.
mod area;
mod overlays;
mod tone;

use super::read::{Fields, Problems, list};
use super::scalar;
use super::tree::{Tree, Value};
use crate::diagnostic::Code;
use crate::{AskedStep, Border};

/// More steps than any picture needs; bounds what one file may cost.
const STEPS_MAX: usize = 40;

/// `[ { grayscale: true }, { blur: 3 } ]`.
pub(super) fn steps(tree: &Tree, problems: &Problems) -> Option<Vec<AskedStep>> {
    let steps = list(tree, problems, step)?;
    if steps.len() > STEPS_MAX {
        let message = format!("{} steps, more than {STEPS_MAX}", steps.len());
        problems.note(
            tree.span,
            Code::BadValue,
            message,
            Some("leave some out".to_owned()),
        );
    }
    Some(steps)
}

fn step(tree: &Tree, problems: &Problems) -> Option<AskedStep> {
    let mut fields = Fields::open("step", tree, problems)?;
    let Value::Map(entries) = &tree.value else {
        return None;
    };
    match &entries[..] {
        [] => {
            let help = Some("such as { blur: 3 }".to_owned());
            problems.note(
                fields.span(),
                Code::MissingKey,
                "a step names nothing to do",
                help,
            );
        }
        [_] => {}
        [_, (second, _), ..] => fields.conflict(
            &second.text,
            "a step has one key: steps run in the order of the list",
            "[ { grayscale: true }, { blur: 3 } ]",
        ),
    }
    let read = [
        tone::read(&mut fields),
        area::read(&mut fields),
        overlays::read(&mut fields),
        fields.read("border", border).map(AskedStep::Border),
    ];
    fields.close();
    read.into_iter().flatten().next()
}

/// `{ width: 2, colour: "#000" }`.
pub(super) fn border(tree: &Tree, problems: &Problems) -> Option<Border> {
    let mut fields = Fields::open("border", tree, problems)?;
    let width = fields.require("width", |t, p| scalar::integer(t, 1..=1000, p));
    let colour = fields.require("colour", scalar::colour);
    let modes = [("inside", false), ("outside", true)];
    let outside = fields.read("mode", |t, p| scalar::choice(t, &modes, p));
    fields.close();
    Some(Border {
        width: width?,
        colour: colour?,
        outside: outside.unwrap_or(false),
    })
}
