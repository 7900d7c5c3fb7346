//! Projections over stores.
use std::sync::Arc;

use minilab_protos::manifest::{Manifest, Status};
use minilab_recipe::{Document, Lane, Recipe};
use minilab_store::{Faulty, Memory, Operation, StoreExt as _};

use super::*;
use crate::{Change, LaneStatus, Loaded, Swap, Wanted, manifest, publish, samples::*, tombstone};

const KEY: &str = "caf\u{e9}/100% #1, a\nb.jpg";

fn recipe(widths: &str, urls: &str) -> Recipe {
    let text = format!(
        "version: 1\nfrom: {{ folder: ./a }}\nto: {{ folder: ./b }}\nrecipes:\n  r:\n    urls: {urls}\n    \
         derivatives:\n      photo: {{ resize: {{ widths: [{widths}] }}, formats: [jpeg], lane: fast }}\nrules:\n  - {{ recipe: r }}\n"
    );
    let document = Document::parse("minilab.yaml", &text, &|_| None)
        .map_err(|e| format!("{e:?}"))
        .unwrap();
    document.recipe("r").unwrap().clone()
}

fn made(base: Option<&Record>, recipe: &Recipe, upload: u8, widths: &[u32]) -> Record {
    let generation = crate::next_generation(base, Lane::Fast);
    let name = |w: u32| format!("{KEY}/photo-{w}w.g{generation}-012345678{upload}.jpg");
    let change = Change {
        key: KEY.into(),
        observation: observation(upload, upload.into()),
        lane: Lane::Fast,
        status: LaneStatus::Done,
        files: widths.iter().map(|w| file("photo", &name(*w), *w)).collect(),
        failures: Vec::new(),
        dropped: Vec::new(),
        placeholder: None,
        wanted: Wanted::by(recipe),
        engine: "e1".into(),
        revision: 1,
        now: at(60),
    };
    publish(base, change)
}

struct World {
    output: Arc<Memory>,
    records: Records,
    projector: Projector,
}

impl World {
    fn new() -> Self {
        let output = Arc::new(Memory::new());
        let records = Records::new(Arc::new(Memory::new()));
        let projector = Projector::new(output.clone(), records.clone(), "https://cdn.example.com");
        Self {
            output,
            records,
            projector,
        }
    }

    /// Stores the record's files and the record.
    async fn swap(&self, base: &Loaded, record: &Record) -> Loaded {
        for file in record.wanted_files() {
            self.output
                .put(&key(&file.key).unwrap(), "pixel".into(), PutOptions::default())
                .await
                .unwrap();
        }
        match self.records.swap(base, record).await.unwrap() {
            Swap::Swapped(loaded) => loaded,
            Swap::Lost => panic!("nobody raced"),
        }
    }

    async fn aliases(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut all = self.output.list_all(KEY);
        while let Some(listed) = all.try_next().await.unwrap() {
            let head = self.output.head(&listed.key).await.unwrap();
            if let Some(of) = head.metadata.get(ALIAS_OF) {
                assert_eq!(head.cache_control.as_deref(), Some(ALIAS_CACHE_CONTROL));
                found.push((listed.key.as_str()[KEY.len() + 1..].to_owned(), of.clone()));
            }
        }
        found
    }

    async fn manifest(&self) -> Manifest {
        let (head, body) = self
            .output
            .get_bytes(&key(&Projector::manifest_key(KEY)).unwrap(), 1 << 20)
            .await
            .unwrap();
        assert_eq!(head.cache_control.as_deref(), Some(MANIFEST_CACHE_CONTROL));
        assert_eq!(
            head.metadata.get("minilab").map(String::as_str),
            Some("derivative")
        );
        serde_json::from_slice(&body).unwrap()
    }
}

#[test]
fn manifest_of_a_record_is_complete_and_escapes_its_urls() {
    let recipe = recipe("320, 640", "both");
    let record = made(None, &recipe, 1, &[320, 500]);
    let urls = PublicUrls {
        base: "https://cdn.example.com/m/",
        recipe: Some(&recipe),
    };
    insta::assert_json_snapshot!(manifest(&record, &urls));
}

