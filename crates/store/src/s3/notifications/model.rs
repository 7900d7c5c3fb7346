//! Notifications as data, how ours comes beside those of others, and what S3 refuses.
use std::fmt;

/// All that a bucket tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notifications {
    /// To queues, topics and functions, in no order that means anything.
    pub entries: Vec<Entry>,
    /// Everything to EventBridge, whose rules choose.
    pub event_bridge: bool,
}

/// Some events of some keys, to one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name; S3 gives one to entries without.
    pub id: String,
    /// Of what kind the target is.
    pub kind: Kind,
    /// The target.
    pub arn: String,
    /// Kinds of events: `s3:ObjectCreated:*`.
    pub events: Vec<String>,
    /// Conditions on the key, as they are spelled: `prefix` and `suffix`.
    pub filters: Vec<(String, String)>,
}

/// Kinds of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Of SQS.
    Queue,
    /// Of SNS.
    Topic,
    /// Of Lambda.
    Function,
}

/// What becomes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It stays as it is.
    Stays(Entry),
    /// It is new.
    Comes(Entry),
    /// It goes, or another of its name takes its place.
    Goes(Entry),
    /// The bucket begins to tell EventBridge.
    TellsEventBridge,
}

impl Notifications {
    /// These with `ours` as the only entry of the name `id`, or none; everybody else's stay as they are. Whether what had the
    /// name before was ours the caller knows.
    #[must_use]
    pub fn with(&self, id: &str, ours: Option<Entry>) -> Self {
        let others = self.entries.iter().filter(|entry| entry.id != id).cloned();
        let mut entries: Vec<Entry> = others.chain(ours).collect();
        // What is there already keeps its place, so that a second look sees no change.
        if self.has_same_entries(&entries) {
            entries.clone_from(&self.entries);
        }
        Self {
            entries,
            event_bridge: self.event_bridge,
        }
    }

    /// Do both say the same? Order means nothing, neither of entries nor of events and filters.
    pub fn is_same(&self, other: &Self) -> bool {
        self.event_bridge == other.event_bridge && self.has_same_entries(&other.entries)
    }

    fn has_same_entries(&self, others: &[Entry]) -> bool {
        let all_in =
            |some: &[Entry], all: &[Entry]| some.iter().all(|one| all.iter().any(|other| one.is_same(other)));
        self.entries.len() == others.len() && all_in(&self.entries, others) && all_in(others, &self.entries)
    }

    /// From this to `next`, entry by entry.
    pub fn changes(&self, next: &Self) -> Vec<Change> {
        let is_in = |entry: &Entry, all: &Self| all.entries.iter().any(|other| entry.is_same(other));
        let before = self.entries.iter().cloned().map(|entry| {
            if is_in(&entry, next) {
                Change::Stays(entry)
            } else {
                Change::Goes(entry)
            }
        });
        let new = next.entries.iter().filter(|entry| !is_in(entry, self)).cloned();
        let bridge = (next.event_bridge && !self.event_bridge).then_some(Change::TellsEventBridge);
        before.chain(new.map(Change::Comes)).chain(bridge).collect()
    }

    /// Other entries that S3 does not take beside this one: they want the same events of the same keys.
    pub fn overlapping<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'a Entry> {
        let others = self.entries.iter().filter(|other| other.id != entry.id);
        others.filter(|other| other.overlaps(entry))
    }
}

impl Entry {
    /// What keys must begin with.
    pub fn prefix(&self) -> &str {
        self.filter("prefix")
    }

    /// What keys must end with.
    pub fn suffix(&self) -> &str {
        self.filter("suffix")
    }

