//! A database file of a test's own, and a clock that goes on when the database is opened again.
use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use minilab_queue::{Error, ManualClock, Queue, Sqlite, SqliteConfig, conformance::World};
use tempfile::TempDir;

#[derive(Clone)]
pub struct Folder {
    folder: Arc<TempDir>,
    clock: ManualClock,
}

impl Folder {
    pub fn new() -> Self {
        Self {
            folder: Arc::new(tempfile::tempdir().unwrap()),
            clock: ManualClock::default(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub async fn open(&self) -> Opened {
        let sqlite = Arc::new(self.try_open().await.unwrap());
        Opened {
            sqlite,
            folder: self.clone(),
        }
    }

    pub async fn try_open(&self) -> Result<Sqlite, Error> {
        let config = SqliteConfig::at(self.path().join("queue.db"));
        Sqlite::open_with_clock(config, Arc::new(self.clock.clone())).await
    }
}

/// Keeps the folder for as long as the database is open.
pub struct Opened {
    pub sqlite: Arc<Sqlite>,
    folder: Folder,
}

impl Opened {
    /// An orderly end, and a new beginning.
    pub async fn reopen(self) -> Self {
        self.sqlite.close().await;
        self.folder.open().await
    }
}

#[async_trait]
impl World for Opened {
    fn queue(&self) -> Arc<dyn Queue> {
        Arc::clone(&self.sqlite) as Arc<dyn Queue>
    }

    async fn advance(&self, by: Duration) {
        self.folder.clock.advance(by);
    }
}
