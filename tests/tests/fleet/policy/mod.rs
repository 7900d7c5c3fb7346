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
    scene::{CONFIG, DISPATCHER, OPERATOR, Scene, WORKER},
};
use crate::broker::Kind;
use crate::world::{ORIGINALS, World, is_possible};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_does_its_work_with_its_policy_and_its_policy_allows_no_more() {
    if !is_possible() {
        return;
    }
    let scene = Scene::new(Kind::Sqs).await;
    scene
        .run(OPERATOR, &["config", "activate", "--config", "other.yaml"])
        .await
        .unwrap();
    scene
        .run(OPERATOR, &["config", "activate", "--config", CONFIG])
        .await
        .unwrap();
    let roles = scene.start().await;

    // An upload, one over it, a deletion; one that is no picture, and a picture over that; one that is not there.
    scene.tell(&scene.upload("photo.jpg", 1).await).await;
    scene.complete("photo.jpg", 1).await;
    scene.tell(&scene.upload("photo.jpg", 2).await).await;
    scene.complete("photo.jpg", 2).await;
    scene.tell(&scene.upload_words("words.jpg").await).await;
    scene.failed("words.jpg").await;
    scene.tell(&scene.upload("words.jpg", 3).await).await;
    scene.complete("words.jpg", 3).await;
    scene.tell(&scene::told_of_nothing("nobody.jpg")).await;
    scene.tell(&scene.world.delete("photo.jpg").await).await;
    scene.gone("photo.jpg").await;

    // What operators do, and what is left to the dispatcher.
    scene.upload("untold.jpg", 4).await;
    scene
        .run(OPERATOR, &["reconcile", "--config", CONFIG])
        .await
        .unwrap();
    scene.complete("untold.jpg", 4).await;
    scene
        .run(OPERATOR, &["manifest", "untold.jpg", "--config", CONFIG])
        .await
        .unwrap();
    scene.sweep(OPERATOR).await;
    scene.tell(&scene.upload("untold.jpg", 5).await).await;
    scene.complete("untold.jpg", 5).await;
    scene.sweep(DISPATCHER).await;
    scene.tell(&scene.upload_words("words.jpg").await).await;
    scene.failed("words.jpg").await;
    scene
        .run(
            OPERATOR,
            &["dead", "redrive", "--class", "input", "--config", CONFIG],
        )
        .await
        .unwrap();
    scene
        .run(
            OPERATOR,
            &["dead", "purge", "--class", "input", "--config", CONFIG],
        )
        .await
        .unwrap();
    scene.world.at_rest(scene::REST_WITHIN).await;
    drop(roles);

    // A store that fails and comes back is asked with an object of its own.
    let canary = [
        ("StateWrite", "minilab-canary"),
        ("StateDelete", "minilab-canary"),
    ];
    let complaints = [
        scene.complaints(WORKER, &canary),
        scene.complaints(DISPATCHER, &[]),
        scene.complaints(OPERATOR, &[]),
    ];
    assert!(complaints.concat().is_empty(), "{complaints:#?}");
}

/// S3 answers 403 for a missing object to who may not list; then a role refuses to start, with the fix.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_right_to_list_a_missing_original_is_forbidden_and_a_role_says_what_to_grant() {
    if !is_possible() {
        return;
    }
    let scene = Scene::new(Kind::Sqs).await;
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
