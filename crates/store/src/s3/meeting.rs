//! One request that tells who asks whom, and when it is there: for whoever looks why something does not work.
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use aws_sdk_s3::{
    config::{ConfigBag, Intercept, RuntimeComponents},
    error::BoxError,
};
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_types::date_time::{DateTime, Format};

use super::{
    S3Config,
    clients::Clients,
    failure::{Failure, Request},
};
use crate::Error;

/// What a listing of one entry has told besides.
#[derive(Debug)]
pub struct Meeting {
    /// With whose key it was signed. Never the secret.
    pub access_key: Option<String>,
    /// How far the server's clock is ahead of ours or behind, whichever.
    pub clocks_differ: Option<Duration>,
    /// How it was answered.
    pub answer: Result<(), Error>,
}

/// Asks for one entry of the listing.
pub async fn meet(config: S3Config) -> Meeting {
    let name = format!("bucket {}", config.bucket);
    let noted = Noted::default();
    let asked = async {
        config.check().map_err(Failure::Unsupported)?;
        let clients = Clients::new(&config, None).await.map_err(Failure::Unavailable)?;
        let listing = clients.list.list_objects_v2().bucket(&config.bucket);
        listing
            .set_expected_bucket_owner(config.expected_owner.clone())
            .prefix(&config.prefix)
            .max_keys(1)
            .customize()
            .interceptor(noted.clone())
            .send()
            .await
            .map_err(|error| Failure::of(Request::List, &error))
    };
    let answer = asked
        .await
        .map(drop)
        .map_err(|failure| failure.into_not_opened(&name));
    let Notes {
        access_key,
        clocks_differ,
    } = noted.take();
    Meeting {
        access_key,
        clocks_differ,
        answer,
    }
}

#[derive(Debug, Clone, Default)]
struct Noted(Arc<Mutex<Notes>>);

#[derive(Debug, Default)]
struct Notes {
    access_key: Option<String>,
    clocks_differ: Option<Duration>,
}

impl Noted {
    fn change(&self, change: impl FnOnce(&mut Notes)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn take(&self) -> Notes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intercept for Noted {
    fn name(&self) -> &'static str {
        "who asks whom, and when"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let signed = context
            .request()
            .headers()
            .get("authorization")
            .unwrap_or_default();
        self.change(|notes| notes.access_key = access_key(signed));
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(time);
        let now = SystemTime::now();
        let differ = date.map(|there| {
            // Whichever is ahead: one of both is.
            there
                .duration_since(now)
                .or_else(|_| now.duration_since(there))
                .unwrap_or_default()
        });
        self.change(|notes| notes.clocks_differ = differ);
        Ok(())
    }
}

/// Out of `AWS4-HMAC-SHA256 Credential=AKIA.../20261124/...`.
fn access_key(signed: &str) -> Option<String> {
    let (_, rest) = signed.split_once("Credential=")?;
    rest.split('/').next().map(str::to_owned)
}

fn time(date: &str) -> Option<SystemTime> {
    DateTime::from_str(date, Format::HttpDate).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_tells_the_key_and_never_more() {
        let signed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=5d67";
        assert_eq!(access_key(signed).as_deref(), Some("AKIDEXAMPLE"));
        assert_eq!(access_key(""), None);
    }

    #[test]
    fn dates_are_those_of_http() {
        let second = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(time("Sun, 06 Nov 1994 08:49:37 GMT"), Some(second));
        assert_eq!(time("yesterday"), None);
    }
}
