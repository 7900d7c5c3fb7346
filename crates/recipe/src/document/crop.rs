//! Reading crops to faces and to marked parts.
use super::read::{Fields, Problems, one_or_many};
use super::resize::gravity;
use super::scalar;
use super::tree::{Tree, Value};
use crate::diagnostic::Code;
use crate::{Crop, EachFace, FACES_MAX, Gravity, Pick, Subject};

/// Room around a face unless it is said: hair, chin and ears are in it.
const FACE_PADDING: f64 = 0.4;

/// What stays where there is no such subject, unless it is said; `for_each` has none then.
pub(super) const INSTEAD: &[Gravity] = &[Gravity::Attention];

/// `face`, or `{ to: face, padding: 0.4, pick: largest, closeness: high, else: [attention, centre] }`.
pub(super) fn crop(tree: &Tree, instead: &[Gravity], problems: &Problems) -> Option<Crop> {
    if !matches!(tree.value, Value::Map(_)) {
        return Some(of(subject(tree, problems)?, instead));
    }
    let mut fields = Fields::open("crop", tree, problems)?;
    let to = fields.require("to", subject);
    let padding = fields.read("padding", |t, p| scalar::number(t, 0.0..=10.0, p));
    let pick = fields.read("pick", pick);
    let closeness = fields.read("closeness", closeness);
    let otherwise = fields.read("else", |tree, problems| one_or_many(tree, problems, gravity));
    if to == Some(Subject::Focal) && pick.is_some() {
        fields.conflict(
            "pick",
            "only faces can be picked from",
            "drop it, or crop to: face",
        );
    }
    if to == Some(Subject::Focal) && otherwise.as_ref().is_some_and(Vec::is_empty) {
        fields.conflict(
            "else",
            "where nothing is marked, something must be shown",
            "name a gravity, such as centre",
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
    let base = of(to?, instead);
    Some(Crop {
        padding: padding.unwrap_or(base.padding),
        pick: pick.unwrap_or(base.pick),
        closeness: closeness.unwrap_or(base.closeness),
        otherwise: otherwise.unwrap_or(base.otherwise),
        ..base
    })
}

fn of(to: Subject, instead: &[Gravity]) -> Crop {
    Crop {
        to,
        padding: if to == Subject::Face { FACE_PADDING } else { 0.0 },
        pick: Pick::Largest,
        closeness: 1.0,
        otherwise: instead.to_vec(),
    }
}

fn subject(tree: &Tree, problems: &Problems) -> Option<Subject> {
    scalar::choice(
        tree,
        &[("face", Subject::Face), ("focal", Subject::Focal)],
        problems,
    )
}

/// A word, or a face's number by size.
fn pick(tree: &Tree, problems: &Problems) -> Option<Pick> {
    let words = [
        ("largest", Pick::Largest),
        ("all", Pick::All),
        ("most_central", Pick::MostCentral),
    ];
    let text = scalar::text(tree, problems)?;
    if text.parse::<i64>().is_ok() {
        return scalar::integer(tree, 1..=FACES_MAX as u32, problems).map(Pick::Nth);
    }
    scalar::choice(tree, &words, problems)
}

/// `face`, or `{ of: face, most: 12 }`.
pub(super) fn for_each(tree: &Tree, problems: &Problems) -> Option<EachFace> {
    let face = |tree: &Tree, problems: &Problems| scalar::choice(tree, &[("face", ())], problems);
    if !matches!(tree.value, Value::Map(_)) {
        return face(tree, problems).map(|()| EachFace { most: MOST_FACES });
    }
    let mut fields = Fields::open("for_each", tree, problems)?;
    let of = fields.require("of", face);
    let most = fields.read("most", |t, p| scalar::integer(t, 1..=MOST_FACES_MAX, p));
    fields.close();
    of.map(|()| EachFace {
        most: most.unwrap_or(MOST_FACES),
    })
}

/// Faces that get files unless it is said: a family, not a crowd.
pub(super) const MOST_FACES: u32 = 8;
/// And at most: each has a file of every size and format.
pub(super) const MOST_FACES_MAX: u32 = 32;

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
