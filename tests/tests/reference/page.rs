//! The page: an introduction by hand, a table for each mapping of the language, and the examples with their pictures.
use std::{collections::VecDeque, fmt::Write as _, fs};

use serde_json::Value;

use crate::{docs, example::Example};

/// Mappings of which every key has an example.
pub const IS_SHOWN: &[&str] = &["derivative", "step", "resize", "composite", "text"];

/// A mapping of the language.
pub struct Section<'a> {
    pub name: &'a str,
    pub keys: Vec<Key>,
}

/// One of its keys.
pub struct Key {
    pub name: String,
    pub values: String,
    pub description: String,
}

/// The recipe's mapping and all that it leads to, nearest first.
pub fn sections(schema: &Value) -> Vec<Section<'_>> {
    let definitions = schema["definitions"].as_object().unwrap();
    let (mut found, mut next) = (Vec::<&str>::new(), VecDeque::from(["recipe"]));
    while let Some(name) = next.pop_front() {
        let Some((name, definition)) = definitions.get_key_value(name) else {
            panic!("the schema does not define {name}")
        };
        if !found.contains(&name.as_str()) {
            found.push(name);
            next.extend(references(definition));
        }
    }
    let section = |name: &'_ str| {
        let (name, definition) = definitions.get_key_value(name).unwrap();
        let properties = definition["properties"].as_object().unwrap();
        let key = |(name, value): (&String, &Value)| Key {
            name: name.clone(),
            values: values(value),
            description: value["description"].as_str().unwrap_or_default().to_owned(),
        };
        Section {
            name,
            keys: properties.iter().map(key).collect(),
        }
    };
    found.into_iter().map(section).collect()
}

fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match value {
                Value::String(target) if key == "$ref" => vec![target.rsplit('/').next().unwrap()],
                other => references(other),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// What may stand there, in a few words.
fn values(value: &Value) -> String {
    if let Some(target) = value["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap();
        return format!("[{name}](#{name})");
    }
    for several in ["anyOf", "oneOf", "allOf"] {
        if let Some(choices) = value[several].as_array() {
            let mut told: Vec<String> = choices
                .iter()
                .map(values)
                .filter(|text| !text.is_empty())
                .collect();
            told.dedup();
            return told.join(", ");
        }
    }
    if let Some(words) = value["enum"].as_array() {
        return words
            .iter()
            .map(|word| format!("`{}`", bare(word)))
            .collect::<Vec<_>>()
            .join(" ");
    }
    if let Some(word) = value.get("const") {
        return format!("`{}`", bare(word));
    }
    match value["type"].as_str() {
        Some("array") => format!("list of {}", values(&value["items"])),
        Some("object") => match value.get("additionalProperties") {
            Some(of @ Value::Object(_)) => format!("by name: {}", values(of)),
            _ => "mapping".to_owned(),
        },
        Some("boolean") => "`true` `false`".to_owned(),
        Some("integer" | "number") => match (value.get("minimum"), value.get("maximum")) {
            (Some(least), Some(most)) => format!("{} to {}", bare(least), bare(most)),
            (Some(least), None) => format!("{} or more", bare(least)),
            _ => "number".to_owned(),
        },
        Some(other) => other.replace("string", "text"),
        None => value["type"].as_array().map_or_else(String::new, |types| {
            types
                .iter()
                .map(bare)
                .map(|kind| kind.replace("string", "text"))
                .collect::<Vec<_>>()
                .join(" or ")
        }),
    }
}

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The whole page.
pub fn written(schema: &Value, examples: &[Example]) -> String {
    let mut page = fs::read_to_string(docs("recipe/introduction.md")).unwrap();
    page.push_str("\n## What it looks like\n\nMade by `minilab render`; `make reference` makes them anew.\n");
    for example in examples {
        shown(&mut page, example);
    }
    page.push_str("\n## Every key\n");
    for section in sections(schema) {
        write!(
            page,
            "\n### {}\n\n| key | values | |\n|---|---|---|\n",
            section.name
        )
        .unwrap();
        for key in section.keys {
            writeln!(
                page,
                "| `{}` | {} | {} |",
                key.name,
                cell(&key.values),
                cell(&key.description)
            )
            .unwrap();
        }
    }
    page
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn shown(page: &mut String, example: &Example) {
    write!(
        page,
        "\n### Example: {}\n\n{}\n\n```yaml\n",
        example.name, example.sentence
    )
    .unwrap();
    for block in [&example.recipe, &example.derivative] {
        if !block.is_empty() {
            writeln!(page, "{block}").unwrap();
        }
    }
    page.push_str("```\n");
    let pictures = example.pictures();
    if !pictures.is_empty() {
        page.push('\n');
    }
    for picture in pictures {
        let name = picture.file_name().unwrap().to_str().unwrap().to_owned();
        writeln!(
            page,
            "<img src=\"recipe/pictures/{name}\" alt=\"{}\">",
            example.name
        )
        .unwrap();
    }
}
