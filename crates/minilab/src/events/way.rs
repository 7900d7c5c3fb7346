//! By which way uploads and deletions come into the queue now, whoever has set that up.
use minilab_store::s3::notifications::{Entry, Kind};

use super::{EVENTS, Seen};

/// A way from the bucket, as far as it can be seen there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The bucket tells the queue, by the entries of these names.
    Direct(Vec<String>),
    /// It tells this topic.
    Topic(String),
    /// It tells EventBridge.
    EventBridge,
}

impl Way {
    /// The way of keys that begin with `prefix`, uploads as well as deletions; several entries may share that.
    pub fn of(seen: &Seen, prefix: &str) -> Option<Self> {
        let entries = &seen.notifications.entries;
        let is_direct = |entry: &Entry| entry.kind == Kind::Queue && entry.arn == seen.queue();
        if let Some(ids) = shared(entries.iter().filter(|entry| is_direct(entry)), prefix) {
            return Some(Self::Direct(ids));
        }
        let topics = entries.iter().filter(|entry| entry.kind == Kind::Topic);
        let feeding = topics.clone().find(|topic| {
            let same = topics.clone().filter(|entry| entry.arn == topic.arn);
            shared(same, prefix).is_some()
        });
        let bridge = seen.notifications.event_bridge.then_some(Self::EventBridge);
        feeding.map(|topic| Self::Topic(topic.arn.clone())).or(bridge)
    }
}

/// The names of those that tell of uploads and of deletions, if there are any for both.
fn shared<'a>(entries: impl Iterator<Item = &'a Entry>, prefix: &str) -> Option<Vec<String>> {
    let covering: Vec<_> = entries
        .filter(|entry| prefix.starts_with(entry.prefix()) && entry.suffix().is_empty())
        .collect();
    let telling = EVENTS[..2].iter().map(|event| {
        covering
            .iter()
            .find(|entry| entry.events.iter().any(|told| told == event))
    });
    let mut ids: Vec<_> = telling
        .map(|entry| Some(entry?.id.clone()))
        .collect::<Option<_>>()?;
    ids.dedup();
    Some(ids)
}

#[cfg(test)]
mod tests {
    use minilab_store::s3::notifications::Notifications;

    use super::*;

    const QUEUE: &str = "arn:aws:sqs:eu-central-1:123456789012:minilab-events";
    const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:uploads";

    fn entry(id: &str, (kind, arn): (Kind, &str), event: &str, prefix: &str) -> Entry {
        Entry {
            id: id.to_owned(),
            kind,
            arn: arn.to_owned(),
            events: vec![event.to_owned()],
            filters: vec![("Prefix".to_owned(), prefix.to_owned())],
        }
    }

    fn way(entries: Vec<Entry>, event_bridge: bool) -> Option<Way> {
        let seen = Seen {
            notifications: Notifications {
                entries,
                event_bridge,
            },
            attributes: [("QueueArn".to_owned(), QUEUE.to_owned())].into(),
        };
        Way::of(&seen, "uploads/")
    }

    #[test]
    fn uploads_and_deletions_may_come_by_two_entries() {
        let (queue, topic) = ((Kind::Queue, QUEUE), (Kind::Topic, TOPIC));
        let both = |to| {
            vec![
                entry("up", to, EVENTS[0], ""),
                entry("down", to, EVENTS[1], "uploads/"),
            ]
        };
        let direct = Way::Direct(vec!["up".to_owned(), "down".to_owned()]);
        assert_eq!(way(both(queue), false), Some(direct.clone()));
        assert_eq!(way(both(topic), false), Some(Way::Topic(TOPIC.to_owned())));
        assert_eq!(
            way([both(topic), both(queue)].concat(), true),
            Some(direct),
            "the nearest"
        );
        assert_eq!(way(Vec::new(), true), Some(Way::EventBridge));
    }

    #[test]
    fn half_of_it_and_part_of_the_keys_are_no_way() {
        let queue = (Kind::Queue, QUEUE);
        let up = entry("up", queue, EVENTS[0], "");
        assert_eq!(way(vec![up.clone()], false), None, "deletions are not told");
        let part = entry("down", queue, EVENTS[1], "uploads/a/");
        assert_eq!(way(vec![up.clone(), part], false), None);
        let mut elsewhere = entry("down", queue, EVENTS[1], "");
        elsewhere.arn = format!("{QUEUE}-2");
        assert_eq!(way(vec![up, elsewhere], false), None);
    }
}
