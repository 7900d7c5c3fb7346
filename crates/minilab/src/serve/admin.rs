//! The probes of an orchestrator and the metrics of Prometheus. They answer while the work is stuck.
use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
    routing::get,
};

use super::{answer, keda::keda, scaling};
use crate::probes::Probes;

/// `/livez`, `/readyz`, `/metrics` and what waits in a lane, by HTTP and by KEDA's gRPC.
pub fn admin(probes: Arc<Probes>) -> Router {
    Router::new()
        .route("/livez", get(async || answer::text(StatusCode::OK, "alive\n")))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/scaling/v1/lanes/{lane}", get(scaling::lane))
        .with_state(Arc::clone(&probes))
        .merge(keda(probes))
}

/// 503 with the reasons while no work can be done; as JSON for whoever accepts it.
async fn ready(State(probes): State<Arc<Probes>>, headers: HeaderMap) -> Response {
    let look = probes.readiness.look();
    let status = if look.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if !accept.is_some_and(|accept| accept.contains("json")) {
        return answer::text(status, look.text());
    }
    let mut response = answer::text(status, format!("{}\n", look.value()));
    answer::set(&mut response, header::CONTENT_TYPE, "application/json");
    response
}

async fn metrics(State(probes): State<Arc<Probes>>) -> Response {
    let mut response = Response::new(Body::from(probes.scrape()));
    answer::set(
        &mut response,
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    );
    answer::set(&mut response, header::CACHE_CONTROL, "no-store");
    response
}
