//! Which queues there have to be and how, whether a service has them so, and how they become so.
//!
//! All that is asked for here can be changed while a queue is in use, so [`apply`] changes it; what else is set on a queue
//! (its policy, its key, its tags) stays.
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use futures::future::try_join_all;
use tokio::time::{Instant, sleep};

use super::{
    clients::Clients,
    config::Config,
    failure::{Failure, Request},
    names, places,
    places::Address,
    wishes::{Arns, Shown, Wish, wishes},
};
use crate::{Difference, Error, QueueName, State, dead_queue};

/// How long a queue that was made may stay unknown.
const APPEARS_WITHIN: Duration = Duration::from_secs(10);
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// Looks, and changes nothing.
pub async fn check(config: &Config) -> Result<Vec<Difference>, Error> {
    config.check()?;
    let clients = Clients::new(&config.service).await?;
    Ok(differences(&look(&clients, config).await?))
}

/// Makes what is missing and sets what differs. Answers what it found different before.
pub async fn apply(config: &Config) -> Result<Vec<Difference>, Error> {
    config.check()?;
    let clients = Clients::new(&config.service).await?;
    let found = look(&clients, config).await?;
    let differences = differences(&found);
    if differences.is_empty() {
        return Ok(differences);
    }
    // The queue of dead letters first: it has to let the others in before they may name it.
    let (dead, others): (Vec<_>, _) = found.iter().partition(|looked| looked.queue == dead_queue());
    let dead = dead.first().expect("it is one of all");
    if dead.place.is_none() {
        dead.make(&clients, None).await?;
    }
    let place = appeared(&clients, &dead.name).await?;
    let arns = arns(&clients, &place).await?;
    dead.set(&clients, &place, &arns).await?;
    for looked in &others {
        match &looked.place {
            Some(place) => looked.set(&clients, place, &arns).await?,
            None => looked.make(&clients, Some(&arns)).await?,
        }
    }
    // Whoever connects next has to find them.
    let made = others.iter().filter(|looked| looked.place.is_none());
    try_join_all(made.map(|looked| appeared(&clients, &looked.name))).await?;
    Ok(differences)
}

/// A queue, as it was found.
struct Looked {
    queue: QueueName,
    name: String,
    place: Option<Address>,
    /// What is not as it should be, and how it is.
    unmet: Vec<(Wish, Shown)>,
}

async fn look(clients: &Clients, config: &Config) -> Result<Vec<Looked>, Error> {
    let looking = names::all(&config.prefix).map(async |(queue, name)| {
        let wishes = wishes(&queue, config);
        let place = match places::find(clients, &name, None).await {
            Ok(place) => Some(place),
            Err(Failure::Missing) => None,
            Err(failure) => return Err(failure.into_error(Request::Find, &name)),
        };
        let unmet = match &place {
            None => wishes.into_iter().map(|wish| (wish, Shown(None))).collect(),
            Some(place) => {
                let attributes = places::attributes(clients, place).await?;
                let shown = |wish: &Wish| Shown(attributes.get(&wish.attribute()).cloned());
                let compared = wishes.into_iter().map(|wish| (shown(&wish), wish));
                let unmet = compared.filter(|(shown, wish)| !wish.is_met(shown));
                unmet.map(|(shown, wish)| (wish, shown)).collect()
            }
        };
        Ok(Looked {
            queue,
            name,
            place,
            unmet,
        })
    });
    try_join_all(looking).await
}

fn differences(found: &[Looked]) -> Vec<Difference> {
    let different = found
        .iter()
        .filter(|looked| looked.place.is_none() || !looked.unmet.is_empty());
    let told = different.map(|looked| Difference {
        name: looked.name.clone(),
        state: if looked.place.is_none() {
            State::Missing
        } else {
            let how = looked.unmet.iter().map(|(wish, shown)| wish.complaint(shown));
            State::Differs(how.collect::<Vec<_>>().join("; "))
        },
    });
    told.collect()
}

/// Every queue's ARN begins as that of the dead letters.
async fn arns(clients: &Clients, dead: &Address) -> Result<Arns, Error> {
    let attributes = places::attributes(clients, dead).await?;
    let arn = attributes.get(&QueueAttributeName::QueueArn);
    arn.and_then(|arn| Arns::beside(arn))
        .ok_or_else(|| Error::Unusable {
            queue: dead.name.clone(),
            reason: "it has no ARN; is the endpoint an SQS?".into(),
        })
}

/// A queue that has just been made: AWS knows it about a second later.
async fn appeared(clients: &Clients, name: &str) -> Result<Address, Error> {
    let deadline = Instant::now() + APPEARS_WITHIN;
    loop {
        match places::find(clients, name, None).await {
            Ok(place) => return Ok(place),
            Err(Failure::Missing) if Instant::now() < deadline => sleep(BETWEEN_LOOKS).await,
            Err(failure) => return Err(failure.into_error(Request::Find, name)),
        }
    }
}

impl Looked {
    async fn make(&self, clients: &Clients, arns: Option<&Arns>) -> Result<(), Error> {
        let mut request = clients.tell.create_queue().queue_name(&self.name);
        for (attribute, value) in self.values(arns) {
            request = request.attributes(attribute, value);
        }
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::of(Request::Make, &error).into_error(Request::Make, &self.name)),
        }
    }

    async fn set(&self, clients: &Clients, place: &Address, arns: &Arns) -> Result<(), Error> {
        if self.unmet.is_empty() {
            return Ok(());
        }
        let mut request = clients.tell.set_queue_attributes().queue_url(&place.url);
        for (attribute, value) in self.values(Some(arns)) {
            request = request.attributes(attribute, value);
        }
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::of(Request::Set, &error).into_error(Request::Set, &self.name)),
        }
    }

    fn values(&self, arns: Option<&Arns>) -> impl Iterator<Item = (QueueAttributeName, String)> {
        let unmet = self.unmet.iter();
        unmet.filter_map(move |(wish, shown)| Some((wish.attribute(), wish.value(shown, arns)?)))
    }
}
