//! A store in bad weather: every call takes a while, some fail, and some writes whose sender has given up arrive later.
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use minilab_store::{
    ETag, Error, GetOptions, Head, Key, ListRequest, Memory, Object, Page, PutOptions, Store,
};

/// Longest time that a call takes.
const CALL_MS_MAX: u64 = 200;
/// Longest time after which a write arrives whose answer its sender no longer waits for.
const STRAY_MS_MAX: u64 = 20_000;
/// Of a hundred calls, so many fail.
const FAILS_PERCENT: u64 = 3;

/// Numbers that are the same in every run of a seed.
#[derive(Debug)]
pub struct Dice(AtomicU64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// From 0 to `below` - 1 (splitmix64).
    pub fn roll(&self, below: u64) -> u64 {
        let mut z = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }
}

#[derive(Debug, Clone)]
pub struct Weather {
    inner: Memory,
    dice: Arc<Dice>,
    calm: Arc<AtomicBool>,
}

impl Weather {
    pub fn new(inner: Memory, dice: Arc<Dice>, calm: Arc<AtomicBool>) -> Self {
        Self { inner, dice, calm }
    }

    /// Takes a while. `true`: the call fails.
    async fn passes(&self) -> bool {
        tokio::time::sleep(Duration::from_millis(self.dice.roll(CALL_MS_MAX))).await;
        !self.calm.load(Ordering::SeqCst) && self.dice.roll(100) < FAILS_PERCENT
    }

    fn lost(operation: &'static str, key: &Key) -> Error {
        let cause = std::io::Error::other("bad weather");
        Error::Io {
            store: "weather".into(),
            operation,
            key: key.clone(),
            cause,
        }
    }
}

#[async_trait]
impl Store for Weather {
    fn name(&self) -> &'static str {
        "weather"
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<Object, Error> {
        if self.passes().await {
            Err(Self::lost("get", key))
        } else {
            self.inner.get(key, options).await
        }
    }

    async fn head(&self, key: &Key) -> Result<Head, Error> {
        if self.passes().await {
            Err(Self::lost("head", key))
        } else {
            self.inner.head(key).await
        }
    }

    async fn tags(&self, key: &Key) -> Result<std::collections::BTreeMap<String, String>, Error> {
        if self.passes().await {
            Err(Self::lost("read the tags of", key))
        } else {
            self.inner.tags(key).await
        }
    }

    async fn put(&self, key: &Key, body: Bytes, options: PutOptions) -> Result<ETag, Error> {
        if !self.passes().await {
            return self.inner.put(key, body, options).await;
        }
        // Never, or before the sender learns that it failed, or long after.
        let (inner, to, late) = (
            self.inner.clone(),
            key.clone(),
            Duration::from_millis(self.dice.roll(STRAY_MS_MAX)),
        );
        match self.dice.roll(3) {
            0 => {}
            1 => drop(inner.put(&to, body, options).await),
            _ => drop(tokio::spawn(async move {
                tokio::time::sleep(late).await;
                drop(inner.put(&to, body, options).await);
            })),
        }
        Err(Self::lost("put", key))
    }

    async fn list(&self, request: ListRequest) -> Result<Page, Error> {
        self.passes().await;
        self.inner.list(request).await
    }

    async fn delete(&self, key: &Key) -> Result<(), Error> {
        if self.passes().await {
            Err(Self::lost("delete", key))
        } else {
            self.inner.delete(key).await
        }
    }
}
