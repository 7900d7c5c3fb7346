//! From what is there and what is wanted to what must change.
use std::collections::BTreeMap;

use minilab_store::s3::notifications::{Change, Entry, Kind, Notifications};
use serde_json::json;

use super::{
    Obstacle,
    queue::{self, Attribute},
    sender::Sender,
};

/// The way that events take from the bucket into the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// The bucket sends them itself.
    Sqs,
    /// This topic passes them on.
    Sns {
        /// Its name at AWS.
        topic: String,
    },
    /// A rule passes them on.
    EventBridge,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The bucket of originals.
    pub bucket: String,
    /// Who owns it, if that is known.
    pub owner: Option<String>,
    /// What keys of originals begin with.
    pub prefix: String,
    /// Which events.
    pub events: Vec<&'static str>,
    /// By which way.
    pub via: Via,
    /// The name of our entry, of our statement and of our rule.
    pub id: String,
    /// May what has this name and is not known to be ours give way?
    pub replace: bool,
}

/// What is there.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What the bucket tells.
    pub notifications: Notifications,
    /// Of the queue.
    pub attributes: BTreeMap<String, String>,
}

impl Seen {
    /// The queue's name at AWS.
    pub fn queue(&self) -> &str {
        self.attributes.get("QueueArn").map_or("", String::as_str)
    }
}

/// What must change.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Entry by entry.
    pub changes: Vec<Change>,
    /// What the bucket shall tell then.
    pub next: Notifications,
    /// To set at the queue.
    pub attributes: Vec<Attribute>,
    /// What a person must decide before anything is changed.
    pub obstacles: Vec<Obstacle>,
    /// What a person must see to besides.
    pub by_hand: Vec<String>,
}

impl Plan {
    /// Does the bucket's configuration change?
    pub fn changes_bucket(&self) -> bool {
        self.changes
            .iter()
            .any(|change| !matches!(change, Change::Stays(_)))
    }

    /// Is everything as it should be?
    pub fn is_done(&self) -> bool {
        !self.changes_bucket() && self.attributes.is_empty() && self.obstacles.is_empty()
    }
}

/// Plans. Changes nothing.
pub fn plan(wanted: &Wanted, seen: &Seen) -> Plan {
    let queue = seen.queue().to_owned();
    let ours = entry(wanted, &queue);
    let mut next = seen.notifications.with(&wanted.id, ours.clone());
    next.event_bridge |= wanted.via == Via::EventBridge;
    let overlapping = ours.iter().flat_map(|ours| next.overlapping(ours)).map(overlap);
    let mut obstacles: Vec<Obstacle> = overlapping.collect();
    obstacles.extend(foreign(wanted, seen, ours.as_ref()));
    let (attributes, more) = at_queue(wanted, seen);
    obstacles.extend(more);
    Plan {
        changes: seen.notifications.changes(&next),
        by_hand: by_hand(wanted, seen, &queue),
        next,
        attributes,
        obstacles,
    }
}

/// What the queue lacks for whoever sends into it, and what stands in the way of that.
pub fn at_queue(wanted: &Wanted, seen: &Seen) -> (Vec<Attribute>, Vec<Obstacle>) {
    let queue = seen.queue();
    let (sender, sid) = (sender(wanted, queue), sid(&wanted.id));
    let sources = [bucket_arn(wanted, queue), rule_arn(wanted, queue)];
    let ours = queue::Ours {
        sender: &sender,
        sid: &sid,
        sources: &sources.each_ref().map(String::as_str),
        replace: wanted.replace,
    };
    queue::missing(&seen.attributes, ours)
}

/// What cannot be seen from here of the queue's key and policy.
pub fn unseen(wanted: &Wanted, seen: &Seen) -> Vec<String> {
    let sender = sender(wanted, seen.queue());
    let service = sender.service;
    let key = queue::own_key(&seen.attributes).map(|key| {
        format!("the policy of the key {key} must allow {service} kms:GenerateDataKey and kms:Decrypt; it cannot be looked at from here")
    });
    let forbids = queue::may_forbid(&seen.attributes, &sender).into_iter().map(|sid| {
        format!("the queue's policy forbids something under conditions that are not understood here (statement {sid}): it must not forbid {service} to send")
    });
    key.into_iter().chain(forbids).collect()
}

fn entry(wanted: &Wanted, queue: &str) -> Option<Entry> {
    let (kind, arn) = match &wanted.via {
        Via::Sqs => (Kind::Queue, queue),
        Via::Sns { topic } => (Kind::Topic, topic.as_str()),
        Via::EventBridge => return None,
    };
    let prefix = (!wanted.prefix.is_empty()).then(|| ("prefix".to_owned(), wanted.prefix.clone()));
    Some(Entry {
        id: wanted.id.clone(),
        kind,
        arn: arn.to_owned(),
        events: wanted.events.iter().map(|&event| event.to_owned()).collect(),
        filters: prefix.into_iter().collect(),
    })
}

