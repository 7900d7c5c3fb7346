//! A receiver behind an HTTP address: one signed POST for each notification, by the Standard Webhooks specification.
//!
//! Only what the configuration names is spoken to: no redirect is followed, and a name that leads into a private network is
//! refused unless the target says that it may. Of an answer only its status is looked at.
mod address;
mod signature;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::{
        self,
        legacy::{Client, connect::HttpConnector},
    },
    rt::{TokioExecutor, TokioTimer},
};
use minilab_queue::{Announcement, Clock, NotTaken, Outlet};

use self::address::{Guard, Resolver};
pub use self::signature::{InvalidSecret, SigningKey};

/// Read of an answer before its connection is given up: enough to use the connection again after what most receivers say.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Kept open between two notifications.
const IDLE_MAX: Duration = Duration::from_secs(30);
const CONNECT_MAX: Duration = Duration::from_secs(5);
const USER_AGENT: &str = concat!("minilab/", env!("CARGO_PKG_VERSION"));

/// Where a webhook is, and how it is spoken to.
#[derive(Clone)]
pub struct WebhookConfig {
    /// `https://host/path`; it may hold a token, so nothing shows more of it than the host.
    pub url: String,
    /// What requests are signed with; several while one takes the place of another.
    pub keys: Vec<SigningKey>,
    /// May it be in a private network, or on this machine?
    pub allow_private: bool,
}

/// Why a webhook cannot be spoken to as it is configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidWebhook {
    /// It is no address of a webhook.
    #[error("its url is not of the form https://host/path")]
    Url,
    /// It lies where nothing may be sent to.
    #[error("{host} is in a private network: write allow_private: true if it is meant")]
    Private {
        /// The host.
        host: String,
    },
    /// There are no certificates to know it by.
    #[error("the certificates of this machine cannot be read: install ca-certificates, or set SSL_CERT_FILE")]
    Roots(#[source] std::io::Error),
}

/// One webhook.
pub struct Webhook {
    uri: Uri,
    keys: Vec<SigningKey>,
    clock: Arc<dyn Clock>,
    wire: Wire,
}

type Plain = HttpConnector<Resolver>;

/// Without encryption no certificates are needed.
enum Wire {
    Tls(Client<HttpsConnector<Plain>, Full<Bytes>>),
    Plain(Client<Plain, Full<Bytes>>),
}

impl Wire {
    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, client::legacy::Error> {
        match self {
            Self::Tls(client) => client.request(request).await,
            Self::Plain(client) => client.request(request).await,
        }
    }
}

impl Webhook {
    /// Speaks to nobody yet. The time goes into signatures.
    pub fn new(config: WebhookConfig, clock: Arc<dyn Clock>) -> Result<Self, InvalidWebhook> {
        let uri: Uri = config.url.parse().map_err(|_| InvalidWebhook::Url)?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        let host = uri.host().filter(|host| is_http && !host.is_empty());
        let host = host.ok_or(InvalidWebhook::Url)?;
        let guard = if config.allow_private {
            Guard::Anywhere
        } else {
            Guard::PublicOnly
        };
        // A name is looked up for each connection, an address never is.
        if !guard.admits_literal(host) {
            let host = host.to_owned();
            return Err(InvalidWebhook::Private { host });
        }
        let mut connector = HttpConnector::new_with_resolver(Resolver(guard));
        connector.set_connect_timeout(Some(CONNECT_MAX));
        connector.enforce_http(false);
        let wire = if uri.scheme_str() == Some("https") {
            let connector = HttpsConnectorBuilder::new()
                .with_native_roots()
                .map_err(InvalidWebhook::Roots)?
                .https_only()
                .enable_http1()
                .wrap_connector(connector);
            Wire::Tls(client(connector))
        } else {
            Wire::Plain(client(connector))
        };
        Ok(Self {
            uri,
            keys: config.keys,
            clock,
            wire,
        })
    }

    fn request(&self, announcement: &Announcement) -> Request<Full<Bytes>> {
        let now = self.clock.now().duration_since(std::time::UNIX_EPOCH);
        let timestamp = now.unwrap_or_default().as_secs();
        let signatures = signature::signatures(&self.keys, announcement, timestamp);
        Request::post(self.uri.clone())
            .header(header::CONTENT_TYPE, announcement.media_type)
            .header(header::USER_AGENT, USER_AGENT)
            .header("webhook-id", &announcement.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures)
            .body(Full::new(announcement.body.clone()))
            .expect("ids, numbers and base64 are headers")
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("host", &self.uri.host())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Outlet for Webhook {
    async fn give(&self, announcement: &Announcement) -> Result<(), NotTaken> {
        let host = self.uri.host().unwrap_or_default();
        let answer = self.wire.send(self.request(announcement)).await;
        let answer = answer.map_err(|error| NotTaken::because(format!("{host}: {}", chain(&error))))?;
        let (parts, body) = answer.into_parts();
        // Read to its end, the connection serves the next one.
        let _ = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        if parts.status.is_success() {
            return Ok(());
        }
        let why = if parts.status.is_redirection() {
            ", and redirects are not followed: correct the url"
        } else {
            ""
        };
        Err(NotTaken {
            sentence: format!("{host} answered {}{why}", parts.status),
            after: retry_after(parts.status, &parts.headers),
        })
    }
}

/// In seconds. A date is for browsers.
fn retry_after(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let asks = status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE;
    let seconds = headers.get(header::RETRY_AFTER).filter(|_| asks)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// An error with its causes, in one line. They name hosts and addresses, never paths.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        told = format!("{told}: {cause}");
        source = cause.source();
    }
    told
}

fn client<C: client::legacy::connect::Connect + Clone>(connector: C) -> Client<C, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_MAX)
        .build(connector)
}

#[cfg(test)]
mod tests;
