//! One answer of `ListObjectsV2`, as the server orders it, with the store's prefix taken off.
use std::borrow::Cow;

use aws_sdk_s3::types::{EncodingType, Object};
use percent_encoding::percent_decode_str;

use super::{
    S3, attributes,
    failure::{Failure, Request},
};
use crate::{ETag, Key, Listed};

/// No server answers more at once.
pub(super) const ENTRIES_MAX: usize = 1_000;

/// What to ask for; keys are those of the store, without its prefix in the bucket.
#[derive(Debug, Clone, Default)]
pub(super) struct Question {
    pub(super) prefix: String,
    pub(super) folding: bool,
    pub(super) after: Option<String>,
    /// Goes on where an answer ended; the rest of the question must be the same.
    pub(super) token: Option<String>,
    pub(super) entries_max: usize,
}

/// What was answered.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) objects: Vec<Listed>,
    pub(super) prefixes: Vec<String>,
    /// There is more.
    pub(super) token: Option<String>,
}

pub(super) async fn ask(store: &S3, question: &Question) -> Result<Answer, Failure> {
    let full = |key: &str| format!("{}{key}", store.config.prefix);
    let answer = store
        .clients
        .list
        .list_objects_v2()
        .bucket(&store.config.bucket)
        .set_expected_bucket_owner(store.config.expected_owner.clone())
        // Keys may hold characters that XML cannot.
        .encoding_type(EncodingType::Url)
        .prefix(full(&question.prefix))
        .set_delimiter(question.folding.then(|| "/".to_owned()))
        .set_start_after(question.after.as_deref().map(full))
        .set_continuation_token(question.token.clone())
        .max_keys(question.entries_max.clamp(1, ENTRIES_MAX) as i32)
        .send()
        .await
        .map_err(|error| Failure::of(Request::List, &error))?;
    let encoded = answer.encoding_type() == Some(&EncodingType::Url);
    let own = |sent: &str| -> Result<String, Failure> {
        let key = if encoded {
            decode(sent)?
        } else {
            Cow::Borrowed(sent)
        };
        key.strip_prefix(&store.config.prefix)
            .map(str::to_owned)
            .ok_or_else(|| {
                Failure::unexpected(format!(
                    "it lists {key:?}, which does not begin with what was asked for"
                ))
            })
    };
    let mut objects = Vec::with_capacity(answer.contents().len());
    for object in answer.contents() {
        // The marker of the prefix itself has no name below it.
        if let Ok(key) = Key::new(own(object.key().unwrap_or_default())?) {
            objects.push(listed(key, object)?);
        }
    }
    let prefixes = answer
        .common_prefixes()
        .iter()
        .map(|folded| own(folded.prefix().unwrap_or_default()));
    let prefixes = prefixes.collect::<Result<_, _>>()?;
    let token = match (answer.is_truncated(), answer.next_continuation_token) {
        (Some(true), None) => {
            return Err(Failure::unexpected(
                "the listing ends early, without a way to go on",
            ));
        }
        (Some(true), token) => token,
        _ => None,
    };
    Ok(Answer {
        objects,
        prefixes,
        token,
    })
}

fn listed(key: Key, object: &Object) -> Result<Listed, Failure> {
    Ok(Listed {
        key,
        etag: ETag(attributes::etag(object.e_tag.clone())?.0),
        size_bytes: attributes::size(object.size)?,
        modified: attributes::time(object.last_modified)?,
    })
}

/// As forms are encoded: a space is a plus sign.
fn decode(sent: &str) -> Result<Cow<'_, str>, Failure> {
    let spaced = if sent.contains('+') {
        Cow::Owned(sent.replace('+', " "))
    } else {
        Cow::Borrowed(sent)
    };
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(key) => Ok(Cow::Owned(key.into_owned())),
        Err(_) => Err(Failure::unexpected(format!(
            "it lists a key that is not UTF-8: {sent:?}"
        ))),
    }
}
