//! Reading effects that are the same at every size: colours, tones, weights of neighbours.
use super::super::read::{Fields, Problems, list};
use super::super::scalar;
use super::super::tree::{Tree, Value};
use crate::diagnostic::Code;
use crate::{AskedStep, Convolve, Effect, Modulate, Rgb};

/// What sepia is made of: as browsers mix it (`filter: sepia(1)`).
const SEPIA: [[f64; 3]; 3] = [
    [0.393, 0.769, 0.189],
    [0.349, 0.686, 0.168],
    [0.272, 0.534, 0.131],
];

/// Percent of the pixels that `normalise` lets become black, and that it lets be white: sharp's.
const NORMALISED: (f64, f64) = (1.0, 99.0);

/// Sides of a convolution's neighbourhood.
const KERNEL_SIDE_MAX: u32 = 25;

/// The step, if it is one of these; every key is asked for, so that the others can be told from misspelt ones.
pub(super) fn read(fields: &mut Fields<'_>) -> Option<AskedStep> {
    let read = [
        fields.read("modulate", modulate),
        fields.read("contrast", contrast),
        fields.read("linear", linear),
        fields
            .read("gamma", |t, p| scalar::number(t, 0.1..=10.0, p))
            .map(Effect::Gamma),
        fields.read("grayscale", on).map(|()| Effect::Grayscale),
        fields.read("sepia", on).map(|()| Effect::Recomb(SEPIA)),
        fields.read("tint", scalar::colour).map(Effect::Tint),
        fields.read("duotone", duotone),
        fields.read("negate", on).map(|()| Effect::Negate),
        fields.read("normalise", normalise),
        fields.read("recomb", recomb),
        fields.read("convolve", convolve),
        fields.read("flatten", scalar::colour).map(Effect::Flatten),
    ];
    read.into_iter().flatten().next().map(AskedStep::Plain)
}

/// A step without options is there or is left out.
fn on(tree: &Tree, problems: &Problems) -> Option<()> {
    scalar::choice(tree, &[("true", ())], problems)
}

fn modulate(tree: &Tree, problems: &Problems) -> Option<Effect> {
    let mut fields = Fields::open("modulate", tree, problems)?;
    let factor = |t: &Tree, p: &Problems| scalar::number(t, 0.0..=10.0, p);
    let brightness = fields.read("brightness", factor);
    let saturation = fields.read("saturation", factor);
    let hue = fields.read("hue", |t, p| scalar::number(t, -360.0..=360.0, p));
    let lightness = fields.read("lightness", |t, p| scalar::number(t, -100.0..=100.0, p));
    let asked = Modulate {
        brightness: brightness.unwrap_or(1.0),
        saturation: saturation.unwrap_or(1.0),
        hue: hue.unwrap_or(0.0).rem_euclid(360.0),
        lightness: lightness.unwrap_or(0.0),
    };
    let nothing = Modulate {
        brightness: 1.0,
        saturation: 1.0,
        hue: 0.0,
        lightness: 0.0,
    };
    let span = fields.span();
    fields.close();
    if asked == nothing && !problems.is_noted_within(tree.span) {
        let help = "brightness: 1.1, saturation: 0.8, hue: 90 or lightness: 5".to_owned();
        problems.note(span, Code::Conflict, "modulate changes nothing", Some(help));
    }
    Some(Effect::Modulate(asked))
}

/// A factor around middle grey.
fn contrast(tree: &Tree, problems: &Problems) -> Option<Effect> {
    let factor = scalar::number(tree, 0.0..=10.0, problems)?;
    Some(Effect::Linear {
        a: [factor; 3],
        b: [127.5 * (1.0 - factor); 3],
    })
}

/// `{ a: 1.2, b: [0, -5, 10] }`: one number for all samples, or one for each of red, green and blue.
fn linear(tree: &Tree, problems: &Problems) -> Option<Effect> {
    let mut fields = Fields::open("linear", tree, problems)?;
    let a = fields.read("a", |t, p| one_or_three(t, 100.0, p));
    let b = fields.read("b", |t, p| one_or_three(t, 25_500.0, p));
    if !fields.has("a") && !fields.has("b") {
        let help = "a multiplies, b is added: { a: 1.2, b: -10 }".to_owned();
        problems.note(
            fields.span(),
            Code::MissingKey,
            "linear changes nothing",
            Some(help),
        );
    }
    fields.close();
    Some(Effect::Linear {
        a: a.unwrap_or([1.0; 3]),
        b: b.unwrap_or([0.0; 3]),
    })
}

