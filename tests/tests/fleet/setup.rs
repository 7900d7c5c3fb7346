//! `minilab events setup` on an emulator of AWS: ours comes beside what others have set, once more changes nothing, and what
//! S3 would refuse is refused with the name of who is in the way.
use std::{fs, process::Command};

use minilab_store::{
    S3Config, S3Credentials,
    s3::notifications::{Entry, Kind, Notifications, NotifyingBucket},
};
use minilab_tests::servers::Moto;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    aws::{ACCOUNT, Aws, REGION},
    broker,
    process::program,
    world::is_possible_on,
};

const BUCKET: &str = "uploads";
const QUEUE: &str = "minilab-events";

/// An account with a bucket and queues, and a configuration.
struct Scene {
    aws: Aws,
    bucket: NotifyingBucket,
    folder: TempDir,
    _server: Moto,
}

/// How a run ended.
struct Ran {
    code: i32,
    told: Value,
}

impl Scene {
    async fn new() -> Self {
        let server = tokio::task::spawn_blocking(|| {
            let server = Moto::start().unwrap();
            server.create_bucket(BUCKET).unwrap();
            server
        });
        let server = server.await.unwrap();
        let (endpoint, aws) = (server.endpoint(), Aws::at(server.address()));
        for queue in [QUEUE, "logs"] {
            aws.sqs("CreateQueue", &json!({ "QueueName": queue }))
                .await
                .unwrap();
        }
        let place = format!("region: {REGION}, endpoint: \"{endpoint}\"");
        let text = format!(
            "version: 1\n\
             from: {{ s3: {{ bucket: {BUCKET}, prefix: in/, {place} }} }}\n\
             to: {{ s3: {{ bucket: media, {place} }} }}\n\
             queue: {{ sqs: {{ {place} }} }}\n\
             intake: [sqs]\n"
        );
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("minilab.yaml"), text).unwrap();
        let config = S3Config {
            endpoint: Some(endpoint),
            region: Some(REGION.to_owned()),
            path_style: true,
            ..S3Config::bucket(BUCKET)
        };
        let credentials = S3Credentials {
            access_key: server.access_key().to_owned(),
            secret_key: server.secret_key().to_owned(),
            session_token: None,
        };
        Self {
            aws,
            bucket: NotifyingBucket::of_with(config, credentials).await.unwrap(),
            folder,
            _server: server,
        }
    }

    async fn set_up(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(program());
        command
            .args(["--json", "events", "setup", "--config", "minilab.yaml"])
            .args(args)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(self.folder.path());
        let ran = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let out = String::from_utf8(ran.stdout).unwrap();
        let told = serde_json::from_str(out.trim());
        Ran {
            code: ran.status.code().unwrap(),
            told: told.unwrap_or_else(|_| panic!("{out}{}", String::from_utf8_lossy(&ran.stderr))),
        }
    }

    async fn attribute(&self, name: &str) -> Value {
        let question = json!({ "QueueUrl": self.aws.queue_url(QUEUE), "AttributeNames": ["All"] });
        self.aws.sqs("GetQueueAttributes", &question).await.unwrap()["Attributes"][name].clone()
    }

    async fn set(&self, name: &str, value: &str) {
        let set = json!({ "QueueUrl": self.aws.queue_url(QUEUE), "Attributes": { name: value } });
        self.aws.sqs("SetQueueAttributes", &set).await.unwrap();
    }

    async fn policy(&self) -> Value {
        serde_json::from_str(self.attribute("Policy").await.as_str().unwrap()).unwrap()
    }
}

fn entry(id: &str, prefix: &str) -> Entry {
    Entry {
        id: id.to_owned(),
        kind: Kind::Queue,
        arn: Aws::queue_arn("logs"),
        events: vec!["s3:ObjectCreated:Put".to_owned()],
        filters: vec![("prefix".to_owned(), prefix.to_owned())],
    }
}

