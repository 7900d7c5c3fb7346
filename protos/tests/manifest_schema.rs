//! What is published of the manifest's form agrees with the types.
#![expect(clippy::unwrap_used, reason = "a test, helpers included")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use minilab_protos::manifest::manifest_schema;
use serde_json::Value;

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/manifest.schema.json");
const TYPES: &str = include_str!("../schema/manifest.d.ts");

#[test]
fn published_schema_is_that_of_the_types() {
    let current = serde_json::to_string_pretty(&manifest_schema()).unwrap() + "\n";
    if std::env::var_os("MINILAB_REGENERATE").is_some() {
        fs::write(SCHEMA, &current).unwrap();
    }
    let published = fs::read_to_string(SCHEMA).unwrap_or_default();
    assert!(
        published == current,
        "protos/schema/{} is out of date; regenerate it with\n  MINILAB_REGENERATE=1 cargo nextest run -p minilab-protos",
        Path::new(SCHEMA).file_name().unwrap().display(),
    );
    assert_eq!(
        manifest_schema()["$schema"],
        "http://json-schema.org/draft-07/schema#"
    );
}

#[test]
fn typescript_types_have_the_schemas_fields() {
    let schema = manifest_schema();
    let mut objects = BTreeMap::from([("Manifest", fields_of(&schema))]);
    for (name, definition) in schema["definitions"].as_object().unwrap() {
        if definition.get("properties").is_some() {
            objects.insert(name, fields_of(definition));
        }
    }
    assert_eq!(interfaces(), objects);
    let statuses: Vec<&str> = schema["definitions"]["Status"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["const"].as_str().or_else(|| one["enum"][0].as_str()).unwrap())
        .collect();
    let line = statuses
        .iter()
        .map(|s| format!("\"{s}\""))
        .collect::<Vec<_>>()
        .join(" | ");
    assert!(TYPES.contains(&format!("export type Status = {line};")), "{line}");
}

/// Name, with `?` if it may be absent.
fn fields_of(object: &Value) -> BTreeSet<String> {
    let required: BTreeSet<&str> = object["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mark = |name: &String| {
        if required.contains(name.as_str()) {
            name.clone()
        } else {
            format!("{name}?")
        }
    };
    object["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(mark)
        .collect()
}

fn interfaces() -> BTreeMap<&'static str, BTreeSet<String>> {
    TYPES
        .split("export interface ")
        .skip(1)
        .map(|text| {
            let (name, rest) = text.split_once(" {").unwrap();
            let (body, _) = rest.split_once("\n}").unwrap();
            let fields = body.lines().filter_map(|line| line.split_once(": "));
            (name, fields.map(|(field, _)| field.trim().to_owned()).collect())
        })
        .collect()
}
