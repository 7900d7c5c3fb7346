//! Folders of one test, and the program run in them.
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// A folder of one test.
pub struct World {
    folder: TempDir,
}

/// What a run came to.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl World {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Runs it in the folder, so that messages hold only relative paths.
    pub fn run<const N: usize>(&self, args: [&str; N]) -> Ran {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(args).output().unwrap();
        Ran {
            code: status.code().expect("it was not killed"),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }

    pub fn command<const N: usize>(&self, args: [&str; N]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_minilab"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_remove("MINILAB_RENDERER");
        command
    }
}

/// Tests that render need the other binary, which Cargo builds beside this one.
pub fn renderer_is_built() {
    let renderer = Path::new(env!("CARGO_BIN_EXE_minilab")).with_file_name("minilab-renderer");
    assert!(
        renderer.is_file(),
        "{} is not built: run `cargo build`, which builds both binaries",
        renderer.display()
    );
}

/// A picture: 24-bit noise that no encoder can make much smaller, as an uncompressed PNG.
pub fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut rows = Vec::new();
    let mut seed = 1_u32;
    for _ in 0..height {
        // The row's filter: none.
        rows.extend([0]);
        for _ in 0..width * 3 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            rows.push((seed >> 24) as u8);
        }
    }
    let mut header = Vec::new();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", stored(&rows)), (b"IEND", Vec::new())] {
        png.extend((data.len() as u32).to_be_bytes());
        let body: Vec<u8> = kind.iter().copied().chain(data).collect();
        png.extend(&body);
        png.extend(crc(&body).to_be_bytes());
    }
    png
}

/// zlib without compression.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = data.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    out.extend((b << 16 | a).to_be_bytes());
    out
}

fn crc(data: &[u8]) -> u32 {
    !data.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}
