//! The envelope of a message as SNS documents it, and the string that its signature is of.
use std::time::SystemTime;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::Deserialize;

use super::{SnsRefusal, certificate::Signature};

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Kind {
    Notification,
    SubscriptionConfirmation,
    UnsubscribeConfirmation,
}

/// A message, its own texts unescaped.
#[derive(Debug)]
pub(super) struct Envelope {
    pub kind: Kind,
    pub topic_arn: String,
    pub sent: SystemTime,
    pub signing_cert_url: String,
    pub subscribe_url: Option<String>,
    rest: Rest,
}

/// What only the signature needs.
#[derive(Debug)]
struct Rest {
    message: String,
    message_id: String,
    subject: Option<String>,
    timestamp: String,
    token: Option<String>,
    version: String,
    signature: String,
}

/// Other fields (`UnsubscribeURL`, whatever comes later) are not signed and not looked at.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    #[serde(rename = "Type")]
    kind: Kind,
    message: String,
    message_id: String,
    topic_arn: String,
    subject: Option<String>,
    timestamp: String,
    token: Option<String>,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Notification => "Notification",
            Self::SubscriptionConfirmation => "SubscriptionConfirmation",
            Self::UnsubscribeConfirmation => "UnsubscribeConfirmation",
        }
    }
}

impl Envelope {
    /// Reads one; its depth is bounded by the parser, its length by who hands it in.
    pub(super) fn parse(body: &[u8]) -> Result<Self, SnsRefusal> {
        let wire: Wire = serde_json::from_slice(body).map_err(SnsRefusal::malformed)?;
        let confirms = wire.kind != Kind::Notification;
        if confirms && (wire.token.is_none() || wire.subscribe_url.is_none()) {
            return Err(SnsRefusal::malformed(
                "a confirmation without Token and SubscribeURL",
            ));
        }
        let sent = wire.timestamp.parse::<Timestamp>();
        let sent = sent.map_err(|_| SnsRefusal::malformed("its Timestamp is none"))?;
        Ok(Self {
            kind: wire.kind,
            topic_arn: wire.topic_arn,
            sent: sent.into(),
            signing_cert_url: wire.signing_cert_url,
            subscribe_url: wire.subscribe_url,
            rest: Rest {
                message: wire.message,
                message_id: wire.message_id,
                subject: wire.subject,
                timestamp: wire.timestamp,
                token: wire.token,
                version: wire.signature_version,
                signature: wire.signature,
            },
        })
    }

    /// The signature, by its version.
    pub(super) fn signature(&self) -> Result<Signature, SnsRefusal> {
        let sha: fn(Vec<u8>) -> Signature = match self.rest.version.as_str() {
            "1" => Signature::Sha1,
            "2" => Signature::Sha256,
            _ => return Err(SnsRefusal::SignatureVersion),
        };
        let bytes = STANDARD.decode(&self.rest.signature);
        bytes
            .map(sha)
            .map_err(|_| SnsRefusal::malformed("its Signature is not in Base64"))
    }

    /// What is signed: names and values in the order of their bytes, each on a line, `Subject` only where there is one.
    pub(super) fn signed(&self) -> String {
        let Rest {
            message,
            message_id,
            subject,
            timestamp,
            token,
            ..
        } = &self.rest;
        let is_notification = self.kind == Kind::Notification;
        let of_confirmations = |text| Option::filter(text, |_| !is_notification);
        let pairs = [
            ("Message", Some(message)),
            ("MessageId", Some(message_id)),
            ("Subject", subject.as_ref().filter(|_| is_notification)),
            ("SubscribeURL", of_confirmations(self.subscribe_url.as_ref())),
            ("Timestamp", Some(timestamp)),
            ("Token", of_confirmations(token.as_ref())),
            ("TopicArn", Some(&self.topic_arn)),
        ];
        let mut signed = String::new();
        for (name, value) in pairs {
            if let Some(value) = value {
                signed.extend([name, "\n", value, "\n"]);
            }
        }
        signed.extend(["Type\n", self.kind.as_str(), "\n"]);
        signed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-east-2:123456789012:s4-MySNSTopic-1G1WEFCOXTC0P";

    fn signed(fields: &str) -> String {
        let body = format!(
            r#"{{"Message":"My Test Message","TopicArn":"{TOPIC}","SignatureVersion":"1","Signature":"","SigningCertURL":"",{fields}}}"#
        );
        Envelope::parse(body.as_bytes()).unwrap().signed()
    }

    /// The examples of "Verifying the signatures of Amazon SNS messages" in AWS's documentation.
    #[test]
    fn what_is_signed_is_as_aws_documents_it() {
        let notification = r#""Type":"Notification","MessageId":"4d4dc071-ddbf-465d-bba8-08f81c89da64",
            "Subject":"My subject","Timestamp":"2019-01-31T04:37:04.321Z","UnsubscribeURL":"https://example.com""#;
        assert_eq!(
            signed(notification),
            format!(
                "Message\nMy Test Message\nMessageId\n4d4dc071-ddbf-465d-bba8-08f81c89da64\nSubject\nMy subject\n\
                 Timestamp\n2019-01-31T04:37:04.321Z\nTopicArn\n{TOPIC}\nType\nNotification\n"
            )
        );
        let address = format!(
            "https://sns.us-east-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=233"
        );
        let confirmation = format!(
            r#""Type":"SubscriptionConfirmation","MessageId":"3d891288-136d-417f-bc05-901c108273ee",
            "SubscribeURL":"{address}","Timestamp":"2019-01-31T19:25:13.719Z","Token":"233""#
        );
        assert_eq!(
            signed(&confirmation),
            format!(
                "Message\nMy Test Message\nMessageId\n3d891288-136d-417f-bc05-901c108273ee\nSubscribeURL\n{address}\n\
                 Timestamp\n2019-01-31T19:25:13.719Z\nToken\n233\nTopicArn\n{TOPIC}\nType\nSubscriptionConfirmation\n"
            )
        );
    }

    #[test]
    fn subject_that_is_not_there_is_not_signed_and_an_empty_one_is() {
        let without = r#""Type":"Notification","MessageId":"1","Timestamp":"2019-01-31T04:37:04Z""#;
        assert!(!signed(without).contains("Subject"));
        assert!(signed(&format!("{without},\"Subject\":\"\"")).contains("\nSubject\n\n"));
    }
}
