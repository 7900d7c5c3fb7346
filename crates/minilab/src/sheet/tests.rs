//! What the page must hold, whatever the names.
use std::time::Duration;

use minilab_recipe::{Format, Lane, OutputFormat, Size};
use minilab_record::FailureEntry;

use super::*;
use crate::{
    gallery::{Made, Progress},
    url::decode_path,
};

const AWKWARD: [&str; 5] = [
    "plain.jpg",
    "100% #1.jpg",
    "a b/ümlaut+.jpg",
    "line\nend.jpg",
    "<b>&\"'.jpg",
];

fn made(key: &str, derivative: &str, width: u32, format: OutputFormat) -> Made {
    Made {
        derivative: derivative.to_owned(),
        key: format!("{key}/{derivative}-{width}w.g1-0123456789.{}", format.extension()),
        size: Size {
            width,
            height: width / 2,
        },
        format,
        bytes: u64::from(width) * 10,
        time: Duration::from_millis(7),
        lane: Lane::Standard,
    }
}

fn entry(key: &str) -> Entry {
    use OutputFormat::{Jpeg, Webp};
    let files = [("thumb", 100), ("photo", 320), ("photo", 640)];
    let files = files
        .iter()
        .flat_map(|(name, width)| [Webp, Jpeg].map(|format| made(key, name, *width, format)));
    Entry {
        key: key.to_owned(),
        progress: Progress::Complete,
        header: Some((
            Format::Jpeg,
            Size {
                width: 4000,
                height: 2000,
            },
        )),
        bytes: 100_000,
        dominant: Some("#336699".to_owned()),
        files: files.collect(),
        failures: Vec::new(),
    }
}

fn links(page: &str) -> Vec<String> {
    let attributes = ["href=\"", "src=\"", "srcset=\""];
    let values = attributes
        .iter()
        .flat_map(|name| page.split(name).skip(1).filter_map(|rest| rest.split('"').next()));
    values
        .flat_map(|value| value.split(", "))
        .filter_map(|url| url.split(' ').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_link_leads_to_a_file_that_is_there_whatever_its_name() {
    let entries = AWKWARD.map(entry);
    let page = page(
        &entries,
        &Places {
            files: "out/".to_owned(),
            originals: Some("in/".to_owned()),
        },
    );
    let links = links(&page);
    for entry in &entries {
        let mut expected: Vec<String> = entry
            .files
            .iter()
            .map(|file| format!("out/{}", file.key))
            .collect();
        expected.push(format!("in/{}", entry.key));
        for target in expected {
            assert!(
                links
                    .iter()
                    .any(|link| decode_path(link).as_deref() == Some(&target)),
                "{target:?} is not linked"
            );
        }
    }
    let known = |target: &str| {
        entries.iter().any(|e| {
            target == format!("in/{}", e.key) || e.files.iter().any(|f| target == format!("out/{}", f.key))
        })
    };
    for link in links {
        assert!(
            decode_path(&link).is_some_and(|target| known(&target)),
            "{link} leads nowhere"
        );
    }
}

#[test]
fn names_are_text_and_never_markup() {
    let page = page(&[entry("<script>alert(1)</script>.jpg")], &Places::default());
    assert!(!page.contains("<script"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;.jpg"));
}

#[test]
fn pictures_offer_newer_formats_first_and_reserve_their_place() {
    let page = page(&[entry("x.jpg")], &Places::default());
    let webp = page.find("<source type=\"image/webp\"").unwrap();
    assert!(page[webp..].contains("width=\"640\" height=\"320\""));
    assert!(
        page.contains("x.jpg/photo-320w.g1-0123456789.webp 320w, x.jpg/photo-640w.g1-0123456789.webp 640w")
    );
    assert!(page.contains("loading=\"lazy\"") && page.contains("background-color: #336699"));
    assert!(page.contains("<small>-94 %</small>"), "{page}");
}

#[test]
fn failures_are_told_with_class_and_sentence() {
    let failed = Entry {
        progress: Progress::Failed,
        header: None,
        files: Vec::new(),
        failures: vec![FailureEntry {
            derivative: None,
            class: "input".to_owned(),
            code: "not_an_image".to_owned(),
            sentence: "the content is not an image".to_owned(),
        }],
        ..entry("notes.jpg")
    };
    let page = page(&[failed], &Places::default());
    assert!(
        page.contains("<li>the content is not an image <code>input not_an_image</code></li>"),
        "{page}"
    );
}

#[test]
fn an_empty_folder_says_what_to_do() {
    assert!(page(&[], &Places::default()).contains("Nothing has been made yet"));
}
