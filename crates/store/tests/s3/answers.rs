//! What the caller is told of answers that no healthy server gives, and how often such a server is asked.
use std::error::Error as _;

use bytes::Bytes;
use minilab_store::{Again, Condition, ETag, Error, GetOptions, Key, ListRequest, PutOptions, S3, Store};

use crate::scripted::{BUCKET, Reply, SECRET, Scripted, bare, error, error_saying, object, open, opened};

fn key() -> Key {
    Key::new("a.jpg").expect("a key")
}

async fn put(store: &S3, condition: Condition) -> Result<ETag, Error> {
    let options = PutOptions {
        condition,
        ..PutOptions::default()
    };
    store.put(&key(), Bytes::from_static(b"body"), options).await
}

/// As the worker puts files.
fn file() -> PutOptions {
    PutOptions {
        condition: Condition::Absent,
        again: Again::Always,
        ..PutOptions::default()
    }
}

async fn put_file(store: &S3) -> Result<ETag, Error> {
    store.put(&key(), Bytes::from_static(b"body"), file()).await
}

fn version() -> Condition {
    Condition::Match(ETag("\"e\"".to_owned()))
}

#[tokio::test]
async fn forbidden_is_never_absent() {
    let (store, _server) = opened(|_, _| bare(403)).await;
    let error = store.head(&key()).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
    let cause = error.source().unwrap().to_string();
    assert!(
        cause.contains("grant s3:GetObject on the object and s3:ListBucket"),
        "{cause}"
    );
}

#[tokio::test]
async fn bare_404_is_absence_only_while_the_bucket_is_there() {
    let is_object = |head: &str| head.starts_with("HEAD /media/a.jpg");
    let (store, _server) = opened(move |head, _| if is_object(head) { bare(404) } else { bare(200) }).await;
    assert!(store.head(&key()).await.unwrap_err().is_not_found());

    let (store, _server) = opened(|_, _| bare(404)).await;
    let error = store.head(&key()).await.unwrap_err();
    assert!(matches!(error, Error::Unusable { .. }), "{error:?}");
    assert!(error.to_string().contains("there is no such bucket"), "{error}");
}

#[tokio::test]
async fn get_is_absence_only_where_the_key_is_named() {
    let get = async |reply: Reply| {
        let (store, _server) = opened(move |_, _| reply.clone()).await;
        store
            .get(&key(), GetOptions::default())
            .await
            .map(|_| ())
            .unwrap_err()
    };
    assert!(get(error(404, "NoSuchKey")).await.is_not_found());
    let answer = get(bare(404)).await;
    assert!(matches!(answer, Error::Unavailable { .. }), "{answer:?}");
    let answer = get(error(404, "NoSuchBucket")).await;
    assert!(matches!(answer, Error::Unusable { .. }), "{answer:?}");
}

#[tokio::test]
async fn refused_conditions_are_preconditions() {
    for (reply, condition) in [
        (error(412, "PreconditionFailed"), Condition::Absent),
        (error(412, "PreconditionFailed"), version()),
        (error(409, "ConditionalRequestConflict"), Condition::Absent),
        (error(409, "ConditionalRequestConflict"), version()),
        (error(404, "NoSuchKey"), version()),
    ] {
        let (store, server) = opened(move |_, _| reply.clone()).await;
        let error = put(&store, condition).await.unwrap_err();
        assert!(matches!(error, Error::Precondition { .. }), "{error:?}");
        assert_eq!(server.asked().len(), 1);
    }
    let (store, _server) = opened(|_, _| error(404, "NoSuchBucket")).await;
    let error = put(&store, version()).await.unwrap_err();
    assert!(matches!(error, Error::Unusable { .. }), "{error:?}");
}

#[tokio::test]
async fn write_turned_away_is_repeated_unless_it_has_a_condition_and_nobody_says_that_it_may_be() {
    let (store, server) = opened(|_, number| match number {
        0 => error(503, "SlowDown"),
        _ => object(""),
    })
    .await;
    put(&store, Condition::None).await.unwrap();
    assert_eq!(server.asked().len(), 2);

    for condition in [Condition::Absent, version()] {
        let (store, server) = opened(|_, _| error(503, "SlowDown")).await;
        let error = put(&store, condition).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
        assert_eq!(server.asked().len(), 1);
    }

    let (store, server) = opened(|_, number| match number {
        0 => error(503, "SlowDown"),
        1 => error(503, "ServiceUnavailable"),
        _ => object(""),
    })
    .await;
    put_file(&store).await.unwrap();
    assert_eq!(server.asked().len(), 3);
    let condition = |request: &String| request.to_lowercase().contains("if-none-match: *");
    assert!(server.asked().iter().all(condition), "{:?}", server.asked());
}

