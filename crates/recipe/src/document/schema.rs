//! JSON Schema (draft-07) of the document, for editors, the chart and the reference page.
//!
//! Its mappings are kept in step with the readers by a test that compares their keys.
use serde_json::{Map, Value, json};

/// The schema.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    for (name, mut properties, required) in super::schema_parts::mappings() {
        super::schema_words::describe(name, &mut properties);
        definitions.insert(name.to_owned(), mapping(&properties, required));
    }
    let mut schema = mapping(&super::schema_parts::document(), &["version", "from", "to"]);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("minilab.yaml");
    schema["definitions"] = Value::Object(definitions);
    schema
}

fn mapping(properties: &Value, required: &[&str]) -> Value {
    let mut mapping = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    if !required.is_empty() {
        mapping["required"] = json!(required);
    }
    mapping
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::read::Problems;
    use super::super::{read, tree};
    use super::*;

    /// A document in which every mapping of the language occurs.
    const EVERYTHING: &str = r"
version: 1
from: { s3: { bucket: in } }
to: { folder: ./out }
stores: { brand: { folder: ./brand } }
queue: { rabbitmq: { url: 'amqp://localhost' } }
intake: [{ rabbitmq: {} }, { sqs: { queue: q, dead: d } }, { poll: { every: 1min } }, { webhook: { listen: 8090, token: 0123456789abcdef, sns: { topics: ['arn:aws:sns:eu-central-1:123456789012:uploads'] } } }]
tenants: { in_flight: 2 }
notify:
  site: { webhook: { url: 'https://example.com/', secret: whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA } }
  bus: { rabbitmq: { exchange: e, url: 'amqp://localhost' } }
  aws: { sqs: { queue: q } }
limits: { bytes: 1MiB }
encodings: { avif: {}, webp: { target: { ssimulacra2: 80 } }, jpeg: {}, png: {}, gif: {}, tiff: {} }
rules: [{ match: { prefix: a }, recipe: all }]
recipes:
  all:
    preset: { name: strapi }
    pictures: { hero: { sets: [{ derivative: one }] } }
    placeholder: { lqip: { format: webp } }
    accept: { bytes: 1MiB }
    derivatives:
      one:
        rotate: { degrees: 3 }
        extract: { width: 10, height: 10 }
        resize: { ladder: { min: 10, max: 20 } }
        extend: { all: 3 }
        formats: [png]
      two: { metadata: { set: { artist: A } }, trim: { padding: 1 }, formats: [png] }
      four: { crop: { to: face }, for_each: { of: face, most: 2 }, resize: { width: 10 }, formats: [png] }
      three:
        border: { width: 1, colour: black }
        steps:
          - { modulate: { hue: 90 } }
          - { linear: { a: 2 } }
          - { normalise: { upper: 98 } }
          - { convolve: { width: 1, kernel: [1] } }
          - { blur: { sigma: 1, region: { width: 10, height: 10 } } }
          - { pixelate: { size: 3 } }
          - { sharpen: { sigma: 1 } }
          - { round: { radius: 3 } }
          - { composite: { image: { store: brand, key: a.png } } }
          - { mask: { image: { store: brand, key: a.png } } }
          - { text: { value: a, outline: { width: 1, colour: black }, background: { colour: black } } }
        formats: [png]
";

    #[test]
    fn schema_has_just_the_keys_that_readers_ask_for() {
        let problems = Problems::default();
        let root = tree::parse(EVERYTHING, &|_| None, &problems).expect("it is YAML");
        read(&root, &problems);
        let on_aws = EVERYTHING.replace(
            "queue: { rabbitmq: { url: 'amqp://localhost' } }",
            "queue: { sqs: {} }",
        );
        let on_aws = on_aws.replace("{ rabbitmq: {} }, ", "");
        read(
            &tree::parse(&on_aws, &|_| None, &problems).expect("it is YAML"),
            &problems,
        );
        let schema = schema();
        let mut asked = problems.asked.borrow().clone();
        let keys = |value: &Value| -> BTreeSet<String> {
            value["properties"]
                .as_object()
                .expect("an object")
                .keys()
                .cloned()
                .collect()
        };
        assert_eq!(asked.remove("document"), Some(keys(&schema)));
        let definitions = schema["definitions"].as_object().expect("an object");
        for (what, known) in &asked {
            assert_eq!(Some(known), definitions.get(*what).map(keys).as_ref(), "{what}");
        }
        assert_eq!(asked.len(), definitions.len());
        assert_eq!(problems.into_list(), []);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(value: &Value, schema: &Value) {
            match value {
                Value::Object(map) => {
                    if let Some(Value::String(target)) = map.get("$ref") {
                        assert!(schema.pointer(&target[1..]).is_some(), "{target}");
                    }
                    map.values().for_each(|value| check(value, schema));
                }
                Value::Array(items) => items.iter().for_each(|value| check(value, schema)),
                _ => {}
            }
        }
        check(&schema(), &schema());
    }
}
