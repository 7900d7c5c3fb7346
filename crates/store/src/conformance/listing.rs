//! What `list` answers: order, pages, folding.
use std::sync::Arc;

use futures::TryStreamExt as _;

use super::{key, keys_of, write};
use crate::{ListRequest, Page, Store, StoreExt as _};

/// The order that a folder's names do not have by themselves: `.` < `/` < `0`.
const KEYS: [&str; 14] = [
    "B",
    "a!/x",
    "a.jpg",
    "a.jpg.txt",
    "a/b-c",
    "a/b.d/e",
    "a/b/c",
    "a/b/d",
    "a/b0",
    "a/c",
    "a0",
    "ab/c/d/e/f",
    "z",
    "é/à",
];

async fn fill(store: &Arc<dyn Store>) {
    for key in KEYS.into_iter().rev() {
        write(store, key, key).await;
    }
}

async fn list(store: &Arc<dyn Store>, request: ListRequest) -> Page {
    store.list(request).await.expect("list")
}

fn keys(page: &Page) -> Vec<&str> {
    page.objects.iter().map(|object| object.key.as_str()).collect()
}

/// Of whole keys.
pub async fn listing_is_in_byte_order(store: Arc<dyn Store>) {
    fill(&store).await;
    let page = list(&store, ListRequest::default()).await;
    assert_eq!(keys(&page), KEYS);
    assert_eq!((page.prefixes.len(), page.next), (0, None));
}

/// Puts and deletes, at once.
pub async fn listing_sees_what_was_answered(store: Arc<dyn Store>) {
    for number in 0..10 {
        write(&store, &format!("a/{number}"), "body").await;
        assert_eq!(keys_of(&store, "a/").await.len(), number + 1);
    }
    for number in 0..10 {
        store.delete(&key(&format!("a/{number}"))).await.expect("delete");
        assert_eq!(keys_of(&store, "").await.len(), 9 - number);
    }
}

/// For any page size.
pub async fn pages_cover_everything_once(store: Arc<dyn Store>) {
    fill(&store).await;
    for limit in 1..=KEYS.len() + 1 {
        let mut found: Vec<String> = Vec::new();
        let mut after = None;
        loop {
            let page = list(
                &store,
                ListRequest {
                    after,
                    limit,
                    ..ListRequest::default()
                },
            )
            .await;
            assert!(page.objects.len() <= limit);
            found.extend(keys(&page).into_iter().map(str::to_owned));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(found, KEYS, "pages of {limit}");
    }
}

/// Objects and folded prefixes share a page and its limit.
pub async fn pages_with_delimiter_cover_everything_once(store: Arc<dyn Store>) {
    fill(&store).await;
    for limit in 1..=9 {
        let (mut objects, mut prefixes) = (Vec::new(), Vec::new());
        let mut after = None;
        loop {
            let request = ListRequest {
                after,
                limit,
                delimiter: Some('/'),
                ..ListRequest::default()
            };
            let page = list(&store, request).await;
            assert!(page.objects.len() + page.prefixes.len() <= limit);
            objects.extend(keys(&page).into_iter().map(str::to_owned));
            prefixes.extend(page.prefixes);
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(
            objects,
            ["B", "a.jpg", "a.jpg.txt", "a0", "z"],
            "pages of {limit}"
        );
        assert_eq!(prefixes, ["a!/", "a/", "ab/", "é/"], "pages of {limit}");
    }
}

/// Not within it.
pub async fn delimiter_folds_after_the_prefix(store: Arc<dyn Store>) {
    fill(&store).await;
    let folded = async |prefix: &str| {
        let request = ListRequest {
            prefix: prefix.to_owned(),
            delimiter: Some('/'),
            ..ListRequest::default()
        };
        list(&store, request).await
    };
    let page = folded("a/").await;
    assert_eq!(keys(&page), ["a/b-c", "a/b0", "a/c"]);
    assert_eq!(page.prefixes, ["a/b.d/", "a/b/"]);
    let page = folded("a/b").await;
    assert_eq!(keys(&page), ["a/b-c", "a/b0"]);
    assert_eq!(page.prefixes, ["a/b.d/", "a/b/"]);
    let page = folded("ab/c/").await;
    assert_eq!(
        (keys(&page).len(), &page.prefixes[..]),
        (0, &["ab/c/d/".to_owned()][..])
    );
    let page = folded("nothing/").await;
    assert_eq!((keys(&page).len(), page.prefixes.len(), page.next), (0, 0, None));
}

/// It is a string, not a folder.
pub async fn prefix_may_end_within_a_name(store: Arc<dyn Store>) {
    fill(&store).await;
    for prefix in [
        "a", "a.", "a/b", "a/b/c", "ab/c/d/e", "é", "a/b/", "q", "a/b/c/", "a//", "../", "/",
    ] {
        let expected: Vec<_> = KEYS.into_iter().filter(|key| key.starts_with(prefix)).collect();
        assert_eq!(keys_of(&store, prefix).await, expected, "{prefix:?}");
    }
}

/// Any string will do.
pub async fn listing_starts_after_a_key_that_need_not_exist(store: Arc<dyn Store>) {
    fill(&store).await;
    for after in [
        "",
        "A",
        "B",
        "a",
        "a.",
        "a/",
        "a/b",
        "a/b/",
        "a/b/c",
        "a/b/c/zzz",
        "ab/c/d/e/f",
        "y",
        "é/à",
        "😀",
    ] {
        let request = ListRequest {
            after: Some(after.to_owned()),
            ..ListRequest::default()
        };
        let expected: Vec<_> = KEYS.into_iter().filter(|key| *key > after).collect();
        assert_eq!(keys(&list(&store, request).await), expected, "{after:?}");
    }
}

/// With versions that `head` answers too.
pub async fn list_all_yields_everything_in_order(store: Arc<dyn Store>) {
    fill(&store).await;
    let listed: Vec<_> = store.list_all("a/").try_collect().await.expect("list");
    let expected: Vec<_> = KEYS.into_iter().filter(|key| key.starts_with("a/")).collect();
    assert_eq!(
        listed
            .iter()
            .map(|object| object.key.as_str())
            .collect::<Vec<_>>(),
        expected
    );
    for object in listed {
        assert_eq!(store.head(&object.key).await.expect("head").etag, object.etag);
    }
}
