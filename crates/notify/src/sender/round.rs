//! One look at an outbox: tells its receiver what waits, in order, until there is nothing left or it does not take it.
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use minilab_protos::notification::{NOTIFICATION_MEDIA_TYPE, Notification};
use minilab_queue::{Announcement, Disposition, NotTaken};
use minilab_store::Sha256;
use tokio_util::sync::CancellationToken;

use super::{
    Core, Post,
    breaker::{Leave, Shown},
};
use crate::{
    Outbox, Trouble,
    backoff::again,
    outbox::Held,
    wake_up::{Cause, WakeUp},
};

/// What one receiver may take for one notification.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// Told between two writes of an outbox: so much is told once more after a crash.
const BATCH: usize = 32;
/// How long an outbox is claimed. So long it waits where its sender is killed.
const CLAIM: Duration = Duration::from_secs(90);
/// Nothing is told in the last part of it: an answer may take as long as it may, and clocks of two machines differ by half a
/// minute without anybody's noticing.
const ENDS_BEFORE: SignedDuration = SignedDuration::from_secs(45);
/// How long a store that is away is left alone.
const STORE_AWAY: Duration = Duration::from_secs(30);

/// What is told, until when that may begin, and leave for the first.
struct Telling<'a> {
    waiting: &'a [Notification],
    until: Timestamp,
    leave: Leave<'a>,
}

/// What telling came to.
struct Handed {
    /// Ids of what was taken.
    taken: Vec<String>,
    /// Why the next one was not.
    refusal: Option<NotTaken>,
}

impl Core {
    pub(super) async fn round(
        &self,
        post: &Post,
        wake_up: &WakeUp,
        drain: &CancellationToken,
    ) -> Disposition {
        let (target, key) = (wake_up.target.as_str(), wake_up.key.as_str());
        let until = self.now().checked_add(CLAIM).unwrap_or(Timestamp::MAX);
        let outbox = match self.outboxes.load(target, key).await {
            Ok(outbox) => outbox,
            Err(error) => return away(target, key, &error),
        };
        if let Some(disposition) = self.left_alone(&outbox, wake_up.cause) {
            return disposition;
        }
        // First the leave: of many that come when one may try, the others claim nothing.
        let Some(leave) = post.breaker.enter(self.now()) else {
            let delay = post.breaker.closed_for(self.now()).unwrap_or_default();
            return Disposition::Release { delay };
        };
        let claim = |outbox: &mut Outbox| {
            let left = self.left_alone(outbox, wake_up.cause);
            if left.is_none() {
                let by = self.name.clone();
                outbox.held = Some(Held { by, until });
            }
            left
        };
        let outbox = match self.outboxes.change(target, key, claim).await {
            Ok((_, Some(disposition))) => return disposition,
            Ok((outbox, None)) => outbox,
            Err(error) => return away(target, key, &error),
        };
        let told = Telling {
            waiting: &outbox.waiting,
            until,
            leave,
        };
        let Handed { taken, refusal } = self.hand_out(post, told, drain).await;
        // A new try at an operator's word begins anew, and so does the next notification.
        let before = outbox
            .trouble
            .filter(|_| taken.is_empty() && wake_up.cause != Cause::Asked);
        let was_given_up = before.as_ref().is_some_and(|trouble| trouble.next.is_none());
        let now = self.now();
        let trouble = refusal.map(|refusal| again(before.as_ref(), now, refusal.after, refusal.sentence));
        let settle = |outbox: &mut Outbox| {
            outbox.remove(&taken);
            outbox.let_go(&self.name);
            if trouble.is_some() && !outbox.waiting.is_empty() {
                outbox.trouble.clone_from(&trouble);
            }
        };
        match self.outboxes.change(target, key, settle).await {
            Err(error) => away(target, key, &error),
            Ok((outbox, ())) if outbox.waiting.is_empty() => Disposition::Complete,
            Ok(_) => match trouble {
                None => Disposition::Release {
                    delay: post.breaker.closed_for(now).unwrap_or_default(),
                },
                Some(trouble) => self.after(post, wake_up, &trouble, was_given_up),
            },
        }
    }

    /// What becomes of a wake-up for an outbox in which there is nothing to do, or nothing for us. Whoever has it may have ended
    /// with it: its wake-up and this one see what is left.
    fn left_alone(&self, outbox: &Outbox, cause: Cause) -> Option<Disposition> {
        let now = self.now();
        premature(outbox, cause, now).or_else(|| {
            let delay = outbox.held_for(&self.name, now)?;
            Some(Disposition::Release { delay })
        })
    }