/// An entry has our name, but neither our queue nor what is wanted now for a target: it may be another installation's.
fn foreign(wanted: &Wanted, seen: &Seen, ours: Option<&Entry>) -> Option<Obstacle> {
    let named = seen
        .notifications
        .entries
        .iter()
        .filter(|entry| entry.id == wanted.id);
    let mut others = named.filter(|entry| {
        entry.arn != seen.queue()
            && ours.is_none_or(|ours| (ours.kind, &ours.arn) != (entry.kind, &entry.arn))
    });
    let other = others.next().filter(|_| !wanted.replace)?;
    Some(Obstacle {
        what: format!("the bucket has an entry of this name already, and it tells somebody else: {other}"),
        fix: "name yours otherwise (--id NAME); if that one is yours and may go, --replace".to_owned(),
    })
}

fn overlap(other: &Entry) -> Obstacle {
    Obstacle {
        what: format!("the bucket tells somebody else of the same uploads, and S3 takes only one of both: {other}"),
        fix: "let both be served by a topic (--via sns) or by EventBridge (--via eventbridge), narrow that entry, or take it out"
            .to_owned(),
    }
}

fn sender(wanted: &Wanted, queue: &str) -> Sender {
    let (service, source) = match &wanted.via {
        Via::Sqs => ("s3.amazonaws.com", bucket_arn(wanted, queue)),
        Via::Sns { topic } => ("sns.amazonaws.com", topic.clone()),
        Via::EventBridge => ("events.amazonaws.com", rule_arn(wanted, queue)),
    };
    let account = wanted.owner.clone().filter(|_| wanted.via == Via::Sqs);
    Sender {
        service,
        source,
        account,
    }
}

/// Names of statements are letters and digits.
fn sid(id: &str) -> String {
    let letters: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    format!(
        "MinilabEvents{}",
        if id == "minilab" { "" } else { letters.as_str() }
    )
}

fn bucket_arn(wanted: &Wanted, queue: &str) -> String {
    let partition = queue.split(':').nth(1).unwrap_or("aws");
    format!("arn:{partition}:s3:::{}", wanted.bucket)
}

/// In the queue's region and account, under the name that the printed rule has.
fn rule_arn(wanted: &Wanted, queue: &str) -> String {
    let part = |number| queue.split(':').nth(number).unwrap_or("*");
    format!(
        "arn:{}:events:{}:{}:rule/{}",
        part(1),
        part(3),
        part(4),
        wanted.id
    )
}

fn by_hand(wanted: &Wanted, seen: &Seen, queue: &str) -> Vec<String> {
    let (bucket, id) = (&wanted.bucket, &wanted.id);
    let way = match &wanted.via {
        Via::Sqs => Vec::new(),
        Via::Sns { topic } => {
            let condition = json!({ "ArnLike": { "aws:SourceArn": bucket_arn(wanted, queue) } });
            let statement = json!({
                "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" }, "Action": "sns:Publish",
                "Resource": topic, "Condition": condition,
            });
            vec![
                format!("the policy of the topic must hold: {statement}"),
                format!(
                    "the topic must feed the queue: aws sns subscribe --topic-arn {topic} --protocol sqs --notification-endpoint {queue}"
                ),
            ]
        }
        Via::EventBridge => {
            let mut pattern = json!({
                "source": ["aws.s3"],
                "detail-type": detail_types(&wanted.events),
                "detail": { "bucket": { "name": [bucket] } },
            });
            if !wanted.prefix.is_empty() {
                pattern["detail"]["object"] = json!({ "key": [{ "prefix": wanted.prefix }] });
            }
            vec![
                format!(
                    "a rule must choose the events: aws events put-rule --name {id} --event-pattern '{pattern}'"
                ),
                format!(
                    "it must feed the queue: aws events put-targets --rule {id} --targets Id={id},Arn={queue}"
                ),
            ]
        }
    };
    way.into_iter().chain(unseen(wanted, seen)).collect()
}

/// What EventBridge calls these events. Objects that the bucket's life cycle deletes are deleted there, too.
fn detail_types(events: &[&str]) -> Vec<&'static str> {
    let names = events.iter().flat_map(|&event| match event {
        "s3:ObjectCreated:*" => &["Object Created"][..],
        "s3:ObjectRemoved:*" => &["Object Deleted"],
        "s3:ObjectTagging:*" => &["Object Tags Added", "Object Tags Deleted"],
        _ => &[],
    });
    names.copied().collect()
}

#[cfg(test)]
mod tests {
    use super::super::{EVENTS, OF_TAGS};
    use super::*;

    const QUEUE: &str = "arn:aws:sqs:eu-central-1:123456789012:minilab-events";

