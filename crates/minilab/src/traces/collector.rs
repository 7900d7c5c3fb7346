//! The collector of traces: spans go there in batches, over HTTP. While it takes none, what does not fit into the queue before it is dropped.
use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use minilab_protos::otlp::ExportTraceServiceResponse;
use minilab_telemetry::{
    Metrics,
    traces::{SPANS_MAX, Span},
};
use prost::Message as _;
use tokio::{
    sync::mpsc::Receiver,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{otlp, settings::Settings};

/// Spans of one request, as the specification proposes.
const BATCH_MAX: usize = 512;
/// How long a batch is waited for.
const BATCH_WITHIN: Duration = Duration::from_secs(2);
/// How long a request may take, as the specification proposes.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);
/// Before a batch that was not taken is sent once more; then it is dropped.
const AGAIN_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];
/// What a process that ends gives the collector to take what is left.
const LAST_WITHIN: Duration = Duration::from_secs(5);
/// More than any answer takes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Why a batch was not taken.
enum NotTaken {
    /// It may be taken later.
    Yet(String),
    /// It never will be.
    Ever(String),
}

/// The way there.
pub struct Collector {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    settings: Settings,
    metrics: Arc<Metrics>,
    /// The log says once that it takes nothing, and once that it does again.
    is_away: bool,
    /// Spans of a request that has no answer yet.
    under_way: u64,
}

impl Collector {
    pub fn new(settings: Settings, metrics: Arc<Metrics>) -> Result<Self> {
        let connector = HttpsConnectorBuilder::new().with_native_roots();
        let connector = connector.context("no roots of trust to reach the collector of traces with")?;
        Ok(Self {
            client: Client::builder(TokioExecutor::new())
                .build(connector.https_or_http().enable_http1().build()),
            settings,
            metrics,
            is_away: false,
            under_way: 0,
        })
    }

    /// Tells until the process has ended, then what is left.
    pub async fn run(mut self, mut spans: Receiver<Span>, ended: CancellationToken) {
        // Outside of what is cut short, so that nothing goes with it.
        let mut waiting = Vec::new();
        while ended
            .run_until_cancelled(fill(&mut waiting, &mut spans))
            .await
            .is_some()
        {
            if waiting.is_empty() {
                return;
            }
            tokio::select! {
                biased;
                () = self.tell(std::mem::take(&mut waiting)) => {}
                () = late(&ended) => self.give_up_what_is_under_way(),
            }
        }
        spans.close();
        spans.recv_many(&mut waiting, SPANS_MAX).await;
        let deadline = Instant::now() + LAST_WITHIN;
        while !waiting.is_empty() {
            let batch = waiting.drain(..waiting.len().min(BATCH_MAX)).collect();
            if timeout_at(deadline, self.tell(batch)).await.is_err() {
                self.give_up_what_is_under_way();
            }
        }
    }

    fn give_up_what_is_under_way(&mut self) {
        let lost = std::mem::take(&mut self.under_way);
        self.metrics.process.trace_spans_dropped_total.add((), lost);
    }

    async fn tell(&mut self, batch: Vec<Span>) {
        let count = batch.len() as u64;
        self.under_way = count;
        let body = Bytes::from(otlp::request(&self.settings.resource, batch).encode_to_vec());
        let mut pauses = AGAIN_AFTER.into_iter();
        let refused = loop {
            match self.send(body.clone()).await {
                Ok(rejected) => {
                    self.came_through();
                    self.under_way = 0;
                    let process = &self.metrics.process;
                    process
                        .trace_spans_sent_total
                        .add((), count.saturating_sub(rejected));
                    process.trace_spans_dropped_total.add((), rejected.min(count));
                    return;
                }
                Err(NotTaken::Ever(why)) => break why,
                Err(NotTaken::Yet(why)) => match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => break why,
                },
            }
        };
        self.give_up_what_is_under_way();
        if !std::mem::replace(&mut self.is_away, true) {
            tracing::warn!(collector = %self.settings.endpoint, "traces are dropped: {refused}");
        }
    }

    fn came_through(&mut self) {
        if std::mem::take(&mut self.is_away) {
            tracing::info!("the collector takes traces again");
        }
    }

    /// How many spans it refused.
    async fn send(&self, body: Bytes) -> Result<u64, NotTaken> {
        let mut request = Request::post(self.settings.endpoint.clone())
            .header(header::CONTENT_TYPE, "application/x-protobuf");
        for (name, value) in &self.settings.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body));
        let request = request.expect("an address and headers that were parsed make a request");
        let answered = timeout(REQUEST_WITHIN, async {
            let answer = self.client.request(request).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(anyhow::Error::from_boxed)?;
            anyhow::Ok((status, body.to_bytes()))
        });
        let (status, body) = match answered.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(NotTaken::Yet(format!("{error:#}"))),
            Err(_) => return Err(NotTaken::Yet(format!("no answer within {REQUEST_WITHIN:?}"))),
        };
        let why = format!("the answer is {status}");
        match status {
            status if status.is_success() => Ok(rejected(&body)),
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Err(NotTaken::Yet(why)),
            _ => Err(NotTaken::Ever(why)),
        }
    }
}

/// A process that ends waits no longer than this for a collector.
async fn late(ended: &CancellationToken) {
    ended.cancelled().await;
    tokio::time::sleep(LAST_WITHIN).await;
}

/// Waits for spans, and a while for more. None come once nobody can send any. Cut short, it loses none.
async fn fill(batch: &mut Vec<Span>, spans: &mut Receiver<Span>) {
    if spans.recv_many(batch, BATCH_MAX).await == 0 {
        return;
    }
    let more = async {
        while batch.len() < BATCH_MAX {
            let wanted = BATCH_MAX - batch.len();
            if spans.recv_many(batch, wanted).await == 0 {
                return;
            }
        }
    };
    // What has come by then is told.
    let _ = timeout(BATCH_WITHIN, more).await;
}

/// A body that is not understood says that all were taken, as an empty one does.
fn rejected(body: &[u8]) -> u64 {
    let answer = ExportTraceServiceResponse::decode(body).unwrap_or_default();
    let rejected = answer.partial_success.map(|partial| partial.rejected_spans);
    rejected
        .and_then(|count| u64::try_from(count).ok())
        .unwrap_or_default()
}
