//! What happened in a run, in order: printed when a seed fails, hashed to see that a seed is the same every time.
use std::{
    collections::hash_map::DefaultHasher,
    fmt::Write as _,
    hash::{Hash as _, Hasher as _},
    sync::Mutex,
};

use tokio::time::Instant;

/// Entries printed of a failed run: the last ones, which are those that led to it.
const PRINTED_MAX: usize = 400;

/// The entries so far.
#[derive(Debug)]
pub struct Trace {
    begun: Instant,
    entries: Mutex<Vec<Entry>>,
}

#[derive(Debug, Hash)]
struct Entry {
    ms: u64,
    who: String,
    what: String,
}

impl Trace {
    /// Begins now.
    pub fn new() -> Self {
        Self {
            begun: Instant::now(),
            entries: Mutex::default(),
        }
    }

    /// `who` did `what`.
    pub fn note(&self, who: &str, what: String) {
        let ms = self.begun.elapsed().as_millis() as u64;
        let who = who.to_owned();
        self.entries.lock().unwrap().push(Entry { ms, who, what });
    }

    /// Equal for equal runs.
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.entries.lock().unwrap().hash(&mut hasher);
        hasher.finish()
    }

    /// The last entries, one a line.
    pub fn tail(&self) -> String {
        let entries = self.entries.lock().unwrap();
        let skipped = entries.len().saturating_sub(PRINTED_MAX);
        let mut text = format!("... {skipped} earlier entries\n");
        for Entry { ms, who, what } in &entries[skipped..] {
            let (seconds, ms) = (ms / 1000, ms % 1000);
            writeln!(text, "{seconds:>6}.{ms:03} s  {who:<14} {what}").unwrap();
        }
        text
    }
}
