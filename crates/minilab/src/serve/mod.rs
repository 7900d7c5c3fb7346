//! The CDN's stand-in: derivatives over HTTP with their own headers, and the probes of an orchestrator.
//!
//! `/livez`, `/readyz`, `/metrics` and `/` win over files of these names; everything else is a key.
mod admin;
mod answer;
mod awaited;
mod connections;
mod files;
mod index;
mod keda;
mod pace;
mod scaling;
mod sns;
#[cfg(test)]
mod tests;
mod webhook;

use std::{fmt, io, net::SocketAddr, sync::Arc};

use axum::{
    Router,
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

use crate::exit::{Exit, Refusal};

use self::connections::Spoken;
pub use admin::admin;
pub use awaited::{Awaited, PATIENCE};
pub use sns::sns;
pub use webhook::webhook;

/// What is served to readers.
pub struct Site {
    /// Where files are.
    pub files: Arc<dyn Store>,
    /// What was made, for the index.
    pub records: Records,
    /// What cannot be made.
    pub failures: Failures,
    /// Files that are still being made.
    pub awaited: Awaited,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

/// Takes an address, or says who could have it.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, Refusal> {
    TcpListener::bind(address).await.map_err(|error| {
        let exit = if error.kind() == io::ErrorKind::PermissionDenied {
            Exit::Permission
        } else {
            Exit::Temporary
        };
        let fix = "end the program that listens there, or take another port with --listen (port 0 takes a free one)";
        Refusal::new(exit, format!("cannot listen on {address}: {error}"), fix)
    })
}

/// Serves until `stop`, then lets running answers end, but not for long.
pub async fn serve(listener: TcpListener, routes: Router, stop: CancellationToken) -> io::Result<()> {
    let routes = guarded(routes, listener.local_addr()?);
    connections::serve(Spoken::Http1, listener, routes, stop).await;
    Ok(())
}

/// The same for a listener that autoscalers ask by gRPC, too.
pub async fn serve_grpc_too(
    listener: TcpListener,
    routes: Router,
    stop: CancellationToken,
) -> io::Result<()> {
    let routes = guarded(routes, listener.local_addr()?);
    connections::serve(Spoken::Http1AndHttp2, listener, routes, stop).await;
    Ok(())
}

/// The index at `/` and every file under its key.
pub fn site(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(index::index))
        .fallback(file)
        .with_state(site)
}

fn guarded(routes: Router, address: SocketAddr) -> Router {
    if address.ip().is_loopback() {
        routes.layer(middleware::from_fn(only_local_names))
    } else {
        routes
    }
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
