//! The SDK's client, once for each kind of call: they share connections and credentials and differ in how long a try may
//! take.
use std::time::Duration;

use aws_config::{environment::EnvironmentVariableRegionProvider, meta::region::RegionProviderChain};
use aws_sdk_sqs::{
    Client,
    config::{
        BehaviorVersion, Builder, Credentials, IdentityCache, Region, SharedHttpClient,
        StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig,
    },
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::config::{self, Service};
use crate::Error;

/// Pinned, so that an update of the SDK changes no default behind our back.
fn behaviour() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// More is a host that is gone: within a region connections take milliseconds.
const CONNECT: Duration = Duration::from_secs(3);
/// With a quarter of a megabyte at most.
const SEND: Duration = Duration::from_secs(10);
/// Longer than the longest poll there is, 20 s.
const RECEIVE: Duration = Duration::from_secs(30);
/// What has next to no body.
const TELL: Duration = Duration::from_secs(5);
/// The first one counts.
const TRIES: u32 = 3;

/// One client for each kind of call.
#[derive(Debug)]
pub(super) struct Clients {
    pub send: Client,
    pub receive: Client,
    /// Deletes, extends, looks and makes.
    pub tell: Client,
}

impl Clients {
    /// Asks nothing of the service yet, but the chain may ask for a region.
    pub async fn new(service: &Service) -> Result<Self, Error> {
        let mut base = match &service.credentials {
            Some(given) => as_given(service, given),
            None => from_environment(service).await?,
        };
        if let Some(endpoint) = &service.endpoint {
            base = base.endpoint_url(endpoint);
        }
        let base = base
            .http_client(if service.is_plain() { plain() } else { encrypted() })
            .identity_cache(IdentityCache::lazy().build())
            // A poll is silent for as long as there is nothing; the time of a try bounds everything else.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES));
        let client = |attempt| {
            let timeouts = TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(attempt)
                .build();
            Client::from_conf(base.clone().timeout_config(timeouts).build())
        };
        Ok(Self {
            send: client(SEND),
            receive: client(RECEIVE),
            tell: client(TELL),
        })
    }
}

fn as_given(service: &Service, given: &config::Credentials) -> Builder {
    let region = service.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
    let (access, secret) = (given.access_key.clone(), given.secret_key.clone());
    Builder::new()
        .behavior_version(behaviour())
        .region(Region::new(region))
        .credentials_provider(Credentials::new(access, secret, None, None, "given"))
}

async fn from_environment(service: &Service) -> Result<Builder, Error> {
    // The chain may speak to STS, which wants TLS also where the queues' server does without.
    let loader = aws_config::defaults(behaviour()).http_client(encrypted());
    let loader = match (&service.region, &service.endpoint) {
        (Some(region), _) => loader.region(Region::new(region.clone())),
        // Other servers seldom care; the whole chain would ask for the metadata of an instance that is none.
        (None, Some(_)) => loader.region(
            RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_else("us-east-1"),
        ),
        (None, None) => loader,
    };
    let loaded = loader.load().await;
    if loaded.region().is_none() {
        return Err(Error::Unusable {
            queue: "sqs".to_owned(),
            reason: "no region is known; set `region`, or AWS_REGION in the environment".to_owned(),
        });
    }
    Ok(Builder::from(&loaded))
}

fn encrypted() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

fn plain() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}
