//! Every call to every store fails once, before and after its effect; the end is the same.
use minilab_store::{Calls, Fault, Faulty, Operation, PutOptions, Sha256, Store as _};
use minilab_worker::outcome::Class;

use crate::world::{CAT, DOG, FILES, World, key};

const OPERATIONS: [Operation; 5] = [
    Operation::Get,
    Operation::Head,
    Operation::Put,
    Operation::List,
    Operation::Delete,
];
const FAULTS: [Fault; 4] = [Fault::Refuse, Fault::LoseAnswer, Fault::DiskFull, Fault::Deny];

type Pick = fn(&World) -> &Faulty;
const STORES: [(&str, Pick); 3] = [
    ("originals", |world| &world.originals),
    ("output", |world| &world.output),
    ("state", |world| &world.state),
];

/// An upload, an overwrite and, of another original, a deletion.
async fn story(world: &World) {
    world.uploaded("b.jpg", CAT).await;
    world.uploaded("a.jpg", CAT).await;
    world.upload("a.jpg", DOG).await;
    world.delete("b.jpg").await;
    world.event("a.jpg").await;
    world.event("b.jpg").await;
    world.settle().await;
}

async fn assert_ended_well(world: &World, what: &str) {
    world.assert_current("a.jpg", DOG, FILES).await;
    let gone = world
        .record("b.jpg")
        .await
        .unwrap_or_else(|| panic!("{what}: b.jpg has no record"));
    assert!(gone.observation.is_none(), "{what}");
    assert_eq!(world.manifest("b.jpg").await["status"], "deleted", "{what}");
    world.assert_nothing_dangles("b.jpg").await;
    assert_eq!(world.dead().await, [""; 0], "{what}");
    assert_eq!(world.failures().await, [], "{what}");
    assert_eq!(world.renderer.tally().sessions, 0, "{what}");
}

#[tokio::test(start_paused = true)]
async fn any_store_call_may_fail_once_and_the_end_is_the_same() {
    let calm = World::default();
    story(&calm).await;
    assert_ended_well(&calm, "undisturbed").await;
    for (name, store) in STORES {
        for operation in OPERATIONS {
            let calls = store(&calm).count(operation, "");
            for (nth, fault) in (1..=calls as u64).flat_map(|nth| FAULTS.map(|fault| (nth, fault))) {
                let world = World::default();
                store(&world).fail(Calls::nth(operation, nth), fault);
                story(&world).await;
                assert_ended_well(&world, &format!("{fault:?} at {operation:?} {nth} of {name}")).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn cut_original_is_read_again() {
    let world = World::default();
    world
        .originals
        .fail(Calls::nth(Operation::Get, 1), Fault::CutBody);
    world.uploaded("a.jpg", CAT).await;
    world.assert_current("a.jpg", CAT, FILES).await;
}

/// Bytes that changed on the way are of the length that was announced: only a digest tells.
#[tokio::test(start_paused = true)]
async fn original_whose_bytes_are_not_those_it_was_put_with_is_read_again() {
    let world = World::default();
    world
        .originals
        .fail(Calls::nth(Operation::Get, 1), Fault::GarbleBody);
    let options = PutOptions {
        sha256: Some(Sha256::of(CAT.as_bytes())),
        ..PutOptions::default()
    };
    let original = key("a.jpg");
    let put = world.shelves.originals.put(&original, CAT.into(), options);
    put.await.unwrap();
    world.event("a.jpg").await;
    world.settle().await;
    assert_eq!(world.classes(), [Class::Transient, Class::Complete]);
    world.assert_current("a.jpg", CAT, FILES).await;
}
