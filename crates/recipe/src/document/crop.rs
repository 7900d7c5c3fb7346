//! Reading crops to faces and to marked parts.
use super::read::{Fields, Problems, one_or_many};
use super::resize::gravity;
use super::scalar;
use super::tree::{Tree, Value};
use crate::diagnostic::Code;
use crate::{Crop, Gravity, Pick, Subject};

/// Room around a face unless it is said: hair, chin and ears are in it.
const FACE_PADDING: f64 = 0.4;

/// `face`, or `{ to: face, padding: 0.4, pick: largest, closeness: high, else: [attention, centre] }`.
pub(super) fn crop(tree: &Tree, problems: &Problems) -> Option<Crop> {
    if !matches!(tree.value, Value::Map(_)) {
        return Some(of(subject(tree, problems)?));
    }
    let mut fields = Fields::open("crop", tree, problems)?;
    let to = fields.require("to", subject);
    let padding = fields.read("padding", |t, p| scalar::number(t, 0.0..=10.0, p));
    let picks = [
        ("largest", Pick::Largest),
        ("all", Pick::All),
        ("most_central", Pick::MostCentral),
    ];
    let pick = fields.read("pick", |t, p| scalar::choice(t, &picks, p));
    let closeness = fields.read("closeness", closeness);
    let otherwise = fields.read("else", |tree, problems| one_or_many(tree, problems, gravity));
    if to == Some(Subject::Focal) && pick.is_some() {
        fields.conflict(
            "pick",
            "only faces can be picked from",
            "drop it, or crop to: face",
        );
    }
    let itself = match to? {
        Subject::Face => Gravity::Face,
        Subject::Focal => Gravity::Focal,
    };
    if otherwise.as_ref().is_some_and(|list| list.contains(&itself)) {
        fields.conflict(
            "else",
            "what is not there to be cropped to is not there to be kept either",
            "name another gravity",
        );
    }
    fields.close();
    let base = of(to?);
    Some(Crop {
        padding: padding.unwrap_or(base.padding),
        pick: pick.unwrap_or(base.pick),
        closeness: closeness.unwrap_or(base.closeness),
        otherwise: otherwise.unwrap_or(base.otherwise),
        ..base
    })
}

fn of(to: Subject) -> Crop {
    Crop {
        to,
        padding: if to == Subject::Face { FACE_PADDING } else { 0.0 },
        pick: Pick::Largest,
        closeness: 1.0,
        otherwise: vec![Gravity::Attention],
    }
}

fn subject(tree: &Tree, problems: &Problems) -> Option<Subject> {
    scalar::choice(
        tree,
        &[("face", Subject::Face), ("focal", Subject::Focal)],
        problems,
    )
}

/// Imbo's words, or a number.
fn closeness(tree: &Tree, problems: &Problems) -> Option<f64> {
    let words = [("low", 0.35), ("medium", 0.7), ("high", 1.0)];
    let text = scalar::text(tree, problems)?;
    if text.parse::<f64>().is_ok() {
        return scalar::number(tree, 0.0..=1.0, problems);
    }
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*value);
    }
    problems.note(
        tree.span,
        Code::BadValue,
        format!("{text:?} is no closeness"),
        Some("low, medium, high, or a number from 0 to 1".to_owned()),
    );
    None
}
