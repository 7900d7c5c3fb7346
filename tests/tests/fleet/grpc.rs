//! KEDA's side of its gRPC, generated from the schema.
#![expect(
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated from KEDA's schema"
)]
tonic::include_proto!("externalscaler");
