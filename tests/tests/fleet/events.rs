//! What a producer says of an upload, in the form MinIO gives it, and the two ways it takes.
use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use serde_json::json;

use crate::http;

/// What happened to an original.
#[derive(Debug, Clone)]
pub enum Said {
    Created { size_bytes: usize },
    Removed,
}

/// The bytes of one notification.
pub fn notification(bucket: &str, key: &str, said: &Said) -> Vec<u8> {
    let (name, object) = match said {
        Said::Created { size_bytes } => (
            "s3:ObjectCreated:Put",
            json!({ "key": form_encoded(key), "size": size_bytes, "contentType": "image/jpeg", "sequencer": "17E1E7CB5E1E7CB5" }),
        ),
        Said::Removed => (
            "s3:ObjectRemoved:Delete",
            json!({ "key": form_encoded(key), "sequencer": "17E1E7CB5E1E7CB5" }),
        ),
    };
    let record = json!({
        "eventVersion": "2.0",
        "eventSource": "minio:s3",
        "awsRegion": "",
        "eventTime": "2026-11-24T00:00:00.000Z",
        "eventName": name,
        "userIdentity": { "principalId": "uploader" },
        "requestParameters": { "principalId": "uploader", "region": "", "sourceIPAddress": "127.0.0.1" },
        "responseElements": {},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "Config",
            "bucket": { "name": bucket, "ownerIdentity": { "principalId": "uploader" }, "arn": format!("arn:aws:s3:::{bucket}") },
            "object": object,
        },
        "source": { "host": "127.0.0.1", "port": "", "userAgent": "tests" },
    });
    let whole = json!({ "EventName": name, "Key": format!("{bucket}/{key}"), "Records": [record] });
    serde_json::to_vec(&whole).unwrap()
}

/// As forms encode it.
fn form_encoded(key: &str) -> String {
    key.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'*' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The webhook of a dispatcher; it has taken the event when this returns.
pub async fn post(webhook: SocketAddr, token: &str, body: &[u8]) -> Result<()> {
    let headers = format!("authorization: Bearer {token}\r\ncontent-type: application/json\r\n");
    let answer = http::post(webhook, "/events", &headers, body).await?;
    ensure!((200..300).contains(&answer.status), "{answer:?}");
    Ok(())
}

/// The exchange that buckets publish to.
pub struct Exchange {
    _connection: Connection,
    channel: Channel,
}

impl Exchange {
    pub async fn open(url: &str) -> Result<Self> {
        let connection = Connection::connect(url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self {
            _connection: connection,
            channel,
        })
    }

    /// The broker has it when this returns.
    pub async fn publish(&self, body: &[u8]) -> Result<()> {
        self.publish_to("minilab.events", "bucket", body).await
    }

    /// The same, to any exchange; with that of no name, the key is a queue's.
    pub async fn publish_to(&self, exchange: &str, key: &str, body: &[u8]) -> Result<()> {
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let confirmed = self
            .channel
            .basic_publish(
                exchange.into(),
                key.into(),
                options,
                body,
                BasicProperties::default().with_delivery_mode(2),
            )
            .await?
            .await
            .context("the broker did not confirm")?;
        ensure!(
            matches!(confirmed, Confirmation::Ack(None)),
            "the broker took no event: {confirmed:?}"
        );
        Ok(())
    }
}
