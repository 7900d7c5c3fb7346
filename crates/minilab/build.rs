//! Compiles KEDA's schema of external scalers with `protox`, so that no `protoc` is needed.
use std::error::Error;

const SCHEMA: &str = "../../protos/proto/keda/externalscaler.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={SCHEMA}");
    let descriptors = protox::compile([SCHEMA], ["../../protos/proto"])?;
    tonic_prost_build::configure()
        .build_client(false)
        .build_transport(false)
        .compile_fds(descriptors)?;
    Ok(())
}
