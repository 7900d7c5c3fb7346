//! Bodies that do not arrive as announced.
use futures::TryStreamExt as _;
use minilab_store::{Error, GetOptions, Key, Store};

use crate::scripted::{Reply, opened};

async fn read(reply: Reply) -> Result<Vec<bytes::Bytes>, Error> {
    let (store, _server) = opened(move |_, _| reply.clone()).await;
    let key = Key::new("a.jpg").expect("a key");
    let object = store.get(&key, GetOptions::default()).await.expect("its head");
    assert_eq!(object.head.size_bytes, 100);
    object.body.try_collect().await
}

#[tokio::test]
async fn body_that_ends_early_is_an_error() {
    let error = read(Reply::Cut {
        announced: 100,
        body: "the first part".to_owned(),
    })
    .await
    .unwrap_err();
    match error {
        Error::Io { cause, .. } => assert!(cause.to_string().contains("broke off 86 bytes"), "{cause}"),
        other => panic!("{other:?}"),
    }
}

/// The one test that waits for a real time: ten seconds are what an operator is promised.
#[tokio::test]
async fn body_that_stalls_is_given_up() {
    let begun = std::time::Instant::now();
    let stalled = read(Reply::Stalled {
        announced: 100,
        body: "the first part".to_owned(),
    });
    let error = tokio::time::timeout(std::time::Duration::from_secs(40), stalled)
        .await
        .expect("it is given up")
        .unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    assert!(
        begun.elapsed().as_secs() >= 9,
        "a slow server has its ten seconds"
    );
}
