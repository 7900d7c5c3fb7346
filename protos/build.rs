//! Compiles the schemas with `protox`, so that no `protoc` is needed.
use std::{env, error::Error, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let schemas = [
        "proto/minilab/v1/job.proto",
        "proto/minilab/v1/renderer.proto",
        "proto/otlp/v1/trace.proto",
    ];
    for schema in schemas {
        println!("cargo:rerun-if-changed={schema}");
    }
    let descriptors = protox::compile(schemas, ["proto"])?;
    let encoded = {
        use prost::Message as _;
        descriptors.encode_to_vec()
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    prost_build::Config::new().compile_fds(descriptors)?;
    // Proto3 JSON for what travels in queues; the renderer's messages stay binary.
    pbjson_build::Builder::new()
        .register_descriptors(&encoded)?
        .out_dir(out)
        .ignore_unknown_fields()
        .build(&[".minilab.v1"])?;
    Ok(())
}
