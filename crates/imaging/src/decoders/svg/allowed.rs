//! What may be in a drawing.

pub(super) const NAMESPACE: &str = "http://www.w3.org/2000/svg";
/// Of `xlink:href`.
pub(super) const LINKS: &str = "http://www.w3.org/1999/xlink";

/// Elements that are drawn, or say how.
const DRAWN: [&str; 49] = [
    "svg",
    "g",
    "a",
    "switch",
    "defs",
    "symbol",
    "use",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "linearGradient",
    "radialGradient",
    "stop",
    "clipPath",
    "mask",
    "pattern",
    "marker",
    "style",
    "filter",
    "feBlend",
    "feColorMatrix",
    "feComponentTransfer",
    "feComposite",
    "feConvolveMatrix",
    "feDiffuseLighting",
    "feDisplacementMap",
    "feDistantLight",
    "feDropShadow",
    "feFlood",
    "feFuncA",
    "feFuncB",
    "feFuncG",
    "feFuncR",
    "feGaussianBlur",
    "feImage",
    "feMerge",
    "feMergeNode",
    "feMorphology",
    "feOffset",
    "fePointLight",
    "feSpecularLighting",
    "feSpotLight",
    "feTile",
    "feTurbulence",
    "image",
];

/// Elements of text: there are no fonts.
const TEXT: [&str; 4] = ["text", "tspan", "textPath", "tref"];

/// What becomes of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Drawn,
    Text,
    /// With all that is in it.
    LeftOut,
}

pub(super) fn verdict(name: &str) -> Verdict {
    if DRAWN.contains(&name) {
        Verdict::Drawn
    } else if TEXT.contains(&name) {
        Verdict::Text
    } else {
        Verdict::LeftOut
    }
}

/// Filters' own elements, each of which may cost a pass over the whole canvas.
pub(super) fn is_filter_step(name: &str) -> bool {
    name.starts_with("fe")
}
