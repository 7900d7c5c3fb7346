//! Objects in this process's memory, for tests and simulation: deterministic, and as strict as the contract.
use std::{
    collections::BTreeMap,
    fmt,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard},
    time::SystemTime,
};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    ByteStream, ETag, Error, GetOptions, Head, Key, ListRequest, Listed, Object, Page, PutOptions, Sha256,
    Store,
};

/// Small enough that bodies of a few hundred kilobytes arrive in several pieces, as they do from real stores.
const CHUNK_BYTES: usize = 64 * 1024;
const PAGE_ENTRIES: usize = 1_000;

type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// A store that is gone when its last clone is dropped.
#[derive(Clone)]
pub struct Memory {
    shelf: Arc<Mutex<Shelf>>,
    clock: Clock,
}

#[derive(Default)]
struct Shelf {
    objects: BTreeMap<String, Stored>,
    tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Counts all writes there ever were, so that no version is used twice, not even for one content.
    writes: u64,
}

#[derive(Clone)]
struct Stored {
    head: Head,
    body: Bytes,
}

impl Memory {
    /// An empty store on the system's clock.
    pub fn new() -> Self {
        Self::with_clock(SystemTime::now)
    }

    /// An empty store whose objects were modified when `clock` says.
    pub fn with_clock(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self {
            shelf: Arc::default(),
            clock: Arc::new(clock),
        }
    }

    /// Sets the tags that an object has from now on; a write or a removal of the object ends them.
    pub fn tag(&self, key: &Key, tags: BTreeMap<String, String>) {
        self.shelf().tags.insert(key.as_str().to_owned(), tags);
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().expect("no code under this lock panics")
    }

    fn precondition(&self, operation: &'static str, key: &Key) -> Error {
        Error::Precondition {
            store: self.name().to_owned(),
            operation,
            key: key.clone(),
        }
    }

    fn find(&self, key: &Key) -> Result<Stored, Error> {
        let found = self.shelf().objects.get(key.as_str()).cloned();
        found.ok_or_else(|| Error::NotFound {
            store: self.name().to_owned(),
            key: key.clone(),
        })
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("objects", &self.shelf().objects.len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for Memory {
    #[expect(
        clippy::unnecessary_literal_bound,
        reason = "the port gives the name the store's lifetime"
    )]
    fn name(&self) -> &str {
        "memory"
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<Object, Error> {
        let Stored { head, body } = self.find(key)?;
        if options.if_match.is_some_and(|wanted| wanted != head.etag) {
            return Err(self.precondition("get", key));
        }
        Ok(Object {
            head,
            body: in_chunks(body),
        })
    }

    async fn head(&self, key: &Key) -> Result<Head, Error> {
        self.find(key).map(|stored| stored.head)
    }

    async fn tags(&self, key: &Key) -> Result<BTreeMap<String, String>, Error> {
        self.find(key)?;
        Ok(self.shelf().tags.get(key.as_str()).cloned().unwrap_or_default())
    }

    async fn put(&self, key: &Key, body: Bytes, options: PutOptions) -> Result<ETag, Error> {
        if let Some(expected) = options.sha256 {
            let digest = Sha256::of(&body);
            if digest != expected {
                return Err(Error::Io {
                    store: self.name().to_owned(),
                    operation: "put",
                    key: key.clone(),
                    cause: expected.mismatch(digest),
                });
            }
        }
        let modified = (self.clock)();
        let mut shelf = self.shelf();
        let current = shelf.objects.get(key.as_str()).map(|stored| &stored.head.etag);
        if !options.condition.holds(current) {
            return Err(self.precondition("put", key));
        }
        shelf.writes += 1;
        shelf.tags.remove(key.as_str());
        let etag = ETag(format!("m{}", shelf.writes));
        let head = Head {
            etag: etag.clone(),
            size_bytes: body.len() as u64,
            version_id: None,
            modified,
            content_type: options.content_type,
            cache_control: options.cache_control,
            sha256: options.sha256,
            metadata: options.metadata,
        };
        shelf
            .objects
            .insert(key.as_str().to_owned(), Stored { head, body });
        Ok(etag)
    }

    async fn list(&self, request: ListRequest) -> Result<Page, Error> {
        let folding = request.folds(self.name())?;
        let limit = if request.limit == 0 {
            PAGE_ENTRIES
        } else {
            request.limit
        };
        let after = request.after.as_deref().unwrap_or_default();
        let start = if after >= request.prefix.as_str() {
            Bound::Excluded(after)
        } else {
            Bound::Included(request.prefix.as_str())
        };
        let mut page = Page::default();
        let mut last: Option<String> = None;
        let shelf = self.shelf();
        for (key, stored) in shelf.objects.range::<str, _>((start, Bound::Unbounded)) {
            let Some(rest) = key.strip_prefix(&request.prefix) else {
                break;
            };
            let folded = rest
                .find('/')
                .filter(|_| folding)
                .map(|slash| &key[..=request.prefix.len() + slash]);
            let entry = folded.unwrap_or(key);
            // A folded prefix sorts before its keys, so it may lie at or before `after` although they do not.
            if entry <= after || last.as_deref() == Some(entry) {
                continue;
            }
            if page.objects.len() + page.prefixes.len() == limit {
                page.next = last;
                break;
            }
            match folded {
                Some(prefix) => page.prefixes.push(prefix.to_owned()),
                None => page.objects.push(Listed {
                    key: Key::new(key.clone()).expect("it was put as a key"),
                    etag: stored.head.etag.clone(),
                    size_bytes: stored.head.size_bytes,
                    modified: stored.head.modified,
                }),
            }
            last = Some(entry.to_owned());
        }
        Ok(page)
    }

    async fn delete(&self, key: &Key) -> Result<(), Error> {
        let mut shelf = self.shelf();
        shelf.objects.remove(key.as_str());
        shelf.tags.remove(key.as_str());
        Ok(())
    }
}

fn in_chunks(body: Bytes) -> ByteStream {
    let starts = (0..body.len()).step_by(CHUNK_BYTES);
    let chunk = move |start| Ok(body.slice(start..body.len().min(start + CHUNK_BYTES)));
    Box::pin(futures::stream::iter(starts.map(chunk)))
}
