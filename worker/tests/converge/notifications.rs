//! What receivers outside are told is noted once for each thing that became true, whatever happens between swap and note.
use std::{sync::Arc, time::Duration};

use minilab_notify::{Outbox, Outboxes, notify_queue};
use minilab_protos::notification::Kind::{self, Complete, Deleted, Failed, Ready};
use minilab_queue::Memory as MemoryQueue;
use minilab_recipe::Lane;
use minilab_store::{Calls, Fault as StoreFault, Operation, Store as _};
use minilab_worker::outcome::Class;

use crate::world::{CAT, DOG, RECIPE, World, document, key};

const NOTIFY: &str = "\
notify:
  site: { webhook: { url: \"https://example.com/\", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw } }
  mails: { webhook: { url: \"https://example.com/\", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw }, on: deleted }
";

fn world() -> World {
    World {
        document: document(&format!("{RECIPE}{NOTIFY}")),
        ..World::with_queue(Arc::new(MemoryQueue::default()))
    }
}

async fn outbox(world: &World, target: &str, name: &str) -> Outbox {
    let outboxes = Outboxes::new(Arc::new(world.shelves.state.clone()));
    outboxes.load(target, name).await.unwrap()
}

async fn kinds(world: &World, target: &str, name: &str) -> Vec<Kind> {
    let outbox = outbox(world, target, name).await;
    outbox.waiting.iter().map(|said| said.kind).collect()
}

async fn ids(world: &World, name: &str) -> Vec<String> {
    let outbox = outbox(world, "site", name).await;
    outbox.waiting.into_iter().map(|said| said.id).collect()
}

async fn wake_ups(world: &World) -> u64 {
    world.queue.depth(&notify_queue()).await.unwrap().known()
}

/// What an undisturbed world notes of one upload.
async fn undisturbed() -> Vec<String> {
    let world = world();
    world.uploaded("a.jpg", CAT).await;
    ids(&world, "a.jpg").await
}

#[tokio::test(start_paused = true)]
async fn each_lane_and_the_whole_are_noted_once_for_who_wants_to_hear_of_them() {
    let world = world();
    world.uploaded("a.jpg", CAT).await;
    assert_eq!(
        kinds(&world, "site", "a.jpg").await,
        [Ready, Ready, Ready, Complete]
    );
    assert!(wake_ups(&world).await > 0);
    let noted = outbox(&world, "site", "a.jpg").await;
    let complete = &noted.waiting[3].data;
    assert_eq!(
        (complete.lanes.len(), complete.files.len()),
        (3, crate::world::FILES)
    );
    assert_eq!(
        complete.manifest.url,
        "https://cdn.example.com/a.jpg/manifest.json"
    );
    world.event("a.jpg").await;
    world.settle().await;
    assert_eq!(
        outbox(&world, "site", "a.jpg").await,
        noted,
        "nothing new was true"
    );
    world.delete("a.jpg").await;
    world.event("a.jpg").await;
    world.settle().await;
    assert_eq!(kinds(&world, "site", "a.jpg").await[4..], [Deleted]);
    assert_eq!(kinds(&world, "mails", "a.jpg").await, [Deleted]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_made_is_noted_as_failed_and_the_whole_all_the_same() {
    let world = world();
    world.uploaded("a.jpg", "no image").await;
    let noted = outbox(&world, "site", "a.jpg").await;
    let kinds: Vec<_> = noted.waiting.iter().map(|said| said.kind).collect();
    assert_eq!(kinds, [Failed, Failed, Failed, Complete]);
    assert_eq!(noted.waiting[0].data.failures[0].class, "input");
}

#[tokio::test(start_paused = true)]
async fn run_that_ended_between_swap_and_note_is_made_up_for_with_the_same_ids() {
    let world = world();
    world.uploaded("a.jpg", CAT).await;
    // As if the worker had died after the last swap, before it noted anything: the broker hands its job out again, marked.
    world
        .shelves
        .state
        .delete(&key("outbox/site/a.jpg"))
        .await
        .unwrap();
    let mut job = world.job("a.jpg", Lane::Bulk);
    job.ambiguous = true;
    world.send("bulk", &job).await;
    world.settle().await;
    assert!(world.reports.lock().unwrap().last().unwrap().work.fenced);
    assert_eq!(ids(&world, "a.jpg").await, undisturbed().await);
}

#[tokio::test(start_paused = true)]
async fn note_that_fails_or_goes_unanswered_is_repeated_without_a_second_id() {
    for fault in [StoreFault::Refuse, StoreFault::LoseAnswer] {
        for nth in 1..=3 {
            let world = world();
            world.upload("a.jpg", CAT).await;
            let note = Calls::nth(Operation::Put, nth).under("outbox/");
            world.state.fail(note, fault);
            world.event("a.jpg").await;
            world.settle().await;
            assert_eq!(
                ids(&world, "a.jpg").await,
                undisturbed().await,
                "{fault:?} of note {nth}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn uploads_and_deletions_that_repeat_have_ids_of_their_own() {
    let world = world();
    for text in [Some(CAT), Some(DOG), Some(CAT), None, Some(CAT), None] {
        match text {
            Some(text) => world.upload("a.jpg", text).await,
            None => world.delete("a.jpg").await,
        }
        world.event("a.jpg").await;
        world.settle().await;
    }
    let ids = ids(&world, "a.jpg").await;
    assert_eq!(ids.len(), 4 * 4 + 2);
    assert_eq!(
        ids.iter().collect::<std::collections::BTreeSet<_>>().len(),
        ids.len()
    );
}

#[tokio::test(start_paused = true)]
async fn original_that_was_gone_before_anything_was_made_of_it_is_not_told_of() {
    let world = world();
    let mut job = world.job("a.jpg", Lane::Fast);
    job.ambiguous = true;
    world.send("fast", &job).await;
    tokio::time::sleep(Duration::from_mins(5)).await;
    world.settle().await;
    assert!(
        world.record("a.jpg").await.is_some(),
        "a tombstone, against what may be under way"
    );
    assert_eq!(world.classes().last(), Some(&Class::Noop));
    assert_eq!(outbox(&world, "site", "a.jpg").await, Outbox::default());
    assert_eq!(wake_ups(&world).await, 0);
}