#[tokio::test]
async fn every_rung_has_an_alias_whatever_the_originals_size() {
    let (world, recipe) = (World::new(), recipe("320, 640, 1280", "stable"));
    let record = made(None, &recipe, 1, &[320, 500]);
    world.swap(&Loaded::default(), &record).await;
    world.projector.write(&record, Some(&recipe)).await.unwrap();
    let large = "photo-500w.g1-0123456781.jpg".to_owned();
    let small = "photo-320w.g1-0123456781.jpg".to_owned();
    let expected = [
        ("photo-1280w.jpg", &large),
        ("photo-320w.jpg", &small),
        ("photo-640w.jpg", &large),
    ];
    assert_eq!(
        world.aliases().await,
        expected.map(|(name, of)| (name.to_owned(), of.clone()))
    );
    let shown = world.manifest().await;
    assert_eq!(shown.status, Status::Complete);
    assert!(
        shown.derivatives["photo"].srcset["jpeg"].contains("/photo-320w.jpg 320w, "),
        "{shown:?}"
    );
}

#[tokio::test]
async fn projections_of_an_old_record_end_at_the_newest() {
    let (world, recipe) = (World::new(), recipe("320", "both"));
    let old = made(None, &recipe, 1, &[320]);
    let base = world.swap(&Loaded::default(), &old).await;
    let new = made(Some(&old), &recipe, 2, &[320]);
    world.swap(&base, &new).await;
    // The old file is swept already: only the newest record counts.
    for file in old.wanted_files() {
        world.output.delete(&key(&file.key).unwrap()).await.unwrap();
    }
    world.projector.write(&old, Some(&recipe)).await.unwrap();
    assert_eq!(world.manifest().await.generation, 2);
    assert_eq!(
        world.aliases().await,
        [("photo-320w.jpg".into(), "photo-320w.g2-0123456782.jpg".into())]
    );
}

#[tokio::test]
async fn aliases_go_with_their_rungs_and_strangers_stay() {
    let world = World::new();
    let (wide, narrow) = (recipe("320, 640", "both"), recipe("320", "both"));
    let old = made(None, &wide, 1, &[320, 640]);
    let base = world.swap(&Loaded::default(), &old).await;
    world.projector.write(&old, Some(&wide)).await.unwrap();
    let stranger = key(&format!("{KEY}/photo-999w.jpg")).unwrap();
    world
        .output
        .put(&stranger, "mine".into(), PutOptions::default())
        .await
        .unwrap();
    let new = made(Some(&old), &narrow, 1, &[320]);
    let base = world.swap(&base, &new).await;
    world.projector.write(&new, Some(&narrow)).await.unwrap();
    assert_eq!(world.aliases().await.len(), 1);
    let gone = tombstone(&new, 1, at(90));
    world.swap(&base, &gone).await;
    world.projector.write(&gone, Some(&narrow)).await.unwrap();
    assert_eq!(world.aliases().await, []);
    assert!(world.output.head(&stranger).await.is_ok());
    let manifest = world.manifest().await;
    assert_eq!(
        (manifest.status, manifest.derivatives.len()),
        (Status::Deleted, 0)
    );
}

#[tokio::test]
async fn current_aliases_are_not_copied_again() {
    let (world, recipe) = (World::new(), recipe("320", "both"));
    let record = made(None, &recipe, 1, &[320]);
    world.swap(&Loaded::default(), &record).await;
    let alias = key(&format!("{KEY}/photo-320w.jpg")).unwrap();
    world.projector.write(&record, Some(&recipe)).await.unwrap();
    let first = world.output.head(&alias).await.unwrap().etag;
    world.projector.write(&record, Some(&recipe)).await.unwrap();
    assert_eq!(world.output.head(&alias).await.unwrap().etag, first);
}

