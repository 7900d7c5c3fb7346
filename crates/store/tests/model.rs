//! Any sequence of calls on a folder answers what a sorted map would.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and clippy spares only the test functions"
)]
use std::collections::BTreeMap;

use bytes::Bytes;
use minilab_store::{Error, Fs, Key, Layout, ListRequest, Memory, Page, PutOptions, Store, StoreExt as _};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Call {
    Put(String),
    Delete(String),
    List {
        prefix: String,
        after: Option<String>,
        folding: bool,
        limit: usize,
    },
}

type Model = BTreeMap<String, String>;

/// Few segments, chosen so that files, folders and their neighbours in byte order meet.
fn segment() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "a!", "a.b", "a0", "b", "é"])
}

fn key() -> impl Strategy<Value = String> {
    prop::collection::vec(segment(), 1..4).prop_map(|segments| segments.join("/"))
}

/// A key, cut anywhere, or with something appended.
fn near_key() -> impl Strategy<Value = String> {
    (key(), 0..12_usize, prop::sample::select(vec!["", "/", "0"])).prop_map(|(key, cut, end)| {
        let begun: String = key.chars().take(cut).collect();
        begun + end
    })
}

fn call() -> impl Strategy<Value = Call> {
    let list = (
        near_key(),
        prop::option::of(near_key()),
        any::<bool>(),
        0..6_usize,
    );
    prop_oneof![
        4 => key().prop_map(Call::Put),
        2 => key().prop_map(Call::Delete),
        3 => list.prop_map(|(prefix, after, folding, limit)| Call::List { prefix, after, folding, limit }),
        1 => Just(Call::List { prefix: String::new(), after: None, folding: true, limit: 0 }),
    ]
}

/// Written from the contract alone: fold, drop what is not after, sort, cut.
fn expected(model: &Model, prefix: &str, after: Option<&str>, folding: bool, limit: usize) -> Entries {
    let mut entries: Vec<String> = Vec::new();
    for key in model.keys().filter(|key| key.starts_with(prefix)) {
        let fold = key[prefix.len()..].find('/').filter(|_| folding);
        entries.push(fold.map_or(key.clone(), |slash| key[..=prefix.len() + slash].to_owned()));
    }
    entries.retain(|entry| after.is_none_or(|after| entry.as_str() > after));
    entries.sort();
    entries.dedup();
    let limit = if limit == 0 { 1_000 } else { limit };
    let next = (entries.len() > limit).then(|| entries[limit - 1].clone());
    entries.truncate(limit);
    (entries, next)
}

/// All entries in order, and where to go on.
type Entries = (Vec<String>, Option<String>);

fn entries(page: Page) -> Entries {
    let mut entries: Vec<String> = page.objects.into_iter().map(|object| object.key.into()).collect();
    assert!(entries.is_sorted() && page.prefixes.is_sorted());
    entries.extend(page.prefixes);
    entries.sort();
    (entries, page.next)
}

/// Would a file and a folder have one name?
fn conflicts(model: &Model, key: &str) -> bool {
    let below = format!("{key}/");
    model
        .keys()
        .any(|other| other.starts_with(&below) || key.starts_with(&format!("{other}/")))
}

async fn follow(store: &dyn Store, calls: Vec<Call>, one_name_conflicts: bool) {
    let mut model = Model::new();
    for (number, call) in calls.into_iter().enumerate() {
        match call {
            Call::Put(at) => {
                let body = format!("body {number}");
                let put = store
                    .put(
                        &Key::new(at.as_str()).unwrap(),
                        body.clone().into(),
                        PutOptions::default(),
                    )
                    .await;
                if one_name_conflicts && conflicts(&model, &at) {
                    assert!(matches!(put, Err(Error::KeyRefused { .. })), "{at}: {put:?}");
                } else {
                    put.unwrap();
                    model.insert(at, body);
                }
            }
            Call::Delete(at) => {
                store.delete(&Key::new(at.as_str()).unwrap()).await.unwrap();
                model.remove(&at);
            }
            Call::List {
                prefix,
                after,
                folding,
                limit,
            } => {
                let expected = expected(&model, &prefix, after.as_deref(), folding, limit);
                let delimiter = folding.then_some('/');
                let request = ListRequest {
                    prefix,
                    delimiter,
                    after,
                    limit,
                };
                let page = store.list(request.clone()).await.unwrap();
                assert_eq!(entries(page), expected, "{request:?} of {:?}", model.keys());
            }
        }
    }
    for (at, body) in &model {
        let (_, found) = store
            .get_bytes(&Key::new(at.as_str()).unwrap(), 100)
            .await
            .unwrap();
        assert_eq!(found, Bytes::from(body.clone()));
    }
}

fn run(store: &dyn Store, calls: Vec<Call>, one_name_conflicts: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(follow(store, calls, one_name_conflicts));
}

fn run_in_folder(layout: Layout, calls: Vec<Call>) {
    let folder = tempfile::tempdir().unwrap();
    run(
        &Fs::open(folder.path(), layout).unwrap(),
        calls,
        layout == Layout::Plain,
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plain_folder_answers_as_a_map(calls in prop::collection::vec(call(), 1..40)) {
        run_in_folder(Layout::Plain, calls);
    }

    #[test]
    fn marked_folder_answers_as_a_map(calls in prop::collection::vec(call(), 1..40)) {
        run_in_folder(Layout::Marked, calls);
    }

    #[test]
    fn memory_answers_as_a_map(calls in prop::collection::vec(call(), 1..40)) {
        run(&Memory::new(), calls, false);
    }
}
