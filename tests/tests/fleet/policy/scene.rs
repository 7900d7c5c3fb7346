//! A fleet whose roles have keys of their own and are held to their policies.
use std::{
    fs,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use minilab_store::{Key, PutOptions};
use minilab_tests::proxy::{Gate, Reply, Verdict};
use serde_json::{Value, json};

use super::{Guard, guard::Allowance, iam::Policy};
use crate::{
    aws::Aws,
    broker::Kind,
    events::{self, Said},
    ledger::Upload,
    pictures::Pictures,
    process::{self, Process, Role},
    world::{ORIGINALS, Options, World},
};

pub const REST_WITHIN: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(300);
pub const CONFIG: &str = "minilab.yaml";
/// The same, under which what is dropped is over after a second.
pub const SWEEP: &str = "sweep.yaml";
const NOTIFY: &str = "notify: { site: { webhook: {";
pub const DISPATCHER: &str = "dispatcher";
pub const WORKER: &str = "worker";
pub const OPERATOR: &str = "operator";

/// A recipe whose first lane is each of the three.
const RECIPES: &str = "\
recipes:
  three:
    urls: both
    derivatives:
      thumb: { resize: { width: 144, height: 76, fit: cover, gravity: attention }, formats: [webp, jpeg], lane: fast }
      photo: { resize: { widths: [150] }, formats: [jpeg], lane: standard }
      small: { resize: { width: 140 }, formats: [webp], lane: bulk }
  standard: { derivatives: { photo: { resize: { widths: [150] }, formats: [jpeg], lane: standard } } }
  bulk: { derivatives: { small: { resize: { width: 140 }, formats: [webp], lane: bulk } } }
rules:
  - { match: { prefix: standard/ }, recipe: standard }
  - { match: { prefix: bulk/ }, recipe: bulk }
  - { recipe: three }
";

/// May go unused: a statement, what its action ends with and what its resource does, each with a reason where it is named.
pub type Excuse = (&'static str, &'static str, &'static str);

pub struct Scene {
    pub world: World,
    pub guard: Guard,
    pictures: Pictures,
    /// Does who is notified take it?
    takes: Arc<AtomicBool>,
    gates: [Gate; 3],
}

impl Scene {
    /// Queues and originals are at one emulator of AWS, files and records at a store that decides conditional writes.
    pub async fn new() -> Self {
        let (broker, seaweed) = World::servers(Kind::Sqs).await;
        let guard = Guard::default();
        let (servers, laying) = ([broker.address(), seaweed.address()], guard.clone());
        let takes = Arc::new(AtomicBool::new(false));
        let taking = Arc::clone(&takes);
        let gates = tokio::task::spawn_blocking(move || {
            let [broker, store] = servers.map(|server| laying.before(server));
            [broker, store, receiver(servers[1], taking)]
        });
        let gates = gates.await.unwrap();
        Aws::at(broker.address())
            .s3_put(&format!("/{ORIGINALS}"), "")
            .await
            .unwrap();
        let options = Options {
            broker: Kind::Sqs,
            broker_at: Some(gates[0].address()),
            endpoint: Some(gates[1].endpoint()),
            originals_at: Some(gates[0].endpoint()),
            recipes: RECIPES.to_owned(),
            ..Options::default()
        };
        let world = World::on(broker, seaweed, &options).await;
        world.configure(&options, SWEEP, "1s");
        let scene = Self {
            pictures: tokio::task::spawn_blocking(Pictures::cut).await.unwrap(),
            world,
            guard,
            takes,
            gates,
        };
        let told = format!(
            "{NOTIFY} url: \"http://{}/\", secret: whsec_{}, allow_private: true }} }} }}\nretain:",
            scene.gates[2].address(),
            "c2VjcmV0".repeat(4)
        );
        for config in [CONFIG, SWEEP] {
            scene.rewrite(config, config, "retain:", &told);
            scene.rewrite(config, config, "declare: apply", "declare: passive");
        }
        scene.rewrite(CONFIG, "other.yaml", "width: 140", "width: 139");
        for role in [DISPATCHER, WORKER, OPERATOR] {
            scene.guard.hold(role, scene.policy(role).await);
        }
        scene
    }

    /// Where queues are, past the guard.
    pub fn aws(&self) -> Aws {
        Aws::at(self.world.broker.address())
    }

    /// Somebody has set all queues otherwise.
    pub async fn alter_queues(&self) {
        let aws = self.aws();
        let queues = aws.messages().await.unwrap();
        assert_eq!(queues.len(), 7, "{queues:?}");
        for (queue, ..) in queues {
            let set =
                json!({ "QueueUrl": aws.queue_url(&queue), "Attributes": { "VisibilityTimeout": "77" } });
            aws.sqs("SetQueueAttributes", &set).await.unwrap();
        }
    }

    /// A message of nobody's, in a queue.
    pub async fn put(&self, queue: &str, body: &str) {
        let aws = self.aws();
        let message = json!({ "QueueUrl": aws.queue_url(&format!("minilab-{queue}")), "MessageBody": body });
        aws.sqs("SendMessage", &message).await.unwrap();
    }

    /// Who is notified takes from now on what it is told.
    pub fn takes_notifications(&self) {
        self.takes.store(true, Ordering::SeqCst);
    }

    /// Waits until a command says so.
    pub async fn until(&self, args: &[&str], wanted: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        loop {
            let told = self.run(OPERATOR, args).await.unwrap();
            if wanted(&told) {
                return;
            }
            assert!(begun.elapsed() < REST_WITHIN, "{args:?}: {told}");
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    fn rewrite(&self, from: &str, to: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.world.folder().join(from)).unwrap();
        assert!(text.contains(old), "{text}");
        fs::write(self.world.folder().join(to), text.replace(old, new)).unwrap();
    }

    /// Where the store is reached through the guard.
    pub fn store_endpoint(&self) -> String {
        self.gates[1].endpoint()
    }

    /// As the program prints it.
    pub async fn policy(&self, role: &str) -> Policy {
        let args = ["iam-policy", "--role", role, "--config", CONFIG];
        serde_json::from_str(&self.world.operate(&args).await.unwrap()).unwrap()
    }

    /// Both roles, at work.
    pub async fn start(&self) -> [Process; 2] {
        let dispatcher = keyed(self.world.dispatcher("dispatcher").role, DISPATCHER);
        let worker = keyed(self.world.worker("worker", &["--slots", "2"]), WORKER);
        let mut roles = [dispatcher.start(), worker.start()];
        for role in &mut roles {
            role.ready().await;
        }
        roles
    }

    /// A command, with a role's key.
    pub async fn run(&self, key: &str, args: &[&str]) -> Result<String> {
        let mut env = self.world.env();
        env.push(("AWS_ACCESS_KEY_ID".to_owned(), key.to_owned()));
        let folder = self.world.folder().to_owned();
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let run = move || {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            process::run(&folder, &env, &args)
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    pub async fn upload(&self, key: &str, number: u64) -> Vec<u8> {
        let picture = number as usize;
        self.world
            .upload(&self.pictures, key, Upload { number, picture })
            .await
    }

    /// An upload that is no picture, and what the bucket says of it.
    pub async fn upload_words(&self, key: &str) -> Vec<u8> {
        let words = "no picture at all";
        let to = Key::new(key).unwrap();
        self.world
            .originals
            .put(&to, words.into(), PutOptions::default())
            .await
            .unwrap();
        let size_bytes = words.len();
        events::notification(ORIGINALS, key, &Said::Created { size_bytes })
    }

    pub async fn tell(&self, told: &[u8]) {
        self.world.producer().await.publish(told).await.unwrap();
    }

    pub async fn complete(&self, key: &str, number: u64) {
        let picture = number as usize;
        let digest = crate::pictures::digest(&self.pictures.upload(picture, number));
        let is_it =
            |manifest: &Value| manifest["status"] == "complete" && manifest["original"]["sha256"] == digest;
        self.world.manifest(key, is_it).await;
    }

    /// Sweeps until something was deleted.
    pub async fn sweep(&self, key: &str) {
        let begun = Instant::now();
        loop {
            let told = self
                .run(key, &["--json", "sweep", "--config", SWEEP])
                .await
                .unwrap();
            let told: Value = serde_json::from_str(told.trim()).unwrap();
            if told["report"]["deleted"].as_u64() > Some(0) {
                return;
            }
            assert!(begun.elapsed() < REST_WITHIN, "{told}");
        }
    }

    pub async fn failed(&self, key: &str) {
        self.world
            .manifest(key, |manifest| manifest["status"] == "failed")
            .await;
    }

    pub async fn gone(&self, key: &str) {
        self.world
            .manifest(key, |manifest| manifest["status"] == "deleted")
            .await;
    }

    /// What of a role's policy is missing or too much, besides what may go unused.
    pub fn complaints(&self, role: &str, unasked: &[Excuse]) -> Vec<String> {
        let refused = self.guard.refused();
        let refused = refused.iter().filter(|(key, _)| key == role);
        let refused = refused.map(|(_, wish)| format!("{role} may not {} {}", wish.action, wish.resource));
        let is_excused = |(sid, action, resource): &Allowance,
                          (statement, of_action, of_resource): &Excuse| {
            sid == statement && action.ends_with(of_action) && resource.ends_with(of_resource)
        };
        let unused = self.guard.unused(role);
        let left = unused
            .iter()
            .filter(|allowance| !unasked.iter().any(|excuse| is_excused(allowance, excuse)))
            .map(|allowance| format!("{role} is allowed what it does not do: {allowance:?}"));
        let needless = unasked
            .iter()
            .filter(|excuse| !unused.iter().any(|allowance| is_excused(allowance, excuse)))
            .map(|excuse| format!("{role} does ask for {excuse:?}: strike the exception"));
        refused.chain(left).chain(needless).collect()
    }
}

fn keyed(mut role: Role, key: &str) -> Role {
    role.env.push(("AWS_ACCESS_KEY_ID".to_owned(), key.to_owned()));
    role
}

/// A deletion that happened long ago.
pub fn told_of_nothing(key: &str) -> Vec<u8> {
    events::notification(ORIGINALS, key, &Said::Removed)
}

/// Takes notifications or none; the server behind it sees none.
fn receiver(server: SocketAddr, takes: Arc<AtomicBool>) -> Gate {
    let decide = move || {
        let status = if takes.load(Ordering::SeqCst) {
            "204 No Content"
        } else {
            "503 Service Unavailable"
        };
        Verdict::Answer(Reply {
            status,
            headers: String::new(),
            body: String::new(),
        })
    };
    Gate::start(server, move |_, _| decide()).unwrap()
}
