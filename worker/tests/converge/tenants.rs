//! How tenants share a worker.
use std::time::Duration;

use minilab_protos::job::Job;
use minilab_recipe::Lane;
use minilab_worker::{
    report::JobReport,
    testing::{Fault, Moment},
};

use crate::world::{CAT, FILES, RECIPE, World, document};

/// As many as somebody uploads who moves in.
const MANY: usize = 300;

fn world_of(in_flight: u32) -> World {
    let mut world = World::default();
    let text = format!("{RECIPE}tenants: {{ in_flight: {in_flight} }}\n");
    world.document = document(&text);
    world
}

async fn upload_of(world: &World, tenant: &str, name: &str) {
    world.upload(name, CAT).await;
    let job = Job {
        tenant: tenant.to_owned(),
        ..world.job(name, Lane::Fast)
    };
    world.send("fast", &job).await;
}

/// How many of the many were made before the one, each of which is a second at work.
async fn made_before(world: &World) -> usize {
    let slow = Fault::Slow(Duration::from_secs(1));
    world.renderer.fail(Moment::Open, slow, u32::MAX);
    for number in 0..MANY {
        upload_of(world, "acme", &format!("acme/{number}.jpg")).await;
    }
    upload_of(world, "umbrella", "umbrella/a.jpg").await;
    let running = world.start();
    world.idle().await;
    running.drained().await;
    let reports = world.reports.lock().unwrap();
    let whose = reports.iter().map(|report| report.tenant.as_str());
    let before = whose.take_while(|tenant| *tenant != "umbrella").count();
    println!("{before} jobs of {MANY} originals went before the one");
    before
}

#[tokio::test(start_paused = true)]
async fn one_upload_is_made_long_before_the_many_of_another_tenant() {
    let world = world_of(1);
    let before = made_before(&world).await;
    assert!(before < MANY / 10, "{before} of {MANY} were made before it");
    let reports = world.reports.lock().unwrap().clone();
    let thumbnails = |tenant: &str| {
        let of = |report: &&JobReport| report.tenant == tenant && report.lane == Lane::Fast;
        reports.iter().filter(of).count()
    };
    assert_eq!((thumbnails("acme"), thumbnails("umbrella")), (MANY, 1));
    assert!(
        reports.iter().all(|report| report.attempt == 1),
        "a hand-back is no attempt"
    );
    assert!(world.dead().await.is_empty());
    for name in ["umbrella/a.jpg", "acme/0.jpg", "acme/299.jpg"] {
        world.assert_current(name, CAT, FILES).await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_the_many_come_first() {
    let before = made_before(&World::default()).await;
    assert!(before > MANY / 2, "{before} of {MANY} were made before it");
}

#[tokio::test(start_paused = true)]
async fn worker_never_works_on_more_of_a_tenant_than_it_may() {
    let mut world = world_of(2);
    world.slots = 6;
    for number in 0..6 {
        upload_of(&world, "acme", &format!("acme/{number}.jpg")).await;
    }
    for number in 0..2 {
        upload_of(&world, "", &format!("{number}.jpg")).await;
    }
    world.renderer.fail(Moment::Open, Fault::Hang, u32::MAX);
    let running = world.start();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let at_work = world.renderer.tally().opens.values().sum::<u32>();
    assert_eq!(
        at_work, 4,
        "two of the tenant and both of nobody, with slots left"
    );
    running.abort.cancel();
    running.drained().await;
}
