//! Who makes queues, what is said of those that are otherwise, and queues of somebody else's.
use std::time::Duration;

use minilab_queue::{
    Declare, Disposition, Error, Outgoing, Queue as _, Settled, Sqs, SqsConfig, SqsEventsConfig, State,
    dead_queue, sqs::topology,
};
use minilab_tests::servers::Moto;
use serde_json::json;

use crate::world::{ACCOUNT, DEADLINE, LEASE, World, ask, config, lane, service};

pub async fn what_check_misses_apply_makes(moto: &Moto) {
    let config = SqsConfig {
        declare: Declare::Passive,
        ..config(service(moto))
    };
    let missing = topology::check(&config).await.unwrap();
    assert_eq!(missing.len(), 7);
    assert!(
        missing.iter().all(|found| found.state == State::Missing),
        "{missing:?}"
    );
    let error = Sqs::connect(config.clone()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Unusable { reason, .. } if reason.contains("minilab topology apply")),
        "{error}"
    );
    assert_eq!(
        topology::check(&config).await.unwrap(),
        missing,
        "looking makes nothing"
    );

    assert_eq!(topology::apply(&config).await.unwrap(), missing);
    assert_eq!(topology::check(&config).await.unwrap(), []);
    assert_eq!(topology::apply(&config).await.unwrap(), []);
    let world = World::with(config).await;
    world.send("through queues that somebody else made").await;
    world.complete(&world.receive().await).await;
}

pub async fn what_differs_is_told_and_set(moto: &Moto) {
    let world = World::new(moto).await;
    let set = |rest: &str, attributes| {
        let asked = json!({ "QueueUrl": world.url(rest), "Attributes": attributes });
        async move { ask(moto, "SetQueueAttributes", &asked).await }
    };
    let base = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{}", world.config.prefix);
    let redrive =
        json!({ "deadLetterTargetArn": format!("{base}-notify"), "maxReceiveCount": 3 }).to_string();
    set(
        "jobs-bulk",
        json!({ "VisibilityTimeout": "30", "RedrivePolicy": redrive }),
    )
    .await;
    set(
        "events",
        json!({ "MaximumMessageSize": "1024", "MessageRetentionPeriod": "60" }),
    )
    .await;
    let found = topology::check(&world.config).await.unwrap();
    let told: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:#?}");
    for word in [
        "jobs-bulk differs",
        "VisibilityTimeout is 30, not 3",
        "maxReceiveCount",
        "-dead after 20 deliveries",
    ] {
        assert!(told[0].contains(word), "{word}: {told:#?}");
    }
    for word in [
        "events differs",
        "MaximumMessageSize is 1024, at least 65536",
        "is 60, not 1209600",
    ] {
        assert!(told[1].contains(word), "{word}: {told:#?}");
    }
    assert_eq!(topology::apply(&world.config).await.unwrap(), found);
    assert_eq!(topology::check(&world.config).await.unwrap(), []);
}

/// What uploads are told into may be anywhere, by name or by address; what nobody understands goes where its policy says.
pub async fn a_queue_elsewhere_is_the_queue_of_events(moto: &Moto) {
    let world = World::new(moto).await;
    let uploads = format!("{}-uploads", world.config.prefix);
    let base = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{}", world.config.prefix);
    let redrive = json!({ "deadLetterTargetArn": format!("{base}-dead"), "maxReceiveCount": 5 }).to_string();
    ask(
        moto,
        "CreateQueue",
        &json!({ "QueueName": uploads, "Attributes": { "RedrivePolicy": redrive } }),
    )
    .await;
    let events = lane("events");
    for queue in [uploads.clone(), world.url("uploads")] {
        let config = SqsEventsConfig {
            lease: LEASE,
            ..SqsEventsConfig::of(service(moto), queue)
        };
        let elsewhere = Sqs::of_events(config).await.unwrap();
        let told = json!({ "QueueUrl": world.url("uploads"), "MessageBody": "an upload" });
        ask(moto, "SendMessage", &told).await;
        let delivery = elsewhere
            .receive(&events, 1, DEADLINE)
            .await
            .unwrap()
            .pop()
            .unwrap();
        assert_eq!(delivery.payload, "an upload");
        let reject = Disposition::Reject {
            payload: delivery.payload.clone(),
            reason: "events: of no known form".into(),
        };
        assert_eq!(
            elsewhere.settle(&delivery.receipt, reject).await.unwrap(),
            Settled::Done
        );
        let letter = world.receive_from(&dead_queue()).await;
        assert_eq!(letter.reason.as_deref(), Some("events: of no known form"));
        world.complete(&letter).await;
        let refused = elsewhere
            .send(vec![Outgoing::new(lane("fast"), "x")])
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::Refused { .. }), "{refused}");
    }
    assert!(
        world
            .queue
            .receive(&events, 1, Duration::ZERO)
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn a_queue_elsewhere_needs_a_place_for_dead_letters(moto: &Moto) {
    let world = World::new(moto).await;
    let uploads = format!("{}-uploads", world.config.prefix);
    ask(moto, "CreateQueue", &json!({ "QueueName": uploads })).await;
    let config = SqsEventsConfig::of(service(moto), &uploads);
    let error = Sqs::of_events(config.clone()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Unusable { reason, .. } if reason.contains("redrive policy")),
        "{error}"
    );
    let dead = Some(format!("{}-dead", world.config.prefix));
    Sqs::of_events(SqsEventsConfig { dead, ..config }).await.unwrap();
}
