//! Commands that make files, with the real renderer.
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::Stdio,
};

use serde_json::Value;

use crate::world::{World, picture, renderer_is_built};

const RECIPE: &str = "\
recipes:
  tiny:
    urls: both
    derivatives:
      thumb: { resize: { width: 32 }, formats: [webp, jpeg], lane: fast }
";

fn values(ndjson: &str) -> Vec<Value> {
    ndjson
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn render_makes_files_and_reports_what_it_cannot() {
    renderer_is_built();
    let world = World::new();
    world.write("tiny.yaml", RECIPE);
    world.write("cat.png", picture(64, 48));
    world.write("notes.png", "a shopping list");
    let ran = world.run([
        "--json",
        "render",
        "tiny.yaml",
        "cat.png",
        "notes.png",
        "--out",
        "out",
    ]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("notes.png: "), "{}", ran.err);
    let made: Vec<_> = values(&ran.out)
        .into_iter()
        .filter(|value| value["file"].is_string())
        .collect();
    assert_eq!(made.len(), 2, "{}", ran.out);
    for file in made {
        assert_eq!((&file["width"], &file["height"]), (&32.into(), &24.into()));
        assert!(world.path(file["file"].as_str().unwrap()).is_file());
    }
}

#[test]
fn render_says_of_which_derivatives_an_original_gets_no_file() {
    renderer_is_built();
    let world = World::new();
    let second = "      second: { page: 1, resize: { width: 32 }, formats: [webp] }\n";
    world.write("tiny.yaml", format!("{RECIPE}{second}"));
    world.write("cat.png", picture(64, 48));
    let ran = world.run(["--json", "render", "tiny.yaml", "cat.png", "--out", "out"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err.contains("cat.png: second: no file, as it shows page 1"),
        "{}",
        ran.err
    );
    let skipped: Vec<_> = values(&ran.out)
        .into_iter()
        .filter(|value| value["skipped"].is_string())
        .collect();
    assert_eq!(skipped.len(), 1, "{}", ran.out);
    assert_eq!(skipped[0]["derivative"], "second");
}

#[test]
fn explain_shows_the_tree_and_what_is_skipped() {
    renderer_is_built();
    let world = World::new();
    world.write("cat.png", picture(64, 48));
    let ran = world.run(["explain", "cat.png"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for part in [
        "cat.png: png, 64 x 48",
        "decoded once: 64 x 48",
        "lane fast: cat.png/thumb-",
        "skipped:",
        "may not be enlarged",
    ] {
        assert!(ran.out.contains(part), "{part:?} is not in {}", ran.out);
    }
}

#[test]
fn standalone_until_idle_makes_all_reports_it_and_makes_nothing_twice() {
    renderer_is_built();
    let world = World::new();
    world.write(
        "minilab.yaml",
        format!("version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\n{RECIPE}"),
    );
    world.write("in/a b/100% #1.png", picture(64, 48));
    let standalone = [
        "standalone",
        "--config",
        "minilab.yaml",
        "--listen",
        "127.0.0.1:0",
        "--until-idle",
    ];
    let first = world.run(standalone);
    assert_eq!(first.code, 0, "{}", first.err);

    let report = world.run(["--json", "report", "in", "out", "--html", "sheet.html"]);
    let entries = values(&report.out);
    assert_eq!(
        (entries.len(), &entries[0]["status"]),
        (1, &"complete".into()),
        "{}",
        report.out
    );
    assert_eq!(entries[0]["files"].as_array().unwrap().len(), 2);
    let sheet = std::fs::read_to_string(world.path("sheet.html")).unwrap();
    assert!(
        sheet.contains("out/a%20b/100%25%20%231.png/thumb-32w.g1-"),
        "{sheet}"
    );
    for file in entries[0]["files"].as_array().unwrap() {
        assert!(world.path("out").join(file["key"].as_str().unwrap()).is_file());
    }

    let picture = world.run(["manifest", "a b/100% #1.png", "--out", "out", "--as", "picture"]);
    assert!(
        picture.out.contains("<picture>") && picture.out.contains("100%25%20%231.png"),
        "{}",
        picture.out
    );
    assert_eq!(world.run(["manifest", "nobody.png", "--out", "out"]).code, 4);

    assert_eq!(world.run(standalone).code, 0);
    assert_eq!(
        values(&world.run(["--json", "report", "out"]).out),
        entries,
        "a second run changes nothing"
    );

    world.write("in/notes.png", "a shopping list");
    let failing = world.run(standalone);
    assert_eq!(failing.code, 3, "{}", failing.err);
}

#[test]
fn standalone_serves_and_drains_on_a_signal() {
    renderer_is_built();
    let world = World::new();
    world.write("in/cat.png", picture(64, 48));
    let mut child = world
        .command(["--json", "standalone", "in", "out", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    let address = said["listening"]
        .as_str()
        .unwrap()
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    // Waits inside the server until the file is made.
    let answer = get(&address, "/cat.png/thumb-320w.webp");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("content-type: image/webp"), "{answer}");
    assert!(get(&address, "/metrics").contains("minilab_decodes_total 1"));
    assert!(get(&address, "/.minilab/queue.db").starts_with("HTTP/1.1 404"));

    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

pub fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer)
        .to_lowercase()
        .replacen("http/1.1", "HTTP/1.1", 1)
}
