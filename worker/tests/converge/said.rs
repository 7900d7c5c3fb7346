//! What is said of an original beside its bytes: by a job, by its metadata, by its tags, in that order.
use std::collections::BTreeMap;

use minilab_protos::job::{Hint, Said};
use minilab_recipe::Lane;
use minilab_store::{Calls, Fault, Operation, PutOptions, Store as _};
use minilab_worker::outcome::Class;

use crate::world::{CAT, DOG, World, document, key};

fn world(more: &str) -> World {
    let mut world = World::default();
    world.document = document(&format!(
        "version: 1\nfrom: {{ s3: {{ bucket: in }} }}\nintake: [{{ poll: {{ every: 5min }} }}]\nto: {{ folder: ./out }}\n\
         queue: {{ sqlite: ./q.db }}\n\
         recipes: {{ r: {{ {more} derivatives: {{ \
           card: {{ resize: {{ width: 300, height: 300, fit: cover, gravity: focal }}, formats: [png] }}, \
           plain: {{ resize: {{ width: 200 }}, formats: [png] }} }} }} }}\n"
    ));
    world
}

impl World {
    async fn tell(&self, focal: &str, at_ms: u64, etag: &str) {
        let mut job = self.job("a.jpg", Lane::Standard);
        job.said = Some(Said {
            focal: focal.to_owned(),
            at_ms,
        });
        job.hint = Some(Hint {
            etag: etag.to_owned(),
            ..Hint::default()
        });
        self.send("standard", &job).await;
        self.settle().await;
    }

    async fn look(&self) {
        self.send("standard", &self.job("a.jpg", Lane::Standard)).await;
        self.settle().await;
    }

    /// Where the picture is held, as far as the record knows.
    async fn focal(&self) -> Option<String> {
        let seen = self.record("a.jpg").await.unwrap().observation.unwrap();
        seen.reads.get("focal").cloned()
    }

    async fn put(&self, text: &str, metadata: &[(&str, &str)]) {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let options = PutOptions {
            metadata: metadata.iter().map(own).collect(),
            ..PutOptions::default()
        };
        let body = text.to_owned().into();
        self.shelves
            .originals
            .put(&key("a.jpg"), body, options)
            .await
            .unwrap();
    }

    fn tag(&self, value: &str) {
        let tags = BTreeMap::from([
            ("focal".to_owned(), value.to_owned()),
            ("other".to_owned(), "x".to_owned()),
        ]);
        self.shelves.originals.tag(&key("a.jpg"), tags);
    }
}

#[tokio::test(start_paused = true)]
async fn a_focal_point_of_a_job_makes_what_is_cut_by_it_anew_and_stays() {
    let world = world("");
    world.put(CAT, &[("focal", "0.5,0.5")]).await;
    world.look().await;
    let made = world.made();
    world.tell("0.1,0.2", 10, "").await;
    assert_eq!(world.focal().await.as_deref(), Some("0.1,0.2"));
    // The card alone.
    assert_eq!(world.made(), made + 1);
    // Events that say nothing leave it; so does an older word that comes late.
    world.look().await;
    world.tell("0.9,0.9", 9, "").await;
    assert_eq!(
        (world.focal().await.as_deref(), world.made()),
        (Some("0.1,0.2"), made + 1)
    );
    assert_eq!(world.classes().last(), Some(&Class::Noop));
    // Taken back, the metadata holds again, whose file is in its time of grace and is made anew.
    world.tell("", 11, "").await;
    assert_eq!(world.focal().await.as_deref(), Some("0.5,0.5"));
}

#[tokio::test(start_paused = true)]
async fn a_word_about_another_upload_is_none() {
    let world = world("");
    world.put(CAT, &[]).await;
    world.tell("0.1,0.2", 10, "\"of-another\"").await;
    assert_eq!(world.focal().await, None);
    world.tell("0.1,0.2", 10, "").await;
    assert_eq!(world.focal().await.as_deref(), Some("0.1,0.2"));
    world.put(DOG, &[]).await;
    world.look().await;
    assert_eq!(world.focal().await, None);
}

#[tokio::test(start_paused = true)]
async fn tags_are_read_where_the_recipe_asks_and_below_metadata() {
    let silent = world("");
    silent.put(CAT, &[]).await;
    silent.tag("0.3 0.4");
    silent.look().await;
    assert_eq!(silent.focal().await, None);
    assert_eq!(silent.originals.count(Operation::Tags, ""), 0);

    let world = world("read_tags: true,");
    world.put(CAT, &[]).await;
    world.tag("0.3 0.4");
    world.look().await;
    assert_eq!(world.focal().await.as_deref(), Some("0.3 0.4"));
    let seen = world.record("a.jpg").await.unwrap().observation.unwrap();
    assert_eq!(seen.reads.len(), 1, "{:?}", seen.reads);
    let made = world.made();
    // The bytes and their ETag are the same.
    world.tag("0.7 0.4");
    world.look().await;
    assert_eq!(
        (world.focal().await.as_deref(), world.made()),
        (Some("0.7 0.4"), made + 1)
    );
    world.put(CAT, &[("focal", "0.5,0.5")]).await;
    world.tag("0.7 0.4");
    world.look().await;
    assert_eq!(world.focal().await.as_deref(), Some("0.5,0.5"));
    world.tell("0.1,0.1", 10, "").await;
    assert_eq!(world.focal().await.as_deref(), Some("0.1,0.1"));
}

#[tokio::test(start_paused = true)]
async fn tags_that_cannot_be_read_are_not_taken_for_none() {
    let world = world("read_tags: true,");
    world.put(CAT, &[]).await;
    world.tag("0.3 0.4");
    world
        .originals
        .fail(Calls::nth(Operation::Tags, 1), Fault::Refuse);
    world.look().await;
    assert_eq!(world.classes(), [Class::Transient, Class::Complete]);
    assert_eq!(world.focal().await.as_deref(), Some("0.3 0.4"));
}
