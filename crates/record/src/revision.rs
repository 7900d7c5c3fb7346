//! The configuration revision: a rising number bound to the digest of what affects outputs.
use jiff::Timestamp;
use minilab_store::{Key, Store};
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    objects::{self, Form},
};

const OBJECT: &str = "config/revision";
const FORM: Form = Form {
    what: "a configuration revision",
    known: 1,
};
/// Deployments race in pairs, not in crowds.
const TRIES_MAX: u32 = 5;

/// The configuration in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    v: u32,
    /// Its number, from 1.
    pub revision: u64,
    /// Digest of what affects outputs.
    pub digest: String,
    /// Since when.
    pub activated: Timestamp,
}

/// The configuration in force, if any was ever activated.
pub async fn current(state: &dyn Store) -> Result<Option<Revision>, Error> {
    Ok(objects::get(state, &object(), FORM)
        .await?
        .map(|(revision, _)| revision))
}

/// Puts `digest` in force: the next number, or the current one if it is in force already.
///
/// May be repeated after any error: a digest never gets two numbers in a row.
pub async fn activate(state: &dyn Store, digest: &str, now: Timestamp) -> Result<u64, Error> {
    for _ in 0..TRIES_MAX {
        let (known, etag): (Option<Revision>, _) = objects::get(state, &object(), FORM).await?.unzip();
        let last = match known {
            Some(known) if known.digest == digest => return Ok(known.revision),
            known => known.map_or(0, |known| known.revision),
        };
        let next = Revision {
            v: 1,
            revision: last + 1,
            digest: digest.to_owned(),
            activated: now,
        };
        if objects::swap(state, &object(), etag.as_ref(), &next)
            .await?
            .is_some()
        {
            return Ok(next.revision);
        }
    }
    Err(Error::Contended {
        key: object(),
        tries: TRIES_MAX,
    })
}

fn object() -> Key {
    Key::new(OBJECT).expect("a constant within the limits")
}

#[cfg(test)]
mod tests {
    use minilab_store::Memory;

    use super::*;

    #[tokio::test]
    async fn only_a_digest_that_is_not_current_takes_a_number() {
        let state = Memory::new();
        assert_eq!(current(&state).await.unwrap(), None);
        for (digest, number) in [("a", 1), ("a", 1), ("b", 2), ("a", 3), ("a", 3)] {
            assert_eq!(
                activate(&state, digest, Timestamp::UNIX_EPOCH).await.unwrap(),
                number
            );
        }
        let now = current(&state).await.unwrap().unwrap();
        assert_eq!((now.revision, &*now.digest), (3, "a"));
    }

    #[tokio::test]
    async fn racing_activations_of_one_digest_agree_on_its_number() {
        let state = Memory::new();
        let racers = (0..4).map(|_| activate(&state, "a", Timestamp::UNIX_EPOCH));
        let numbers = futures::future::try_join_all(racers).await.unwrap();
        assert_eq!(numbers, [1; 4]);
    }
}
