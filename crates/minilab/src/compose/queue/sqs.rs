//! Queues of SQS, as the adapter wants them told.
use std::sync::Arc;

use anyhow::Result;
use minilab_queue::{Queue, SqsConfig, SqsEventsConfig, sqs::Service};
use minilab_recipe::{QueueConfig, Sqs, SqsEvents, SqsService};

/// Where jobs wait.
pub async fn open(sqs: &Sqs) -> Result<Arc<dyn Queue>> {
    Ok(Arc::new(minilab_queue::Sqs::connect(config_of(sqs)).await?))
}

/// Where notifications of uploads wait; `None`: in the queues of the jobs.
pub async fn open_events(events: &SqsEvents, jobs: Option<&QueueConfig>) -> Result<Option<Arc<dyn Queue>>> {
    let config = events_config_of(events, jobs);
    if is_own(&config, jobs) {
        return Ok(None);
    }
    Ok(Some(Arc::new(minilab_queue::Sqs::of_events(config).await?)))
}

/// The queues of an installation.
pub fn config_of(sqs: &Sqs) -> SqsConfig {
    SqsConfig {
        prefix: sqs.prefix.clone(),
        declare: super::declare_of(sqs.declare),
        lease: sqs.lease,
        ..SqsConfig::at(service_of(&sqs.service))
    }
}

/// One queue, which may be somebody else's. What is not said of it is as with the jobs, where they are in SQS.
pub fn events_config_of(events: &SqsEvents, jobs: Option<&QueueConfig>) -> SqsEventsConfig {
    let service = service_beside(&events.service, events.queue.as_deref(), jobs);
    let is_address = events.queue.as_deref().is_some_and(is_address);
    let jobs = in_sqs(jobs);
    let shares_service = jobs.filter(|jobs| !is_address && service_of(&jobs.service) == service);
    let named = |rest: &str| jobs.map(|jobs| format!("{}-{rest}", jobs.prefix));
    let queue = events.queue.clone().or_else(|| named("events"));
    let config = SqsEventsConfig::of(service, queue.unwrap_or_else(|| "minilab-events".to_owned()));
    SqsEventsConfig {
        // Where dead letters are recorded; of a queue elsewhere its own policy says where they go.
        dead: events
            .dead
            .clone()
            .or_else(|| shares_service.and_then(|_| named("dead"))),
        lease: jobs.map_or(config.lease, |jobs| jobs.lease),
        ..config
    }
}

/// Where a queue is of which this is said. What is not said is as with the jobs, where they are in SQS.
pub fn service_beside(said: &SqsService, queue: Option<&str>, jobs: Option<&QueueConfig>) -> Service {
    let mut service = service_of(said);
    // An address says itself where it is.
    if let Some(jobs) = in_sqs(jobs).filter(|_| !queue.is_some_and(is_address)) {
        service.region = service.region.or_else(|| jobs.service.region.clone());
        service.endpoint = service.endpoint.or_else(|| jobs.service.endpoint.clone());
    }
    service
}

fn is_address(queue: &str) -> bool {
    queue.contains("://")
}

fn is_own(config: &SqsEventsConfig, jobs: Option<&QueueConfig>) -> bool {
    in_sqs(jobs).is_some_and(|jobs| {
        config.service == service_of(&jobs.service) && config.queue == format!("{}-events", jobs.prefix)
    })
}

fn in_sqs(jobs: Option<&QueueConfig>) -> Option<&Sqs> {
    match jobs? {
        QueueConfig::Sqs(sqs) => Some(sqs),
        QueueConfig::Sqlite(_) | QueueConfig::RabbitMq(_) => None,
    }
}

/// Credentials are the chain's, never the document's.
fn service_of(service: &SqsService) -> Service {
    Service {
        region: service.region.clone(),
        endpoint: service.endpoint.clone(),
        credentials: None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn service(region: &str) -> SqsService {
        SqsService {
            region: Some(region.to_owned()),
            endpoint: None,
        }
    }

    fn jobs() -> QueueConfig {
        QueueConfig::Sqs(Sqs {
            service: service("eu-central-1"),
            prefix: "acme".to_owned(),
            declare: minilab_recipe::Declare::Passive,
            lease: Duration::from_secs(45),
            waits: vec![Duration::from_secs(5)],
        })
    }

    fn events(region: Option<&str>, queue: Option<&str>) -> SqsEventsConfig {
        let events = SqsEvents {
            service: region.map(service).unwrap_or_default(),
            queue: queue.map(str::to_owned),
            dead: None,
        };
        events_config_of(&events, Some(&jobs()))
    }

    #[test]
    fn events_are_beside_the_jobs_unless_told() {
        for same in [
            events(None, None),
            events(Some("eu-central-1"), None),
            events(None, Some("acme-events")),
        ] {
            assert!(is_own(&same, Some(&jobs())), "{same:?}");
        }
        for other in [
            events(Some("eu-west-1"), None),
            events(None, Some("uploads")),
            events(
                None,
                Some("https://sqs.eu-central-1.amazonaws.com/123456789012/acme-events"),
            ),
        ] {
            assert!(!is_own(&other, Some(&jobs())), "{other:?}");
        }
        assert_eq!(events(None, Some("uploads")).lease, Duration::from_secs(45));
    }

    #[test]
    fn dead_letters_of_events_are_recorded_where_they_can_be() {
        assert_eq!(events(None, Some("uploads")).dead.as_deref(), Some("acme-dead"));
        assert_eq!(events(Some("eu-west-1"), Some("uploads")).dead, None);
        let address = "https://sqs.eu-west-1.amazonaws.com/123456789012/uploads";
        assert_eq!(events(None, Some(address)).dead, None);
        let named = SqsEvents {
            queue: Some(address.to_owned()),
            dead: Some("uploads-dead".to_owned()),
            ..SqsEvents::default()
        };
        let named = events_config_of(&named, Some(&jobs()));
        assert_eq!(named.dead.as_deref(), Some("uploads-dead"));
    }

    #[test]
    fn events_may_be_in_sqs_where_jobs_are_not() {
        let events = SqsEvents {
            service: service("eu-west-1"),
            queue: Some("uploads".to_owned()),
            dead: None,
        };
        for jobs in [None, Some(&QueueConfig::Sqlite("jobs.db".into()))] {
            let config = events_config_of(&events, jobs);
            assert_eq!(config.service.region.as_deref(), Some("eu-west-1"));
            assert!(!is_own(&config, jobs) && config.dead.is_none());
        }
    }
}
