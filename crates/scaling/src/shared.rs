//! Small objects in the store of records that many processes add to.
use minilab_record::{
    Error,
    objects::{self, Form},
};
use minilab_store::{Key, Store};
use serde::{Serialize, de::DeserializeOwned};

/// Writers are few, or come back later.
const TRIES_MAX: u32 = 5;

pub(crate) async fn load<T: DeserializeOwned>(
    state: &dyn Store,
    object: &str,
    form: Form,
) -> Result<Option<T>, Error> {
    Ok(objects::get(state, &key(object), form)
        .await?
        .map(|(value, _)| value))
}

/// Changes an object as it is now.
pub(crate) async fn merge<T: Serialize + DeserializeOwned + Default + Sync>(
    state: &dyn Store,
    object: &str,
    form: Form,
    mut change: impl FnMut(&mut T),
) -> Result<(), Error> {
    for _ in 0..TRIES_MAX {
        let (value, etag) = objects::get::<T>(state, &key(object), form).await?.unzip();
        let mut value = value.unwrap_or_default();
        change(&mut value);
        if objects::swap(state, &key(object), etag.as_ref(), &value)
            .await?
            .is_some()
        {
            return Ok(());
        }
    }
    Err(Error::Contended {
        key: key(object),
        tries: TRIES_MAX,
    })
}

fn key(object: &str) -> Key {
    Key::new(object).expect("a constant within the limits")
}
