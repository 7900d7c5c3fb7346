//! The first request, which proves that there will be answers.
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use aws_sdk_s3::{
    config::{ConfigBag, Intercept, RuntimeComponents},
    error::BoxError,
};
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;

use super::{
    S3, S3Config, S3Credentials,
    clients::Clients,
    failure::{Failure, Request},
};
use crate::Error;

impl S3 {
    pub(super) async fn open_as(config: S3Config, credentials: Option<S3Credentials>) -> Result<Self, Error> {
        let name = name(&config);
        let opened = async {
            config.check().map_err(Failure::Unsupported)?;
            let clients = Clients::new(&config, credentials)
                .await
                .map_err(Failure::Unavailable)?;
            let server = first_request(&clients, &config).await?;
            Ok((clients, server.keeps_folders.load(Ordering::Relaxed)))
        };
        match opened.await {
            Ok((clients, keeps_folders)) => Ok(Self {
                clients,
                config,
                name,
                keeps_folders: AtomicBool::new(keeps_folders),
            }),
            Err(failure) => Err(Failure::into_not_opened(failure, &name)),
        }
    }
}

fn name(config: &S3Config) -> String {
    match config.prefix.as_str() {
        "" => format!("bucket {}", config.bucket),
        prefix => format!("bucket {} under {prefix}", config.bucket),
    }
}

/// A listing, because nobody may be let in who may not list: to him S3 says of a missing key that it is forbidden.
async fn first_request(clients: &Clients, config: &S3Config) -> Result<Server, Failure> {
    let server = Server::default();
    clients
        .list
        .list_objects_v2()
        .bucket(&config.bucket)
        .set_expected_bucket_owner(config.expected_owner.clone())
        .prefix(&config.prefix)
        .max_keys(1)
        .customize()
        .interceptor(server.clone())
        .send()
        .await
        .map_err(|error| Failure::of(Request::List, &error))?;
    Ok(server)
}

/// What the server says of itself.
#[derive(Debug, Clone, Default)]
struct Server {
    keeps_folders: Arc<AtomicBool>,
}

impl Intercept for Server {
    fn name(&self) -> &'static str {
        "who answers"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let server = context.response().headers().get("server").unwrap_or_default();
        self.keeps_folders
            .store(server.starts_with("SeaweedFS"), Ordering::Relaxed);
        Ok(())
    }
}
