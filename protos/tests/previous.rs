//! The release before reads what this one writes, and the other way round: `samples/0.1.0`.
use minilab_protos::{
    job::Job,
    manifest::{MANIFEST_SCHEMA, Manifest},
};
use serde_json::Value;

const PRESENT: [&str; 2] = ["minilab/v1/job.proto", "proto"];
const PREVIOUS: [&str; 2] = ["job.proto", "samples/0.1.0"];

/// One line for each field and each value of an enum: what JSON depends on.
fn lines([file, folder]: [&str; 2]) -> Vec<String> {
    let compiled = protox::compile([file], [folder]).expect("it is a schema");
    let file = &compiled.file[0];
    let mut fields = Vec::new();
    for message in &file.message_type {
        for field in &message.field {
            fields.push(format!("{}: {field:?}", message.name()));
        }
    }
    let values = file.enum_type.iter().map(|words| format!("{words:?}"));
    fields.into_iter().chain(values).collect()
}

/// The release before ignores fields that it does not know, and refuses a job with a word that it does not know.
#[test]
fn every_field_of_a_job_is_still_what_the_release_before_takes_it_for() {
    let (previous, present) = (lines(PREVIOUS), lines(PRESENT));
    assert!(previous.len() > 20, "{previous:?}");
    for line in previous {
        assert!(present.contains(&line), "changed without a new version: {line}");
    }
}

#[test]
fn job_of_the_release_before_is_read_whole_and_written_as_it_was() {
    let golden = include_bytes!("../samples/0.1.0/job.json");
    let job = Job::from_json_bytes(golden).unwrap();
    let written: Value = serde_json::from_slice(&job.to_json_bytes().unwrap()).unwrap();
    assert_eq!(written, serde_json::from_slice::<Value>(golden).unwrap());
}

#[test]
fn manifest_of_the_release_before_is_read_whole() {
    let golden = include_bytes!("../samples/0.1.0/manifest.json");
    let manifest: Manifest = serde_json::from_slice(golden).unwrap();
    assert_eq!(manifest.schema, MANIFEST_SCHEMA);
    let written = serde_json::to_value(&manifest).unwrap();
    assert_eq!(written, serde_json::from_slice::<Value>(golden).unwrap());
}
