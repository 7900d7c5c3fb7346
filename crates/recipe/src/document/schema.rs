//! JSON Schema (draft-07) of the document, for editors, the chart and the reference page.
use serde_json::{Value, json};

/// The schema.
pub fn schema() -> Value {
    json!({ "$schema": "http://json-schema.org/draft-07/schema#" })
}
