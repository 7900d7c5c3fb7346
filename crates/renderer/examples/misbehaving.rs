//! A far end of the renderer protocol that misbehaves on request, for the tests of the pool. Decodes nothing.
//!
//! An original is text, `STAGE MISDEED`, say `render hang`, with `GIF89a` before it where it is to share a renderer; anything
//! else is served well. Started by the name `stranger` it
//! says that it is of another build, by the name `mute` it says nothing.
#[path = "../src/link.rs"]
mod link;

use std::fs::File;
use std::io::{Write as _, stdin};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::process::exit;
use std::thread::sleep;
use std::time::Duration;

use link::{Link, LinkError};
use minilab_protos::renderer::{
    Closed, EXIT_OUT_OF_MEMORY, FRAME_BYTES_MAX, FileDone, Hello, Probed, Render, Rendered, Surveyed,
    reply::Body as Reply, request::Body as Request,
};
use minilab_recipe::{Findings, Format, Pixels, Plan, Probe, Rect, Size, Survey};
use rustix::net::{SendFlags, send, sockopt::set_socket_send_buffer_size};
use rustix::process::{Signal, getpid, getppid, kill_process, set_parent_process_death_signal};

fn main() -> Result<(), LinkError> {
    set_parent_process_death_signal(Some(Signal::KILL)).expect("the kernel knows it");
    let name = std::env::args().next().unwrap_or_default();
    if name.ends_with("mute") {
        hang();
    }
    let build_id = if name.ends_with("stranger") {
        "another"
    } else {
        env!("MINILAB_BUILD_ID")
    };
    let mut link = Link::inherited();
    link.send(Reply::Hello(Hello {
        build_id: build_id.to_owned(),
        engine: "none".to_owned(),
        gaps: Vec::new(),
    }))?;
    let mut script = String::new();
    loop {
        let (request, mut descriptors) = match link.receive() {
            Err(LinkError::Closed) => return Ok(()),
            received => received?,
        };
        let reply = match request {
            Request::Open(open) => {
                let mut bytes = vec![0; open.size_bytes as usize];
                File::from(descriptors.remove(0)).read_exact_at(&mut bytes, 0)?;
                let text = String::from_utf8(bytes).expect("a test's original is text");
                text.strip_prefix("GIF89a ")
                    .unwrap_or(&text)
                    .clone_into(&mut script);
                misbehave(&script, "probe");
                Reply::Probed(Probed {
                    probe_json: probe(&script),
                })
            }
            Request::Survey(asked) => Reply::Surveyed(Surveyed {
                findings_json: findings(&script, &asked.survey_json),
                ..Surveyed::default()
            }),
            Request::Render(asked) => render(&link, &script, &asked, descriptors)?,
            Request::Close(_) => Reply::Closed(Closed {}),
        };
        link.send(reply)?;
    }
}

/// An answer to nothing that was asked, or to all of it with a border beyond the picture.
fn findings(script: &str, survey: &str) -> String {
    let survey: Survey = serde_json::from_str(survey).expect("the pool writes surveys");
    let rect = Rect {
        left: if script == "survey outside" { 60 } else { 1 },
        top: 1,
        width: 62,
        height: 62,
    };
    let found = Findings {
        trims: survey.trims.into_iter().map(|trim| (trim, rect)).collect(),
        faces: (script == "survey more").then(Vec::new),
        ..Findings::default()
    };
    serde_json::to_string(&found).expect("findings are plain data")
}

fn probe(script: &str) -> String {
    let side = if script == "probe huge" { 1_000_000 } else { 64 };
    let probe = Probe {
        format: Format::Png,
        stored: Size {
            width: side,
            height: side,
        },
        orientation: 1,
        pages: 1,
        alpha: false,
        bits: 8,
        pixels: Pixels::Rgb,
        icc: false,
        whole_image: false,
        further: std::collections::BTreeMap::new(),
    };
    serde_json::to_string(&probe).expect("plain data")
}

/// Makes a header of lossless WebP for each file, or something worse.
fn render(link: &Link, script: &str, asked: &Render, outputs: Vec<OwnedFd>) -> Result<Reply, LinkError> {
    let plan: Plan = serde_json::from_str(&asked.plan_json).expect("a test's plan is right");
    for (&file, output) in asked.files.iter().zip(outputs) {
        misbehave(script, "render");
        let Size { width, height } = plan.files[file as usize].size;
        let mut bytes = webp(width, height);
        let mut done = FileDone {
            file,
            size_bytes: bytes.len() as u64,
            width,
            height,
            micros: 1,
            ..FileDone::default()
        };
        match script {
            "render unasked score" => done.score = Some(80.0),
            "render text" => bytes.fill(b'x'),
            "render wider" => bytes = webp(width + 1, height),
            "render short" => bytes.truncate(20),
            "render stranger" => done.file = 99,
            "render early" => return Ok(Reply::Rendered(Rendered::default())),
            "render twice" => link.send(Reply::FileDone(done.clone()))?,
            _ => {}
        }
        File::from(output).write_all(&bytes)?;
        link.send(Reply::FileDone(done))?;
    }
    let lie = if script == "render unasked colour" {
        "#123456"
    } else {
        ""
    };
    Ok(Reply::Rendered(Rendered {
        decodes: 1,
        dominant_hex: lie.to_owned(),
        ..Rendered::default()
    }))
}

fn webp(width: u32, height: u32) -> Vec<u8> {
    let packed = (width - 1) | (height - 1) << 14;
    [
        &b"RIFF\x12\0\0\0WEBPVP8L\x05\0\0\0\x2f"[..],
        &packed.to_le_bytes(),
        &[0],
    ]
    .concat()
}

fn misbehave(script: &str, stage: &str) {
    let Some((at, misdeed)) = script.split_once(' ') else {
        return;
    };
    if at != stage {
        return;
    }
    match misdeed {
        "segfault" => die(Signal::SEGV),
        "kill" => die(Signal::KILL),
        "worker" => kill_the_worker(),
        "exit" => exit(3),
        "memory" => exit(EXIT_OUT_OF_MEMORY),
        "hang" => hang(),
        "chatter" => eprintln!("{}", "x".repeat(1 << 20)),
        "garbage" => send_raw(b"\xff\xff\xff"),
        "oversized" => send_raw(&vec![0; FRAME_BYTES_MAX + 1]),
        _ => {}
    }
}

fn die(signal: Signal) -> ! {
    loop {
        // The Rust runtime takes the first SIGSEGV for a stack overflow, sees that it is none, and steps aside.
        kill_process(getpid(), signal).expect("a process may signal itself");
    }
}

/// Takes the worker along, after a while, as an original does that fills up the machine.
fn kill_the_worker() -> ! {
    sleep(Duration::from_millis(300));
    let worker = getppid().expect("a renderer has a parent");
    kill_process(worker, Signal::KILL).expect("a process may kill its parent");
    hang()
}

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

fn send_raw(message: &[u8]) {
    set_socket_send_buffer_size(stdin(), 2 * FRAME_BYTES_MAX).expect("a socket has a buffer");
    send(stdin(), message, SendFlags::NOSIGNAL).expect("the pool listens");
}
