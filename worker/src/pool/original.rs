//! An original's bytes on their way from the store to a renderer: an anonymous memory file, sealed once complete.
//!
//! The seals let the renderer map it: nobody can shrink it under a reader, which would be a SIGBUS.
use std::fs::File;
use std::io::{self, Write as _};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use crate::renderer::OriginalFile;

/// Collects an original's bytes.
#[derive(Debug)]
pub struct OriginalWriter {
    file: File,
    size_bytes: u64,
}

impl OriginalWriter {
    /// Makes an empty memory file.
    pub fn create() -> io::Result<Self> {
        let file = memory_file("original")?;
        Ok(Self { file, size_bytes: 0 })
    }

    /// Appends; a copy into memory, so it may be called from async code.
    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.size_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Bytes so far.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Seals it.
    pub fn finish(self) -> io::Result<OriginalFile> {
        seal(&self.file)?;
        Ok(OriginalFile {
            file: self.file,
            size_bytes: self.size_bytes,
            tenant: None,
        })
    }
}

/// An anonymous memory file that can be sealed and never executed.
pub(super) fn memory_file(name: &str) -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = match memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        // Linux before 6.3 does not know the flag.
        Err(rustix::io::Errno::INVAL) => memfd_create(name, flags)?,
        made => made?,
    };
    Ok(File::from(file))
}

/// Ends every change of a memory file, by anybody who holds it.
pub(super) fn seal(file: &File) -> io::Result<()> {
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
    Ok(fcntl_add_seals(file, seals)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;

    use super::*;

    #[test]
    fn finished_original_cannot_change() {
        let mut writer = OriginalWriter::create().unwrap();
        writer.write_all(b"some ").unwrap();
        writer.write_all(b"bytes").unwrap();
        let original = writer.finish().unwrap();

        let mut read = vec![0; 10];
        original.file.read_exact_at(&mut read, 0).unwrap();
        assert_eq!((read.as_slice(), original.size_bytes), (&b"some bytes"[..], 10));
        assert!(original.file.set_len(0).is_err());
        assert!(original.file.write_at(b"x", 0).is_err());
    }
}
