//! What a renderer has, and what it does not have.
use std::fs;

use crate::world::{config, start};

#[tokio::test]
async fn renderer_gets_no_environment_and_no_descriptor_but_its_socket() {
    let pool = start(config(1)).await;
    let process = format!("/proc/{}", pool.idle_pids()[0]);
    assert_eq!(fs::read(format!("{process}/environ")).unwrap(), b"");
    assert_eq!(
        fs::read_link(format!("{process}/cwd")).unwrap().to_str(),
        Some("/")
    );
    let mut sockets = 0;
    for entry in fs::read_dir(format!("{process}/fd")).unwrap() {
        let target = fs::read_link(entry.unwrap().path()).unwrap();
        let target = target.to_str().unwrap();
        sockets += u32::from(target.starts_with("socket:"));
        // The folder of its own threads, by which it finds them when nothing can be opened any more.
        let harmless = [
            "socket:",
            "pipe:",
            "/dev/null",
            "anon_inode:",
            &format!("{process}/task"),
        ];
        assert!(harmless.iter().any(|kind| target.starts_with(kind)), "{target}");
    }
    assert_eq!(sockets, 1);
    let limits = fs::read_to_string(format!("{process}/limits")).unwrap();
    let address_space = limits
        .lines()
        .find(|line| line.starts_with("Max address space"))
        .unwrap();
    assert!(address_space.contains(&config(1).address_space_bytes.to_string()));
}

#[tokio::test]
async fn libvips_is_loaded_by_the_renderer_alone() {
    let pool = start(config(1)).await;
    let loads_libvips = |process: &str| {
        fs::read_to_string(format!("/proc/{process}/maps"))
            .unwrap()
            .contains("/libvips")
    };
    assert!(loads_libvips(&pool.idle_pids()[0].to_string()));
    // This test's own binary links all of the worker.
    assert!(!loads_libvips("self"));
}
