//! Every document that is shown as an example can be read.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::{fs, path::Path};

use minilab_recipe::Document;

#[test]
fn every_example_document_is_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut read = 0;
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let text = fs::read_to_string(&path).unwrap();
        let environment = |name: &str| {
            let value = if name.contains("URL") {
                "amqps://me:secret@broker/lab"
            } else {
                "0123456789abcdef"
            };
            Some(value.to_owned())
        };
        if let Err(diagnostics) = Document::parse(&path.display().to_string(), &text, &environment) {
            panic!("{}", diagnostics.render());
        }
        assert!(
            text.starts_with("# "),
            "{} says first what it is for",
            path.display()
        );
        read += 1;
    }
    assert!(read >= 5, "{read} examples");
}
