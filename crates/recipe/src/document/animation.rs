//! Reading `animation`: a word, or the number of a frame.
use super::read::{Problems, suggestion};
use super::scalar;
use super::tree::Tree;
use crate::Animation;
use crate::diagnostic::Code;

/// As many as `accept.frames` can allow.
const FRAME_MAX: u32 = 99_999;

pub(super) fn animation(tree: &Tree, problems: &Problems) -> Option<Animation> {
    let text = scalar::text(tree, problems)?;
    let word = match text.as_str() {
        "keep" => Some(Animation::Keep),
        "first" => Some(Animation::First),
        "drop" => Some(Animation::Drop),
        other => other
            .parse()
            .ok()
            .filter(|frame| *frame <= FRAME_MAX)
            .map(|frame| match frame {
                0 => Animation::First,
                later => Animation::Frame(later),
            }),
    };
    if word.is_none() {
        let help = suggestion(&text, &["keep", "first", "drop"]) + ", or the number of a frame, from 0";
        problems.note(
            tree.span,
            Code::BadValue,
            format!("{text:?} is not allowed here"),
            Some(help),
        );
    }
    word
}
