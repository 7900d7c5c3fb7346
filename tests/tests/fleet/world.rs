//! Real servers, three buckets, proxies in front of what may fail, and a configuration that every role reads.
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    ops::Range,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use minilab_store::{Key, PutOptions, S3, S3Config, S3Credentials, Store};
use minilab_tests::servers::{self, SeaweedFs, Server};
use tempfile::TempDir;

use crate::{
    broker::{Broker, Kind, Messages, Producer},
    comparison::{self, URL},
    events::{self, Said},
    ledger::{Ledger, Upload},
    pictures::{PICTURES, Pictures, RECIPE},
    process::{self, Role},
};

/// What the webhook asks for.
pub const TOKEN: &str = "a-token-of-the-tests-5b77";
/// The longest that a fleet without faults takes to come to rest.
const REST_WITHIN: Duration = Duration::from_mins(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// Looks that must find nothing to do before a fleet counts as idle: between two lanes a job is nowhere for a moment.
const LOOKS: u32 = 5;

pub const ORIGINALS: &str = "originals";
pub const MEDIA: &str = "media";
pub const STATE: &str = "state";

/// What a world may have otherwise than usual.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The recipes; those of the pictures if empty.
    pub recipes: String,
    pub broker: Kind,
    /// Lines for the configuration of the queue.
    pub queue: String,
    /// Where roles find the broker, if not directly.
    pub broker_at: Option<SocketAddr>,
    /// Where roles find the store, if not directly.
    pub endpoint: Option<String>,
    /// Where the bucket of originals is, if not beside the others. It is there already.
    pub originals_at: Option<String>,
}

/// Servers, stores and a configuration. Dropped, all of it ends.
pub struct World {
    pub broker: Arc<Broker>,
    pub seaweed: SeaweedFs,
    /// Without any proxy between.
    pub originals: Arc<dyn Store>,
    pub media: Arc<dyn Store>,
    pub state: Arc<dyn Store>,
    pub ledger: Arc<Ledger>,
    folder: TempDir,
}

impl World {
    /// Starts the servers alone, so that proxies can be put in front of them.
    pub async fn servers(kind: Kind) -> (Broker, SeaweedFs) {
        let broker = tokio::task::spawn_blocking(move || Broker::start(&kind));
        let seaweed = tokio::task::spawn_blocking(|| SeaweedFs::start().unwrap());
        (broker.await.unwrap(), seaweed.await.unwrap())
    }

    pub async fn new(options: Options) -> Self {
        let (broker, seaweed) = Self::servers(options.broker.clone()).await;
        Self::on(broker, seaweed, &options).await
    }

    pub async fn on(broker: Broker, seaweed: SeaweedFs, options: &Options) -> Self {
        for bucket in [ORIGINALS, MEDIA, STATE] {
            seaweed.create_bucket(bucket).unwrap();
        }
        let open = async |bucket: &str, endpoint: String| {
            let config = S3Config {
                endpoint: Some(endpoint),
                region: Some("us-east-1".to_owned()),
                path_style: true,
                ..S3Config::bucket(bucket)
            };
            let credentials = S3Credentials {
                access_key: seaweed.access_key().to_owned(),
                secret_key: seaweed.secret_key().to_owned(),
                session_token: None,
            };
            Arc::new(S3::open_with(config, credentials).await.unwrap()) as Arc<dyn Store>
        };
        let beside = seaweed.endpoint();
        let originals_at = options.originals_at.clone().unwrap_or_else(|| beside.clone());
        let originals = open(ORIGINALS, originals_at).await;
        let (media, state) = (open(MEDIA, beside.clone()).await, open(STATE, beside).await);
        let folder = tempfile::tempdir().unwrap();
        let world = Self {
            broker: Arc::new(broker),
            seaweed,
            originals,
            media,
            state,
            ledger: Arc::default(),
            folder,
        };
        world.configure(options, "minilab.yaml", "30d");
        process::run(
            world.folder(),
            &world.env(),
            &["config", "activate", "--config", "minilab.yaml"],
        )
        .unwrap();
        world
    }

    /// Writes a configuration under which dropped files stay so long.
    pub fn configure(&self, options: &Options, name: &str, retain: &str) {
        let endpoint = options
            .endpoint
            .clone()
            .unwrap_or_else(|| self.seaweed.endpoint());
        let at = options.broker_at.unwrap_or_else(|| self.broker.address());
        let bucket = |name: &str, endpoint: &str| {
            format!("s3: {{ bucket: {name}, endpoint: \"{endpoint}\", region: us-east-1 }}")
        };
        let recipes = if options.recipes.is_empty() {
            RECIPE
        } else {
            &options.recipes
        };
        let text = format!(
            "version: 1\n\
             from: {{ {} }}\n\
             to: {{ {}, url: \"{URL}\" }}\n\
             state: {{ {} }}\n\
             {}, {{ webhook: {{ listen: \"${{MINILAB_WEBHOOK}}\", token: \"{TOKEN}\" }} }} ]\n\
             retain: {retain}\n\
             {recipes}",
            bucket(ORIGINALS, options.originals_at.as_ref().unwrap_or(&endpoint)),
            bucket(MEDIA, &endpoint),
            bucket(STATE, &endpoint),
            self.broker.document(at, &options.queue),
        );
        fs::write(self.folder().join(name), text).unwrap();
    }

