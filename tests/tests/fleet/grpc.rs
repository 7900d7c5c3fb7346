//! KEDA's side of its gRPC, generated from the schema.
#![expect(clippy::pedantic, reason = "generated from KEDA's schema")]
tonic::include_proto!("externalscaler");
