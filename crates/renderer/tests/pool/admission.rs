//! Plans at work at one time share the memory budget.
use std::sync::Arc;

use minilab_recipe::{Plan, Predicted};
use minilab_worker::pool::PoolConfig;

use crate::world::{misbehaving, open, render, script, start, thumb};

fn predicted(memory_bytes: u64) -> Arc<Plan> {
    let mut plan = thumb(64);
    Arc::make_mut(&mut plan).predicted = Predicted {
        memory_bytes,
        cpu_ms: 1,
    };
    plan
}

#[tokio::test]
async fn plan_beyond_the_budget_runs_alone() {
    let pool = start(PoolConfig {
        memory_budget_bytes: 100 << 20,
        ..misbehaving(2)
    })
    .await;
    let (huge, small) = (predicted(1 << 40), predicted(10 << 20));
    let mut first = open(&pool, &script("fine")).await.unwrap();
    let mut second = open(&pool, &script("fine")).await.unwrap();
    assert!(render(&mut first, &huge, &[0]).await.1.is_ok());

    let mut waiting = Box::pin(render(&mut second, &small, &[0]));
    tokio::select! {
        biased;
        _ = &mut waiting => panic!("it was admitted beside a plan that takes all of the budget"),
        again = render(&mut first, &huge, &[0]) => assert!(again.1.is_ok()),
    }
    first.close().await;
    assert!(waiting.await.1.is_ok());
}

#[tokio::test]
async fn plans_within_the_budget_run_side_by_side() {
    let pool = start(PoolConfig {
        memory_budget_bytes: 100 << 20,
        ..misbehaving(2)
    })
    .await;
    let half = predicted(50 << 20);
    let mut sessions = [
        open(&pool, &script("fine")).await.unwrap(),
        open(&pool, &script("fine")).await.unwrap(),
    ];
    for session in &mut sessions {
        assert!(render(session, &half, &[0]).await.1.is_ok());
    }
}
