//! What SNS pushes, without HTTP: bytes in, verdict out. No token opens here, the signature of the message does.
//!
//! Nothing is fetched for a message before everything else about it is right, and nothing in it is believed before its
//! signature is. A message may come twice, or be replayed by who has overheard it: its jobs say *look again*, and a
//! subscription that is confirmed twice is confirmed.
mod certificate;
mod certificates;
mod envelope;
mod refusal;
#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use minilab_queue::Clock;
use minilab_recipe::TopicArn;

use self::{
    certificates::Certificates,
    envelope::{Envelope, Kind},
};
pub use self::{
    certificates::{Fetch, FetchError},
    refusal::SnsRefusal,
};
use super::{
    WebhookVerdict,
    messages::Messages,
    pushed::{AGAIN_AFTER, Pushed},
};
use crate::events::MESSAGE_BYTES_MAX;

/// SNS gives up after an hour by its default policy; the time in a message is that of its first attempt.
const AGE_MAX: Duration = Duration::from_hours(1);
/// Of the answer to a confirmation nothing is read but that it was one.
const CONFIRMATION_BYTES_MAX: usize = 64 << 10;

/// Takes what SNS pushes of some topics.
#[derive(Debug)]
pub struct Sns {
    pushed: Pushed,
    topics: Vec<TopicArn>,
    certificates: Certificates,
    outside: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
}

/// What the headers say of a message. They are not signed, so they only ever refuse.
#[derive(Debug, Clone, Copy, Default)]
pub struct SnsHeaders<'a> {
    /// `x-amz-sns-message-type`.
    pub message_type: Option<&'a str>,
    /// `x-amz-sns-topic-arn`.
    pub topic: Option<&'a str>,
    /// `x-amz-sns-rawdelivery`.
    pub raw_delivery: Option<&'a str>,
}

impl Sns {
    /// Longest body that is taken: of 256 KiB, which SNS takes, every character may be written as an escape.
    pub const BODY_BYTES_MAX: usize = MESSAGE_BYTES_MAX;

    pub(crate) fn new(messages: Arc<Messages>, topics: Vec<TopicArn>, outside: Arc<dyn Fetch>) -> Self {
        let pushed = Pushed::new(messages);
        Self {
            clock: pushed.clock(),
            pushed,
            topics,
            certificates: Certificates::new(Arc::clone(&outside)),
            outside,
        }
    }

    /// Could a message with these headers be taken? To be asked before a body is read.
    pub fn admits(&self, headers: SnsHeaders<'_>) -> Result<(), SnsRefusal> {
        if headers
            .raw_delivery
            .is_some_and(|raw| raw.eq_ignore_ascii_case("true"))
        {
            return Err(SnsRefusal::Raw);
        }
        match headers.topic {
            Some(topic) if self.topic(topic).is_none() => Err(SnsRefusal::topic(topic)),
            _ => Ok(()),
        }
    }

    /// Takes one message. Dropped meanwhile, it may have been taken; it is safe to take it again.
    pub async fn take(&self, headers: SnsHeaders<'_>, body: Bytes) -> WebhookVerdict {
        if body.len() > Self::BODY_BYTES_MAX {
            return WebhookVerdict::TooLarge;
        }
        let verified = async {
            self.admits(headers)?;
            self.verified(headers, &body).await
        };
        match verified.await {
            Ok((envelope, topic)) => self.obey(&envelope, topic, body).await,
            Err(NotVerified::Refused(refusal)) => {
                tracing::warn!(code = refusal.code(), "a message at /sns is refused: {refusal}");
                WebhookVerdict::Refused(refusal)
            }
            Err(NotVerified::Unreachable(error)) => {
                tracing::warn!(%error, "a message at /sns cannot be verified now: SNS must send it again");
                WebhookVerdict::TryAgain(AGAIN_AFTER)
            }
        }
    }

    async fn verified(
        &self,
        headers: SnsHeaders<'_>,
        body: &[u8],
    ) -> Result<(Envelope, &TopicArn), NotVerified> {
        let envelope = Envelope::parse(body)?;
        let topic = self
            .topic(&envelope.topic_arn)
            .ok_or_else(|| SnsRefusal::topic(&envelope.topic_arn))?;
        let told = |header: Option<&str>, body: &str| header.is_none_or(|header| header == body);
        if !told(headers.message_type, envelope.kind.as_str()) || !told(headers.topic, topic.as_str()) {
            return Err(SnsRefusal::Headers.into());
        }
        let now = self.clock.now();
        if apart(now, envelope.sent) > AGE_MAX {
            return Err(SnsRefusal::Stale.into());
        }
        let signature = envelope.signature()?;
        let certificate = self
            .certificates
            .get(&envelope.signing_cert_url, topic, now)
            .await?;
        certificate.verify(&signature, envelope.signed().as_bytes())?;
        Ok((envelope, topic))
    }

    /// Does what the message says, now that SNS is known to say it.
    async fn obey(&self, envelope: &Envelope, topic: &TopicArn, body: Bytes) -> WebhookVerdict {
        match envelope.kind {
            Kind::Notification => self.pushed.take(body).await,
            Kind::SubscriptionConfirmation => self.confirm(envelope, topic).await,
            Kind::UnsubscribeConfirmation => {
                tracing::warn!(
                    topic = topic.as_str(),
                    "a subscription of /sns was ended: no more uploads are heard of through it"
                );
                WebhookVerdict::Accepted
            }
        }
    }

    async fn confirm(&self, envelope: &Envelope, topic: &TopicArn) -> WebhookVerdict {
        let address = envelope.subscribe_url.as_deref().unwrap_or_default();
        if !is_confirmation(address, topic) {
            let refusal = SnsRefusal::Address {
                field: "SubscribeURL",
            };
            tracing::warn!(code = refusal.code(), "a message at /sns is refused: {refusal}");
            return WebhookVerdict::Refused(refusal);
        }
        match self.outside.get(address, CONFIRMATION_BYTES_MAX).await {
            Ok(_) => {
                tracing::info!(topic = topic.as_str(), "the subscription of /sns is confirmed");
                WebhookVerdict::Accepted
            }
            Err(error) => {
                let topic = topic.as_str();
                tracing::warn!(topic, %error, "the subscription of /sns is not confirmed: SNS must ask again");
                WebhookVerdict::TryAgain(AGAIN_AFTER)
            }
        }
    }

    fn topic(&self, arn: &str) -> Option<&TopicArn> {
        self.topics.iter().find(|topic| topic.as_str() == arn)
    }
}

/// Why a message is not known to be of SNS.
#[derive(Debug)]
enum NotVerified {
    Refused(SnsRefusal),
    /// Its certificate cannot be had for now.
    Unreachable(FetchError),
}

impl From<SnsRefusal> for NotVerified {
    fn from(refusal: SnsRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What follows the host of SNS in the topic's region in an address, if it is one of just that host.
fn path_at<'a>(address: &'a str, topic: &TopicArn) -> Option<&'a str> {
    let host = format!("https://sns.{}.{}/", topic.region(), topic.domain());
    let path = address.strip_prefix(&host)?;
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._~%?&=:/".contains(c);
    path.chars().all(legal).then_some(path)
}

fn is_confirmation(address: &str, topic: &TopicArn) -> bool {
    path_at(address, topic).is_some_and(|path| path.starts_with("?Action=ConfirmSubscription&"))
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other)
        .unwrap_or_else(|behind| behind.duration())
}
