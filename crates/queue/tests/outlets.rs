//! What is told through other people's brokers: exchanges of a real RabbitMQ, queues of moto's SQS. Skipped, with the reason,
//! where there are none, but in CI.
#![cfg(all(feature = "rabbitmq", feature = "sqs"))]
#![expect(
    clippy::unwrap_used,
    reason = "this is test code: a call that fails, fails the test"
)]
use std::time::Duration;

use aws_sdk_sqs::{Client, config::BehaviorVersion};
use lapin::{
    Channel, Connection, ConnectionProperties,
    options::{BasicGetOptions, QueueBindOptions, QueueDeclareOptions},
    types::FieldTable,
};
use minilab_queue::{
    Announcement, Declare, Outlet as _,
    rabbitmq::{Exchange, ExchangeConfig},
    sqs::{Credentials, Service, Target, TargetConfig},
};
use minilab_tests::servers::{self, Moto, RabbitMq, RabbitMqOptions, Server};

fn is_skipped(needed: Server) -> bool {
    let Some(why) = servers::unavailable(&[needed]) else {
        return false;
    };
    assert!(std::env::var_os("CI").is_none(), "{why}");
    println!("skipped: {why}");
    true
}

fn announcement(id: &str) -> Announcement {
    Announcement {
        id: id.into(),
        topic: "dev.minilab.derivatives.ready".into(),
        group: "a1b2".into(),
        media_type: "application/cloudevents+json",
        body: r#"{"subject":"\u00e9t\u00e9.jpg"}"#.into(),
    }
}

async fn stranger(url: &str) -> Channel {
    let connection = Connection::connect(url, ConnectionProperties::default());
    connection.await.unwrap().create_channel().await.unwrap()
}

async fn bind(channel: &Channel, queue: &str, exchange: &str) {
    let declared = channel.queue_declare(
        queue.into(),
        QueueDeclareOptions::default(),
        FieldTable::default(),
    );
    declared.await.unwrap();
    let options = QueueBindOptions::default();
    let key = "dev.minilab.derivatives.*".into();
    let bound = channel.queue_bind(queue.into(), exchange.into(), key, options, FieldTable::default());
    bound.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exchange_takes_what_a_queue_is_bound_for_and_nothing_else() {
    if is_skipped(Server::RabbitMq) {
        return;
    }
    let mut broker = RabbitMq::start(&RabbitMqOptions::default()).unwrap();
    let url = broker.url();
    let exchange = |declare| {
        let (url, exchange) = (url.clone(), "derivatives".to_owned());
        Exchange::new(ExchangeConfig {
            url,
            exchange,
            declare,
        })
        .unwrap()
    };
    let missing = exchange(Declare::Passive)
        .give(&announcement("1"))
        .await
        .unwrap_err();
    assert!(
        missing.sentence.contains("there is no such exchange"),
        "{missing}"
    );

    let outlet = exchange(Declare::Apply);
    let unbound = outlet.give(&announcement("1")).await.unwrap_err();
    assert!(unbound.sentence.contains("no queue is bound"), "{unbound}");

    let channel = stranger(&url).await;
    bind(&channel, "q", "derivatives").await;
    for id in ["1", "2"] {
        outlet.give(&announcement(id)).await.unwrap();
    }
    exchange(Declare::Passive).give(&announcement("3")).await.unwrap();
    for id in ["1", "2", "3"] {
        let got = channel
            .basic_get("q".into(), BasicGetOptions { no_ack: true })
            .await
            .unwrap();
        let message = got.unwrap().delivery;
        let properties = &message.properties;
        assert_eq!(message.routing_key.as_str(), "dev.minilab.derivatives.ready");
        assert_eq!(properties.message_id().as_ref().unwrap().as_str(), id);
        let media_type = properties.content_type().as_ref().unwrap();
        assert_eq!(media_type.as_str(), "application/cloudevents+json");
        assert_eq!(message.data, announcement(id).body);
    }

    broker.kill();
    let away = outlet.give(&announcement("4")).await.unwrap_err();
    assert!(!away.sentence.contains("guest"), "{away}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queue_of_sqs_takes_what_is_sent_and_one_in_order_keeps_it_once() {
    if is_skipped(Server::Moto) {
        return;
    }
    let moto = Moto::start().unwrap();
    let service = Service {
        region: Some("us-east-1".into()),
        endpoint: Some(moto.endpoint()),
        credentials: Some(Credentials {
            access_key: "minilab".into(),
            secret_key: "hunter2".into(),
        }),
    };
    let target = |queue: &str| {
        let (service, queue) = (service.clone(), queue.to_owned());
        Target::new(TargetConfig { service, queue }).unwrap()
    };
    let missing = target("told").give(&announcement("1")).await.unwrap_err();
    assert!(missing.sentence.contains("there is no such queue"), "{missing}");

    let client = client(&moto);
    for (queue, expected) in [("told", 2), ("told.fifo", 1)] {
        let made = client.create_queue().queue_name(queue);
        let made = if queue.strip_suffix(".fifo").is_some() {
            made.attributes("FifoQueue".into(), "true")
        } else {
            made
        };
        let url = made.send().await.unwrap().queue_url.unwrap();
        // By name and by address, and the same twice.
        for place in [queue, &url] {
            target(place).give(&announcement("1")).await.unwrap();
        }
        let received = client
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10);
        let received = received
            .message_attribute_names("All")
            .wait_time_seconds(1)
            .send()
            .await
            .unwrap();
        let messages = received.messages.unwrap_or_default();
        assert_eq!(messages.len(), expected, "{queue}");
        for message in messages {
            assert_eq!(message.body.unwrap().as_bytes(), announcement("1").body);
            let attributes = message.message_attributes.unwrap();
            assert_eq!(attributes["id"].string_value.as_deref(), Some("1"));
        }
    }
}

/// Another client: what tests look at behind the outlet's back.
fn client(moto: &Moto) -> Client {
    let credentials = aws_sdk_sqs::config::Credentials::new("minilab", "hunter2", None, None, "test");
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws_sdk_sqs::config::Region::new("us-east-1"))
        .endpoint_url(moto.endpoint())
        .credentials_provider(credentials)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .timeout_config(
            aws_sdk_sqs::config::timeout::TimeoutConfig::builder()
                .operation_timeout(Duration::from_secs(20))
                .build(),
        );
    Client::from_conf(config.build())
}
