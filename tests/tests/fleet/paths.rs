//! On AWS a bucket tells of uploads by itself: to a queue, through a topic, or through EventBridge.
use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    aws::Aws,
    broker::Kind,
    comparison::compare,
    ledger::Upload,
    pictures::Pictures,
    world::{ORIGINALS, Options, World, is_possible_on},
};

const QUEUE: &str = "minilab-events";
const REST_WITHIN: Duration = Duration::from_mins(1);

/// The way of an event from the bucket to the queue.
#[derive(Debug, Clone, Copy)]
enum Path {
    Queue,
    Topic,
    EventBridge,
}

impl Path {
    /// From now on the bucket's events take this way alone.
    async fn lay(self, aws: &Aws) {
        let queue = Aws::queue_arn(QUEUE);
        let wanted = "<Event>s3:ObjectCreated:*</Event><Event>s3:ObjectRemoved:*</Event>";
        let told = match self {
            Self::Queue => format!(
                "<QueueConfiguration><Id>minilab</Id><Queue>{queue}</Queue>{wanted}</QueueConfiguration>"
            ),
            Self::Topic => {
                let made = aws.sns("CreateTopic", &[("Name", "uploads")]).await.unwrap();
                let topic = between(&made, "<TopicArn>", "</TopicArn>");
                let subscription = [("TopicArn", topic), ("Protocol", "sqs"), ("Endpoint", &queue)];
                aws.sns("Subscribe", &subscription).await.unwrap();
                format!(
                    "<TopicConfiguration><Id>minilab</Id><Topic>{topic}</Topic>{wanted}</TopicConfiguration>"
                )
            }
            Self::EventBridge => {
                let pattern =
                    json!({ "source": ["aws.s3"], "detail": { "bucket": { "name": [ORIGINALS] } } });
                let rule = json!({ "Name": "uploads", "EventPattern": pattern.to_string() });
                aws.events("PutRule", &rule).await.unwrap();
                let target = json!({ "Rule": "uploads", "Targets": [{ "Id": "minilab", "Arn": queue }] });
                aws.events("PutTargets", &target).await.unwrap();
                "<EventBridgeConfiguration></EventBridgeConfiguration>".to_owned()
            }
        };
        let body = format!("<NotificationConfiguration>{told}</NotificationConfiguration>");
        aws.s3_put(&format!("/{ORIGINALS}?notification"), &body)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_on_aws_becomes_a_manifest_whichever_way_its_event_takes() {
    if !is_possible_on(&Kind::Sqs) {
        return;
    }
    let (broker, seaweed) = World::servers(Kind::Sqs).await;
    let aws = Aws::at(broker.address());
    aws.s3_put(&format!("/{ORIGINALS}"), "").await.unwrap();
    let options = Options {
        originals_at: Some(aws.endpoint()),
        ..Options::default()
    };
    let world = World::on(broker, seaweed, &options).await;
    let made = world
        .operate(&["topology", "apply", "--config", "minilab.yaml"])
        .await;
    made.unwrap();
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let (dispatcher, worker) = (
        world.dispatcher("dispatcher"),
        world.worker("worker", &["--slots", "2"]),
    );
    let (mut dispatching, mut working) = (dispatcher.role.start(), worker.start());
    dispatching.ready().await;
    working.ready().await;

    let status = |wanted: &'static str| move |manifest: &Value| manifest["status"] == wanted;
    let mut left = 0;
    for (number, path) in [Path::Queue, Path::Topic, Path::EventBridge]
        .into_iter()
        .enumerate()
    {
        path.lay(&aws).await;
        println!("{path:?}");
        // As encoded, and as not, these are other names.
        for (name, more) in [("stays a+b.jpg", 0), ("goes ü 100%41.jpg", 100)] {
            let upload = Upload {
                number: number as u64 + more,
                picture: number,
            };
            let key = format!("{path:?}/{name}");
            world.upload(&pictures, &key, upload).await;
            world.manifest(&key, status("complete")).await;
        }
        let key = format!("{path:?}/goes ü 100%41.jpg");
        world.delete(&key).await;
        world.manifest(&key, status("deleted")).await;
        left += pictures.files(number).len() as u64;
    }
    world.at_rest(REST_WITHIN).await;
    let compared = compare(&*world.media, &world.ledger, &pictures).await;
    // Files of what was deleted stay for their time of grace.
    assert_eq!(compared.counts.orphaned, left, "{:#?}", compared.complaints);
    assert_eq!(
        compared.complaints.len() as u64,
        left,
        "{:#?}",
        compared.complaints
    );
    assert!(world.dead().await.is_empty());
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let rest = text.split_once(begin).map(|(_, rest)| rest);
    let found = rest.and_then(|rest| rest.split_once(end));
    found.unwrap_or_else(|| panic!("no {begin} in {text}")).0
}
