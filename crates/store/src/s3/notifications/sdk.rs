//! Between the SDK's types and ours, without loss.
use aws_sdk_s3::{
    operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput,
    types::{
        Event, EventBridgeConfiguration, FilterRule, FilterRuleName, LambdaFunctionConfiguration,
        NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter,
        TopicConfiguration,
    },
};

use super::{Entry, Kind, Notifications};

pub(super) fn read(answer: &GetBucketNotificationConfigurationOutput) -> Notifications {
    let queues = answer.queue_configurations().iter().map(|queue| {
        let parts = (queue.id(), queue.events(), queue.filter());
        entry(Kind::Queue, queue.queue_arn(), parts)
    });
    let topics = answer.topic_configurations().iter().map(|topic| {
        let parts = (topic.id(), topic.events(), topic.filter());
        entry(Kind::Topic, topic.topic_arn(), parts)
    });
    let functions = answer.lambda_function_configurations().iter().map(|function| {
        let parts = (function.id(), function.events(), function.filter());
        entry(Kind::Function, function.lambda_function_arn(), parts)
    });
    Notifications {
        entries: queues.chain(topics).chain(functions).collect(),
        event_bridge: answer.event_bridge_configuration().is_some(),
    }
}

type Parts<'a> = (
    Option<&'a str>,
    &'a [Event],
    Option<&'a NotificationConfigurationFilter>,
);

fn entry(kind: Kind, arn: &str, (id, events, filter): Parts<'_>) -> Entry {
    let rules = filter
        .and_then(|filter| filter.key())
        .map(S3KeyFilter::filter_rules)
        .unwrap_or_default();
    let rule = |rule: &FilterRule| {
        let name = rule.name().map(FilterRuleName::as_str).unwrap_or_default();
        (name.to_owned(), rule.value().unwrap_or_default().to_owned())
    };
    Entry {
        id: id.unwrap_or_default().to_owned(),
        kind,
        arn: arn.to_owned(),
        events: events.iter().map(|event| event.as_str().to_owned()).collect(),
        filters: rules.iter().map(rule).collect(),
    }
}

pub(super) fn written(notifications: &Notifications) -> Result<NotificationConfiguration, String> {
    let mut whole = NotificationConfiguration::builder();
    for entry in &notifications.entries {
        let id = Some(entry.id.clone()).filter(|id| !id.is_empty());
        let events: Vec<Event> = entry
            .events
            .iter()
            .map(|event| Event::from(event.as_str()))
            .collect();
        let filter = filter(entry);
        whole = match entry.kind {
            Kind::Queue => {
                let queue = QueueConfiguration::builder().queue_arn(&entry.arn);
                let queue = queue.set_id(id).set_events(Some(events)).set_filter(filter);
                whole.queue_configurations(queue.build().map_err(|error| error.to_string())?)
            }
            Kind::Topic => {
                let topic = TopicConfiguration::builder().topic_arn(&entry.arn);
                let topic = topic.set_id(id).set_events(Some(events)).set_filter(filter);
                whole.topic_configurations(topic.build().map_err(|error| error.to_string())?)
            }
            Kind::Function => {
                let function = LambdaFunctionConfiguration::builder().lambda_function_arn(&entry.arn);
                let function = function.set_id(id).set_events(Some(events)).set_filter(filter);
                whole.lambda_function_configurations(function.build().map_err(|error| error.to_string())?)
            }
        };
    }
    let bridge = notifications
        .event_bridge
        .then(|| EventBridgeConfiguration::builder().build());
    Ok(whole.set_event_bridge_configuration(bridge).build())
}

fn filter(entry: &Entry) -> Option<NotificationConfigurationFilter> {
    if entry.filters.is_empty() {
        return None;
    }
    let rules = entry.filters.iter().map(|(name, value)| {
        FilterRule::builder()
            .name(FilterRuleName::from(name.as_str()))
            .value(value)
            .build()
    });
    let key = S3KeyFilter::builder()
        .set_filter_rules(Some(rules.collect()))
        .build();
    Some(NotificationConfigurationFilter::builder().key(key).build())
}