    /// Writes the configuration once more, with the bucket listed every second and no other intake.
    pub fn poll_instead(&self, name: &str) {
        let config = fs::read_to_string(self.folder().join("minilab.yaml")).unwrap();
        let lines = config.lines().map(|line| match line {
            line if line.starts_with("intake:") => "intake: [ { poll: { every: 1s } } ]",
            line => line,
        });
        let polling: Vec<_> = lines.collect();
        fs::write(self.folder().join(name), polling.join("\n")).unwrap();
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What every process needs to know and no configuration holds.
    pub fn env(&self) -> Vec<(String, String)> {
        [
            ("AWS_ACCESS_KEY_ID", self.seaweed.access_key().to_owned()),
            ("AWS_SECRET_ACCESS_KEY", self.seaweed.secret_key().to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("MINILAB_WEBHOOK", "127.0.0.1:0".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    pub fn dispatcher(&self, name: &str) -> Dispatcher {
        let webhook = free_address();
        let mut role = self.role(name, &["dispatcher", "--config", "minilab.yaml"]);
        role.env.push(("MINILAB_WEBHOOK".to_owned(), webhook.to_string()));
        Dispatcher { role, webhook }
    }

    pub fn worker(&self, name: &str, args: &[&str]) -> Role {
        self.role(name, &[&["worker", "--config", "minilab.yaml"], args].concat())
    }

    fn role(&self, name: &str, args: &[&str]) -> Role {
        Role {
            name: name.to_owned(),
            program: process::program(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            env: self.env(),
            folder: self.folder().to_owned(),
            admin: free_address(),
        }
    }

    /// An operator's command, to its end.
    pub async fn operate(&self, args: &[&str]) -> Result<String> {
        let (folder, env) = (self.folder().to_owned(), self.env());
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let ran = move || {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            process::run(&folder, &env, &args)
        };
        tokio::task::spawn_blocking(ran).await.unwrap()
    }

    /// Uploads a picture and answers what the bucket says of it.
    pub async fn upload(&self, pictures: &Pictures, key: &str, upload: Upload) -> Vec<u8> {
        let bytes = pictures.upload(upload.picture, upload.number);
        self.ledger.uploading(key, &upload, &bytes);
        let size_bytes = bytes.len();
        self.originals
            .put(&Key::new(key).unwrap(), bytes.into(), PutOptions::default())
            .await
            .unwrap();
        self.ledger.happened(key, Some(upload));
        events::notification(ORIGINALS, key, &Said::Created { size_bytes })
    }

    /// Uploads so many pictures, each under a key of its own, and tells the broker of each.
    pub async fn upload_all(&self, pictures: &Pictures, numbers: Range<u64>) {
        let producer = self.producer().await;
        for number in numbers {
            let picture = number as usize % PICTURES;
            let key = format!("{number}.jpg");
            let told = self.upload(pictures, &key, Upload { number, picture }).await;
            producer.publish(&told).await.unwrap();
        }
    }

    /// Deletes an original and answers what the bucket says of it.
    pub async fn delete(&self, key: &str) -> Vec<u8> {
        self.originals.delete(&Key::new(key).unwrap()).await.unwrap();
        self.ledger.happened(key, None);
        events::notification(ORIGINALS, key, &Said::Removed)
    }

    /// The way that notifications of the bucket of originals take.
    pub async fn producer(&self) -> Producer {
        self.broker.producer().await.unwrap()
    }

    /// The manifest of an original, once it says so.
    pub async fn manifest(
        &self,
        key: &str,
        wanted: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        let begun = Instant::now();
        loop {
            let bytes = comparison::read(&*self.media, &format!("{key}/manifest.json")).await;
            let manifest = bytes.map(|bytes| comparison::json(&bytes));
            match manifest {
                Some(manifest) if wanted(&manifest) => return manifest,
                last => assert!(begun.elapsed() < REST_WITHIN, "{key}: {last:?}"),
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    pub async fn messages(&self) -> Messages {
        self.broker.messages().await
    }

    /// Waits until so many messages wait in a queue.
    pub async fn queued(&self, queue: &str, count: u64) {
        let begun = Instant::now();
        loop {
            let messages = self.messages().await;
            if messages
                .iter()
                .any(|(name, ready, _)| name == queue && *ready >= count)
            {
                return;
            }
            assert!(begun.elapsed() < REST_WITHIN, "{queue}: {messages:?}");
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Waits until no queue holds a message.
    pub async fn at_rest(&self, within: Duration) {
        let begun = Instant::now();
        let mut quiet = 0;
        while quiet < LOOKS {
            let messages = self.messages().await;
            let left: Vec<_> = messages
                .iter()
                .filter(|(_, ready, unacked)| ready + unacked > 0)
                .collect();
            quiet = if left.is_empty() && !messages.is_empty() {
                quiet + 1
            } else {
                0
            };
            assert!(
                begun.elapsed() < within,
                "not at rest within {within:?}: {left:?}"
            );
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Failure records, as an operator lists them.
    pub async fn dead(&self) -> Vec<serde_json::Value> {
        let listed = self
            .operate(&["--json", "dead", "ls", "--config", "minilab.yaml"])
            .await
            .unwrap();
        listed
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A dispatcher and where it takes events.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    pub role: Role,
    pub webhook: SocketAddr,
}

/// Are there servers to run on? If not it says why, and fails where tests must be complete.
pub fn is_possible() -> bool {
    is_possible_on(&Kind::default())
}

/// The same, with queues on such a server.
pub fn is_possible_on(kind: &Kind) -> bool {
    let queues = match kind {
        Kind::RabbitMq(_) => Server::RabbitMq,
        Kind::Sqs => Server::Moto,
    };
    let Some(why) = servers::unavailable(&[queues, Server::SeaweedFs]) else {
        return true;
    };
    assert!(std::env::var_os("CI").is_none(), "{why}");
    println!("skipped: {why}");
    false
}

/// A port that nobody listens on now.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
