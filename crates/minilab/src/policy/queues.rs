//! What a role does to the queues of SQS. Batches are allowed by the action for one message.
use minilab_recipe::{QueueConfig, Sqs, SqsEvents, SqsService};

use super::{
    Role,
    arn::{self, Account},
    statement::Statement,
};

/// Every queue is found by its name, and looked at before it is used.
const LOOK: [&str; 2] = ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"];
const SEND: [&str; 1] = ["sqs:SendMessage"];
/// A message that is handed back or tried again later is a new one in the place of the old.
const TAKE: [&str; 4] = [
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:SendMessage",
];
const MAKE: [&str; 2] = ["sqs:CreateQueue", "sqs:SetQueueAttributes"];

const JOBS: [&str; 4] = ["jobs-fast", "jobs-standard", "jobs-bulk", "jobs-backfill"];
const EVENTS: &str = "events";
const NOTIFY: &str = "notify";
const DEAD: &str = "dead";

/// The queues of an installation whose jobs are in SQS.
pub(super) fn of_jobs(role: Role, sqs: &Sqs, account: Account<'_>) -> Vec<Statement> {
    let on = |sid: &str, actions: &[&str], queues: &[&str]| {
        let named = queues.iter().map(|queue| format!("{}-{queue}", sqs.prefix));
        let resources = named.map(|name| arn::queue(&sqs.service, account, &name));
        Statement::new(sid, actions, resources)
    };
    let all: Vec<&str> = JOBS.into_iter().chain([EVENTS, NOTIFY, DEAD]).collect();
    let look = on("QueuesLook", &LOOK, &all);
    match role {
        Role::Worker => vec![
            look,
            on("JobsTake", &TAKE, &JOBS),
            on("QueuesSend", &SEND, &[NOTIFY, DEAD]),
        ],
        Role::Dispatcher => vec![
            look,
            on("JobsSend", &SEND, &JOBS),
            on("QueuesTake", &TAKE, &[NOTIFY, DEAD]),
        ],
        Role::Operator => vec![
            look,
            on("QueuesMake", &MAKE, &all),
            on("JobsSend", &SEND, &JOBS),
            on("NotifySend", &SEND, &[NOTIFY]),
        ],
    }
}

/// The queue of notifications of uploads, which may be somebody else's; `None`: the role has nothing to do with it.
pub(super) fn of_events(
    role: Role,
    events: &SqsEvents,
    jobs: &QueueConfig,
    account: Account<'_>,
) -> Option<Statement> {
    let jobs = match jobs {
        QueueConfig::Sqs(sqs) => Some(sqs),
        QueueConfig::Sqlite(_) | QueueConfig::RabbitMq(_) => None,
    };
    let prefix = jobs.map_or("minilab", |sqs| sqs.prefix.as_str());
    let named = events
        .queue
        .clone()
        .unwrap_or_else(|| format!("{prefix}-{EVENTS}"));
    let service = SqsService {
        region: events
            .service
            .region
            .clone()
            .or_else(|| jobs?.service.region.clone()),
        endpoint: None,
    };
    let queue = arn::queue(&service, account, &named);
    match role {
        Role::Worker => None,
        Role::Dispatcher => Some(Statement::new(
            "EventsTake",
            &[&LOOK[..], &TAKE].concat(),
            [queue],
        )),
        Role::Operator => {
            let actions = [&LOOK[..], &["sqs:SetQueueAttributes"]].concat();
            Some(Statement::new("EventsSetUp", &actions, [queue]))
        }
    }
}
