//! Whole dispatchers beside each other.
use minilab_dispatcher::{Config, Dispatcher, LEASE, Progress};
use minilab_store::{Calls, Fault, Operation};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;

fn dispatcher(
    world: &World,
    brake: Brake,
) -> (
    JoinHandle<()>,
    tokio::sync::watch::Receiver<Progress>,
    CancellationToken,
) {
    let config = Config {
        sharing: Sharing::Fleet,
        brake,
        ..Config::default()
    };
    let dispatcher = Dispatcher::new(
        config,
        world.stores(),
        Arc::clone(&world.jobs),
        Arc::clone(&world.metrics),
    );
    let (progress, drain) = (dispatcher.progress(), CancellationToken::new());
    let running = dispatcher.run(drain.clone(), CancellationToken::new());
    (
        tokio::spawn(async move { running.await.unwrap() }),
        progress,
        drain,
    )
}

#[tokio::test(start_paused = true)]
async fn two_dispatchers_make_one_pass_and_the_second_goes_on_when_the_first_is_killed() {
    let Slow { world, originals } = slow(ragged(20, 0).await);
    let stall = originals.stall(Calls::nth(Operation::List, 1));
    let (killed, _, _) = dispatcher(&world, Brake::default());
    stall.reached().await;
    let (running, mut progress, drain) = dispatcher(&world, Brake::default());
    tokio::time::sleep(LEASE * 5).await;
    assert_eq!(
        originals.count(Operation::List, ""),
        1,
        "the second waits while the first renews"
    );
    killed.abort();
    progress.wait_for(|progress| progress.caught_up).await.unwrap();
    assert_eq!(world.keys().await.len(), 20);
    // Both restart: nothing is due.
    drain.cancel();
    running.await.unwrap();
    let lists = originals.count(Operation::List, "");
    let (running, _, drain) = dispatcher(&world, Brake::default());
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert_eq!(originals.count(Operation::List, ""), lists);
    tokio::time::sleep(Duration::from_mins(31)).await;
    assert!(
        originals.count(Operation::List, "") > lists,
        "an hour later it is"
    );
    drain.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_everything_from_the_start_is_told_and_waited_for() {
    let Slow { world, originals } = slow(ragged(3, 0).await);
    originals.fail(Calls::every(Operation::List), Fault::Deny);
    let config = Config {
        sharing: Sharing::Fleet,
        ..Config::default()
    };
    let dispatcher = Dispatcher::new(
        config,
        world.stores(),
        Arc::clone(&world.jobs),
        Arc::clone(&world.metrics),
    );
    let (mut ready, mut progress) = (dispatcher.ready(), dispatcher.progress());
    let drain = CancellationToken::new();
    let running = tokio::spawn(dispatcher.run(drain.clone(), CancellationToken::new()));
    let told = ready
        .wait_for(|ready| matches!(ready, minilab_dispatcher::Ready::No(_)))
        .await
        .unwrap()
        .clone();
    assert!(format!("{told:?}").contains("permission denied"), "{told:?}");
    originals.heal();
    progress
        .wait_for(|progress| progress.enqueued == 3)
        .await
        .unwrap();
    ready
        .wait_for(|ready| *ready == minilab_dispatcher::Ready::Yes)
        .await
        .unwrap();
    drain.cancel();
    running.await.unwrap().unwrap();
}
