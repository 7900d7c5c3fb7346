//! Thumbnails of uploads are made at once, however much waits that nobody waits for; and that goes on meanwhile.
use crate::{
    backlog,
    ledger::Upload,
    pictures::{PICTURES, Pictures, RECIPE},
    world::{Options, World, is_possible},
};

/// So many that not even one in ten can be made while the uploads come. `make bench-fleet` does it with 10,000.
const BACKLOG: u64 = 2_000;
const UPLOADS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thumbnails_are_made_first_however_much_bulk_work_waits() {
    if !is_possible() {
        return;
    }
    let recipes = format!(
        "rules:\n{}  - {{ recipe: three }}\n{RECIPE}{}",
        backlog::RULE,
        backlog::HEAVY
    );
    let world = World::new(Options {
        recipes,
        ..Options::default()
    })
    .await;
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let mut dispatcher = world.dispatcher("dispatcher").role.start();
    dispatcher.ready().await;
    backlog::queue(&world, pictures.upload(0, 0).into(), 0..BACKLOG).await;
    let mut worker = world.worker("worker", &["--slots", "2"]).start();
    worker.ready().await;

    let producer = world.producer().await;
    let bulk_made = async || worker.metric("minilab_jobs_total", r#"lane="bulk""#).await as u64;
    let mut meanwhile = Vec::new();
    for number in 0..UPLOADS {
        let upload = Upload {
            number: number as u64,
            picture: number % PICTURES,
        };
        let key = format!("album/{number}.jpg");
        let told = world.upload(&pictures, &key, upload).await;
        let before = bulk_made().await;
        producer.publish(&told).await.unwrap();
        world
            .manifest(&key, |manifest| !manifest["derivatives"]["thumb"].is_null())
            .await;
        meanwhile.push(bulk_made().await - before);
    }
    let waiting = backlog::queued(&world, "bulk").await;
    let made = bulk_made().await;
    println!(
        "{BACKLOG} bulk jobs queued, {made} made while {UPLOADS} thumbnails were: {meanwhile:?}, {waiting} wait"
    );
    assert!(waiting > BACKLOG / 2, "{waiting} wait");
    assert!(made > 0, "bulk work starves");
    // With one slot of two for everything else, what a thumbnail waits for is at most what runs when it is uploaded.
    let most = meanwhile.iter().max().unwrap();
    assert!(
        *most < BACKLOG / 20,
        "{most} bulk jobs went before a thumbnail: {meanwhile:?}"
    );
}
