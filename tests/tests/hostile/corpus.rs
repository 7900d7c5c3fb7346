//! `make corpus`: what others' tests are made of, as it is and changed by dice. Hundreds of files from bug reports of decoders.
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    mutations::{asked, change},
    ordeal::Ordeal,
    table::Table,
};

/// Changed copies of each file.
const CHANGED: u32 = 2;
/// Larger ones are put through as they are and not changed: they cost time, and show nothing that small ones do not.
const CHANGED_BYTES_MAX: u64 = 300_000;
/// More than an original may have.
const BYTES_MAX: u64 = 50 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the files that `make corpus` fetches, and some minutes"]
async fn every_file_of_the_corpus_ends_in_files_or_in_a_failure_of_its_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in [root.join(".deps/corpus"), root.join("../shared/corpus")] {
        let before = files.len();
        gather(&folder, &mut files);
        println!("{}: {} files", folder.display(), files.len() - before);
    }
    assert!(!files.is_empty(), "there is no corpus: run `make corpus`");
    let (seed, count) = asked(CHANGED);
    let ordeal = Ordeal::new().await;
    let mut table = Table::default();
    let mut sources: BTreeMap<String, u32> = BTreeMap::new();
    for path in &files {
        let bytes = fs::read(path).unwrap();
        let name = path.strip_prefix(&root).unwrap_or(path).display().to_string();
        let format = format(path);
        table.add(&format, &name, &ordeal.put(&bytes).await);
        *sources
            .entry(name.split('/').take(3).collect::<Vec<_>>().join("/"))
            .or_default() += 1;
        let changes = if bytes.len() as u64 > CHANGED_BYTES_MAX {
            0
        } else {
            count
        };
        for number in 0..changes {
            let end = ordeal.put(&change(&bytes, seed, number)).await;
            table.add(
                &format!("{format}, changed"),
                &format!("{name} {seed}:{number}"),
                &end,
            );
        }
    }
    let peak = ordeal.watch.peak_bytes();
    println!(
        "{sources:#?}\n{table}\nhighest memory of one renderer: {} MiB",
        peak >> 20
    );
    println!("renderers lost: {:?}", ordeal.pool.counters().crashes);
    table.assert_nothing_wrong();
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let Ok(kind) = fs::symlink_metadata(&path) else {
            continue;
        };
        if kind.is_dir() {
            gather(&path, files);
        } else if kind.is_file()
            && kind.len() <= BYTES_MAX
            && path.extension().is_none_or(|ending| ending != "sha256")
        {
            files.push(path);
        }
    }
}

/// What its content says that it is; never its name.
fn format(path: &Path) -> String {
    let mut head = [0; 16];
    let Ok(read) = fs::File::open(path).and_then(|mut file| std::io::Read::read(&mut file, &mut head)) else {
        return "unreadable".to_owned();
    };
    let head = &head[..read];
    let known: [(&[u8], &str); 7] = [
        (b"\xff\xd8\xff", "jpeg"),
        (b"\x89PNG", "png"),
        (b"GIF8", "gif"),
        (b"RIFF", "webp"),
        (b"II", "tiff"),
        (b"MM", "tiff"),
        (b"\xff\x0a", "jxl"),
    ];
    let found = known
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|(_, format)| *format);
    let boxed = (head.get(4..8) == Some(b"ftyp"))
        .then_some("heif")
        .or((head.get(4..8) == Some(b"JXL ")).then_some("jxl"));
    found.or(boxed).unwrap_or("other").to_owned()
}