#[tokio::test]
async fn a_first_manifest_is_one_request() {
    let (mut world, recipe) = (World::new(), recipe("320", "versioned"));
    let output = Faulty::new(world.output.clone());
    world.projector = Projector::new(Arc::new(output.clone()), world.records.clone(), "/");
    let first = made(None, &recipe, 1, &[320]);
    let base = world.swap(&Loaded::default(), &first).await;
    world.projector.write(&first, Some(&recipe)).await.unwrap();
    let asked = |operation| output.count(operation, "");
    let requests = [Operation::Put, Operation::Head, Operation::List].map(asked);
    assert_eq!(requests, [1, 0, 0]);
    let second = made(Some(&first), &recipe, 2, &[320]);
    world.swap(&base, &second).await;
    world.projector.write(&second, Some(&recipe)).await.unwrap();
    assert_eq!(
        asked(Operation::List),
        1,
        "what an earlier swap left is looked for"
    );
}

#[tokio::test]
async fn a_late_or_slow_write_never_takes_a_manifest_back() {
    let (world, recipe) = (World::new(), recipe("320", "versioned"));
    let first = made(None, &recipe, 1, &[320]);
    let base = world.swap(&Loaded::default(), &first).await;
    world.projector.write(&first, Some(&recipe)).await.unwrap();
    let manifest_key = key(&Projector::manifest_key(KEY)).unwrap();
    let late = world.output.head(&manifest_key).await.unwrap().etag;
    let second = made(Some(&first), &recipe, 2, &[320]);
    world.swap(&base, &second).await;
    world.projector.write(&second, Some(&recipe)).await.unwrap();
    let newest = world.output.head(&manifest_key).await.unwrap().etag;
    // A slow worker that does not look at the record again.
    world.projector.write_once(&first, Some(&recipe)).await.unwrap();
    assert_eq!(world.output.head(&manifest_key).await.unwrap().etag, newest);
    // A write that was under way all the time: its condition names what was there when it was sent.
    let options = PutOptions {
        condition: Condition::Match(late),
        ..PutOptions::default()
    };
    let stray = world.output.put(&manifest_key, "old".into(), options).await;
    assert!(matches!(stray, Err(minilab_store::Error::Precondition { .. })));
}

#[tokio::test]
async fn a_record_of_a_newer_configuration_is_not_projected_by_an_older_recipe() {
    let world = World::new();
    let (old, new) = (recipe("320", "both"), recipe("640", "versioned"));
    let first = made(None, &old, 1, &[320]);
    let base = world.swap(&Loaded::default(), &first).await;
    let mut second = made(Some(&first), &new, 1, &[640]);
    second.revision = 2;
    world.swap(&base, &second).await;
    world.projector.write(&second, Some(&new)).await.unwrap();
    let manifest_key = key(&Projector::manifest_key(KEY)).unwrap();
    let newest = world.output.head(&manifest_key).await.unwrap().etag;
    let error = world.projector.write(&first, Some(&old)).await.unwrap_err();
    assert!(error.is_transient(), "somebody must look again: {error}");
    assert_eq!(world.output.head(&manifest_key).await.unwrap().etag, newest);
}

#[tokio::test]
async fn a_slow_writer_of_a_tombstone_leaves_the_aliases_of_a_later_upload() {
    let (world, recipe) = (World::new(), recipe("320", "both"));
    let first = made(None, &recipe, 1, &[320]);
    let base = world.swap(&Loaded::default(), &first).await;
    let gone = tombstone(&first, 1, at(90));
    let base = world.swap(&base, &gone).await;
    let second = made(Some(&gone), &recipe, 2, &[320]);
    world.swap(&base, &second).await;
    world.projector.write(&second, Some(&recipe)).await.unwrap();
    let there = world.aliases().await;
    assert_eq!(there.len(), 1);
    world.projector.write_once(&gone, Some(&recipe)).await.unwrap();
    assert_eq!(world.aliases().await, there);
}
