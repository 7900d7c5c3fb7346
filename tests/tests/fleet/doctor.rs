//! `minilab doctor` finds a fleet well, and every trouble that is made for it, with what to do.
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use minilab_store::{Key, PutOptions};
use minilab_tests::proxy::{Gate, Reply, Request, Verdict};
use serde_json::{Value, json};

use crate::{
    aws::Aws,
    broker::Kind,
    process,
    world::{ORIGINALS, Options, World, is_possible},
};

/// What the way to the store does to requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    /// Originals may not be listed.
    Denied,
    /// Conditional writes are answered with 200 and forgotten.
    Careless,
    /// The server's clock is so much behind.
    Clock(Duration),
}

fn decide(trouble: Trouble, request: &Request) -> Verdict {
    let is_conditional = request
        .header("if-match")
        .or(request.header("if-none-match"))
        .is_some();
    match trouble {
        Trouble::Denied if request.method == "GET" && request.path.starts_with("/originals/?") => {
            Verdict::Answer(Reply {
                status: "403 Forbidden",
                headers: "content-type: application/xml\r\n".to_owned(),
                body: "<Error><Code>AccessDenied</Code><Message>no</Message></Error>".to_owned(),
            })
        }
        Trouble::Careless if request.method == "PUT" && is_conditional => Verdict::Answer(Reply {
            status: "200 OK",
            headers: "etag: \"5d41402abc4b2a76b9719d911017c592\"\r\n".to_owned(),
            body: String::new(),
        }),
        Trouble::Clock(behind) => {
            let date = Timestamp::now() - jiff::SignedDuration::try_from(behind).unwrap();
            Verdict::Dated(date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
        }
        _ => Verdict::Pass,
    }
}

/// A fleet and the way from it to its store.
struct Scene {
    world: World,
    trouble: Arc<Mutex<Trouble>>,
    _gate: Gate,
}

impl Scene {
    async fn new(kind: Kind) -> Self {
        let (broker, seaweed) = World::servers(kind.clone()).await;
        // With queues at an emulator of AWS, originals are there, too.
        let originals_at = match kind {
            Kind::RabbitMq(_) => None,
            Kind::Sqs => {
                let aws = Aws::at(broker.address());
                aws.s3_put(&format!("/{ORIGINALS}"), "").await.unwrap();
                Some(aws.endpoint())
            }
        };
        let trouble = Arc::new(Mutex::new(Trouble::None));
        let (server, now) = (seaweed.address(), Arc::clone(&trouble));
        let gate = tokio::task::spawn_blocking(move || {
            Gate::start(server, move |request, _| decide(*now.lock().unwrap(), request)).unwrap()
        });
        let gate = gate.await.unwrap();
        let options = Options {
            endpoint: Some(gate.endpoint()),
            broker: kind,
            originals_at,
            ..Options::default()
        };
        Self {
            world: World::on(broker, seaweed, &options).await,
            trouble,
            _gate: gate,
        }
    }

    /// Every check, by name; and did it end well?
    async fn doctor(&self, config: &str, trouble: Trouble) -> (bool, Vec<Value>) {
        *self.trouble.lock().unwrap() = trouble;
        let (folder, env, config) = (
            self.world.folder().to_owned(),
            self.world.env(),
            config.to_owned(),
        );
        let run = move || {
            let ran = process::run(&folder, &env, &["--json", "doctor", "--config", &config]);
            let out = std::fs::read_to_string(folder.join("command.out")).unwrap();
            if let Err(error) = &ran {
                assert!(error.to_string().contains("exit status: 3"), "{error}");
            }
            (ran.is_ok(), out)
        };
        let (well, out) = tokio::task::spawn_blocking(run).await.unwrap();
        *self.trouble.lock().unwrap() = Trouble::None;
        (
            well,
            out.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        )
    }

    /// It ends badly, and the check says this and how to fix it.
    async fn fails(&self, config: &str, trouble: Trouble, check: &str, [found, fix]: [&str; 2]) {
        let (well, checks) = self.doctor(config, trouble).await;
        let said = named(&checks, check);
        assert!(!well && said["verdict"] == "fail", "{checks:#?}");
        assert!(
            said["found"].as_str().unwrap().contains(found),
            "{found}: {said:#}"
        );
        let told = format!("{} {}", said["found"], said["fix"]);
        assert!(told.contains(fix), "{fix}: {said:#}");
    }
}

fn named<'a>(checks: &'a [Value], check: &str) -> &'a Value {
    checks.iter().find(|said| said["check"] == check).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_is_found_well_and_every_trouble_is_named_with_its_fix() {
    if !is_possible() {
        return;
    }
    let scene = Scene::new(Kind::default()).await;
    let config = "minilab.yaml";
    let (well, checks) = scene.doctor(config, Trouble::None).await;
    assert!(well, "{checks:#?}");
    let not_ok: Vec<_> = checks.iter().filter(|said| said["verdict"] != "ok").collect();
    assert!(
        not_ok.iter().all(|said| said["check"] == "notifications"),
        "{not_ok:#?}"
    );
    assert_eq!(named(&checks, "credentials")["found"], "access key minilab");
    assert!(
        named(&checks, "round trip")["found"]
            .as_str()
            .unwrap()
            .contains("came back")
    );

    scene
        .fails(
            config,
            Trouble::Denied,
            "originals",
            ["AccessDenied", "s3:ListBucket"],
        )
        .await;
    scene
        .fails(
            config,
            Trouble::Careless,
            "state",
            ["accepts a write that it must refuse", "take a store that decides"],
        )
        .await;
    scene
        .fails(
            config,
            Trouble::Clock(Duration::from_mins(6)),
            "clock",
            ["6 min", "NTP"],
        )
        .await;
    let (well, checks) = scene.doctor(config, Trouble::Clock(Duration::from_mins(1))).await;
    assert!(
        well && named(&checks, "clock")["verdict"] == "warn",
        "{checks:#?}"
    );

    let passive = Options {
        queue: ", prefix: other, declare: passive".to_owned(),
        ..Options::default()
    };
    scene.world.configure(&passive, "passive.yaml", "30d");
    scene
        .fails(
            "passive.yaml",
            Trouble::None,
            "topology",
            ["other.v1.jobs.fast is missing", "minilab topology apply"],
        )
        .await;
    let other = Options {
        recipes: crate::pictures::RECIPE.replace("width: 140", "width: 139"),
        ..Options::default()
    };
    scene.world.configure(&other, "other.yaml", "30d");
    scene
        .fails(
            "other.yaml",
            Trouble::None,
            "configuration",
            ["not in force", "minilab config activate"],
        )
        .await;

    // At work, the fleet takes no notice but takes the message.
    let mut dispatching = scene.world.dispatcher("dispatcher").role.start();
    dispatching.ready().await;
    let failure = json!({
        "v": 1, "key": "a.jpg", "lane": "fast", "class": "poison", "code": "renderer_signal", "sentence": "it died",
        "attempts": 1, "engine": "", "first_seen": Timestamp::UNIX_EPOCH, "at": Timestamp::UNIX_EPOCH,
    });
    let key = Key::new("failures/0/fast").unwrap();
    let bytes = serde_json::to_vec(&failure).unwrap();
    scene
        .world
        .state
        .put(&key, bytes.into(), PutOptions::default())
        .await
        .unwrap();
    let (well, checks) = scene.doctor(config, Trouble::None).await;
    assert!(well, "{checks:#?}");
    assert!(
        named(&checks, "round trip")["found"]
            .as_str()
            .unwrap()
            .contains("taken by a dispatcher"),
        "{checks:#?}"
    );
    assert_eq!(named(&checks, "dead letters")["verdict"], "warn", "{checks:#?}");
    scene.world.at_rest(Duration::from_mins(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_aws_silent_buckets_and_altered_queues_are_named_and_their_fix_is_one() {
    if !is_possible() {
        return;
    }
    let scene = Scene::new(Kind::Sqs).await;
    let config = "minilab.yaml";
    // Otherwise every command would set the queues right.
    let path = scene.world.folder().join(config);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("declare: apply", "declare: passive")).unwrap();
    let run = async |args: &[&str]| {
        let args = [args, &["--config", config]].concat();
        scene.world.operate(&args).await.unwrap()
    };
    run(&["topology", "apply"]).await;
    run(&["config", "activate"]).await;
    let aws = Aws::at(scene.world.broker.address());
    aws.tell_something(ORIGINALS, "minilab-jobs-bulk").await.unwrap();

    let told = [
        "does not tell arn:aws:sqs:us-east-1:123456789012:minilab-events",
        "minilab events setup",
    ];
    scene.fails(config, Trouble::None, "notifications", told).await;
    run(&["events", "setup"]).await;
    let (well, checks) = scene.doctor(config, Trouble::None).await;
    assert!(well, "{checks:#?}");
    let said = named(&checks, "notifications");
    assert_eq!(said["verdict"], "ok", "{checks:#?}");
    assert!(said["found"].as_str().unwrap().contains("(minilab)"), "{said:#}");
    // The test event of the set-up may come back beside ours.
    let trip = named(&checks, "round trip")["found"].as_str().unwrap();
    assert!(trip.contains("came back"), "{checks:#?}");

    let queue = aws.queue_url("minilab-jobs-fast");
    let altered = json!({ "QueueUrl": queue, "Attributes": { "VisibilityTimeout": "77" } });
    aws.sqs("SetQueueAttributes", &altered).await.unwrap();
    let told = [
        "minilab-jobs-fast differs: VisibilityTimeout is 77",
        "minilab topology apply",
    ];
    scene.fails(config, Trouble::None, "topology", told).await;
    run(&["topology", "apply"]).await;
    let (well, checks) = scene.doctor(config, Trouble::None).await;
    assert!(well, "{checks:#?}");
}
