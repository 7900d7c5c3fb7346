//! The memory files that a renderer writes, and what is believed of them: nothing before they are sealed and looked at.
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use bytes::Bytes;
use minilab_inspect::{self as inspect, Allowed};
use minilab_protos::renderer::FileDone;
use minilab_recipe::PlannedFile;

use super::header;
use super::original::{memory_file, seal};

/// One memory file that has been handed to a renderer.
#[derive(Debug)]
pub(super) struct Output {
    /// Index in the plan.
    pub(super) index: usize,
    file: File,
}

impl Output {
    /// An empty one.
    pub(super) fn create(index: usize) -> io::Result<Self> {
        let file = memory_file("file")?;
        Ok(Self { index, file })
    }

    /// Its descriptor for the renderer.
    pub(super) fn descriptor(&self) -> io::Result<std::os::fd::OwnedFd> {
        Ok(self.file.try_clone()?.into())
    }

    /// Takes the bytes out if they are what was planned and said, and carry no metadata but what is allowed. `None` breaks the
    /// protocol.
    pub(super) fn take(
        self,
        done: &FileDone,
        planned: &PlannedFile,
        allowed: Allowed,
        size_bytes_max: u64,
    ) -> Option<Bytes> {
        // Fails where the renderer has mapped it for writing, which no renderer of ours does.
        seal(&self.file).ok()?;
        let size_bytes = self.file.metadata().ok()?.len();
        if size_bytes != done.size_bytes || size_bytes > size_bytes_max {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(size_bytes).ok()?];
        self.file.read_exact_at(&mut bytes, 0).ok()?;
        let (format, size) = header::read(&bytes)?;
        let as_planned = format == planned.encoding.format()
            && size == planned.size
            && (done.width, done.height) == (size.width, size.height);
        if !as_planned {
            return None;
        }
        // The renderer has looked, too, so a block that is there now was put there.
        if let Err(what) = inspect::check(&bytes, format, allowed) {
            tracing::warn!(what, %format, "a renderer left in a file what its recipe does not keep");
            return None;
        }
        Some(bytes.into())
    }
}
