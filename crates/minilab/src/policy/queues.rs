//! What a role does to the queues of SQS. Batches are allowed by the action for one message.
use minilab_recipe::{Declare, Document, QueueConfig, Receiver, Sqs, SqsEvents, SqsService};

use super::{
    Role,
    arn::{self, Account},
    statement::Statement,
};

const FIND: &str = "sqs:GetQueueUrl";
const LOOK: &str = "sqs:GetQueueAttributes";
const SEND: &str = "sqs:SendMessage";
/// A message that is handed back or tried again later is a new one in the place of the old.
const TAKE: [&str; 4] = [
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    SEND,
];
const MAKE: [&str; 2] = ["sqs:CreateQueue", "sqs:SetQueueAttributes"];

const JOBS: [&str; 4] = ["jobs-fast", "jobs-standard", "jobs-bulk", "jobs-backfill"];
const EVENTS: &str = "events";
const NOTIFY: &str = "notify";
const DEAD: &str = "dead";

/// The queues of an installation whose jobs are in SQS.
pub(super) fn of_jobs(role: Role, sqs: &Sqs, document: &Document, account: Account<'_>) -> Vec<Statement> {
    let on = |sid: &str, actions: &[&str], queues: &[&str]| {
        let named = queues.iter().map(|queue| format!("{}-{queue}", sqs.prefix));
        let resources = named.map(|name| arn::queue(&sqs.service, account, &name));
        Statement::new(sid, actions, resources)
    };
    let all: Vec<&str> = JOBS.into_iter().chain([EVENTS, NOTIFY, DEAD]).collect();
    let notifies = !document.notify.is_empty();
    let notify: &[&str] = if notifies { &[NOTIFY] } else { &[] };
    // Whoever connects looks for all of them.
    let mut statements = vec![on("QueuesFind", &[FIND], &all)];
    statements.extend(match role {
        Role::Worker => vec![
            on("JobsTake", &[&[LOOK], &TAKE[..]].concat(), &JOBS),
            on("QueuesSend", &[SEND], &[notify, &[DEAD]].concat()),
        ],
        Role::Dispatcher => vec![
            on("JobsSend", &[LOOK, SEND], &JOBS),
            on(
                "QueuesTake",
                &[&[LOOK], &TAKE[..]].concat(),
                &[notify, &[DEAD]].concat(),
            ),
        ],
        Role::Operator => vec![on("JobsSend", &[SEND], &JOBS)],
    });
    if role == Role::Operator && notifies {
        statements.push(on("NotifySend", &[SEND], notify));
    }
    // Attributes are compared before any are set.
    if role == Role::Operator || sqs.declare == Declare::Apply {
        statements.push(on("QueuesMake", &[&[LOOK], &MAKE[..]].concat(), &all));
    }
    statements
}

/// The queue of notifications of uploads, which may be somebody else's; `None`: the role has nothing to do with it.
pub(super) fn of_events(
    role: Role,
    events: &SqsEvents,
    jobs: &QueueConfig,
    account: Account<'_>,
) -> Option<Statement> {
    let jobs = in_sqs(jobs);
    let prefix = jobs.map_or("minilab", |sqs| sqs.prefix.as_str());
    let named = events
        .queue
        .clone()
        .unwrap_or_else(|| format!("{prefix}-{EVENTS}"));
    let queue = arn::queue(&beside(&events.service, jobs), account, &named);
    match role {
        Role::Worker => None,
        Role::Dispatcher => {
            let actions = [&[FIND, LOOK], &TAKE[..]].concat();
            Some(Statement::new("EventsTake", &actions, [queue]))
        }
        // The round trip of `doctor`, and what `events setup` sets.
        Role::Operator => {
            let actions = [&[FIND, LOOK, "sqs:SetQueueAttributes"], &TAKE[..]].concat();
            Some(Statement::new("EventsSetUp", &actions, [queue]))
        }
    }
}

/// The queues of receivers.
pub(super) fn of_receivers(
    role: Role,
    document: &Document,
    jobs: &QueueConfig,
    account: Account<'_>,
) -> Option<Statement> {
    let jobs = in_sqs(jobs);
    let queues: Vec<String> = document
        .notify
        .values()
        .filter_map(|target| match &target.to {
            Receiver::Sqs(queue) => Some(arn::queue(&beside(&queue.service, jobs), account, &queue.queue)),
            _ => None,
        })
        .collect();
    let tells = role == Role::Dispatcher && !queues.is_empty();
    tells.then(|| Statement::new("ReceiversSend", &[FIND, SEND], queues))
}

/// Where nothing is said, as where the jobs are.
fn beside(service: &SqsService, jobs: Option<&Sqs>) -> SqsService {
    SqsService {
        region: service.region.clone().or_else(|| jobs?.service.region.clone()),
        endpoint: None,
    }
}

fn in_sqs(jobs: &QueueConfig) -> Option<&Sqs> {
    match jobs {
        QueueConfig::Sqs(sqs) => Some(sqs),
        QueueConfig::Sqlite(_) | QueueConfig::RabbitMq(_) => None,
    }
}