    /// Tells it one after the other, none so late that the claim could end before the receiver has answered.
    async fn hand_out(&self, post: &Post, told: Telling<'_>, drain: &CancellationToken) -> Handed {
        let mut handed = Handed {
            taken: Vec::new(),
            refusal: None,
        };
        let mut first = Some(told.leave);
        for said in told.waiting.iter().take(BATCH) {
            let is_late = told.until.duration_since(self.now()) < ENDS_BEFORE;
            if is_late || drain.is_cancelled() {
                break;
            }
            let leave = first.take().or_else(|| post.breaker.enter(self.now()));
            let Some(leave) = leave else {
                break;
            };
            let announcement = announcement(said);
            let given = post.target.outlet.give(&announcement);
            let answer = tokio::time::timeout(ANSWER_MAX, given).await;
            let metrics = &self.metrics.notify;
            match answer.unwrap_or_else(|_elapsed| Err(NotTaken::because(silence()))) {
                Ok(()) => {
                    self.shown(post, leave.taken());
                    metrics.notifications_delivered_total.inc(post.target.kind);
                    let took = self.since(&said.time);
                    metrics
                        .notification_delivery_seconds
                        .observe(post.target.kind, took);
                    handed.taken.push(said.id.clone());
                }
                Err(refusal) => {
                    self.shown(post, leave.refused(self.now()));
                    metrics.notification_failures_total.inc(post.target.kind);
                    handed.refusal = Some(refusal);
                    break;
                }
            }
        }
        handed
    }

    /// What becomes of a wake-up whose receiver did not take what waits.
    fn after(&self, post: &Post, wake_up: &WakeUp, trouble: &Trouble, was_given_up: bool) -> Disposition {
        let Trouble { tries, sentence, .. } = trouble;
        let (target, key) = (wake_up.target.as_str(), wake_up.key.as_str());
        let Some(next) = trouble.next else {
            if !was_given_up {
                self.metrics
                    .notify
                    .notifications_given_up_total
                    .inc(post.target.kind);
                tracing::error!(
                    notify.target = target,
                    original.key = key,
                    tries,
                    "notifications are given up, `minilab notify replay` tells them again: {sentence}"
                );
            }
            return Disposition::Complete;
        };
        tracing::warn!(
            notify.target = target,
            original.key = key,
            tries,
            %next,
            "a notification was not taken: {sentence}"
        );
        let wake_up = WakeUp {
            cause: Cause::Again(next),
            ..wake_up.clone()
        };
        Disposition::Retry {
            payload: wake_up.payload().into(),
            delay: until(next, self.now()),
        }
    }

    fn shown(&self, post: &Post, shown: Shown) {
        let (name, gauge) = (&post.target.name, &self.metrics.notify.receiver_breakers_open);
        match shown {
            Shown::Same => {}
            Shown::Away => {
                gauge.add(post.target.kind, 1);
                tracing::warn!(
                    notify.target = name,
                    "a receiver takes nothing and is left alone for a while; what it was not told waits"
                );
            }
            Shown::Back => {
                gauge.add(post.target.kind, -1);
                tracing::info!(notify.target = name, "a receiver takes notifications again");
            }
        }
    }

    fn since(&self, time: &str) -> Duration {
        let said: Timestamp = time.parse().unwrap_or_else(|_| self.now());
        Duration::try_from(self.now().duration_since(said)).unwrap_or_default()
    }
}

/// What is not to be told now: there is nothing, or it is not time yet, and whoever is to tell it then knows.
fn premature(outbox: &Outbox, cause: Cause, now: Timestamp) -> Option<Disposition> {
    if outbox.waiting.is_empty() {
        return Some(Disposition::Complete);
    }
    let next = outbox.trouble.as_ref().map(|trouble| trouble.next);
    match (cause, next) {
        (Cause::Asked, _) | (_, None) | (Cause::Noted, Some(None)) => None,
        // Some brokers deliver early what has to wait for long.
        (Cause::Again(at), Some(Some(next))) if at == next && at > now => Some(Disposition::Release {
            delay: until(at, now),
        }),
        (_, Some(Some(next))) if next <= now => None,
        (Cause::Again(_) | Cause::Found, Some(None)) | (_, Some(Some(_))) => Some(Disposition::Complete),
    }
}

fn announcement(said: &Notification) -> Announcement {
    let body = serde_json::to_vec(said).expect("notifications have no maps");
    Announcement {
        id: said.id.clone(),
        topic: said.kind.as_str().to_owned(),
        group: Sha256::of(said.subject.as_bytes()).to_string(),
        media_type: NOTIFICATION_MEDIA_TYPE,
        body: body.into(),
    }
}

fn silence() -> String {
    format!("it did not answer within {} s", ANSWER_MAX.as_secs())
}

fn until(next: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(next.duration_since(now)).unwrap_or_default()
}

/// The outbox cannot be read or written: that is nobody's failure.
fn away(target: &str, key: &str, error: &minilab_record::Error) -> Disposition {
    tracing::warn!(
        notify.target = target,
        original.key = key,
        error = error as &dyn std::error::Error,
        "an outbox cannot be used: it is looked at again later"
    );
    Disposition::Release { delay: STORE_AWAY }
}