    fn filter(&self, name: &str) -> &str {
        let found = self
            .filters
            .iter()
            .find(|(spelled, _)| spelled.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    fn is_same(&self, other: &Self) -> bool {
        let sorted = |events: &[String]| {
            let mut events = events.to_vec();
            events.sort_unstable();
            events
        };
        (&self.id, self.kind, &self.arn) == (&other.id, other.kind, &other.arn)
            && (self.prefix(), self.suffix()) == (other.prefix(), other.suffix())
            && sorted(&self.events) == sorted(&other.events)
    }

    /// S3 wants to know for every event of every key whom to tell: one of both may differ, events or keys.
    fn overlaps(&self, other: &Self) -> bool {
        let events = self
            .events
            .iter()
            .any(|one| other.events.iter().any(|two| shares(one, two)));
        let (one, two) = (self.prefix(), other.prefix());
        let prefixes = one.starts_with(two) || two.starts_with(one);
        let (one, two) = (self.suffix(), other.suffix());
        events && prefixes && (one.ends_with(two) || two.ends_with(one))
    }
}

/// `s3:ObjectCreated:*` is all of its kind.
fn shares(one: &str, other: &str) -> bool {
    let covers = |pattern: &str, event: &str| match pattern.strip_suffix('*') {
        Some(all) => event.starts_with(all),
        None => pattern == event,
    };
    covers(one, other) || covers(other, one)
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, kind, arn, .. } = self;
        write!(f, "{id}: {} to {kind} {arn}", self.events.join(", "))?;
        for (name, value) in &self.filters {
            write!(f, ", {} {value:?}", name.to_ascii_lowercase())?;
        }
        Ok(())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queue => "queue",
            Self::Topic => "topic",
            Self::Function => "function",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, events: &[&str], filters: &[(&str, &str)]) -> Entry {
        Entry {
            id: id.to_owned(),
            kind: Kind::Queue,
            arn: format!("arn:aws:sqs:eu-central-1:123456789012:{id}"),
            events: events.iter().map(|&event| event.to_owned()).collect(),
            filters: filters
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }

    fn all(entries: &[Entry]) -> Notifications {
        Notifications {
            entries: entries.to_vec(),
            event_bridge: false,
        }
    }

    #[test]
    fn ours_comes_beside_others_and_once_more_changes_nothing() {
        let others = [
            entry(
                "one",
                &["s3:ObjectCreated:Put"],
                &[("Prefix", "logs/"), ("Suffix", ".gz")],
            ),
            entry("two", &["s3:ObjectTagging:*"], &[]),
        ];
        let ours = entry(
            "minilab",
            &["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
            &[("prefix", "uploads/")],
        );
        let before = all(&others);
        let after = before.with("minilab", Some(ours.clone()));
        assert_eq!(after.entries, [others.to_vec(), vec![ours.clone()]].concat());
        assert_eq!(
            before.changes(&after),
            [
                Change::Stays(others[0].clone()),
                Change::Stays(others[1].clone()),
                Change::Comes(ours.clone()),
            ]
        );
        // As S3 answers it: in another order, other names of filters.
        let mut answered = after.clone();
        answered.entries.reverse();
        answered.entries[0].events.reverse();
        answered.entries[0].filters[0].0 = "Prefix".to_owned();
        assert!(answered.is_same(&after));
        assert_eq!(answered.with("minilab", Some(ours)), answered);
    }

    #[test]
    fn an_entry_of_our_name_that_says_something_else_gives_way() {
        let old = entry("minilab", &["s3:ObjectCreated:*"], &[]);
        let new = entry("minilab", &["s3:ObjectCreated:*"], &[("prefix", "uploads/")]);
        let changes = {
            let before = all(std::slice::from_ref(&old));
            before.changes(&before.with("minilab", Some(new.clone())))
        };
        assert_eq!(changes, [Change::Goes(old.clone()), Change::Comes(new)]);
        assert!(all(&[old]).with("minilab", None).entries.is_empty());
    }

    #[test]
    fn the_same_events_of_the_same_keys_go_to_one_target_only() {
        type Side = (&'static [&'static str], &'static [(&'static str, &'static str)]);
        let created: &[&str] = &["s3:ObjectCreated:*"];
        let put: &[&str] = &["s3:ObjectCreated:Put"];
        let removed: &[&str] = &["s3:ObjectRemoved:*"];
        let cases: [(Side, Side, bool); 7] = [
            ((created, &[]), (put, &[]), true),
            ((created, &[]), (removed, &[]), false),
            ((created, &[("prefix", "a/")]), (put, &[("Prefix", "a/b/")]), true),
            (
                (created, &[("prefix", "a/")]),
                (created, &[("prefix", "b/")]),
                false,
            ),
            (
                (created, &[("suffix", ".jpg")]),
                (created, &[("suffix", ".png")]),
                false,
            ),
            (
                (created, &[("prefix", "a/")]),
                (created, &[("suffix", ".png")]),
                true,
            ),
            ((put, &[]), (&["s3:ObjectCreated:Post"], &[]), false),
        ];
        for ((events, filters), (other_events, other_filters), expected) in cases {
            let (one, other) = (
                entry("one", events, filters),
                entry("other", other_events, other_filters),
            );
            assert_eq!(one.overlaps(&other), expected, "{one}; {other}");
            assert_eq!(other.overlaps(&one), expected, "{one}; {other}");
        }
        let same = entry("minilab", created, &[]);
        assert_eq!(
            all(std::slice::from_ref(&same)).overlapping(&same).count(),
            0,
            "it is itself"
        );
    }
}
