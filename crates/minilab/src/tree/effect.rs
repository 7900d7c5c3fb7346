//! Effects in words, for the tree of a plan.
use minilab_recipe::{Effect, Rect, Rgb};

pub(super) fn words(effect: &Effect) -> String {
    match effect {
        Effect::Modulate(by) => format!(
            "modulate brightness by {}, saturation by {}, hue by {} degrees, lightness by {}",
            by.brightness, by.saturation, by.hue, by.lightness
        ),
        Effect::Linear { a, b } => format!("multiply by {a:?} and add {b:?}"),
        Effect::Gamma(gamma) => format!("gamma {gamma}"),
        Effect::Grayscale => "make grey".to_owned(),
        Effect::Recomb(_) => "mix colours".to_owned(),
        Effect::Tint(colour) => format!("tint with {}", hex(*colour)),
        Effect::Duotone { shadows, highlights } => {
            format!("shades from {} to {}", hex(*shadows), hex(*highlights))
        }
        Effect::Negate => "negate".to_owned(),
        Effect::Normalise { lower, upper } => format!("stretch luminance from {lower} % to {upper} %"),
        Effect::Blur { sigma, parts } => format!("blur by {sigma}{}", within(parts.as_deref())),
        Effect::Pixelate { size, parts } => format!("pixelate by {size}{}", within(parts.as_deref())),
        Effect::Sharpen { sigma, .. } => format!("sharpen by {sigma}"),
        Effect::Convolve(kernel) => format!("convolve {} x {}", kernel.width, kernel.height),
        Effect::Flatten(colour) => format!("flatten on {}", hex(*colour)),
        Effect::Round { radius, background } => match background {
            Some(colour) => format!("round corners by {radius} on {}", hex(*colour)),
            None => format!("round corners by {radius}"),
        },
    }
}

fn hex(Rgb([red, green, blue]): Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn within(parts: Option<&[Rect]>) -> String {
    let one = |part: &Rect| {
        format!(
            "{} x {} from {}, {}",
            part.width, part.height, part.left, part.top
        )
    };
    match parts {
        None => String::new(),
        Some(parts) => format!(
            " within {}",
            parts.iter().map(one).collect::<Vec<_>>().join(" and ")
        ),
    }
}
