//! The least that a role must be allowed at AWS, as an IAM policy.
//!
//! What a role does to which objects and queues is two tables, [`objects`] and [`queues`]; a test with a server that refuses
//! everything else holds them against what the roles really ask for, in both directions.
mod arn;
mod objects;
mod queues;
mod statement;

use minilab_recipe::{Document, Intake, Location, QueueConfig, S3, SqsEvents};

use self::{arn::Account, objects::Use, statement::Statement};
pub use self::{arn::is_account, statement::Policy};
use crate::{
    compose::Places,
    exit::{Exit, Refusal},
};

/// Who is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Uploads in, jobs out; passes over everything.
    Dispatcher,
    /// Jobs in, files out.
    Worker,
    /// A person, or what prepares an installation: every command but the two roles.
    Operator,
}

/// The policy of a role under a configuration. `account` owns the queues; without it, whoever calls.
pub fn of(
    role: Role,
    document: &Document,
    places: &Places,
    account: Option<&str>,
) -> Result<Policy, Refusal> {
    let account = Account(account);
    let notifies = !document.notify.is_empty();
    let from = if document.reads_tags() {
        objects::tagged_from(role)
    } else {
        objects::from(role)
    };
    let stores = [
        ("From".to_owned(), &places.from, from),
        ("To".to_owned(), &places.to, objects::to(role)),
        ("State".to_owned(), &places.state, objects::state(role, notifies)),
    ];
    let assets = places.assets.iter().filter(|_| role != Role::Dispatcher);
    let assets = assets.map(|(name, place)| (format!("Store{}", camel(name)), place, objects::assets()));
    let mut statements: Vec<Statement> = stores
        .into_iter()
        .chain(assets)
        .filter_map(|(name, place, uses)| Some((name, bucket(place)?, uses)))
        .flat_map(|(name, bucket, uses)| in_bucket(&name, bucket, &uses))
        .collect();
    if let (Role::Operator, Some(bucket)) = (role, bucket(&places.from)) {
        statements.push(notifications(bucket));
    }
    if let QueueConfig::Sqs(sqs) = &places.queue {
        statements.extend(queues::of_jobs(role, sqs, document, account));
    }
    if let Some(events) = events(document) {
        statements.extend(queues::of_events(role, events, &places.queue, account));
    }
    statements.extend(queues::of_receivers(role, document, &places.queue, account));
    if statements.is_empty() {
        let sentence = "nothing in this configuration is at AWS: folders and brokers know no IAM";
        return Err(Refusal::new(Exit::Usage, sentence, "no policy is needed"));
    }
    Ok(Policy::new(statements))
}

/// What a dispatcher needs besides and no configuration says.
pub fn unsaid(role: Role, document: &Document, places: &Places) -> Vec<String> {
    let mut unsaid = Vec::new();
    if let (Role::Dispatcher, Some(events)) = (role, events(document))
        && queues::gives_up_elsewhere(events, &places.queue)
    {
        unsaid.push(
            "sqs:GetQueueUrl and sqs:SendMessage on the queue that the redrive policy of the queue of events names: say its name \
             (intake: [{ sqs: { dead: NAME } }]) and it is in the policy"
                .to_owned(),
        );
    }
    let is_in_sqs = matches!(places.queue, QueueConfig::Sqs(_)) || events(document).is_some();
    if is_in_sqs {
        unsaid.push(
            "kms:GenerateDataKey and kms:Decrypt on the keys of queues that are encrypted with keys of your own (SSE-KMS)".to_owned(),
        );
    }
    unsaid
}

fn events(document: &Document) -> Option<&SqsEvents> {
    document.intake.iter().find_map(|intake| match intake {
        Intake::Sqs(events) => Some(events),
        _ => None,
    })
}

/// A name in letters and digits alone, as policies want it.
fn camel(name: &str) -> String {
    let part = |part: &str| {
        let (first, rest) = part.split_at(part.len().min(1));
        first.to_uppercase() + rest
    };
    name.split('-').map(part).collect()
}

fn bucket(place: &Location) -> Option<&S3> {
    match place {
        Location::S3(bucket) => Some(bucket),
        Location::Folder(_) => None,
    }
}

fn in_bucket(name: &str, bucket: &S3, uses: &Use) -> Vec<Statement> {
    let on = |verb: &str, action: &str, objects: &[&str]| {
        let resources = objects.iter().map(|object| arn::objects(bucket, object));
        (!objects.is_empty()).then(|| Statement::new(&format!("{name}{verb}"), &[action], resources))
    };
    let listed = Statement::new(&format!("{name}List"), &["s3:ListBucket"], [arn::bucket(bucket)]);
    // `IfExists`, because asking for one object says no prefix, and S3 answers 403 for a missing object to whoever may not list.
    let listed = match bucket.prefix.as_str() {
        "" => listed,
        prefix => listed.given(
            "StringLikeIfExists",
            "s3:prefix",
            format!("{}*", arn::literal(prefix)),
        ),
    };
    let objects = [
        on("Read", "s3:GetObject", &uses.reads),
        on("Tags", "s3:GetObjectTagging", &uses.tags),
        on("Write", "s3:PutObject", &uses.writes),
        on("Delete", "s3:DeleteObject", &uses.deletes),
    ];
    let keys = [
        ("kms:Decrypt", uses.reads.is_empty()),
        ("kms:GenerateDataKey", uses.writes.is_empty()),
    ];
    let keys: Vec<_> = keys
        .iter()
        .filter(|(_, unused)| !unused)
        .map(|(action, _)| *action)
        .collect();
    let encrypted = bucket.kms_key.as_deref().map(|key| {
        let statement = Statement::new(&format!("{name}Key"), &keys, [arn::kms_key(bucket, key)]);
        let statement = statement.given("StringLike", "kms:ViaService", arn::via_s3(bucket));
        match key.find("alias/") {
            Some(at) => statement.given("ForAnyValue:StringEquals", "kms:ResourceAliases", &key[at..]),
            None => statement,
        }
    });
    [Some(listed)]
        .into_iter()
        .chain(objects)
        .chain([encrypted])
        .flatten()
        .collect()
}

fn notifications(bucket: &S3) -> Statement {
    let actions = ["s3:GetBucketNotification", "s3:PutBucketNotification"];
    Statement::new("FromNotifications", &actions, [arn::bucket(bucket)])
}

#[cfg(test)]
mod tests;
