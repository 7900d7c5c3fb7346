//! How much work waits in a lane, for KEDA's `external` and `external-push`: its gRPC beside the probes.
//!
//! A trigger's metadata names the `lane` and the seconds of work that one pod is for (`targetSeconds`).
use std::{pin::Pin, sync::Arc, time::Duration};

use axum::Router;
use futures::{Stream, stream};
use minilab_scaling::{Figure, Place};
use tonic::{Request, Response, Status};

use self::proto::{
    GetMetricSpecResponse, GetMetricsRequest, GetMetricsResponse, IsActiveResponse, MetricSpec, MetricValue,
    ScaledObjectRef,
    external_scaler_server::{ExternalScaler, ExternalScalerServer},
};
use crate::{probes::Probes, readiness::Part};

#[expect(
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated from KEDA's schema"
)]
mod proto {
    tonic::include_proto!("externalscaler");
}

/// Between two looks while somebody listens: the first job of an empty lane is told within about this time.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The service's address among the probes.
pub fn keda(probes: Arc<Probes>) -> Router {
    let service = ExternalScalerServer::new(Scaler(probes));
    Router::new().route_service("/externalscaler.ExternalScaler/{method}", service)
}

#[derive(Debug, Clone)]
struct Scaler(Arc<Probes>);

/// What a trigger asks for.
struct Asked {
    place: Place,
    target_seconds: Option<f64>,
}

impl Asked {
    fn of(reference: &ScaledObjectRef) -> Result<Self, Box<Status>> {
        let metadata = &reference.scaler_metadata;
        let lane = metadata.get("lane").map_or("", String::as_str);
        let place = Place::named(lane).ok_or_else(|| {
            let lanes = Place::ALL.map(Place::as_str).join(", ");
            let sentence = format!("the trigger's metadata `lane` is `{lane}`: take one of {lanes}");
            Status::invalid_argument(sentence)
        })?;
        let target_seconds = match metadata.get("targetSeconds") {
            None => None,
            Some(text) => match text.parse::<f64>() {
                Ok(seconds) if seconds.is_finite() && seconds > 0.0 => Some(seconds),
                _ => {
                    let sentence = format!(
                        "the trigger's metadata `targetSeconds` is `{text}`: take a number of seconds"
                    );
                    return Err(Box::new(Status::invalid_argument(sentence)));
                }
            },
        };
        Ok(Self {
            place,
            target_seconds,
        })
    }

    fn metric(&self) -> String {
        format!("waiting_seconds_{}", self.place)
    }
}

impl Scaler {
    fn drains(&self) -> bool {
        let wrong = self.0.readiness.look().wrong;
        wrong.iter().any(|(part, _)| *part == Part::Draining)
    }

    async fn figure(&self, place: Place) -> Result<Figure, Status> {
        let Some(waiting) = self.0.waiting() else {
            return Err(Status::unavailable(
                "only dispatchers tell what waits, once they are connected to broker and stores",
            ));
        };
        let looked = waiting.look().await;
        let figures = looked.map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(figures.get(&place).copied().unwrap_or_default())
    }
}

#[tonic::async_trait]
impl ExternalScaler for Scaler {
    async fn is_active(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<IsActiveResponse>, Status> {
        let asked = Asked::of(request.get_ref()).map_err(|status| *status)?;
        let result = self.figure(asked.place).await?.jobs() > 0;
        Ok(Response::new(IsActiveResponse { result }))
    }

    type StreamIsActiveStream = Pin<Box<dyn Stream<Item = Result<IsActiveResponse, Status>> + Send>>;

    /// The state at once, and then every change. Ends when the process drains, so that it need not wait for listeners, or when
    /// it is not known: KEDA asks again.
    async fn stream_is_active(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<Self::StreamIsActiveStream>, Status> {
        let place = Asked::of(request.get_ref()).map_err(|status| *status)?.place;
        let told = stream::try_unfold((self.clone(), None), move |(scaler, last)| async move {
            while !scaler.drains() {
                let result = scaler.figure(place).await?.jobs() > 0;
                if last != Some(result) {
                    return Ok(Some((IsActiveResponse { result }, (scaler, Some(result)))));
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Ok(None)
        });
        Ok(Response::new(Box::pin(told)))
    }

    async fn get_metric_spec(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<GetMetricSpecResponse>, Status> {
        let asked = Asked::of(request.get_ref()).map_err(|status| *status)?;
        let Some(target) = asked.target_seconds else {
            let sentence =
                "the trigger's metadata lacks `targetSeconds`: the seconds of work that one pod is for";
            return Err(Status::invalid_argument(sentence));
        };
        let spec = MetricSpec {
            metric_name: asked.metric(),
            target_size: target.ceil() as i64,
            target_size_float: target,
        };
        Ok(Response::new(GetMetricSpecResponse {
            metric_specs: vec![spec],
        }))
    }

    async fn get_metrics(
        &self,
        request: Request<GetMetricsRequest>,
    ) -> Result<Response<GetMetricsResponse>, Status> {
        let reference = request.get_ref().scaled_object_ref.clone().unwrap_or_default();
        let asked = Asked::of(&reference).map_err(|status| *status)?;
        let seconds = self.figure(asked.place).await?.seconds;
        let value = MetricValue {
            metric_name: asked.metric(),
            metric_value: seconds.ceil() as i64,
            metric_value_float: seconds,
        };
        Ok(Response::new(GetMetricsResponse {
            metric_values: vec![value],
        }))
    }
}
