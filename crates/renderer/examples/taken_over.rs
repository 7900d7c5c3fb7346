//! A renderer that an original has taken over: it starts as any other, behind the same walls, and is an attacker's from the
//! first original that says so. For the tests of what such a renderer can do. Decodes nothing.
//!
//! An original is text after `GIF89a ` or `II*`, by which the pool takes it for a GIF or a TIFF: `attack WHAT [TARGET]` is tried at once, and what it came to is the answer; `tell` is
//! answered with every original that this process has seen since it was taken over (by any `attack`); anything else is served
//! well, `flood` aside, whose file is written beyond the limit, and `leave WHAT`, whose file carries what it may not.
use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::net::{TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, exit};

use minilab_protos::renderer::{
    Closed, Failed, FileDone, Hello, Open, Probed, Render, Rendered, reply::Body as Reply,
    request::Body as Request,
};
use minilab_recipe::{Format, Pixels, Plan, Probe, Size};
use minilab_renderer::arguments::Errand;
use minilab_renderer::link::{Link, LinkError};
use minilab_renderer::process::mapped::Mapped;
use minilab_renderer::{BUILD_ID, start};
use rustix::process::{Pid, Signal, getppid, kill_process};

/// What an attacker has of this process.
struct TakenOver {
    parent: Pid,
    /// Since it was taken over.
    seen: Option<Vec<String>>,
    script: String,
}

fn main() -> Result<(), LinkError> {
    let parent = getppid().expect("a renderer has a parent");
    let Ok(Errand::Serve(arguments)) = Errand::parse(std::env::args().skip(1)) else {
        exit(64);
    };
    let started = match start(&arguments) {
        Ok(started) => started,
        Err(refusal) => {
            eprintln!("{refusal}");
            exit(77);
        }
    };
    let mut link = Link::inherited();
    link.send(Reply::Hello(Hello {
        build_id: BUILD_ID.to_owned(),
        engine: "none".to_owned(),
        gaps: started.gaps(),
    }))?;
    let mut it = TakenOver {
        parent,
        seen: None,
        script: String::new(),
    };
    loop {
        let (request, descriptors) = match link.receive() {
            Err(LinkError::Closed) => return Ok(()),
            received => received?,
        };
        link.send(match request {
            Request::Open(open) => it.open(&open, descriptors),
            Request::Render(asked) => it.render(&link, &asked, descriptors)?,
            Request::Close(_) => Reply::Closed(Closed {}),
            Request::Survey(_) => exit(1),
        })?;
    }
}

impl TakenOver {
    fn open(&mut self, open: &Open, mut descriptors: Vec<OwnedFd>) -> Reply {
        let original = Mapped::new(descriptors.remove(0), open.size_bytes).expect("an original is sealed");
        let text = String::from_utf8_lossy(&original).into_owned();
        let script = text.strip_prefix("GIF89a ").or(text.strip_prefix("II*"));
        script.unwrap_or(&text).clone_into(&mut self.script);
        if let Some(seen) = &mut self.seen {
            seen.push(self.script.clone());
        }
        let script = self.script.clone();
        if let Some(attack) = script.strip_prefix("attack ") {
            self.seen.get_or_insert_default();
            return answer(&self.attack(attack));
        }
        if script == "tell" {
            return answer(&self.seen.take().unwrap_or_default().join(", "));
        }
        let side = 64;
        let probe = Probe {
            format: if text.starts_with("GIF89a") {
                Format::Gif
            } else {
                Format::Tiff
            },
            stored: Size {
                width: side,
                height: side,
            },
            orientation: 1,
            pages: 1,
            further: std::collections::BTreeMap::new(),
            alpha: false,
            bits: 8,
            pixels: Pixels::Rgb,
            icc: false,
            whole_image: false,
        };
        Reply::Probed(Probed {
            probe_json: serde_json::to_string(&probe).expect("plain data"),
        })
    }