fn one_or_three(tree: &Tree, most: f64, problems: &Problems) -> Option<[f64; 3]> {
    if matches!(tree.value, Value::List(_)) {
        return three(tree, most, problems);
    }
    scalar::number(tree, -most..=most, problems).map(|number| [number; 3])
}

fn three(tree: &Tree, most: f64, problems: &Problems) -> Option<[f64; 3]> {
    let numbers = list(tree, problems, |t, p| scalar::number(t, -most..=most, p))?;
    let three = numbers.try_into().ok();
    if three.is_none() {
        let help = Some("one for red, green and blue each".to_owned());
        problems.note(tree.span, Code::BadValue, "three numbers belong here", help);
    }
    three
}

/// Two colours: for black, and for white.
fn duotone(tree: &Tree, problems: &Problems) -> Option<Effect> {
    let colours: Vec<Rgb> = list(tree, problems, scalar::colour)?;
    let [shadows, highlights] = colours[..] else {
        let help = Some("such as [\"#1e3163\", \"#f4f1de\"]: for black, and for white".to_owned());
        problems.note(tree.span, Code::BadValue, "a duotone has two colours", help);
        return None;
    };
    Some(Effect::Duotone { shadows, highlights })
}

fn normalise(tree: &Tree, problems: &Problems) -> Option<Effect> {
    let (mut lower, mut upper) = NORMALISED;
    if matches!(tree.value, Value::Map(_)) {
        let mut fields = Fields::open("normalise", tree, problems)?;
        let mut percent = |key| fields.read(key, |t, p| scalar::number(t, 0.0..=100.0, p));
        lower = percent("lower").unwrap_or(lower);
        upper = percent("upper").unwrap_or(upper);
        if lower >= upper {
            fields.conflict("lower", "lower is not below upper", "lower: 1, upper: 99");
        }
        fields.close();
    } else {
        on(tree, problems)?;
    }
    Some(Effect::Normalise { lower, upper })
}

fn recomb(tree: &Tree, problems: &Problems) -> Option<Effect> {
    let rows = list(tree, problems, |t, p| three(t, 100.0, p))?;
    let rows = rows.try_into().ok();
    if rows.is_none() {
        let help = Some("such as [[0, 1, 0], [1, 0, 0], [0, 0, 1]]".to_owned());
        problems.note(
            tree.span,
            Code::BadValue,
            "three rows of three numbers belong here",
            help,
        );
    }
    rows.map(Effect::Recomb)
}

/// `{ width: 3, kernel: [0, -1, 0, -1, 5, -1, 0, -1, 0] }`.
fn convolve(tree: &Tree, problems: &Problems) -> Option<Effect> {
    let mut fields = Fields::open("convolve", tree, problems)?;
    let width = fields.require("width", |t, p| scalar::integer(t, 1..=KERNEL_SIDE_MAX, p));
    let kernel = fields.require("kernel", |t, p| {
        list(t, p, |t, p| scalar::number(t, -1e6..=1e6, p))
    });
    let scale = fields.read("scale", |t, p| scalar::number(t, 0.001..=1e6, p));
    let offset = fields.read("offset", |t, p| scalar::number(t, -255.0..=255.0, p));
    let (width, kernel) = (width?, kernel?);
    let height = kernel.len() as u32 / width;
    if height == 0 || height > KERNEL_SIDE_MAX || height * width != kernel.len() as u32 {
        let message = format!("{} weights are no rows of {width}", kernel.len());
        let help = format!("rows of {width}, at most {KERNEL_SIDE_MAX} of them");
        problems.note(fields.span_of("kernel"), Code::BadValue, message, Some(help));
        return None;
    }
    fields.close();
    // As in sharp: the picture keeps its brightness, unless the weights cancel each other.
    let sum: f64 = kernel.iter().sum();
    let whole = if sum.abs() < 1e-9 { 1.0 } else { sum };
    Some(Effect::Convolve(Convolve {
        width,
        height,
        kernel,
        scale: scale.unwrap_or(whole),
        offset: offset.unwrap_or(0.0),
    }))
}
