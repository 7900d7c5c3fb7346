//! What the queues of an installation are called.
use crate::QueueName;

/// Every queue of the port, and the rest of its name.
pub(super) const QUEUES: [(&str, &str); 7] = [
    ("fast", "jobs-fast"),
    ("standard", "jobs-standard"),
    ("bulk", "jobs-bulk"),
    ("backfill", "jobs-backfill"),
    ("notify", "notify"),
    ("events", "events"),
    ("dead", "dead"),
];

/// Each with its name at the broker.
pub(super) fn all(prefix: &str) -> impl Iterator<Item = (QueueName, String)> {
    QUEUES.into_iter().map(move |(queue, rest)| {
        let queue = QueueName::new(queue).expect("they are lower-case words");
        (queue, format!("{prefix}-{rest}"))
    })
}

/// The name in `arn:aws:sqs:eu-central-1:123456789012:minilab-dead`.
pub(super) fn of_arn(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// The account in it.
pub(super) fn account_of_arn(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}
