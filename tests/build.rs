//! Compiles KEDA's schema of external scalers for a client of it.
use std::error::Error;

const SCHEMA: &str = "../protos/proto/keda/externalscaler.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={SCHEMA}");
    let descriptors = protox::compile([SCHEMA], ["../protos/proto"])?;
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        .compile_fds(descriptors)?;
    Ok(())
}
