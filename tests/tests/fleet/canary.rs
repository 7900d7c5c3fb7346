//! `minilab canary`, as the chart's test hook runs it, against a fleet that works and one that does not.
use serde_json::Value;

use crate::{
    comparison,
    world::{Options, World, is_possible},
};
use minilab_store::{Key, PutOptions};

const CANARY: [&str; 6] = [
    "--json",
    "canary",
    "--config",
    "polling.yaml",
    "--key",
    "minilab/canary.jpg",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_sees_an_upload_made_and_gone_and_leaves_no_original() {
    if !is_possible() {
        return;
    }
    let world = World::new(Options::default()).await;
    // A bucket tells of what a command uploads; here its listing does.
    world.poll_instead("polling.yaml");
    let key = Key::new("minilab/canary.jpg").unwrap();

    let nobody = world
        .operate(&[&CANARY[..], &["--within", "1s"]].concat())
        .await
        .unwrap_err();
    let said = nobody.to_string();
    assert!(
        said.contains("exit status: 5")
            && said.contains("is not made within 1s")
            && said.contains("minilab doctor"),
        "{said}"
    );
    assert!(
        comparison::read(&*world.originals, key.as_str()).await.is_none(),
        "its picture is gone all the same"
    );

    let mut dispatcher = world.dispatcher("dispatcher").role;
    dispatcher.args = ["dispatcher", "--config", "polling.yaml"]
        .map(str::to_owned)
        .to_vec();
    let (mut dispatcher, mut worker) = (
        dispatcher.start(),
        world.worker("worker", &["--slots", "1"]).start(),
    );
    dispatcher.ready().await;
    worker.ready().await;
    for _ in 0..2 {
        let said = world.operate(&CANARY).await.unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        assert!(
            said["files"].as_u64().unwrap() >= 1 && said["gone_ms"].is_u64(),
            "{said}"
        );
        println!("{said}");
        assert!(comparison::read(&*world.originals, key.as_str()).await.is_none());
    }

    let theirs = bytes::Bytes::from_static(b"somebody else's");
    world
        .originals
        .put(&key, theirs.clone(), PutOptions::default())
        .await
        .unwrap();
    let said = world.operate(&CANARY).await.unwrap_err().to_string();
    assert!(
        said.contains("exit status: 78") && said.contains("no canary of ours"),
        "{said}"
    );
    assert_eq!(
        comparison::read(&*world.originals, key.as_str()).await,
        Some(theirs.to_vec())
    );
}
