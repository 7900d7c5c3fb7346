//! What is sent: names, attributes, conditions, pages.
use std::collections::BTreeMap;

use bytes::Bytes;
use minilab_store::{
    Condition, ETag, Error, GetOptions, Key, ListRequest, PutOptions, S3Config, Sha256, Store,
};

use crate::scripted::{Reply, Scripted, bare, listing, object, open, opened};

fn line<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .find_map(|line| {
            line.split_once(": ")
                .filter(|(found, _)| found.eq_ignore_ascii_case(name))
        })
        .map(|(_, value)| value)
}

#[tokio::test]
async fn keys_travel_byte_for_byte() {
    let (store, server) = opened(|_, _| bare(403)).await;
    for key in ["a b/ü+%.jpg", "a//b", "a/../b", "/a", "a?b#c", "new\nline"] {
        let _ = store.get(&Key::new(key).unwrap(), GetOptions::default()).await;
    }
    let asked = server.asked();
    let paths: Vec<_> = asked
        .iter()
        .map(|head| head.split([' ', '?']).nth(1).unwrap())
        .collect();
    assert_eq!(
        paths,
        [
            "/media/a%20b/%C3%BC%2B%25.jpg",
            "/media/a//b",
            "/media/a/../b",
            "/media//a",
            "/media/a%3Fb%23c",
            "/media/new%0Aline"
        ]
    );
}

#[tokio::test]
async fn configuration_and_options_are_sent_with_every_put() {
    let server = Scripted::start(|head, _| {
        if head.starts_with("GET") {
            listing("<IsTruncated>false</IsTruncated>")
        } else {
            object("")
        }
    })
    .await;
    let config = S3Config {
        prefix: "out/".to_owned(),
        kms_key: Some("alias/media".to_owned()),
        expected_owner: Some("123456789012".to_owned()),
        storage_class: Some("STANDARD_IA".to_owned()),
        ..server.config()
    };
    let store = open(config).await.unwrap();
    let body = Bytes::from_static(b"body");
    let options = PutOptions {
        condition: Condition::Match(ETag("\"seen\"".to_owned())),
        content_type: Some("image/avif".to_owned()),
        sha256: Some(Sha256::of(&body)),
        metadata: BTreeMap::from([("place".to_owned(), "Zürich".to_owned())]),
        ..PutOptions::default()
    };
    let etag = store
        .put(&Key::new("a.avif").unwrap(), body, options)
        .await
        .unwrap();
    assert_eq!(etag, ETag("\"e\"".to_owned()));
    let asked = server.asked();
    let [put] = &asked[..] else { panic!("{asked:?}") };
    assert!(put.starts_with("PUT /media/out/a.avif"), "{put}");
    for (name, value) in [
        ("if-match", "\"seen\""),
        ("content-type", "image/avif"),
        (
            "x-amz-checksum-sha256",
            "Iw2DWNyOiJC0xY3utikS7i8gNXrpKlzIYbmOaP4xrLU=",
        ),
        (
            "x-amz-meta-minilab-sha256",
            "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5",
        ),
        ("x-amz-meta-place", "=?UTF-8?B?WsO8cmljaA==?="),
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-server-side-encryption-aws-kms-key-id", "alias/media"),
        ("x-amz-expected-bucket-owner", "123456789012"),
        ("x-amz-storage-class", "STANDARD_IA"),
    ] {
        assert_eq!(line(put, name), Some(value), "{name}: {put}");
    }
    assert_eq!(line(put, "x-amz-trailer"), None, "{put}");
    assert_eq!(line(put, "x-amz-checksum-crc32"), None, "{put}");
}

fn entry(key: &str) -> String {
    format!(
        "<Contents><Key>{key}</Key><ETag>\"e\"</ETag><Size>1</Size><LastModified>2026-11-24T01:00:00.123Z</LastModified></Contents>"
    )
}

#[tokio::test]
async fn listed_keys_are_decoded_as_forms_are() {
    let inner = format!(
        "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{}{}",
        entry("a+b%2Bc%25.jpg"),
        entry("b%0A%C3%BC")
    );
    let (store, _server) = opened(move |_, _| listing(&inner)).await;
    let page = store.list(ListRequest::default()).await.unwrap();
    let keys: Vec<_> = page.objects.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(keys, ["a b+c%.jpg", "b\nü"]);
    let modified = page.objects[0]
        .modified
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    assert_eq!(modified.subsec_nanos(), 0, "in whole seconds, as `head` answers");
}

/// A merge of such a listing would take objects for deleted ones.
#[tokio::test]
async fn listing_out_of_order_is_refused_and_asked_for_by_folder_from_then_on() {
    let folder = |name: &str| format!("<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>");
    let (store, _server) = opened(move |head, _| {
        let folded = head.contains("delimiter=");
        let level = if head.contains("prefix=a%2F") {
            entry("a/b")
        } else {
            entry("a.jpg") + &folder("a/")
        };
        let flat = entry("a/b") + &entry("a.jpg");
        listing(&format!(
            "<IsTruncated>false</IsTruncated>{}",
            if folded { level } else { flat }
        ))
    })
    .await;
    let error = store.list(ListRequest::default()).await.unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    let page = store.list(ListRequest::default()).await.unwrap();
    let keys: Vec<_> = page.objects.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(keys, ["a.jpg", "a/b"]);
}

#[tokio::test]
async fn pages_of_what_was_passed_already_are_skipped() {
    let folded = "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>";
    let (store, server) = opened(move |head, _| {
        if head.contains("continuation-token=") {
            listing(&format!("<IsTruncated>false</IsTruncated>{}", entry("b")))
        } else {
            let goes_on = "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>";
            listing(&format!("{goes_on}{folded}"))
        }
    })
    .await;
    let request = ListRequest {
        delimiter: Some('/'),
        after: Some("a/".to_owned()),
        ..ListRequest::default()
    };
    let page = store.list(request).await.unwrap();
    assert_eq!((page.objects.len(), page.prefixes.len(), page.next), (1, 0, None));
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn listing_that_cannot_go_on_is_an_error() {
    let (store, _server) =
        opened(|_, _| listing(&format!("<IsTruncated>true</IsTruncated>{}", entry("a")))).await;
    assert!(store.list(ListRequest::default()).await.is_err());
    let (store, _server) = opened(|_, _| Reply::Whole(200, String::new(), String::new())).await;
    assert!(store.list(ListRequest::default()).await.is_err());
}
