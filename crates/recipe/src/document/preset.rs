//! Presets: the derivatives that other tools make by default, under their names and in their sizes.
//!
//! They are texts of the language itself. Checked against what the tools' packages say: `@strapi/upload` 5.54
//! (`image-manipulation.js`), `next` 16.4 (`image-config.js`), `@11ty/eleventy-img` 6.0 (`global-options.js`); and Imbo 3's
//! listener for image variations.
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::derivative::{Common, derivative};
use super::formats::{Named, formats};
use super::read::{self, Fields, Problems, list};
use super::scalar;
use super::schema_parts::{Mapping, words};
use super::tree::{self, Tree, Value};
use crate::diagnostic::Span;
use crate::{Derivative, OutputFormat};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Strapi,
    Next,
    Eleventy,
    Imbo,
}

const TOOLS: [(&str, Tool); 4] = [
    ("strapi", Tool::Strapi),
    ("next", Tool::Next),
    ("eleventy", Tool::Eleventy),
    ("imbo-variations", Tool::Imbo),
];

impl Tool {
    /// What it makes when it is told nothing else.
    fn formats(self) -> &'static [OutputFormat] {
        match self {
            Self::Strapi | Self::Imbo => &[OutputFormat::Jpeg],
            Self::Next => &[OutputFormat::Webp],
            Self::Eleventy => &[OutputFormat::Webp, OutputFormat::Jpeg],
        }
    }

    /// Its derivatives: name, resize, lane.
    fn derivatives(self, widths: Option<&[u32]>) -> Vec<(&'static str, String, &'static str)> {
        let ladder = |usual: &[u32]| format!("{{ widths: {:?} }}", widths.unwrap_or(usual));
        let within = |width: u32, height: u32| format!("{{ width: {width}, height: {height} }}");
        match self {
            Self::Strapi => vec![
                ("thumbnail", within(245, 156), "fast"),
                ("small", within(500, 500), "standard"),
                ("medium", within(750, 750), "standard"),
                ("large", within(1000, 1000), "standard"),
            ],
            // `imageSizes` and `deviceSizes`.
            Self::Next => {
                let usual = [
                    32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840,
                ];
                vec![("image", ladder(&usual), "standard")]
            }
            Self::Eleventy => vec![(
                "image",
                widths.map_or_else(String::new, |_| ladder(&[])),
                "standard",
            )],
            // Halves of its `maxWidth` down to its `minWidth`, as long as they differ by its `minDiff`. Imbo begins at each
            // original's own width; here they are the same for all, so that a page can compute them.
            Self::Imbo => vec![("variation", ladder(&[128, 256, 512, 1024]), "standard")],
        }
    }
}

/// A recipe's preset and what it is told.
pub(super) struct Preset {
    tool: Tool,
    formats: Option<Vec<Named>>,
    widths: Option<Vec<u32>>,
}

/// A name, or `{ name: next, formats: [avif, webp], widths: [640, 1280] }`.
pub(super) fn preset(tree: &Tree, problems: &Problems) -> Option<Preset> {
    if !matches!(tree.value, Value::Map(_)) {
        return Some(Preset {
            tool: scalar::choice(tree, &TOOLS, problems)?,
            formats: None,
            widths: None,
        });
    }
    let mut fields = Fields::open("preset", tree, problems)?;
    let tool = fields.require("name", |tree, problems| scalar::choice(tree, &TOOLS, problems));
    let formats = fields.read("formats", |tree, problems| formats(tree, None, problems));
    let widths = fields.read("widths", |tree, problems| {
        list(tree, problems, |t, p| {
            scalar::integer(t, 1..=crate::OUTPUT_SIDE_MAX, p)
        })
    });
    if tool == Some(Tool::Strapi) && widths.is_some() {
        fields.conflict(
            "widths",
            "strapi's sizes are boxes, not widths",
            "write a derivative of the same name to replace one: small: { resize: { width: 640 }, formats: [jpeg] }",
        );
    }
    fields.close();
    Some(Preset {
        tool: tool?,
        formats,
        widths: widths.filter(|widths| !widths.is_empty()),
    })
}

impl Preset {
    /// Its derivatives but those of which the recipe has its own; what the recipe says for all goes for them too.
    pub fn derivatives(
        &self,
        own: &[&str],
        common: &Common<'_>,
        at: Span,
        problems: &Problems,
    ) -> Vec<Derivative> {
        let told = Problems::default();
        let root = tree::parse(&self.text(own), &|_| None, &told);
        let entries = root
            .as_ref()
            .and_then(|root| read::entries("derivatives", root, &told));
        let made = entries
            .into_iter()
            .flatten()
            .filter_map(|(name, tree)| derivative(name, tree, common, &told))
            .collect();
        // The text of a preset is right by itself: what is wrong is what the recipe says for all.
        for problem in told.into_list() {
            problems.note(
                at,
                problem.code,
                format!("in the preset, {}", problem.message),
                problem.help,
            );
        }
        made
    }

    fn text(&self, own: &[&str]) -> String {
        let usual = || self.tool.formats().iter().copied().map(Named::One).collect();
        let formats = self.formats.clone().unwrap_or_else(usual);
        let formats: Vec<&str> = formats.iter().map(|format| format.as_str()).collect();
        let mut text = String::from("{");
        for (name, resize, lane) in self.tool.derivatives(self.widths.as_deref()) {
            if own.contains(&name) {
                continue;
            }
            let lane = if lane == "standard" {
                String::new()
            } else {
                format!(", lane: {lane}")
            };
            let resize = if resize.is_empty() {
                resize
            } else {
                format!("resize: {resize}, ")
            };
            let formats = formats.join(", ");
            write!(text, " {name}: {{ {resize}formats: [{formats}]{lane} }},").expect("texts take text");
        }
        text + " }"
    }
}

pub(super) fn schema() -> Json {
    json!({
        "description": "The derivatives that another tool makes by default, in its sizes and under its names; a derivative of the \
             recipe's own takes the place of that of the same name.",
        "anyOf": [{ "enum": TOOLS.map(|(word, _)| word) }, { "$ref": "#/definitions/preset" }],
    })
}

pub(super) fn mappings() -> Vec<Mapping> {
    let width = super::schema_parts::whole(1, crate::OUTPUT_SIDE_MAX);
    let format = words::<OutputFormat>();
    vec![(
        "preset",
        json!({
            "name": { "enum": TOOLS.map(|(word, _)| word), "description": "Which tool's." },
            "formats": {
                "description": "In place of the tool's own formats.",
                "anyOf": [format, { "type": "array", "items": format, "uniqueItems": true }],
            },
            "widths": {
                "description": "In place of the tool's own widths: deviceSizes and imageSizes of next, widths of eleventy.",
                "type": "array", "items": width, "uniqueItems": true,
            },
        }),
        &["name"],
    )]
}
