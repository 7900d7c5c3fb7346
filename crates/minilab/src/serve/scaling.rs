//! How much work waits in a lane, for KEDA's `metrics-api` and whoever else scales workers.
use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State},
    http::{StatusCode, header},
    response::Response,
};
use minilab_scaling::Place;
use serde_json::json;

use super::answer;
use crate::probes::Probes;

/// `{"lane", "waiting_seconds", "messages": {"ready", "leased"}}`: CPU seconds of what is due or worked on, and the broker's
/// counts; `leased` is null where the broker does not tell. 503 while they are not known: who scales then keeps what there is.
pub async fn lane(State(probes): State<Arc<Probes>>, Path(lane): Path<String>) -> Response {
    let Some(place) = Place::named(&lane) else {
        let lanes = Place::ALL.map(Place::as_str).join(", ");
        let sentence = format!("there is no such lane: take one of {lanes}\n");
        return answer::text(StatusCode::NOT_FOUND, sentence);
    };
    let Some(waiting) = probes.waiting() else {
        let sentence = "only dispatchers tell this, once they are connected to broker and stores\n";
        return answer::text(StatusCode::SERVICE_UNAVAILABLE, sentence);
    };
    let figure = match waiting.look().await {
        Ok(figures) => figures.get(&place).copied().unwrap_or_default(),
        Err(error) => {
            tracing::warn!(%error, "an autoscaler is not answered");
            return answer::text(StatusCode::SERVICE_UNAVAILABLE, "what waits is not known now\n");
        }
    };
    let body = json!({
        "lane": place.as_str(),
        "waiting_seconds": figure.seconds,
        "messages": { "ready": figure.ready, "leased": figure.leased },
    });
    let mut response = Response::new(Body::from(format!("{body}\n")));
    answer::set(&mut response, header::CONTENT_TYPE, "application/json");
    answer::set(&mut response, header::CACHE_CONTROL, "no-store");
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use minilab_queue::{Memory as Queue, Outgoing, Queue as _};
    use minilab_scaling::Waiting;
    use minilab_store::{Calls, Fault, Faulty, Memory, Operation};
    use minilab_telemetry::Metrics;
    use serde_json::Value;

    use super::*;
    use crate::readiness::Readiness;

    async fn asked(probes: &Arc<Probes>, name: &str) -> (u16, String) {
        let response = lane(State(Arc::clone(probes)), Path(name.to_owned())).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// A number that is made up would scale somebody; none makes an autoscaler keep what there is.
    #[tokio::test(start_paused = true)]
    async fn what_is_not_known_is_never_told_as_a_number() {
        let metrics = Arc::new(Metrics::new("test"));
        let probes = Arc::new(Probes::new(metrics, Readiness::default()));
        assert_eq!(asked(&probes, "fast").await.0, 503, "nobody who knows it");
        let (queue, state) = (Arc::new(Queue::default()), Faulty::new(Arc::new(Memory::new())));
        queue
            .send(vec![Outgoing::new(Place::Fast.queue(), "job")])
            .await
            .unwrap();
        probes.tells_waiting(Arc::new(Waiting::new(queue, Arc::new(state.clone()))));
        state.fail(Calls::every(Operation::Get), Fault::Refuse);
        let (status, body) = asked(&probes, "fast").await;
        assert_eq!((status, body.contains("not known")), (503, true), "{body}");
        state.heal();
        let (status, body) = asked(&probes, "fast").await;
        let told: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &told["messages"]["ready"]), (200, &1.into()), "{body}");
        assert!(told["waiting_seconds"].as_f64().unwrap() > 0.0, "{body}");
        let (status, body) = asked(&probes, "slow").await;
        assert_eq!(
            (status, body.contains("fast, standard, bulk, backfill")),
            (404, true),
            "{body}"
        );
    }
}