/// Somebody else's entries, statement and attributes, and how all of it is found afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notifications_are_set_up_beside_those_of_others() {
    if !is_possible_on(&broker::Kind::Sqs) {
        return;
    }
    let scene = Scene::new().await;
    let theirs = Notifications {
        entries: vec![entry("logs", "logs/"), entry("more logs", "more/")],
        // The emulator takes it, and does not show it again.
        event_bridge: false,
    };
    scene.bucket.write(&theirs).await.unwrap();
    let statement = json!({ "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
        "Action": "sqs:*", "Resource": Aws::queue_arn(QUEUE) });
    let policy = json!({ "Version": "2012-10-17", "Id": "theirs", "Statement": [statement] });
    scene.set("MaximumMessageSize", "1024").await;
    scene.set("VisibilityTimeout", "77").await;
    // The emulator forgets it where anything else is set.
    scene.set("Policy", &policy.to_string()).await;

    let dry = scene.set_up(&["--dry-run"]).await;
    assert_eq!(
        (dry.code, &dry.told["outcome"]),
        (3, &json!("would_change")),
        "{:#}",
        dry.told
    );
    assert!(
        scene.bucket.read().await.unwrap().is_same(&theirs),
        "nothing was changed"
    );

    let first = scene.set_up(&[]).await;
    assert_eq!(
        (first.code, &first.told["outcome"]),
        (0, &json!("changed")),
        "{:#}",
        first.told
    );
    assert_eq!(first.told["bucket"], dry.told["bucket"], "it does what it said");
    let found = scene.bucket.read().await.unwrap();
    let ours = found.entries.iter().find(|entry| entry.id == "minilab").unwrap();
    assert_eq!(
        (ours.prefix(), ours.arn.as_str()),
        ("in/", Aws::queue_arn(QUEUE).as_str())
    );
    assert_eq!(ours.events.len(), 3, "{ours}");
    assert!(found.with("minilab", None).is_same(&theirs), "{found:#?}");
    let merged = scene.policy().await;
    assert_eq!(
        (&merged["Id"], &merged["Statement"][0]),
        (&json!("theirs"), &statement)
    );
    assert_eq!(
        merged["Statement"][1]["Principal"],
        json!({ "Service": "s3.amazonaws.com" })
    );
    assert_eq!(scene.attribute("MaximumMessageSize").await, "262144");
    assert_eq!(scene.attribute("VisibilityTimeout").await, "77");

    let second = scene.set_up(&[]).await;
    assert_eq!(
        (second.code, &second.told["outcome"]),
        (0, &json!("done")),
        "{:#}",
        second.told
    );
    assert_eq!(scene.policy().await, merged);
    assert!(scene.bucket.read().await.unwrap().is_same(&found));

    // Through EventBridge the direct way would go, and what a person must make is said.
    let bridged = scene.set_up(&["--via", "eventbridge", "--dry-run"]).await;
    assert_eq!(bridged.code, 3, "{:#}", bridged.told);
    let changes = bridged.told["bucket"].to_string();
    assert!(
        changes.contains(r#"{"goes":"minilab: "#) && changes.contains("everything to EventBridge"),
        "{changes}"
    );
    assert!(
        bridged.told["by_hand"][0].as_str().unwrap().contains("put-rule"),
        "{:#}",
        bridged.told
    );
    let topic = scene.aws.sns("CreateTopic", &[("Name", "told")]).await.unwrap();
    assert!(topic.contains("told"), "{topic}");
    let arn = format!("arn:aws:sns:{REGION}:{ACCOUNT}:told");
    let told = scene.set_up(&["--via", "sns", "--topic", &arn]).await;
    assert_eq!(told.code, 0, "{:#}", told.told);
    let found = scene.bucket.read().await.unwrap();
    assert!(
        found
            .entries
            .iter()
            .any(|entry| entry.kind == Kind::Topic && entry.arn == arn),
        "{found:#?}"
    );
    assert!(found.with("minilab", None).is_same(&theirs), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notifications_that_s3_would_refuse_are_refused_and_nothing_is_changed() {
    if !is_possible_on(&broker::Kind::Sqs) {
        return;
    }
    let scene = Scene::new().await;
    let theirs = Notifications {
        entries: vec![entry("thumbnails", "in/photos/")],
        event_bridge: false,
    };
    scene.bucket.write(&theirs).await.unwrap();
    scene.set("KmsMasterKeyId", "alias/aws/sqs").await;
    let refused = scene.set_up(&[]).await;
    assert_eq!(
        (refused.code, &refused.told["outcome"]),
        (78, &json!("refused")),
        "{:#}",
        refused.told
    );
    let told = refused.told["obstacles"].to_string();
    assert!(
        told.contains("thumbnails: s3:ObjectCreated:Put") && told.contains("SqsManagedSseEnabled"),
        "{told}"
    );
    assert!(scene.bucket.read().await.unwrap().is_same(&theirs));
    assert_eq!(scene.attribute("Policy").await, Value::Null);
}

/// An entry of our name that feeds somebody else's queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_of_our_name_that_is_anothers_goes_only_at_a_word() {
    if !is_possible_on(&broker::Kind::Sqs) {
        return;
    }
    let scene = Scene::new().await;
    let theirs = Notifications {
        entries: vec![entry("minilab", "elsewhere/")],
        event_bridge: false,
    };
    scene.bucket.write(&theirs).await.unwrap();
    let refused = scene.set_up(&[]).await;
    assert_eq!(refused.code, 78, "{:#}", refused.told);
    assert!(scene.bucket.read().await.unwrap().is_same(&theirs));
    let named = scene.set_up(&["--id", "second"]).await;
    assert_eq!(named.code, 0, "{:#}", named.told);
    assert_eq!(scene.bucket.read().await.unwrap().entries.len(), 2);
    scene.bucket.write(&theirs).await.unwrap();
    let replaced = scene.set_up(&["--replace"]).await;
    assert_eq!(replaced.code, 0, "{:#}", replaced.told);
    let found = scene.bucket.read().await.unwrap();
    assert_eq!(found.entries[0].arn, Aws::queue_arn(QUEUE), "{found:#?}");
}
