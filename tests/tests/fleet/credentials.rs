//! Credentials that last for seconds, as roles get them from where they run: got anew while they work, and waited for.
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use minilab_tests::proxy::{Gate, Reply, Verdict};
use serde_json::json;

use crate::{
    jobs::told,
    pictures::Pictures,
    process::Role,
    world::{Options, World, is_possible},
};

/// The SDK asks for others ten seconds before these end.
const LASTING: SignedDuration = SignedDuration::from_secs(12);
const UPLOADS: u64 = 12;
/// Asked so often that each has been replaced more than once.
const ASKED: u64 = 4;
const WITHIN: Duration = Duration::from_mins(2);
const REST_WITHIN: Duration = Duration::from_mins(3);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_that_end_are_got_anew_and_waited_for_without_an_attempt() {
    if !is_possible() {
        return;
    }
    let world = World::new(Options::default()).await;
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let service = Service::start(&world).await;
    let (mut dispatcher, mut worker) = (world.dispatcher("dispatcher").role, world.worker("worker", &[]));
    for role in [&mut dispatcher, &mut worker] {
        service.is_where_it_gets_its_own(role);
    }
    let (mut dispatching, mut working) = (dispatcher.start(), worker.start());
    dispatching.ready().await;
    working.ready().await;

    world.upload_all(&pictures, 0..UPLOADS).await;
    service.asked_again().await;
    world.at_rest(REST_WITHIN).await;

    service.refuses.store(true, Ordering::Relaxed);
    let refused = working.until("unready", |answer| {
        answer.status == 503 && answer.body.contains("originals: ")
    });
    let why = refused.await.body;
    world.upload_all(&pictures, UPLOADS..2 * UPLOADS).await;
    service.asked_again().await;
    service.refuses.store(false, Ordering::Relaxed);
    dispatching.ready().await;
    working.ready().await;
    for key in world.ledger.now().into_keys() {
        world
            .manifest(&key, |manifest| manifest["status"] == "complete")
            .await;
    }
    world.at_rest(REST_WITHIN).await;
    println!(
        "asked for credentials {} times; while there were none: {why:?}",
        service.asked()
    );
    let retried = told(&worker)
        .into_iter()
        .filter(|job| job.settled.as_deref() == Some("retry"));
    let spent: Vec<_> = retried.map(|job| (job.key, job.sentence)).collect();
    assert!(spent.is_empty(), "attempts were spent: {spent:#?}");
    assert!(world.dead().await.is_empty());
}

/// Gives credentials out, as EKS and ECS do it.
struct Service {
    gate: Gate,
    asked: Arc<AtomicU64>,
    refuses: Arc<AtomicBool>,
}

impl Service {
    async fn start(world: &World) -> Self {
        let (asked, refuses) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (access_key, secret_key) = (
            world.seaweed.access_key().to_owned(),
            world.seaweed.secret_key().to_owned(),
        );
        let (counted, refused, behind) = (Arc::clone(&asked), Arc::clone(&refuses), world.seaweed.address());
        let start = move || {
            Gate::start(behind, move |_, _| {
                counted.fetch_add(1, Ordering::Relaxed);
                let status = if refused.load(Ordering::Relaxed) {
                    "500 Internal Server Error"
                } else {
                    "200 OK"
                };
                let body = json!({
                    "AccessKeyId": access_key,
                    "SecretAccessKey": secret_key,
                    // SeaweedFS knows none; an empty one is none to it.
                    "Token": "",
                    "Expiration": (Timestamp::now() + LASTING).to_string(),
                });
                Verdict::Answer(Reply {
                    status,
                    headers: "content-type: application/json\r\n".to_owned(),
                    body: body.to_string(),
                })
            })
        };
        let gate = tokio::task::spawn_blocking(start).await.unwrap().unwrap();
        Self { gate, asked, refuses }
    }

    fn is_where_it_gets_its_own(&self, role: &mut Role) {
        role.env.retain(|(name, _)| !name.starts_with("AWS_"));
        let ours = [
            (
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                format!("{}/credentials", self.gate.endpoint()),
            ),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ];
        role.env
            .extend(ours.map(|(name, value)| (name.to_owned(), value)));
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Waits until it has been asked several times more.
    async fn asked_again(&self) {
        let (before, begun) = (self.asked(), Instant::now());
        while self.asked() < before + ASKED {
            assert!(begun.elapsed() < WITHIN, "asked {} times", self.asked() - before);
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
}
