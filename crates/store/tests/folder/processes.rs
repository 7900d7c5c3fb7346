//! Other processes, killed ones, and disks that are full: tests that run this binary again with a role.
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use bytes::Bytes;
use minilab_store::{Condition, Error, Fs, Layout, PutOptions, Store, StoreExt as _};

use super::{World, key, put, unfinished};

const ROLE: &str = "MINILAB_STORE_TEST_ROLE";
const FOLDER: &str = "MINILAB_STORE_TEST_FOLDER";

fn role() -> Option<PathBuf> {
    std::env::var_os(ROLE).map(|_| PathBuf::from(std::env::var_os(FOLDER).expect("the parent sets both")))
}

/// Only the named test, in a process of its own.
fn again(test: &str, program: &[&str], folder: &Path) -> Command {
    let executable = std::env::current_exe().unwrap();
    let mut words = program
        .iter()
        .map(std::ffi::OsStr::new)
        .chain([executable.as_os_str()]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args([test, "--exact", "--nocapture"]);
    command.env(ROLE, test).env(FOLDER, folder);
    command
}

#[tokio::test]
async fn of_racing_processes_one_wins() {
    if let Some(folder) = role() {
        let store = Fs::open(folder, Layout::Marked).unwrap();
        for round in 0..20 {
            let options = PutOptions {
                condition: Condition::Absent,
                ..PutOptions::default()
            };
            match store
                .put(
                    &key(&format!("round/{round}")),
                    Bytes::from_static(b"body"),
                    options,
                )
                .await
            {
                Ok(_) => println!("won {round}"),
                Err(Error::Precondition { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        return;
    }
    let world = World::new(Layout::Marked);
    let start = || {
        again("processes::of_racing_processes_one_wins", &[], &world.path(""))
            .stdout(Stdio::piped())
            .spawn()
    };
    let processes = [(); 4].map(|()| start().unwrap());
    let mut wins = Vec::new();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success());
        let lines = String::from_utf8(output.stdout).unwrap();
        wins.extend(
            lines
                .lines()
                .filter_map(|line| line.split_once("won "))
                .map(|(_, round)| round.to_owned()),
        );
    }
    wins.sort_by_key(|round| round.parse::<u32>().unwrap());
    assert_eq!(wins, (0..20).map(|round| round.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn process_killed_while_writing_leaves_whole_objects_and_no_leftovers() {
    use std::io::{BufRead as _, BufReader};
    if let Some(folder) = role() {
        let store = Fs::open(folder, Layout::Plain).unwrap();
        for number in 0_usize.. {
            let options = PutOptions {
                content_type: Some(number.to_string()),
                ..PutOptions::default()
            };
            store
                .put(
                    &key("a/b"),
                    Bytes::from(vec![number as u8; 1 + number * 9_973]),
                    options,
                )
                .await
                .unwrap();
            println!("put");
        }
    }
    for puts in [1, 4, 9] {
        let world = World::plain();
        let test = "processes::process_killed_while_writing_leaves_whole_objects_and_no_leftovers";
        let mut writer = again(test, &[], &world.path(""))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(writer.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        assert_eq!(
            lines.filter(|line| line.ends_with("put")).take(puts).count(),
            puts
        );
        writer.kill().unwrap();
        writer.wait().unwrap();

        let store = Fs::open(world.path(""), Layout::Plain).unwrap();
        let (head, body) = store.get_bytes(&key("a/b"), 1 << 30).await.unwrap();
        let number: usize = head
            .content_type
            .expect("attributes come with the body")
            .parse()
            .unwrap();
        assert!(number + 1 >= puts, "what was answered is there");
        assert!(body == vec![number as u8; 1 + number * 9_973]);
        assert!(unfinished(&world.path("")).is_empty());
        assert_eq!(world.keys().await, ["a/b"]);
    }
}

#[tokio::test]
async fn full_and_read_only_disks_are_unavailable_and_show_nothing_half_written() {
    const TEST: &str = "processes::full_and_read_only_disks_are_unavailable_and_show_nothing_half_written";
    const MOUNT: &str = "mount -t tmpfs -o size=1m none \"$MINILAB_STORE_TEST_FOLDER\" && exec \"$@\"";
    if let Some(folder) = role() {
        return on_a_small_disk(&folder).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let unshare = ["unshare", "--map-root-user", "--mount", "--"];
    let allowed = Command::new(unshare[0]).args(&unshare[1..]).arg("true").output();
    if !allowed.is_ok_and(|allowed| allowed.status.success()) {
        eprintln!("skipped: this system allows no mount namespaces, so there is no small disk to fill");
        return;
    }
    let program = [&unshare[..], &["sh", "-ec", MOUNT, "sh"]].concat();
    let output = again(TEST, &program, folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

async fn on_a_small_disk(folder: &Path) {
    let store = Fs::open(folder, Layout::Plain).unwrap();
    put(&store, "a", "before").await.unwrap();
    let large = Bytes::from(vec![b'x'; 2 << 20]);
    for at in ["a", "b"] {
        let refused = store
            .put(&key(at), large.clone(), PutOptions::default())
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::Unavailable { .. }), "{refused:?}");
        assert!(refused.to_string().ends_with("disk full"), "{refused}");
    }
    assert!(unfinished(folder).is_empty());
    assert_eq!(store.get_bytes(&key("a"), 100).await.unwrap().1, "before");
    assert!(store.head(&key("b")).await.unwrap_err().is_not_found());
    put(&store, "b", "there is room for this").await.unwrap();

    // A disk with files open for writing cannot be made read-only.
    drop(store);
    let remounted = Command::new("mount")
        .args(["-o", "remount,bind,ro"])
        .arg(folder)
        .status()
        .unwrap();
    assert!(remounted.success());
    let store = Fs::open(folder, Layout::Plain).unwrap();
    for refused in [put(&store, "c", "body").await, store.delete(&key("a")).await] {
        let refused = refused.unwrap_err();
        assert!(matches!(refused, Error::Unavailable { .. }), "{refused:?}");
        assert!(
            refused.to_string().ends_with("read-only file system"),
            "{refused}"
        );
    }
    assert_eq!(store.get_bytes(&key("a"), 100).await.unwrap().1, "before");
}
