//! The SDK's client, once for each kind of call: they share connections and credentials and differ in how long a try
//! may take and whether there is a second one.
use std::time::Duration;

use aws_config::{environment::EnvironmentVariableRegionProvider, meta::region::RegionProviderChain};
use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Builder, Credentials, IdentityCache, Region, RequestChecksumCalculation,
        ResponseChecksumValidation, SharedHttpClient, StalledStreamProtectionConfig, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::{S3Config, S3Credentials, retries::OnlyRefused};

/// Pinned, so that an update of the SDK changes no default behind our back.
fn behaviour() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// More is a host that is gone: within a region connections take milliseconds.
const CONNECT: Duration = Duration::from_secs(3);
const HEAD: Duration = Duration::from_secs(5);
const LIST: Duration = Duration::from_secs(10);
/// Until the first byte; then [`STALL`] counts.
const GET: Duration = Duration::from_secs(10);
/// With the body: files have megabytes at most.
const WRITE: Duration = Duration::from_mins(1);
/// Bodies that bring nothing for so long are given up, in both directions.
const STALL: Duration = Duration::from_secs(10);
/// Of reads, and of writes that were refused unapplied; the first one counts.
const TRIES: u32 = 3;

/// One client for each kind of call.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) head: Client,
    pub(super) get: Client,
    pub(super) list: Client,
    /// Writes that may be repeated when they were refused unapplied.
    pub(super) write: Client,
    /// Writes under a condition, of who does not say that they may be repeated: sent once, whatever the answer.
    pub(super) swap: Client,
}

impl Clients {
    /// Asks nothing of the bucket yet, but the chain may ask for a region.
    pub(super) async fn new(config: &S3Config, credentials: Option<S3Credentials>) -> Result<Self, String> {
        let mut base = match credentials {
            Some(given) => as_given(config, given),
            None => from_environment(config).await?,
        };
        if let Some(endpoint) = &config.endpoint {
            base = base.endpoint_url(endpoint);
        }
        let stall = StalledStreamProtectionConfig::enabled().grace_period(STALL);
        let base = base
            .force_path_style(config.path_style)
            .http_client(if config.is_plain() { plain() } else { encrypted() })
            .identity_cache(IdentityCache::lazy().build())
            // Other servers know no trailing checksums; what we announce ourselves is checked all the same.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .stalled_stream_protection(stall.build());
        let again = || RetryConfig::standard().with_max_attempts(TRIES);
        let client = |attempt, retry| {
            let timeouts = TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(attempt)
                .build();
            base.clone().timeout_config(timeouts).retry_config(retry)
        };
        Ok(Self {
            head: Client::from_conf(client(HEAD, again()).build()),
            get: Client::from_conf(client(GET, again()).build()),
            list: Client::from_conf(client(LIST, again()).build()),
            write: Client::from_conf(client(WRITE, again()).retry_classifier(OnlyRefused).build()),
            swap: Client::from_conf(client(WRITE, RetryConfig::disabled()).build()),
        })
    }
}

fn as_given(config: &S3Config, given: S3Credentials) -> Builder {
    let region = config.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
    let S3Credentials {
        access_key,
        secret_key,
        session_token,
    } = given;
    Builder::new()
        .behavior_version(behaviour())
        .region(Region::new(region))
        .credentials_provider(Credentials::new(
            access_key,
            secret_key,
            session_token,
            None,
            "given",
        ))
}

async fn from_environment(config: &S3Config) -> Result<Builder, String> {
    // The chain may speak to STS, which wants TLS also where the bucket's server does without.
    let loader = aws_config::defaults(behaviour()).http_client(encrypted());
    let loader = match (&config.region, &config.endpoint) {
        (Some(region), _) => loader.region(Region::new(region.clone())),
        // Other servers seldom care; the whole chain would ask for the metadata of an instance that is none.
        (None, Some(_)) => loader.region(
            RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_else("us-east-1"),
        ),
        (None, None) => loader,
    };
    let loaded = loader.load().await;
    if loaded.region().is_none() {
        return Err("no region is known; set `region`, or AWS_REGION in the environment".to_owned());
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
