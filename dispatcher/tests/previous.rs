//! Ledgers of passes as the release before wrote them: `protos/samples/0.1.0`.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]
use minilab_dispatcher::{Ledger, ReconcileWay, SweepWay, Way};
use serde_json::Value;

/// A pass that a process of one release began is gone on with by one of the other.
fn is_read_whole<W: Way>(golden: &[u8]) {
    let ledger: Ledger<W> = serde_json::from_slice(golden).unwrap();
    assert!(!ledger.ended.is_empty());
    let written = serde_json::to_value(&ledger).unwrap();
    assert_eq!(written, serde_json::from_slice::<Value>(golden).unwrap());
}

#[test]
fn ledgers_of_the_release_before_are_read_whole_and_written_as_they_were() {
    is_read_whole::<ReconcileWay>(include_bytes!("../../protos/samples/0.1.0/reconcile.json"));
    is_read_whole::<SweepWay>(include_bytes!("../../protos/samples/0.1.0/sweep.json"));
}

#[test]
fn ledger_with_a_field_of_a_later_release_is_read() {
    let golden = include_bytes!("../../protos/samples/0.1.0/reconcile.json");
    let mut later: Value = serde_json::from_slice(golden).unwrap();
    later["later"] = true.into();
    later["ended"]["full"]["later"] = true.into();
    later["ended"]["full"]["counts"]["later"] = true.into();
    later["ended"]["full"]["counts"]["report"]["later"] = true.into();
    serde_json::from_value::<Ledger<ReconcileWay>>(later).unwrap();
}
