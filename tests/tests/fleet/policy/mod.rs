//! Each role does all it has to with the policy that `minilab iam-policy` prints for it, in front of servers that answer 403 to
//! everything else; and of what a policy allows, nothing is there for nothing.
mod guard;
mod iam;
mod requests;
mod scene;

use minilab_store::{Key, S3, S3Config, S3Credentials, Store as _};
use serde_json::{Value, json};

use self::{
    guard::Guard,
    iam::Policy,
    scene::{CONFIG, DISPATCHER, Excuse, OPERATOR, REST_WITHIN, Scene, WORKER},
};
use crate::{
    broker::Kind,
    world::{ORIGINALS, World, is_possible_on},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_does_its_work_with_its_policy_and_its_policy_allows_no_more() {
    if !is_possible_on(&Kind::Sqs) {
        return;
    }
    let scene = Scene::new().await;
    scene.prepare().await;
    let roles = scene.start().await;
    scene.work().await;
    scene.operate().await;
    drop(roles);
    scene.look_after_work().await;

    let complaints = [
        scene.complaints(WORKER, &WORKER_UNASKED),
        scene.complaints(DISPATCHER, &DISPATCHER_UNASKED),
        scene.complaints(OPERATOR, &OPERATOR_UNASKED),
    ];
    assert!(complaints.concat().is_empty(), "{complaints:#?}");
}

impl Scene {
    async fn operator(&self, args: &[&str]) -> String {
        let config = ["--config", CONFIG];
        self.run(OPERATOR, &[args, &config].concat()).await.unwrap()
    }

    /// Queues and a configuration.
    async fn prepare(&self) {
        self.operator(&["topology", "apply"]).await;
        self.alter_queues().await;
        self.operator(&["topology", "apply"]).await;
        let other = ["config", "activate", "--config", "other.yaml"];
        self.run(OPERATOR, &other).await.unwrap();
        self.operator(&["config", "activate"]).await;
        let aws = self.aws();
        aws.tell_something(ORIGINALS, "minilab-jobs-bulk").await.unwrap();
    }

    /// Uploads, one over another, a deletion; one that is no picture, and a picture over that; one that is not there; messages
    /// that are no events and no jobs.
    async fn work(&self) {
        self.tell(&self.upload("photo.jpg", 1).await).await;
        self.complete("photo.jpg", 1).await;
        self.tell(&self.upload("photo.jpg", 2).await).await;
        self.complete("photo.jpg", 2).await;
        for (key, number) in [("standard/a.jpg", 6), ("bulk/a.jpg", 7)] {
            self.tell(&self.upload(key, number).await).await;
            self.complete(key, number).await;
        }
        self.tell(&self.upload_words("words.jpg").await).await;
        self.failed("words.jpg").await;
        self.tell(&self.upload("words.jpg", 3).await).await;
        self.complete("words.jpg", 3).await;
        self.tell(&scene::told_of_nothing("nobody.jpg")).await;
        self.tell(&self.world.delete("photo.jpg").await).await;
        self.gone("photo.jpg").await;
        self.put("events", "no event").await;
        self.put("jobs-fast", "no job").await;
        self.until(&["dead", "ls", "--config", CONFIG], |told| {
            told.contains("events: unknown form") && told.contains("the message is no job")
        })
        .await;
    }

    /// What operators do, and what is left to the dispatcher.
    async fn operate(&self) {
        self.upload("untold.jpg", 4).await;
        self.operator(&["reconcile"]).await;
        self.complete("untold.jpg", 4).await;
        self.operator(&["manifest", "untold.jpg"]).await;
        self.operator(&["events", "setup"]).await;
        self.operator(&["doctor"]).await;
        self.sweep(OPERATOR).await;
        self.tell(&self.upload("untold.jpg", 5).await).await;
        self.complete("untold.jpg", 5).await;
        self.sweep(DISPATCHER).await;
        for key in ["words.jpg", "standard/words.jpg", "bulk/words.jpg"] {
            self.tell(&self.upload_words(key).await).await;
            self.failed(key).await;
        }
        self.operator(&["dead", "redrive", "--class", "input"]).await;
        self.operator(&["dead", "purge", "--class", "input"]).await;
        self.operator(&["dead", "purge"]).await;
        self.takes_notifications();
        self.operator(&["notify", "replay", "--target", "site", "--all"])
            .await;
        // A receiver that took nothing is left alone for 2 min at most.
        self.world.at_rest(4 * REST_WITHIN).await;
    }

    /// Nobody is at work, so what is sent to try the queue comes back.
    async fn look_after_work(&self) {
        self.operator(&["doctor"]).await;
    }
}

/// What takes longer than a third of a lease is extended; here nothing does. It is also how a poll hands back what it got for
/// nobody and was handed out before.
const LONGER: &str = "ChangeMessageVisibility";

const WORKER_UNASKED: [Excuse; 9] = [
    // A store that fails and comes back is asked with an object of its own, and the broker for the depth of one queue.
    ("StateWrite", "PutObject", "minilab-canary"),
    ("StateDelete", "DeleteObject", "minilab-canary"),
    ("JobsLook", "GetQueueAttributes", "backfill"),
    ("JobsTake", LONGER, ""),
    // A job that is handed back or tried again is sent anew to where it came from; nothing fails here, and nobody stops.
    ("JobsTake", "SendMessage", "jobs-fast"),
    ("JobsTake", "SendMessage", "jobs-backfill"),
    // Alone it goes through the lanes of one original; another one's hands over.
    ("JobsTake", "SendMessage", "jobs-standard"),
    ("JobsTake", "SendMessage", "jobs-bulk"),
    // Nobody makes everything anew here, which is what goes through this queue.
    ("JobsTake", "DeleteMessage", "jobs-backfill"),
];

const DISPATCHER_UNASKED: [Excuse; 7] = [
    ("QueuesTake", LONGER, ""),
    ("EventsTake", LONGER, ""),
    // Where jobs are elsewhere, it tells where its messages are given up to.
    ("EventsTake", "GetQueueAttributes", "events"),
    // While the store is away, events and letters are handed back, each sent anew.
    ("EventsTake", "SendMessage", ""),
    ("JobsSend", "SendMessage", "jobs-backfill"),
    // What SQS gives up by itself becomes a failure record; here it gives up nothing.
    ("StateRead", "GetObject", "failures/*"),
    ("StateWrite", "PutObject", "failures/*"),
];

const OPERATOR_UNASKED: [Excuse; 3] = [
    // It would hand back what came beside the message that it sent.
    ("EventsSetUp", LONGER, ""),
    // What was sent to try the queue is taken back only if no dispatcher takes it.
    ("EventsSetUp", "DeleteMessage", "events"),
    ("JobsSend", "SendMessage", "jobs-backfill"),
];

/// S3 answers 403 for a missing object to who may not list; then a role refuses to start, with the fix.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_right_to_list_a_missing_original_is_forbidden_and_a_role_says_what_to_grant() {
    if !is_possible_on(&Kind::Sqs) {
        return;
    }
    let scene = Scene::new().await;
    scene.operator(&["topology", "apply"]).await;
    let mut policy = scene.policy(WORKER).await;
    policy.statement.retain(|statement| statement.sid != "FromList");
    scene.guard.hold(WORKER, policy);
    let refused = scene
        .run(WORKER, &["worker", "--config", CONFIG, "--listen", "127.0.0.1:0"])
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("exit status: 6") && refused.contains("s3:ListBucket"),
        "{refused}"
    );

    // Of a part of a bucket: who asks for one object says no prefix.
    let (guard, endpoint) = (&scene.guard, scene.store_endpoint());
    let listing = |condition: Value| {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::originals/in/*"] },
            { "Sid": "List", "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::originals"],
              "Condition": condition },
        ]})
    };
    let missing = async |condition: Value| {
        let policy: Policy = serde_json::from_value(listing(condition)).unwrap();
        guard.hold(WORKER, policy);
        let bucket = opened(&scene.world, &endpoint, "in/").await;
        bucket.head(&Key::new("nobody.jpg").unwrap()).await.unwrap_err()
    };
    let found = missing(json!({ "StringLikeIfExists": { "s3:prefix": "in/*" } })).await;
    assert!(found.is_not_found(), "{found}");
    let forbidden = missing(json!({ "StringLike": { "s3:prefix": "in/*" } })).await;
    assert!(!forbidden.is_not_found(), "{forbidden}");
}

async fn opened(world: &World, endpoint: &str, prefix: &str) -> S3 {
    let config = S3Config {
        prefix: prefix.to_owned(),
        endpoint: Some(endpoint.to_owned()),
        region: Some("us-east-1".to_owned()),
        path_style: true,
        ..S3Config::bucket(ORIGINALS)
    };
    let credentials = S3Credentials {
        access_key: WORKER.to_owned(),
        secret_key: world.seaweed.secret_key().to_owned(),
        session_token: None,
    };
    S3::open_with(config, credentials).await.unwrap()
}