    fn wanted(via: Via) -> Wanted {
        Wanted {
            bucket: "acme-uploads".to_owned(),
            owner: None,
            prefix: "uploads/".to_owned(),
            events: EVENTS.to_vec(),
            via,
            id: "minilab".to_owned(),
            replace: false,
        }
    }

    fn seen(entries: Vec<Entry>) -> Seen {
        let attributes = [("QueueArn", QUEUE), ("MaximumMessageSize", "262144")];
        Seen {
            notifications: Notifications {
                entries,
                event_bridge: false,
            },
            attributes: attributes
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        }
    }

    /// As it is once the plan has been carried out.
    fn done(seen: &Seen, plan: &Plan) -> Seen {
        let mut after = seen.clone();
        after.notifications = plan.next.clone();
        for attribute in &plan.attributes {
            after
                .attributes
                .insert(attribute.name.to_owned(), attribute.value.clone());
        }
        after
    }

    #[test]
    fn where_tags_are_read_their_changes_are_told_by_every_way() {
        let tagged = |via| {
            let mut wanted = wanted(via);
            wanted.events.push(OF_TAGS);
            plan(&wanted, &seen(Vec::new()))
        };
        let told = &tagged(Via::Sqs).next.entries[0].events;
        assert!(told.iter().any(|event| event == OF_TAGS), "{told:?}");
        let rule = &tagged(Via::EventBridge).by_hand[0];
        assert!(
            rule.contains("Object Tags Added") && rule.contains("Object Tags Deleted"),
            "{rule}"
        );
        let untagged = plan(&wanted(Via::EventBridge), &seen(Vec::new()));
        assert!(!untagged.by_hand[0].contains("Tags"));
    }

    #[test]
    fn every_way_is_done_after_it_was_carried_out_once() {
        let topic = "arn:aws:sns:eu-central-1:123456789012:uploads".to_owned();
        for via in [Via::Sqs, Via::Sns { topic }, Via::EventBridge] {
            let (wanted, seen) = (wanted(via), seen(Vec::new()));
            let first = plan(&wanted, &seen);
            assert!(!first.is_done() && first.obstacles.is_empty(), "{first:?}");
            let second = plan(&wanted, &done(&seen, &first));
            assert!(second.is_done(), "{second:?}");
            assert_eq!(second.by_hand, first.by_hand, "it cannot be seen from here");
        }
    }

    #[test]
    fn another_way_takes_the_place_of_the_direct_one() {
        let seen = seen(Vec::new());
        let direct = done(&seen, &plan(&wanted(Via::Sqs), &seen));
        let bridged = plan(&wanted(Via::EventBridge), &direct);
        assert!(
            bridged.next.entries.is_empty() && bridged.next.event_bridge,
            "{bridged:?}"
        );
        assert!(
            bridged.attributes[0]
                .value
                .contains("arn:aws:events:eu-central-1:123456789012:rule/minilab")
        );
    }

    #[test]
    fn whoever_is_told_of_the_same_uploads_is_named() {
        let theirs = Entry {
            id: "thumbnails".to_owned(),
            kind: Kind::Function,
            arn: "arn:aws:lambda:eu-central-1:123456789012:function:thumbs".to_owned(),
            events: vec!["s3:ObjectCreated:Put".to_owned()],
            filters: vec![("Suffix".to_owned(), ".jpg".to_owned())],
        };
        let plan = plan(&wanted(Via::Sqs), &seen(vec![theirs]));
        assert!(
            plan.obstacles[0]
                .what
                .contains("thumbnails: s3:ObjectCreated:Put to function"),
            "{plan:?}"
        );
    }

    #[test]
    fn an_entry_of_our_name_that_tells_somebody_else_stays_unless_it_is_to_be_replaced() {
        let mut theirs = entry(&wanted(Via::Sqs), QUEUE).unwrap();
        theirs.arn = QUEUE.replace("minilab-events", "other");
        let topic = || Via::Sns {
            topic: "arn:aws:sns:eu-central-1:123456789012:uploads".to_owned(),
        };
        for via in [Via::Sqs, topic(), Via::EventBridge] {
            let mut wanted = wanted(via);
            let refused = plan(&wanted, &seen(vec![theirs.clone()]));
            assert!(
                refused.obstacles[0].what.contains("tells somebody else"),
                "{refused:?}"
            );
            wanted.replace = true;
            let replaced = plan(&wanted, &seen(vec![theirs.clone()]));
            assert!(replaced.obstacles.is_empty(), "{replaced:?}");
        }
        let through_topic = plan(&wanted(topic()), &seen(Vec::new()));
        let again = plan(&wanted(topic()), &done(&seen(Vec::new()), &through_topic));
        assert!(again.is_done(), "our own topic is ours: {again:?}");
    }
}
