//! Who makes exchanges and queues, and what is said of those that are otherwise.
use lapin::{options::QueueDeclareOptions, types::FieldTable};
use minilab_queue::{Declare, Error, RabbitMq, RabbitMqConfig, State, rabbitmq::topology};

use crate::world::{World, config, stranger};

pub async fn what_check_misses_apply_makes(url: &str) {
    let config = RabbitMqConfig {
        declare: Declare::Passive,
        ..config(url)
    };
    let missing = topology::check(&config).await.unwrap();
    assert!(
        missing.iter().all(|found| found.state == State::Missing),
        "{missing:?}"
    );
    // Five exchanges, seven queues, one wait.
    assert_eq!(missing.len(), 13);
    let error = RabbitMq::connect(config.clone()).await.unwrap_err();
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

pub async fn a_queue_with_other_arguments_is_told(url: &str) {
    let config = config(url);
    let name = format!("{}.v1.events", config.prefix);
    let options = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let stranger = stranger(url).await;
    let declared = stranger.queue_declare(name.as_str().into(), options, FieldTable::default());
    declared.await.unwrap();
    for found in [
        topology::check(&config).await.unwrap(),
        topology::apply(&config).await.unwrap(),
    ] {
        let differing: Vec<_> = found
            .iter()
            .filter(|found| matches!(found.state, State::Differs(_)))
            .collect();
        assert_eq!(differing.len(), 1, "{found:?}");
        assert_eq!(differing[0].name, name);
    }
    let error = RabbitMq::connect(config).await.unwrap_err();
    assert!(
        matches!(&error, Error::Unusable { queue, reason } if queue.contains(&name) && reason.contains("other arguments")),
        "{error}"
    );
}
