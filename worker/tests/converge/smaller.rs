//! `keep_smaller`: what was dropped is remembered, and not made again.
use crate::world::{CAT, World, document};

/// Files of the scripted renderer are as long as their format's name: jpeg is larger than png.
const RECIPE: &str = "\
version: 1
from: { folder: in }
to: { folder: out }
recipes:
  r:
    derivatives:
      photo: { resize: { widths: [640, 1280] }, formats: [jpeg, png], keep_smaller: true }
      thumb: { resize: { width: 320 }, formats: [jpeg], lane: fast }
rules: [{ recipe: r }]
";

#[tokio::test(start_paused = true)]
async fn format_that_came_out_larger_is_dropped_told_and_not_made_again() {
    let mut world = World::default();
    world.document = document(RECIPE);
    world.uploaded("a.jpg", CAT).await;
    let made = world.made();
    assert_eq!(made, 5);
    let manifest = world.manifest("a.jpg").await;
    assert_eq!(manifest["status"], "complete");
    let photo = &manifest["derivatives"]["photo"];
    assert_eq!(photo["files"].as_array().unwrap().len(), 2);
    let dropped = photo["dropped"].as_array().unwrap();
    assert_eq!(dropped.len(), 2);
    assert_eq!(
        (&dropped[0]["format"], &dropped[0]["larger_than"]),
        (&"jpeg".into(), &"png".into())
    );
    assert!(
        world
            .stored()
            .await
            .iter()
            .all(|key| !key.contains("photo") || !key.ends_with("jpg"))
    );

    // Again, and after a change of another derivative in the same lane: neither is rendered once more.
    world.event("a.jpg").await;
    world.settle().await;
    assert_eq!(world.made(), made);
    let more = RECIPE.replace(
        "      thumb",
        "      other: { resize: { width: 100 }, formats: [webp] }\n      thumb",
    );
    world.document = document(&more);
    world.revision = 2;
    world.event("a.jpg").await;
    world.settle().await;
    assert_eq!(world.made(), made + 1);
    assert_eq!(world.manifest("a.jpg").await["derivatives"]["photo"], *photo);
}

#[tokio::test(start_paused = true)]
async fn without_it_every_format_is_kept() {
    let mut world = World::default();
    world.document = document(&RECIPE.replace(", keep_smaller: true", ""));
    world.uploaded("a.jpg", CAT).await;
    world.assert_current("a.jpg", CAT, 5).await;
}
