//! Reading sizes: boxes from width, height, widths or a ladder, with their aspect resolved.
use super::ladder::{self, SIDE_MAX};
use super::read::{Fields, Problems, list, one_or_many};
use super::scalar;
use super::tree::Tree;
use crate::diagnostic::Code;
use crate::{Asked, Background, Filling, Fit, Gravity, Kernel, Ratio, Resize};

/// The resize, and what fills the rest of a `fit: contain`.
pub(super) fn resize(tree: &Tree, paint: Background, problems: &Problems) -> Option<(Resize, Filling)> {
    let mut fields = Fields::open("resize", tree, problems)?;
    let side = |tree: &Tree, problems: &Problems| scalar::integer(tree, 1..=SIDE_MAX, problems);
    let width = fields.read("width", side);
    let height = fields.read("height", side);
    let widths = fields.read("widths", self::widths);
    let ladder = fields.read("ladder", ladder::widths);
    let aspect = fields.read("aspect", scalar::ratio);
    let fit = fields.read("fit", fit);
    let enlarge = fields.read("enlarge", scalar::boolean).unwrap_or(false);
    let gravity = fields.read("gravity", |tree, problems| {
        one_or_many(tree, problems, self::gravity)
    });
    let kernel = fields.read("kernel", kernel).unwrap_or_default();
    let linear = fields.read("linear", scalar::boolean).unwrap_or(false);
    let padding = fields.read("background", scalar::filling);
    let given: Vec<_> = ["width", "widths", "ladder"]
        .into_iter()
        .filter(|key| fields.has(key))
        .collect();
    if given.len() > 1 {
        fields.conflict(
            given[1],
            format!("{} and {} are two ways to say one thing", given[0], given[1]),
            "keep one",
        );
    }
    let shape = aspect.filter(|_| given.is_empty() && !fields.has("height"));
    if given.is_empty() && !fields.has("height") && !fields.has("aspect") {
        let help = Some("one of width, height, widths, ladder, or an aspect".to_owned());
        problems.note(fields.span(), Code::MissingKey, "resize names no size", help);
    }
    if fields.has("aspect") && fields.has("height") && !given.is_empty() {
        fields.conflict(
            "aspect",
            "the height follows from the aspect",
            "drop height or aspect",
        );
    }
    let (listed, across) = match (&widths, &ladder, width) {
        (Some(widths), _, _) | (_, Some(widths), _) => (true, widths.clone()),
        (_, _, Some(width)) => (false, vec![width]),
        _ => (false, Vec::new()),
    };
    if listed && fields.has("height") && aspect.is_none() {
        fields.conflict(
            "height",
            "one height for many widths changes the shape at each",
            "use aspect: 16/9",
        );
    }
    let boxed = aspect.is_some() || (height.is_some() && !across.is_empty());
    let chosen = fit.unwrap_or(if aspect.is_some() { Fit::Cover } else { Fit::Inside });
    check(&fields, fit, chosen, boxed, gravity.as_deref());
    if shape.is_some() {
        only_shaped(&fields, chosen);
    }
    fields.close();
    let resize = Resize {
        boxes: boxes(&across, height, aspect),
        fit: if boxed { chosen } else { Fit::Inside },
        enlarge,
        gravity: gravity.unwrap_or_default(),
        kernel,
        linear,
        shape,
    };
    Some((resize, padding.unwrap_or(Filling::Background(paint))))
}

fn boxes(across: &[u32], height: Option<u32>, aspect: Option<Ratio>) -> Vec<Asked> {
    let share = |of: u32, part: u32, whole: u32| {
        let exact = (u64::from(of) * u64::from(part) + u64::from(whole) / 2) / u64::from(whole);
        exact.clamp(1, u64::from(SIDE_MAX)) as u32
    };
    if across.is_empty() {
        let width = aspect
            .zip(height)
            .map(|(ratio, height)| share(height, ratio.width, ratio.height));
        return vec![Asked { width, height }];
    }
    let down = |width| {
        aspect
            .map(|ratio| share(width, ratio.height, ratio.width))
            .or(height)
    };
    across
        .iter()
        .map(|&width| Asked {
            width: Some(width),
            height: down(width),
        })
        .collect()
}

