//! The contract, on moto's SQS, and what is SQS's own, there and with answers that a test has written. What needs moto is
//! skipped, with the reason, where there is none, but in CI.
#![cfg(feature = "sqs")]
#![expect(
    clippy::unwrap_used,
    reason = "this is test code: a call that fails, fails the test"
)]
mod cases;
#[path = "sqs/world.rs"]
mod world;

use std::sync::Arc;

use minilab_queue::conformance;
use minilab_tests::servers::{self, Moto};

use cases::Cases;
use world::World;

fn moto() -> Option<Arc<Moto>> {
    if let Some(why) = servers::unavailable() {
        assert!(std::env::var_os("CI").is_none(), "{why}");
        println!("skipped: {why}");
        return None;
    }
    Some(Arc::new(Moto::start().unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqs_keeps_the_contract() {
    let Some(moto) = moto() else { return };
    let mut cases = Cases::default();
    macro_rules! suite {
        ($($promise:ident,)*) => {$({
            let moto = Arc::clone(&moto);
            cases.start(stringify!($promise), async move {
                conformance::$promise(&World::new(&moto).await).await;
            });
        })*};
    }
    minilab_queue::conformance_tests!(suite);
    cases.finish().await;
}
