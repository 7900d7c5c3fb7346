//! What a bucket tells whom: its notification configuration, read and written whole.
//!
//! S3 has one for the whole bucket and no condition on writing it, so whoever writes must have read it just before, keep
//! everything that is not his own, and read again afterwards. The merge and the rules of S3 are pure, in [`Notifications`].
mod model;
mod sdk;

pub use self::model::{Change, Entry, Kind, Notifications};
use super::{
    S3Config, S3Credentials,
    clients::Clients,
    failure::{Failure, Request},
};
use crate::{Error, Key};

/// A bucket whose notifications are looked at or set.
#[derive(Debug)]
pub struct NotifyingBucket {
    clients: Clients,
    config: S3Config,
    /// As errors name it.
    name: String,
    key: Key,
}

impl NotifyingBucket {
    /// With the credentials that the environment gives. Asks nothing of the bucket yet.
    pub async fn of(config: S3Config) -> Result<Self, Error> {
        Self::known_as(config, None).await
    }

    /// With credentials given by hand.
    pub async fn of_with(config: S3Config, credentials: S3Credentials) -> Result<Self, Error> {
        Self::known_as(config, Some(credentials)).await
    }

    async fn known_as(config: S3Config, credentials: Option<S3Credentials>) -> Result<Self, Error> {
        let name = format!("bucket {}", config.bucket);
        let made = async {
            config.check().map_err(Failure::Unsupported)?;
            Clients::new(&config, credentials)
                .await
                .map_err(Failure::Unavailable)
        };
        let clients = made.await.map_err(|failure| failure.into_not_opened(&name))?;
        Ok(Self {
            clients,
            key: Key::new(config.bucket.as_str()).expect("a checked bucket has a short name"),
            config,
            name,
        })
    }

    /// Everything that is configured now.
    pub async fn read(&self) -> Result<Notifications, Error> {
        let asked = self
            .clients
            .list
            .get_bucket_notification_configuration()
            .bucket(&self.config.bucket)
            .set_expected_bucket_owner(self.config.expected_owner.clone())
            .send();
        match asked.await {
            Ok(answer) => Ok(sdk::read(&answer)),
            Err(error) => {
                let request = Request::ReadNotifications;
                Err(Failure::of(request, &error).into_error(&self.name, request, &self.key))
            }
        }
    }

    /// Puts these in the place of everything that is configured. S3 asks every target whether it may send there.
    pub async fn write(&self, notifications: &Notifications) -> Result<(), Error> {
        let request = Request::WriteNotifications;
        let failed = |failure: Failure| failure.into_error(&self.name, request, &self.key);
        let whole = sdk::written(notifications).map_err(|reason| failed(Failure::Unsupported(reason)))?;
        let asked = self
            .clients
            .swap
            .put_bucket_notification_configuration()
            .bucket(&self.config.bucket)
            .set_expected_bucket_owner(self.config.expected_owner.clone())
            .notification_configuration(whole)
            .send();
        let answer = asked.await.map_err(|error| failed(Failure::of(request, &error)));
        answer.map(drop)
    }
}
