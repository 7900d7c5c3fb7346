//! SNS: a notification carries the event as a text. Raw delivery carries the event alone and needs nothing here.
use serde::Deserialize;
use serde_json::Value;

use super::{Unknown, read};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification<'a> {
    #[serde(borrow)]
    message: std::borrow::Cow<'a, str>,
}

/// The message in an envelope; `None`: this is no envelope. Nothing in an envelope is verified: whoever may write into our
/// queue or knows our token may write an event just as well.
pub(super) fn enveloped(document: &Value) -> Result<Option<std::borrow::Cow<'_, str>>, Unknown> {
    if document.get("TopicArn").is_none() {
        return Ok(None);
    }
    match document.get("Type").and_then(Value::as_str) {
        Some("Notification") => {
            read::<Notification<'_>>(document, "SNS notification").map(|found| Some(found.message))
        }
        Some("SubscriptionConfirmation") => Err(Unknown::new(
            "an SNS subscription waits for confirmation: open its SubscribeURL",
        )),
        _ => Err(Unknown::new("an SNS message of another type than Notification")),
    }
}