/// Refused first, and taken by somebody else meanwhile: no error of the second try may hide that.
#[tokio::test]
async fn repeated_write_that_finds_an_object_is_a_lost_race() {
    let (store, server) = opened(|_, number| match number {
        0 => error(503, "SlowDown"),
        _ => error(412, "PreconditionFailed"),
    })
    .await;
    let error = put_file(&store).await.unwrap_err();
    assert!(matches!(error, Error::Precondition { .. }), "{error:?}");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn write_that_may_have_happened_is_never_repeated_and_never_called_refused() {
    for reply in [
        error(500, "InternalError"),
        error(503, ""),
        bare(504),
        Reply::Nothing,
    ] {
        for options in [
            PutOptions::default(),
            PutOptions {
                condition: version(),
                ..PutOptions::default()
            },
            file(),
        ] {
            let answer = reply.clone();
            let (store, server) = opened(move |_, _| answer.clone()).await;
            let error = store.put(&key(), "body".into(), options).await.unwrap_err();
            assert!(matches!(error, Error::Io { .. }), "{reply:?}: {error:?}");
            assert_eq!(server.asked().len(), 1, "{reply:?}");
        }
    }
}

#[tokio::test]
async fn read_is_tried_again() {
    let (store, server) = opened(|_, number| match number {
        0 => error(503, "SlowDown"),
        1 => Reply::Nothing,
        _ => object("body"),
    })
    .await;
    store.get(&key(), GetOptions::default()).await.unwrap();
    assert_eq!(server.asked().len(), 3);

    let (store, server) = opened(|_, _| error(503, "SlowDown")).await;
    let error = store.list(ListRequest::default()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn server_that_is_gone_has_taken_nothing() {
    let (store, server) = opened(|_, _| bare(200)).await;
    let address = server.endpoint.clone();
    drop(server);
    // The port is free as soon as the runtime has dropped the listener.
    while tokio::net::TcpStream::connect(address.trim_start_matches("http://"))
        .await
        .is_ok()
    {
        tokio::task::yield_now().await;
    }
    let error = put(&store, version()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert!(error.to_string().contains("cannot be reached"), "{error}");
}

#[tokio::test]
async fn damaged_body_is_told_apart() {
    let (store, _server) = opened(|_, _| error(400, "BadDigest")).await;
    match put(&store, Condition::None).await.unwrap_err() {
        Error::Io { cause, .. } => assert_eq!(cause.kind(), std::io::ErrorKind::InvalidData),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn bucket_that_may_not_be_listed_or_lies_elsewhere_is_not_opened() {
    let refusal = async |reply: Reply| {
        let server = Scripted::start(move |_, _| reply.clone()).await;
        let error = open(server.config()).await.unwrap_err();
        assert!(matches!(error, Error::NotOpened { .. }), "{error:?}");
        error.to_string()
    };
    let sentence = refusal(error(403, "AccessDenied")).await;
    assert!(
        sentence.starts_with(&format!("bucket {BUCKET} cannot be opened")),
        "{sentence}"
    );
    assert!(sentence.contains("s3:ListBucket"), "{sentence}");
    let region = "x-amz-bucket-region: eu-west-1\r\n".to_owned();
    for status in [301, 307] {
        let sentence = refusal(Reply::Whole(status, region.clone(), String::new())).await;
        assert!(sentence.contains("set `region: eu-west-1`"), "{sentence}");
    }
    let sentence = refusal(error(400, "ExpiredToken")).await;
    assert!(sentence.contains("expired: renew them"), "{sentence}");
    let sentence = refusal(Reply::Whole(200, String::new(), "<html>hello</html>".to_owned())).await;
    assert!(sentence.contains("is the endpoint an S3 server?"), "{sentence}");
}

#[tokio::test]
async fn secrets_are_in_no_error_and_in_no_debug_output() {
    let told = |error: &Error| {
        let causes = std::iter::successors(error.source(), |&cause| cause.source());
        let causes: Vec<_> = causes.map(|cause| format!("{cause} {cause:?}")).collect();
        format!("{error} {error:?} {}", causes.join(" "))
    };
    for reply in [
        error(403, "SignatureDoesNotMatch"),
        error(500, "InternalError"),
        error_saying(400, "InvalidArgument", &"long ".repeat(1_000)),
        Reply::Whole(200, "etag:\r\n".to_owned(), String::new()),
        Reply::Nothing,
    ] {
        let (store, _server) = opened(move |_, _| reply.clone()).await;
        let errors = [
            put(&store, Condition::None).await.err(),
            put(&store, version()).await.err(),
            store.head(&key()).await.err(),
        ];
        for error in errors.iter().flatten() {
            let told = told(error);
            assert!(!told.contains(SECRET) && !told.contains("Signature="), "{told}");
            assert!(told.len() < 4_000, "{} characters: {told}", told.len());
        }
        assert!(errors.iter().flatten().count() >= 2);
        assert!(!format!("{store:?}").contains(SECRET));
    }
}

#[tokio::test]
async fn tags_are_read_as_they_are_and_their_refusal_says_what_to_grant() {
    let asked = "GET /media/a.jpg?tagging";
    let answer = "<Tagging><TagSet><Tag><Key>focal</Key><Value>0.3 0.5</Value></Tag>\
                  <Tag><Key>b</Key><Value></Value></Tag></TagSet></Tagging>";
    let whole = Reply::Whole(200, String::new(), answer.to_owned());
    let (store, server) = opened(move |_, _| whole.clone()).await;
    let tags = store.tags(&key()).await.unwrap();
    assert_eq!(tags.len(), 2);
    assert_eq!((tags["focal"].as_str(), tags["b"].as_str()), ("0.3 0.5", ""));
    let requests = server.asked();
    assert!(
        requests.iter().any(|head| head.starts_with(asked)),
        "{requests:?}"
    );

    let (store, _server) = opened(|_, _| error(403, "AccessDenied")).await;
    let refused = store.tags(&key()).await.unwrap_err();
    assert!(matches!(refused, Error::Denied { .. }), "{refused:?}");
    let cause = refused.source().unwrap().to_string();
    assert!(
        cause.contains("grant s3:GetObjectTagging on the object"),
        "{cause}"
    );
    let (store, _server) = opened(|_, _| error(404, "NoSuchKey")).await;
    assert!(store.tags(&key()).await.unwrap_err().is_not_found());
}