    /// Each way in turn; what none of them could do ends in `refused`.
    fn attack(&self, what: &str) -> String {
        let (what, target) = what.split_once(' ').unwrap_or((what, ""));
        let parent = self.parent.as_raw_nonzero().get();
        let read = |path: &str| fs::read(path).map(|bytes| format!("read {path}: {} bytes", bytes.len()));
        let ways: Vec<Result<String, Box<dyn Error>>> = match what {
            "network" => vec![
                done("connected by TCP", TcpStream::connect(target)),
                done("opened UDP", UdpSocket::bind("127.0.0.1:0")),
                done("connected by a path", UnixStream::connect("/run/systemd/private")),
                done("made a pair of sockets", UnixStream::pair()),
            ],
            "files" => [
                "/etc/passwd".to_owned(),
                "/proc/self/environ".to_owned(),
                "/proc/self/mem".to_owned(),
                format!("/proc/{parent}/environ"),
                format!("/proc/{parent}/mem"),
                format!("/proc/{target}/mem"),
            ]
            .iter()
            .map(|path| read(path).map_err(Into::into))
            .chain([
                done("listed a folder", fs::read_dir("/")),
                done(
                    "wrote a file",
                    OpenOptions::new()
                        .append(true)
                        .create(true)
                        .open("/tmp/taken-over"),
                ),
            ])
            .collect(),
            "programs" => vec![done("ran a program", Command::new("/bin/true").spawn())],
            "parent" => vec![done("killed the worker", kill_process(self.parent, Signal::KILL))],
            "environment" => {
                // libvips writes down where it lies.
                let names = std::env::vars_os().map(|(name, _)| name);
                let names: Vec<_> = names.filter(|name| name != "VIPSHOME").collect();
                let empty = || Err("nothing there".into());
                vec![if names.is_empty() {
                    empty()
                } else {
                    Ok(format!("{names:?}"))
                }]
            }
            "nothing" => Vec::new(),
            _ => exit(2),
        };
        let granted: Vec<String> = ways.into_iter().flatten().collect();
        if granted.is_empty() {
            "refused".to_owned()
        } else {
            granted.join("; ")
        }
    }

    fn render(&self, link: &Link, asked: &Render, outputs: Vec<OwnedFd>) -> Result<Reply, LinkError> {
        let plan: Plan = serde_json::from_str(&asked.plan_json).expect("a test's plan is right");
        for (&file, output) in asked.files.iter().zip(outputs) {
            let Size { width, height } = plan.files[file as usize].size;
            let mut bytes = webp(width, height);
            if let Some(what) = self.script.strip_prefix("leave ") {
                bytes.extend(left(what));
                if what != "behind" {
                    let riff = bytes.len() as u32 - 8;
                    bytes[4..8].copy_from_slice(&riff.to_le_bytes());
                }
            }
            let mut output = File::from(output);
            if self.script == "flood" {
                bytes.resize(64 << 20, 0);
                // The signal that comes with the limit is an attacker's to survive: nothing else is.
                let _ = output.write_all(&bytes);
            } else {
                output.write_all(&bytes)?;
            }
            link.send(Reply::FileDone(FileDone {
                file,
                size_bytes: bytes.len() as u64,
                width,
                height,
                micros: 1,
                ..FileDone::default()
            }))?;
        }
        Ok(Reply::Rendered(Rendered {
            decodes: 1,
            ..Rendered::default()
        }))
    }
}

fn done<T, E: Error + 'static>(what: &str, result: Result<T, E>) -> Result<String, Box<dyn Error>> {
    match result {
        Ok(_) => Ok(what.to_owned()),
        Err(cause) => Err(cause.into()),
    }
}

/// An attacker has no other way to say anything than the protocol's.
fn answer(sentence: &str) -> Reply {
    Reply::Failed(Failed {
        code: "answer".to_owned(),
        sentence: sentence.to_owned(),
        stage: "probe".to_owned(),
    })
}

/// A header of lossless WebP.
fn webp(width: u32, height: u32) -> Vec<u8> {
    let packed = (width - 1) | (height - 1) << 14;
    let packed = packed.to_le_bytes();
    [&b"RIFF\x12\0\0\0WEBPVP8L\x05\0\0\0\x2f"[..], &packed, &[0]].concat()
}

/// What an attacker may want to carry out of its own original.
fn left(what: &str) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], body: &[u8]| {
        let len = (body.len() as u32).to_le_bytes();
        [kind, &len[..], body].concat()
    };
    match what {
        // A directory with a place.
        "exif" => chunk(
            b"EXIF",
            b"II*\0\x08\0\0\0\x01\0\x25\x88\x04\0\x01\0\0\0\0\0\0\0\0\0\0\0",
        ),
        "xmp" => chunk(b"XMP ", b"<x/>__"),
        "icc" => chunk(b"ICCP", b"profile_"),
        "chunk" => chunk(b"note", b"whoever reads this"),
        "behind" => b"more".to_vec(),
        _ => exit(2),
    }
}
