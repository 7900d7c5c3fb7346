//! Requests to an emulator of AWS that no SDK of ours sends: what an account's owner does, and what a test looks at.
use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{broker::Messages, http};

pub const REGION: &str = "us-east-1";
/// The account that the emulator plays.
pub const ACCOUNT: &str = "123456789012";
const BACKLOG: [&str; 3] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
];

/// An account.
#[derive(Debug, Clone, Copy)]
pub struct Aws {
    address: SocketAddr,
}

impl Aws {
    pub fn at(address: SocketAddr) -> Self {
        Self { address }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn queue_url(&self, name: &str) -> String {
        format!("http://{}/{ACCOUNT}/{name}", self.address)
    }

    pub fn queue_arn(name: &str) -> String {
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
    }

    /// SQS speaks JSON.
    pub async fn sqs(&self, action: &str, request: &Value) -> Result<Value> {
        self.json("sqs", &format!("AmazonSQS.{action}"), request).await
    }

    /// EventBridge, too.
    pub async fn events(&self, action: &str, request: &Value) -> Result<Value> {
        self.json("events", &format!("AWSEvents.{action}"), request).await
    }

    /// SNS takes a form and answers with XML.
    pub async fn sns(&self, action: &str, fields: &[(&str, &str)]) -> Result<String> {
        let form: Vec<String> = [("Action", action), ("Version", "2010-03-31")]
            .iter()
            .chain(fields)
            .map(|(name, value)| format!("{name}={}", percent_encoded(value)))
            .collect();
        let kind = "content-type: application/x-www-form-urlencoded\r\n";
        self.post("sns", kind, form.join("&").as_bytes()).await
    }

    /// `path` with its query.
    pub async fn s3_put(&self, path: &str, body: &str) -> Result<()> {
        let answer = http::put(self.address, path, &signature("s3"), body.as_bytes()).await?;
        ensure!(answer.status == 200, "PUT {path}: {answer:?}");
        Ok(())
    }

    /// The bucket tells the queue of something that is nobody's business here. Of a bucket that tells nothing at all the emulator
    /// answers what is no XML.
    pub async fn tell_something(&self, bucket: &str, queue: &str) -> Result<()> {
        let entry = format!(
            "<QueueConfiguration><Id>theirs</Id><Queue>{}</Queue><Event>s3:ObjectTagging:Put</Event><Filter><S3Key><FilterRule>\
             <Name>prefix</Name><Value>theirs/</Value></FilterRule></S3Key></Filter></QueueConfiguration>",
            Self::queue_arn(queue)
        );
        let whole = format!(
            "<NotificationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{entry}</NotificationConfiguration>"
        );
        self.s3_put(&format!("/{bucket}?notification"), &whole).await
    }

    /// All queues: by name, waiting now or later, handed out.
    pub async fn messages(&self) -> Result<Messages> {
        let queues = self.sqs("ListQueues", &json!({})).await?;
        let urls = queues["QueueUrls"].as_array().cloned().unwrap_or_default();
        let mut messages = Messages::new();
        for url in urls.iter().filter_map(Value::as_str) {
            let question = json!({ "QueueUrl": url, "AttributeNames": BACKLOG });
            let answer = self.sqs("GetQueueAttributes", &question).await?;
            let [waiting, handed_out, later] = BACKLOG.map(|name| number(&answer["Attributes"][name]));
            let name = url.rsplit('/').next().context("a queue without a name")?;
            messages.push((name.to_owned(), waiting + later, handed_out));
        }
        Ok(messages)
    }

    async fn json(&self, service: &str, target: &str, request: &Value) -> Result<Value> {
        let headers = format!("content-type: application/x-amz-json-1.0\r\nx-amz-target: {target}\r\n");
        let body = self
            .post(service, &headers, request.to_string().as_bytes())
            .await?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&body).with_context(|| format!("{target}: {body}"))
    }

    async fn post(&self, service: &str, headers: &str, body: &[u8]) -> Result<String> {
        let headers = format!("{}{headers}", signature(service));
        let answer = http::post(self.address, "/", &headers, body).await?;
        ensure!(answer.status == 200, "{service}: {answer:?}");
        Ok(answer.body)
    }
}

/// The emulator takes any, and finds the service by it.
fn signature(service: &str) -> String {
    let credential = format!("test/20260101/{REGION}/{service}/aws4_request");
    format!("authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0\r\n")
}

fn number(told: &Value) -> u64 {
    told.as_str().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
