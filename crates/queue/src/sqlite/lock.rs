//! One process per database: leases are reset at start, which is right only while no other process holds one.
use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, flock, statfs},
    io::Errno,
};

use crate::Error;

/// Held for the adapter's life; the kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct ProcessLock {
    _file: File,
}

impl ProcessLock {
    /// Locks `<database>.lock`, on a file system where a lock is one.
    pub fn take(database: &Path) -> Result<Self, Error> {
        let unusable = |reason| Error::Unusable {
            queue: database.display().to_string(),
            reason,
        };
        let path = beside(database);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| {
                unusable(format!(
                    "cannot open `{}`: {e}; create the folder and make it writable",
                    path.display()
                ))
            })?;
        refuse_network(&path).map_err(unusable)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(unusable(held_by(&path, &mut file))),
            Err(e) => return Err(unusable(format!("cannot lock `{}`: {e}", path.display()))),
        }
        sign(&mut file).map_err(|e| unusable(format!("cannot write `{}`: {e}", path.display())))?;
        Ok(Self { _file: file })
    }
}

fn beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

/// Leaves our process id for the one who is refused.
fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())
}

fn held_by(path: &Path, file: &mut File) -> String {
    let mut pid = String::new();
    // Only decorates the message: the holder may be between locking and signing.
    let _ = file.read_to_string(&mut pid);
    let holder = if pid.trim().is_empty() {
        "another process".into()
    } else {
        format!("process {}", pid.trim())
    };
    format!(
        "`{}` is locked by {holder}; stop it, or give this one a database of its own",
        path.display()
    )
}

fn refuse_network(path: &Path) -> Result<(), String> {
    let file_system =
        statfs(path).map_err(|e| format!("cannot examine the file system of `{}`: {e}", path.display()))?;
    match shared_file_system(file_system.f_type as u32) {
        None => Ok(()),
        Some(kind) => Err(format!(
            "`{}` is on {kind}, where locks and shared memory of SQLite cannot be relied on; use a local disk, or \
             RabbitMQ or SQS to share a queue between machines",
            path.display()
        )),
    }
}

/// File systems whose other side is, or may be, another machine, by the magic number of statfs(2).
fn shared_file_system(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => "SMB/CIFS",
        0x6573_5546 => "FUSE (sshfs, s3fs, a shared folder of a virtual machine)",
        0x0102_1997 => "9P (a shared folder of a virtual machine)",
        0x00C3_6400 => "CephFS",
        0x5346_414F | 0x6B41_4653 => "AFS",
        0x0BD0_0BD0 => "Lustre",
        0x0116_1970 => "GFS2",
        0x7461_636F => "OCFS2",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_refused_and_local_ones_are_not() {
        for magic in [0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x6573_5546] {
            assert!(shared_file_system(magic).is_some(), "{magic:#x}");
        }
        let local = [
            ("ext4", 0xEF53),
            ("xfs", 0x5846_5342),
            ("btrfs", 0x9123_683E),
            ("tmpfs", 0x0102_1994),
        ];
        for (name, magic) in local {
            assert_eq!(shared_file_system(magic), None, "{name}");
        }
        assert_eq!(
            shared_file_system(0x794C_7630),
            None,
            "overlayfs, the root of a container"
        );
    }

    #[test]
    fn the_second_holder_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("queue.db");
        let first = ProcessLock::take(&database).unwrap();
        let refusal = ProcessLock::take(&database).unwrap_err().to_string();
        assert!(refusal.contains("queue.db.lock"), "{refusal}");
        assert!(refusal.contains(&std::process::id().to_string()), "{refusal}");
        drop(first);
        ProcessLock::take(&database).unwrap();
    }
}
