//! A store as a process reaches it: in bad weather, and watched.
use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use minilab_recipe::is_alias_key;
use minilab_store::{
    Condition, ETag, Error, GetOptions, Head, Key, ListRequest, Memory, Object, Page, PutOptions, Store,
};

use crate::{
    broken::Broken,
    ledger::Ledger,
    process::{Call, Failure, Process, at_once},
    weather::{Nature, Refusal},
};

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Originals,
    Output,
    State,
}

/// A store at the far end of a process's calls.
#[derive(Debug)]
pub struct RemoteStore {
    process: Process,
    role: Role,
    inner: Memory,
}

impl RemoteStore {
    pub fn of(process: &Process, role: Role) -> Arc<dyn Store> {
        let shelves = &process.sim.shelves;
        let inner = match role {
            Role::Originals => &shelves.originals,
            Role::Output => &shelves.output,
            Role::State => &shelves.state,
        };
        Arc::new(Self {
            process: process.clone(),
            role,
            inner: inner.clone(),
        })
    }

    fn call(&self, operation: &'static str, at: &str, nature: Nature) -> Call {
        Call {
            far_end: self.name_of(),
            operation,
            at: at.to_owned(),
            nature,
        }
    }

    fn name_of(&self) -> &'static str {
        match self.role {
            Role::Originals => "originals",
            Role::Output => "output",
            Role::State => "state",
        }
    }

    fn is(&self, broken: Broken) -> bool {
        self.process.sim.broken == Some(broken)
    }

    /// An original is not what it is, if the world is broken so.
    fn distorted(&self, key: &Key, seen: Result<Head, Error>) -> Result<Head, Error> {
        match seen {
            Err(Error::Io { .. }) if self.is(Broken::FailureIsAbsence) => Err(Error::NotFound {
                store: self.name_of().to_owned(),
                key: key.clone(),
            }),
            Ok(head) if self.is(Broken::StaleHead) && self.process.sim.weather.dice().one_in(3) => {
                let older = self.process.sim.ledger.upload_before(key.as_str());
                Ok(older.unwrap_or(head))
            }
            other => other,
        }
    }
}

/// At the far end: the effect of a PUT, and the ledger's look at it.
fn write(
    (role, inner, ledger): (Role, &Memory, &Ledger),
    key: &Key,
    body: &Bytes,
    options: &PutOptions,
) -> Result<ETag, Error> {
    let etag = at_once(inner.put(key, body.clone(), options.clone()))?;
    match role {
        Role::Originals => {}
        Role::State => ledger.state_written(key.as_str(), body),
        Role::Output => ledger.output_written(key.as_str(), body),
    }
    Ok(etag)
}

#[async_trait]
impl Store for RemoteStore {
    fn name(&self) -> &str {
        self.name_of()
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<Object, Error> {
        let (inner, at) = (self.inner.clone(), key.clone());
        let call = self.call("get", key.as_str(), Nature::Prompt);
        let got = move || at_once(inner.get(&at, options.clone())).map(Got);
        let Got(mut object) = self.process.reach(call.clone(), got).await?;
        if self.process.sim.weather.strikes("body cut") {
            let cut = Err(Error::lost(&call));
            object.body = Box::pin(object.body.take(0).chain(futures::stream::iter([cut])));
        }
        Ok(object)
    }

    async fn head(&self, key: &Key) -> Result<Head, Error> {
        let (inner, at) = (self.inner.clone(), key.clone());
        let call = self.call("head", key.as_str(), Nature::Prompt);
        let seen = self.process.reach(call, move || at_once(inner.head(&at))).await;
        if self.role == Role::Originals {
            self.distorted(key, seen)
        } else {
            seen
        }
    }

    async fn tags(&self, key: &Key) -> Result<std::collections::BTreeMap<String, String>, Error> {
        let (inner, at) = (self.inner.clone(), key.clone());
        let call = self.call("tags", key.as_str(), Nature::Prompt);
        self.process.reach(call, move || at_once(inner.tags(&at))).await
    }

    async fn put(&self, key: &Key, body: Bytes, mut options: PutOptions) -> Result<ETag, Error> {
        let mut call = self.call("put", key.as_str(), Nature::Stray);
        if options.condition == Condition::None {
            call.operation = "put-any";
        }
        if self.role == Role::State && self.is(Broken::ConditionsIgnored) {
            options.condition = Condition::None;
        }
        let (role, inner, ledger) = (
            self.role,
            self.inner.clone(),
            Arc::clone(&self.process.sim.ledger),
        );
        if role == Role::Output && self.is(Broken::FilesLater) && self.process.sim.weather.dice().one_in(4) {
            let at = key.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_mins(1)).await;
                drop(write((role, &inner, &ledger), &at, &body, &options));
            });
            return Ok(ETag("later".to_owned()));
        }
        let at = key.clone();
        let put = move || write((role, &inner, &ledger), &at, &body, &options);
        self.process.reach(call, put).await
    }

    async fn list(&self, request: ListRequest) -> Result<Page, Error> {
        let inner = self.inner.clone();
        let call = self.call("list", &request.prefix, Nature::Prompt);
        self.process
            .reach(call, move || at_once(inner.list(request.clone())))
            .await
    }

    async fn delete(&self, key: &Key) -> Result<(), Error> {
        // Stores know no conditional delete, so an alias removed late may be a new one: not promised, so not tried.
        let nature = if self.role == Role::Output && is_alias(key) {
            Nature::Prompt
        } else {
            Nature::Stray
        };
        let call = self.call("delete", key.as_str(), nature);
        let (role, inner, at) = (self.role, self.inner.clone(), key.clone());
        let ledger = Arc::clone(&self.process.sim.ledger);
        let delete = move || {
            if role == Role::Output {
                ledger.output_deleted(at.as_str());
            }
            at_once(inner.delete(&at))
        };
        self.process.reach(call, delete).await
    }
}

fn is_alias(key: &Key) -> bool {
    let original = key.as_str().rsplit_once('/').map(|(original, _)| original);
    original.is_some_and(|original| is_alias_key(original, key.as_str()))
}

/// An object on its way.
struct Got(Object);

impl std::fmt::Debug for Got {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.head.fmt(f)
    }
}

impl Failure for Error {
    fn refused(call: &Call, how: Refusal) -> Self {
        let (store, operation, key) = named(call);
        match how {
            Refusal::Away => Self::Unavailable {
                store,
                operation,
                key,
                reason: "the simulator says so".to_owned(),
            },
            Refusal::Denied => Self::Denied {
                store,
                operation,
                key,
                cause: None,
            },
            Refusal::Conflict if operation == "put" => Self::Precondition {
                store,
                operation,
                key,
            },
            Refusal::Conflict | Refusal::Reset => Self::lost(call),
        }
    }

    fn lost(call: &Call) -> Self {
        let (store, operation, key) = named(call);
        Self::Io {
            store,
            operation,
            key,
            cause: std::io::Error::other("the simulator says so"),
        }
    }
}

fn named(call: &Call) -> (String, &'static str, Key) {
    let key = Key::new(call.at.as_str()).or_else(|_| Key::new("/"));
    let key = key.expect("one byte is a key");
    (call.far_end.to_owned(), call.operation, key)
}
