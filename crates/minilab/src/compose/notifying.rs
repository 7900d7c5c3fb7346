//! What a bucket tells and the queue that it tells it to, for commands that look at both or set them up.
use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use minilab_recipe::{QueueConfig, S3, SqsEvents};
use minilab_store::s3::{Meeting, notifications::NotifyingBucket};

use super::stores::config_of;

/// One request to a bucket, and all that is learnt by it.
pub async fn meet(bucket: &S3) -> Meeting {
    minilab_store::s3::meet(config_of(bucket)).await
}

/// What a bucket tells.
pub async fn notifying_bucket(bucket: &S3) -> Result<NotifyingBucket> {
    let bucket = NotifyingBucket::of(config_of(bucket)).await;
    bucket.context("the bucket of originals cannot be asked")
}

/// What the queue of events is set to.
#[cfg(feature = "sqs")]
#[derive(Debug)]
pub struct EventsQueue(minilab_queue::sqs::QueueAttributes);

#[cfg(feature = "sqs")]
impl EventsQueue {
    /// Finds it.
    pub async fn of(events: &SqsEvents, jobs: &QueueConfig) -> Result<Self> {
        let queue =
            minilab_queue::sqs::QueueAttributes::of(&super::queue::events_config_of(events, Some(jobs)))
                .await;
        Ok(Self(queue.context("the queue of events cannot be found")?))
    }

    /// All attributes.
    pub async fn read(&self) -> Result<BTreeMap<String, String>> {
        Ok(self.0.read().await?)
    }

    /// Sets these.
    pub async fn set(&self, attributes: &[(&str, &str)]) -> Result<()> {
        Ok(self.0.set(attributes).await?)
    }
}

/// There is none in this build.
#[cfg(not(feature = "sqs"))]
#[derive(Debug)]
pub struct EventsQueue(std::convert::Infallible);

#[cfg(not(feature = "sqs"))]
impl EventsQueue {
    /// Says so.
    pub async fn of(_: &SqsEvents, _: &QueueConfig) -> Result<Self> {
        Err(super::queue::no_sqs())
    }

    /// There is none to read.
    pub async fn read(&self) -> Result<BTreeMap<String, String>> {
        match self.0 {}
    }

    /// There is none to set.
    pub async fn set(&self, _: &[(&str, &str)]) -> Result<()> {
        match self.0 {}
    }
}
