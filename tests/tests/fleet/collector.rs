//! A collector of traces in this process: takes requests of OpenTelemetry's protocol over HTTP and keeps their spans.
use std::sync::{Arc, Mutex};

use minilab_protos::otlp::{ExportTraceServiceRequest, KeyValue, Span, any_value};
use prost::Message as _;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// A span and whose it is.
#[derive(Debug, Clone)]
pub struct Told {
    pub service: String,
    pub span: Span,
}

/// Listens until it is dropped.
pub struct Collector {
    pub endpoint: String,
    told: Arc<Mutex<Vec<Told>>>,
    listening: tokio::task::JoinHandle<()>,
}

impl Collector {
    pub async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let told: Arc<Mutex<Vec<Told>>> = Arc::default();
        let keeps = Arc::clone(&told);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&keeps)));
            }
        });
        Self {
            endpoint,
            told,
            listening,
        }
    }

    pub fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Told {
    pub fn attribute(&self, name: &str) -> String {
        text(&self.span.attributes, name)
    }
}

fn text(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    match found.and_then(|found| found.value.as_ref()?.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        None => String::new(),
    }
}

async fn serve(stream: TcpStream, told: Arc<Mutex<Vec<Told>>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut first, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if first.is_empty() {
                first = line;
            }
        }
        assert_eq!(first, "post /v1/traces http/1.1");
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        keep(&ExportTraceServiceRequest::decode(&*body).unwrap(), &told);
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
    }
}

fn keep(request: &ExportTraceServiceRequest, told: &Mutex<Vec<Told>>) {
    for resource in &request.resource_spans {
        let attributes = resource.resource.as_ref().map(|of| of.attributes.as_slice());
        let service = text(attributes.unwrap_or_default(), "service.name");
        let spans = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
        let spans = spans.map(|span| Told {
            service: service.clone(),
            span: span.clone(),
        });
        told.lock().unwrap().extend(spans);
    }
}