/// Options that would have no effect are mistakes.
fn check(fields: &Fields<'_>, said: Option<Fit>, fit: Fit, boxed: bool, gravity: Option<&[Gravity]>) {
    if said.is_some_and(|fit| fit != Fit::Inside) && !boxed {
        fields.conflict(
            "fit",
            "this fit needs a width and a height",
            "add the other side, or an aspect",
        );
    }
    if fields.has("gravity") && !(boxed && matches!(fit, Fit::Cover | Fit::Contain)) {
        fields.conflict(
            "gravity",
            "a gravity has no effect where nothing is cut or filled",
            "use fit: cover",
        );
    }
    let by_content = |g: &Gravity| g.share().is_none();
    if fit == Fit::Contain && gravity.is_some_and(|gravity| gravity.iter().any(by_content)) {
        fields.conflict(
            "gravity",
            "fit: contain cuts nothing",
            "a compass point says where the picture stands",
        );
    }
    if fields.has("background") && fit != Fit::Contain {
        fields.conflict(
            "background",
            "only fit: contain has a rest to fill",
            "put it beside resize, or drop it",
        );
    }
}

/// Where only a shape is asked, nothing is resampled, and there is no box to lie in.
fn only_shaped(fields: &Fields<'_>, fit: Fit) {
    for key in ["enlarge", "kernel", "linear"] {
        if fields.has(key) {
            fields.conflict(
                key,
                "an aspect alone resamples nothing",
                "add a width or a height",
            );
        }
    }
    if matches!(fit, Fit::Inside | Fit::Outside) {
        fields.conflict(
            "fit",
            "this fit needs a size",
            "add a width or a height, or use fit: cover",
        );
    }
}

fn widths(tree: &Tree, problems: &Problems) -> Option<Vec<u32>> {
    let mut widths = list(tree, problems, |t, p| scalar::integer(t, 1..=SIDE_MAX, p))?;
    widths.sort_unstable();
    if widths.is_empty() {
        problems.note(tree.span, Code::MissingKey, "widths is empty", None);
        return None;
    }
    if let Some(&[width, _]) = widths.windows(2).find(|pair| pair.first() == pair.last()) {
        problems.note(
            tree.span,
            Code::SameKey,
            format!("the width {width} is there twice"),
            None,
        );
    }
    widths.dedup();
    Some(widths)
}

fn fit(tree: &Tree, problems: &Problems) -> Option<Fit> {
    let words = [
        ("inside", Fit::Inside),
        ("outside", Fit::Outside),
        ("cover", Fit::Cover),
        ("contain", Fit::Contain),
        ("fill", Fit::Fill),
    ];
    scalar::choice(tree, &words, problems)
}

/// A name, or sharp's spelling of it.
pub(super) fn gravity(tree: &Tree, problems: &Problems) -> Option<Gravity> {
    let words = [
        ("centre", Gravity::Centre),
        ("center", Gravity::Centre),
        ("north", Gravity::North),
        ("northeast", Gravity::Northeast),
        ("east", Gravity::East),
        ("southeast", Gravity::Southeast),
        ("south", Gravity::South),
        ("southwest", Gravity::Southwest),
        ("west", Gravity::West),
        ("northwest", Gravity::Northwest),
        ("attention", Gravity::Attention),
        ("entropy", Gravity::Entropy),
        ("focal", Gravity::Focal),
        ("face", Gravity::Face),
    ];
    scalar::choice(tree, &words, problems)
}

fn kernel(tree: &Tree, problems: &Problems) -> Option<Kernel> {
    let words = [
        ("nearest", Kernel::Nearest),
        ("linear", Kernel::Linear),
        ("cubic", Kernel::Cubic),
        ("mitchell", Kernel::Mitchell),
        ("lanczos2", Kernel::Lanczos2),
        ("lanczos3", Kernel::Lanczos3),
    ];
    scalar::choice(tree, &words, problems)
}
