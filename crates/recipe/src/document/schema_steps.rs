//! The mappings of `steps` as schema.
use serde_json::{Value, json};

use super::schema_parts::{reference, whole};

type Mapping = (&'static str, Value, &'static [&'static str]);

pub(super) fn mappings() -> Vec<Mapping> {
    let mut step = step();
    let Value::Object(overlays) = super::schema_overlays::steps() else {
        unreachable!("it is written as an object");
    };
    step.as_object_mut()
        .expect("it is written as an object")
        .extend(overlays);
    let mut all = vec![("step", step, &[][..])];
    all.extend(super::schema_overlays::mappings());
    all.extend(tones());
    all.extend(areas());
    all
}

/// A number between bounds, and what it says.
pub(super) fn number(least: f64, most: f64, description: &str) -> Value {
    json!({ "type": "number", "minimum": least, "maximum": most, "description": description })
}

pub(super) fn colour(description: &str) -> Value {
    json!({
        "type": "string", "pattern": "^(#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|white|black)$", "description": description,
    })
}

fn on(description: &str) -> Value {
    json!({ "const": true, "description": description })
}

/// A single value, or the mapping with all options.
fn short(value: &Value, of: &str, description: &str) -> Value {
    json!({ "description": description, "anyOf": [value, { "$ref": format!("#/definitions/{of}") }] })
}

fn triple(description: &str) -> Value {
    let number = json!({ "type": "number" });
    let three = json!({ "type": "array", "items": number, "minItems": 3, "maxItems": 3 });
    json!({ "description": description, "anyOf": [number, three] })
}

fn step() -> Value {
    let row = json!({ "type": "array", "items": { "type": "number" }, "minItems": 3, "maxItems": 3 });
    let sigma = json!({ "type": "number", "minimum": 0.3, "maximum": 250 });
    let radius = json!({ "type": ["number", "string"] });
    json!({
        "modulate": reference("modulate", "Changes brightness, saturation and hue as the eye tells them apart."),
        "contrast": number(0.0, 10.0, "Multiplies the distance of every sample to middle grey."),
        "linear": reference("linear", "Multiplies every sample by `a` and adds `b`."),
        "gamma": number(0.1, 10.0, "Raises samples to the power of 1 by this: above 1 brightens the middle tones."),
        "grayscale": on("Makes shades of grey by luminance."),
        "sepia": on("Makes the browns of an old print."),
        "tint": colour("Gives all middle tones the hue of this colour."),
        "duotone": {
            "description": "Makes shades from one colour, for black, to another, for white.",
            "type": "array", "items": colour("One end."), "minItems": 2, "maxItems": 2,
        },
        "negate": on("Turns every sample into 255 less it."),
        "normalise": short(&json!({ "const": true }), "normalise", "Stretches luminance to the whole range."),
        "recomb": {
            "description": "Makes red, green and blue, each by a row, from the three that were there.",
            "type": "array", "items": row, "minItems": 3, "maxItems": 3,
        },
        "convolve": reference("convolve", "Makes every pixel a weighted sum of its neighbourhood."),
        "flatten": colour("Puts transparency on this colour."),
        "blur": short(&sigma, "blur", "Blurs by a Gaussian of this standard deviation, in pixels."),
        "pixelate": short(&json!({ "type": "number", "minimum": 2, "maximum": 1000 }), "pixelate", "Makes squares with sides of so many pixels."),
        "sharpen": short(&json!({ "type": "number", "minimum": 0.1, "maximum": 10 }), "sharpen", "Makes edges steeper; the number is the standard deviation of the blur that it is the opposite of."),
        "round": short(&radius, "round", "Rounds corners: pixels, percent of the shorter side, or `max`, which makes a circle of a square."),
        "border": reference("border", "Draws a line along the edges."),
    })
}

fn tones() -> Vec<Mapping> {
    vec![
        (
            "modulate",
            json!({
                "brightness": number(0.0, 10.0, "Multiplies lightness."),
                "saturation": number(0.0, 10.0, "Multiplies chroma; 0 is grey."),
                "hue": number(-360.0, 360.0, "Degrees by which hues are turned."),
                "lightness": number(-100.0, 100.0, "Is added to lightness, in percent of white."),
            }),
            &[],
        ),
        (
            "linear",
            json!({
                "a": triple("One factor, or one for red, green and blue each."),
                "b": triple("One sum, or one for red, green and blue each, in levels of 255."),
            }),
            &[],
        ),
        (
            "normalise",
            json!({
                "lower": number(0.0, 100.0, "Percent of the pixels that become black; 1."),
                "upper": number(0.0, 100.0, "Percent of the pixels above which all become white; 99."),
            }),
            &[],
        ),
        (
            "convolve",
            json!({
                "width": whole(1, 25),
                "kernel": {
                    "description": "Weights, row by row.",
                    "type": "array", "items": { "type": "number" }, "minItems": 1, "maxItems": 625,
                },
                "scale": number(0.001, 1e6, "What the sum is divided by; that of the weights."),
                "offset": number(-255.0, 255.0, "What is added then; 0."),
            }),
            &["width", "kernel"],
        ),
    ]
}

fn areas() -> Vec<Mapping> {
    let region = json!({
        "description": "Only there: a rectangle of the file, or every face in it.",
        "anyOf": [{ "const": "faces" }, { "$ref": "#/definitions/region" }],
    });
    let sigma = |least: f64, most: f64| number(least, most, "Standard deviation, in pixels.");
    let side = number(2.0, 1000.0, "Of a square, in pixels.");
    vec![
        (
            "blur",
            json!({ "sigma": sigma(0.3, 250.0), "region": region }),
            &["sigma"],
        ),
        ("pixelate", json!({ "size": side, "region": region }), &["size"]),
        (
            "sharpen",
            json!({
                "sigma": sigma(0.1, 10.0),
                "m1": number(0.0, 1e6, "How much in flat areas; 1."),
                "m2": number(0.0, 1e6, "How much at edges; 2."),
                "when": {
                    "enum": ["always", "downscale"],
                    "description": "`downscale` leaves alone what is not made smaller; `always`.",
                },
            }),
            &["sigma"],
        ),
        (
            "round",
            json!({
                "radius": { "type": ["number", "string"], "description": "Pixels, percent of the shorter side, or `max`." },
                "background": colour("What corners become; without it they are transparent."),
            }),
            &["radius"],
        ),
        (
            "border",
            json!({
                "width": whole(1, 1000),
                "colour": colour("Of the line."),
                "mode": {
                    "enum": ["inside", "outside"],
                    "description": "`outside` makes the picture larger, `inside` covers its edge; `inside`.",
                },
            }),
            &["width", "colour"],
        ),
        (
            "region",
            json!({
                "left": number(0.0, 1e5, "From the left; 0."), "top": number(0.0, 1e5, "From the top; 0."),
                "width": number(0.01, 1e5, "Across."), "height": number(0.01, 1e5, "Down."),
                "unit": { "enum": ["px", "percent"], "description": "Pixels of the file, or hundredths of its sides; px." },
            }),
            &["width", "height"],
        ),
    ]
}
