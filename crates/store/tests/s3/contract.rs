//! The contract on a real SeaweedFS: one server, one bucket, a key prefix for each sentence.
use std::{collections::HashMap, sync::Arc, time::Instant};

use minilab_store::{S3, S3Config, S3Credentials, Store, conformance};
use minilab_tests::servers::{self, SeaweedFs, Server};
use tokio::task::JoinSet;

const BUCKET: &str = "minilab-conformance";

fn config(server: &SeaweedFs, bucket: &str, prefix: &str) -> S3Config {
    S3Config {
        prefix: prefix.to_owned(),
        endpoint: Some(server.endpoint()),
        path_style: true,
        ..S3Config::bucket(bucket)
    }
}

fn credentials(server: &SeaweedFs) -> S3Credentials {
    S3Credentials {
        access_key: server.access_key().to_owned(),
        secret_key: server.secret_key().to_owned(),
        session_token: None,
    }
}

async fn open(server: &SeaweedFs, config: S3Config) -> Arc<dyn Store> {
    let opened = S3::open_with(config, credentials(server)).await;
    Arc::new(opened.expect("the bucket is there"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bucket_on_seaweedfs_keeps_the_contract() {
    if let Some(why) = servers::unavailable(&[Server::SeaweedFs]) {
        assert!(std::env::var_os("CI").is_none(), "{why}");
        println!("skipped: {why}");
        return;
    }
    let server = SeaweedFs::start().expect("a server");
    server.create_bucket(BUCKET).expect("a bucket");
    every_sentence_holds(&server).await;
    an_empty_prefix_names_the_whole_bucket(&server).await;
    what_cannot_be_opened_is_told_with_the_fix(&server).await;
}

async fn every_sentence_holds(server: &SeaweedFs) {
    let (mut running, mut names) = (JoinSet::new(), HashMap::new());
    for sentence in conformance::sentences() {
        let config = config(server, BUCKET, &format!("{}/", sentence.name));
        let store = open(server, config).await;
        let task = running.spawn(async move {
            let begun = Instant::now();
            (sentence.hold)(store).await;
            println!("{}: held, {:.1?}", sentence.name, begun.elapsed());
        });
        names.insert(task.id(), sentence.name);
    }
    let mut broken = Vec::new();
    while let Some(ended) = running.join_next_with_id().await {
        if let Err(panic) = ended {
            broken.push(names[&panic.id()]);
        }
    }
    assert!(broken.is_empty(), "broken: {}", broken.join(", "));
}

async fn an_empty_prefix_names_the_whole_bucket(server: &SeaweedFs) {
    server.create_bucket("minilab-whole").expect("a bucket");
    let store = open(server, config(server, "minilab-whole", "")).await;
    conformance::listing_is_in_byte_order(store).await;
}

async fn what_cannot_be_opened_is_told_with_the_fix(server: &SeaweedFs) {
    let refusal = async |bucket: &str, credentials| {
        let opened = S3::open_with(config(server, bucket, ""), credentials).await;
        opened.expect_err("it cannot be opened").to_string()
    };
    let sentence = refusal("minilab-nowhere", credentials(server)).await;
    assert!(
        sentence.contains("create the bucket, or correct `bucket`"),
        "{sentence}"
    );
    let wrong = S3Credentials {
        secret_key: "another".to_owned(),
        ..credentials(server)
    };
    let sentence = refusal(BUCKET, wrong).await;
    assert!(sentence.contains("correct the credentials"), "{sentence}");
}
