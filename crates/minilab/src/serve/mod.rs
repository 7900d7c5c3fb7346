//! The CDN's stand-in: derivatives over HTTP with their own headers, and the probes of an orchestrator.
//!
//! `/livez`, `/readyz`, `/metrics` and `/` win over files of these names; everything else is a key.
mod answer;
mod awaited;
mod files;
mod index;
#[cfg(test)]
mod tests;

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use minilab_record::{Failures, Records};
use minilab_store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use awaited::{Awaited, PATIENCE};

/// Everything that is served.
pub struct Site {
    /// Where files are.
    pub files: Arc<dyn Store>,
    /// What was made, for the index.
    pub records: Records,
    /// What cannot be made.
    pub failures: Failures,
    /// Files that are still being made.
    pub awaited: Awaited,
    /// Why no work can be done; empty: it can.
    pub unready: Box<dyn Fn() -> Vec<String> + Send + Sync>,
    /// Metrics in Prometheus' text format.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

/// How long answers that have begun may take after `stop`: a client that waits for a file or reads slowly must not hold up
/// the end of the process.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Serves until `stop`, then lets running answers end, but not for long.
pub async fn serve(listener: TcpListener, site: Arc<Site>, stop: CancellationToken) -> io::Result<()> {
    let address = listener.local_addr()?;
    let stopped = stop.clone();
    let serving = axum::serve(listener, router(site, address))
        .with_graceful_shutdown(async move { stopped.cancelled().await });
    tokio::select! {
        ended = serving => ended,
        () = async { stop.cancelled().await; tokio::time::sleep(LAST_ANSWERS).await } => Ok(()),
    }
}

fn router(site: Arc<Site>, address: SocketAddr) -> Router {
    let mut router = Router::new()
        .route("/livez", get(async || answer::text(StatusCode::OK, "alive\n")))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/", get(index::index))
        .fallback(file)
        .with_state(site);
    if address.ip().is_loopback() {
        router = router.layer(middleware::from_fn(only_local_names));
    }
    router
}

/// A page of another site whose name was made to resolve to this machine must not read local photos.
async fn only_local_names(request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    if host.is_none_or(is_local) {
        next.run(request).await
    } else {
        answer::text(
            StatusCode::MISDIRECTED_REQUEST,
            "this server answers to localhost only\n",
        )
    }
}

fn is_local(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => return rest.starts_with("::1]"),
        None => host.split(':').next().unwrap_or(host),
    };
    let ip_is_loopback = name
        .parse::<std::net::Ipv4Addr>()
        .is_ok_and(|ip| ip.is_loopback());
    ip_is_loopback
        || name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
}

async fn ready(State(site): State<Arc<Site>>) -> Response {
    let reasons = (site.unready)();
    if reasons.is_empty() {
        answer::text(StatusCode::OK, "ready\n")
    } else {
        answer::text(StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n")
    }
}

async fn metrics(State(site): State<Arc<Site>>) -> Response {
    let mut response = Response::new(Body::from((site.metrics)()));
    answer::set(
        &mut response,
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    );
    answer::set(&mut response, header::CACHE_CONTROL, "no-store");
    response
}

async fn file(
    State(site): State<Arc<Site>>,
    method: Method,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let asked = files::Asked {
        method: &method,
        headers: &headers,
        path: request.uri().path(),
    };
    files::answer(&site, asked).await
}
