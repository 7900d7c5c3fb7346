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
            on("JobsTake", &TAKE, &JOBS),
            // Whether anything faster waits; whether the broker answers.
            on("JobsLook", &[LOOK], &[JOBS[0], JOBS[1], JOBS[3]]),
            on("QueuesSend", &[SEND], &[notify, &[DEAD]].concat()),
        ],
        Role::Dispatcher => vec![
            on("JobsSend", &[LOOK, SEND], &JOBS),
            on("QueuesTake", &TAKE, &[notify, &[DEAD]].concat()),
            // How many letters wait.
            on("DeadLook", &[LOOK], &[DEAD]),
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

/// The queue of notifications of uploads, which may be somebody else's, and the one beside it that takes what nobody
/// understands.
pub(super) fn of_events(
    role: Role,
    events: &SqsEvents,
    jobs: &QueueConfig,
    account: Account<'_>,
) -> Vec<Statement> {
    let jobs = in_sqs(jobs);
    let prefix = jobs.map_or("minilab", |sqs| sqs.prefix.as_str());
    let named = events
        .queue
        .clone()
        .unwrap_or_else(|| format!("{prefix}-{EVENTS}"));
    let service = beside(&events.service, jobs);
    let queue = arn::queue(&service, account, &named);
    let dead = events.dead.as_ref().map(|dead| arn::beside(&queue, dead));
    let into_dead = |actions: &[&str]| dead.map(|dead| Statement::new("EventsGiveUp", actions, [dead]));
    let (all, into_dead) = match role {
        Role::Worker => return Vec::new(),
        Role::Dispatcher => {
            let actions = [&[FIND, LOOK], &TAKE[..]].concat();
            (
                Statement::new("EventsTake", &actions, [queue]),
                into_dead(&[FIND, SEND]),
            )
        }
        // The round trip of `doctor`, and what `events setup` sets.
        Role::Operator => {
            let actions = [&[FIND, LOOK, "sqs:SetQueueAttributes"], &TAKE[..]].concat();
            (
                Statement::new("EventsSetUp", &actions, [queue]),
                into_dead(&[FIND]),
            )
        }
    };
    [Some(all), into_dead].into_iter().flatten().collect()
}

/// Does what nobody understands of the events go into a queue that the configuration does not name? The redrive policy of the
/// queue of events does, which nobody asks here.
pub(super) fn gives_up_elsewhere(events: &SqsEvents, jobs: &QueueConfig) -> bool {
    let jobs = in_sqs(jobs);
    let is_address = events.queue.as_deref().is_some_and(|queue| queue.contains("://"));
    let is_beside = jobs.is_some_and(|jobs| {
        let service = &events.service;
        let is_of_jobs = |said: &Option<String>, of_jobs: &Option<String>| said.is_none() || said == of_jobs;
        !is_address
            && is_of_jobs(&service.region, &jobs.service.region)
            && is_of_jobs(&service.endpoint, &jobs.service.endpoint)
    });
    events.dead.is_none() && !is_beside
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
