//! What each test builds: a pool, originals, plans.
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use minilab_recipe::{
    Aim, ColourSpace, Decode, Encoding, Keep, Kernel, Lane, Limits, Node, Plan, PlannedFile, Predicted,
    Shrink, Size, Source, Step, WebpTuning,
};
use minilab_worker::pool::{OriginalWriter, PoolConfig, ProcessPool};
use minilab_worker::renderer::{
    OriginalFile, Priority, RenderError, RenderReport, RenderedFile, Renderer as _, Session,
};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::sync::mpsc;

pub const WEBP: Encoding = Encoding::Webp {
    quality: 80,
    effort: 0,
    lossless: false,
    tuning: WebpTuning::DEFAULT,
};

/// A pool of `minilab-renderer`.
pub fn config(slots: u32) -> PoolConfig {
    PoolConfig::new(env!("CARGO_BIN_EXE_minilab-renderer"), slots)
}

/// A pool of far ends that misbehave when an original asks them to.
pub fn misbehaving(slots: u32) -> PoolConfig {
    PoolConfig {
        renderer: misbehaving_path(),
        ..config(slots)
    }
}

pub fn misbehaving_path() -> PathBuf {
    example("misbehaving")
}

/// A program for the tests of this package.
pub fn example(name: &str) -> PathBuf {
    // Examples are built together with the tests, beside the folder of the test's own binary.
    let own = std::env::current_exe().unwrap();
    let path = own.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(
        path.exists(),
        "{} is missing: run all targets of the package",
        path.display()
    );
    path
}

pub async fn start(config: PoolConfig) -> ProcessPool {
    ProcessPool::start(config).await.unwrap()
}

pub fn original(bytes: &[u8]) -> OriginalFile {
    let mut writer = OriginalWriter::create().unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// An original that a misbehaving far end takes for its script, and the pool for a picture that may share a renderer.
pub fn script(text: &str) -> Vec<u8> {
    format!("GIF89a {text}").into_bytes()
}

pub async fn open(pool: &ProcessPool, bytes: &[u8]) -> Result<Box<dyn Session>, RenderError> {
    open_as(pool, bytes, Priority::Live).await
}

pub async fn open_as(
    pool: &ProcessPool,
    bytes: &[u8],
    priority: Priority,
) -> Result<Box<dyn Session>, RenderError> {
    pool.open(original(bytes), &Limits::default(), priority).await
}

/// A picture of this tenant is made, and its renderer given back.
pub async fn work_for(pool: &ProcessPool, tenant: &str) {
    let original = original(&crate::png::gradient(64)).of_tenant(tenant);
    let session = pool.open(original, &Limits::default(), Priority::Live).await;
    let mut session = session.unwrap();
    assert!(render(&mut session, &thumb(64), &[0]).await.1.is_ok());
    session.close().await;
}

/// A plan that decodes `trunk` and makes one file of each size and encoding, each from a node of its own.
pub fn plan(trunk: Size, files: &[(Size, Encoding)]) -> Arc<Plan> {
    let kernel = Kernel::default();
    let nodes = files.iter().map(|&(size, _)| Node {
        from: Source::Trunk,
        steps: vec![Step::Resize {
            size,
            kernel,
            linear: false,
        }],
        size,
    });
    let file = |(index, (size, encoding)): (usize, &(Size, Encoding))| PlannedFile {
        face: None,
        frames: 1,
        derivative: format!("thumb{index}"),
        lane: Lane::Fast,
        from: Source::Node(index),
        size: *size,
        encoding: encoding.clone(),
        aim: Aim::default(),
        unless_larger: Vec::new(),
        flatten: None,
        keep: Keep::default(),
        written: minilab_recipe::Written::default(),
        notes: Vec::new(),
        canonical: format!("{index:064}"),
    };
    Arc::new(Plan {
        further: Vec::new(),
        decode: Decode {
            frames: 1,
            shrink: Shrink(1),
            page: 0,
            size: trunk,
            colour: ColourSpace::Srgb,
            kernel,
        },
        nodes: nodes.collect(),
        files: files.iter().enumerate().map(file).collect(),
        skipped: Vec::new(),
        analyses: Vec::new(),
        assets: Vec::new(),
        predicted: Predicted {
            memory_bytes: 1 << 20,
            cpu_ms: 1,
        },
    })
}

pub fn square(side: u32) -> Size {
    Size {
        width: side,
        height: side,
    }
}

/// One WebP of a square original.
pub fn thumb(side: u32) -> Arc<Plan> {
    plan(square(side), &[(square(side / 2), WEBP)])
}

/// All of a render: what arrived, and what it came to.
pub async fn render(
    session: &mut Box<dyn Session>,
    plan: &Arc<Plan>,
    files: &[usize],
) -> (Vec<RenderedFile>, Result<RenderReport, RenderError>) {
    let (done, mut arrived) = mpsc::channel(1);
    let collect = async {
        let mut files = Vec::new();
        while let Some(file) = arrived.recv().await {
            files.push(file);
        }
        files
    };
    let (report, files) = tokio::join!(session.render(plan, files, done), collect);
    (files, report)
}

/// Waits, off the runtime, until a process has ended.
pub async fn ended(pid: u32) {
    let pid = Pid::from_raw(pid.cast_signed()).unwrap();
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
        return;
    };
    tokio::task::spawn_blocking(move || {
        let patience = Duration::from_secs(20).try_into().unwrap();
        let ends = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&patience)).unwrap();
        assert_eq!(ends, 1, "process {pid} lives on");
    })
    .await
    .unwrap();
}
