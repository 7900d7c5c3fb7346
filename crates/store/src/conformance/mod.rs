//! The contract of [`Store`] as tests: one public function per sentence, for every adapter.
//!
//! Each takes a store that holds nothing and panics where the sentence does not hold. [`store_conformance!`] makes a
//! test of each, [`sentences`] lists them; what only some adapters can do ([`object_and_folder_of_one_name_live_side_by_side`]) is outside it.
//!
//! [`store_conformance!`]: crate::store_conformance
mod listing;
mod reading;
mod writing;

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;

pub use self::{listing::*, reading::*, writing::*};
use crate::{Condition, ETag, Error, Key, PutOptions, Store, StoreExt as _};

/// Makes a test of each sentence. The expression makes a world: an `Arc<dyn Store>` that holds nothing, and whatever
/// must live as long as it. It may await; the calling crate needs tokio with `macros` and `rt-multi-thread`.
///
/// ```ignore
/// mod memory {
///     minilab_store::store_conformance!((Arc::new(Memory::new()), ()));
/// }
/// ```
#[macro_export]
macro_rules! store_conformance {
    ($world:expr) => {
        $crate::store_conformance! { @sentences each [$world] }
    };
    (@sentences $form:ident [$($world:expr)?]) => {
        $crate::store_conformance! { @$form [$($world)?]
            put_is_read_back_with_its_attributes,
            object_put_without_attributes_has_none,
            absent_object_is_not_found,
            get_of_another_version_fails,
            large_body_arrives_whole,
            empty_body_is_an_object,
            overwriting_replaces_body_and_attributes,
            read_that_is_overtaken_by_a_write_is_never_torn,
            odd_names_are_used_byte_for_byte,
            name_is_kept_as_it_is_or_refused,
            bytes_over_the_cap_are_refused,
            of_racing_absent_writers_one_wins,
            of_racing_match_writers_one_wins,
            absent_condition_refuses_an_existing_object,
            match_condition_refuses_an_absent_object,
            older_version_never_matches_again,
            every_call_names_the_same_version,
            readers_see_body_and_attributes_of_one_put,
            body_with_another_digest_is_refused_and_changes_nothing,
            delete_is_idempotent,
            deleted_key_can_be_put_anew,
            name_of_a_deleted_folder_is_no_object,
            deleting_one_object_leaves_its_neighbours,
            conditional_puts_pass_the_probe,
            listing_is_in_byte_order,
            listing_sees_what_was_answered,
            pages_cover_everything_once,
            pages_with_delimiter_cover_everything_once,
            delimiter_folds_after_the_prefix,
            prefix_may_end_within_a_name,
            listing_starts_after_a_key_that_need_not_exist,
            list_all_yields_everything_in_order,
        }
    };
    (@each [$world:expr] $($sentence:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $sentence() {
                let (store, _world) = $world;
                $crate::conformance::$sentence(store).await;
            }
        )*
    };
    (@listed [] $($sentence:ident,)*) => {
        [$(
            Sentence {
                name: stringify!($sentence),
                hold: |store| Box::pin($crate::conformance::$sentence(store)),
            },
        )*]
    };
}

/// One sentence of the contract, for suites that run all of them against one server.
#[derive(Clone, Copy)]
pub struct Sentence {
    /// As its function is called.
    pub name: &'static str,
    /// Panics where it does not hold of a store that holds nothing.
    pub hold: fn(Arc<dyn Store>) -> BoxFuture<'static, ()>,
}

/// All that [`store_conformance!`](crate::store_conformance) makes tests of.
pub fn sentences() -> impl IntoIterator<Item = Sentence> {
    crate::store_conformance! { @sentences listed [] }
}

/// Outside the suite: folders in the plain layout cannot do it.
pub async fn object_and_folder_of_one_name_live_side_by_side(store: Arc<dyn Store>) {
    let keys = ["a", "a.jpg", "a/b", "a/b/c", "a0"];
    for key in keys.into_iter().rev() {
        write(&store, key, key).await;
    }
    assert_eq!(keys_of(&store, "").await, keys);
    for key in keys {
        assert_eq!(read(&store, key).await, key);
    }
    store.delete(&key("a")).await.expect("delete");
    store.delete(&key("a/b/c")).await.expect("delete");
    assert_eq!(keys_of(&store, "").await, ["a.jpg", "a/b", "a0"]);
}

fn key(key: &str) -> Key {
    Key::new(key).expect("a key")
}

fn on(condition: Condition) -> PutOptions {
    PutOptions {
        condition,
        ..PutOptions::default()
    }
}

async fn write(store: &Arc<dyn Store>, at: &str, body: impl Into<String>) -> ETag {
    write_if(store, at, body, Condition::None).await.expect("put")
}

async fn write_if(
    store: &Arc<dyn Store>,
    at: &str,
    body: impl Into<String>,
    condition: Condition,
) -> Result<ETag, Error> {
    store.put(&key(at), Bytes::from(body.into()), on(condition)).await
}

async fn read(store: &Arc<dyn Store>, at: &str) -> String {
    let (_, body) = store.get_bytes(&key(at), 1 << 20).await.expect("get");
    String::from_utf8(body.to_vec()).expect("text")
}

async fn keys_of(store: &Arc<dyn Store>, prefix: &str) -> Vec<String> {
    use futures::TryStreamExt as _;
    let listed: Vec<_> = store.list_all(prefix).try_collect().await.expect("list");
    listed
        .into_iter()
        .map(|object| String::from(object.key))
        .collect()
}

fn assert_precondition<T: std::fmt::Debug>(answer: Result<T, Error>) {
    match answer {
        Err(Error::Precondition { .. }) => {}
        Err(other) => panic!("{other:?}"),
        Ok(accepted) => panic!("accepted: {accepted:?}"),
    }
}
