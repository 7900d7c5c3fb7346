//! What is kept beside a body, as headers.
//!
//! Values of user metadata travel in headers, which are ASCII. What is not printable ASCII, begins or ends with a space,
//! or looks encoded already is written as one encoded word of RFC 2047, `=?UTF-8?B?...?=`, as S3 itself answers such
//! values; it is read back from that form whoever wrote it. The digest of a body is metadata too, because servers answer
//! checksums to some requests only, and some to none.
use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, SystemTime},
};

use aws_sdk_s3::primitives::DateTime;
use aws_smithy_types::base64;

use super::failure::Failure;
use crate::{ETag, Head, PutOptions, Sha256};

/// Name of the metadata that holds the digest, in hexadecimal digits.
const SHA256: &str = "minilab-sha256";
const ENCODED: (&str, &str) = ("=?UTF-8?B?", "?=");

/// The metadata to send.
pub(super) fn metadata(options: &PutOptions) -> HashMap<String, String> {
    let given = options
        .metadata
        .iter()
        .map(|(name, value)| (name.clone(), encode(value)));
    let digest = options
        .sha256
        .map(|digest| (SHA256.to_owned(), digest.to_string()));
    given.chain(digest).collect()
}

/// As the header `x-amz-checksum-sha256` wants it.
pub(super) fn checksum(digest: Sha256) -> String {
    base64::encode(digest.0)
}

/// What `head` and `get` are answered alike.
pub(super) struct Facts {
    pub(super) etag: Option<String>,
    pub(super) size_bytes: Option<i64>,
    pub(super) modified: Option<DateTime>,
    pub(super) version_id: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) metadata: Option<HashMap<String, String>>,
}

impl Facts {
    pub(super) fn head(self) -> Result<Head, Failure> {
        let mut metadata: BTreeMap<_, _> = self
            .metadata
            .unwrap_or_default()
            .into_iter()
            .map(|(name, value)| (name.to_lowercase(), decode(value)))
            .collect();
        // A digest that somebody else has damaged is as good as none.
        let sha256 = metadata
            .remove(SHA256)
            .and_then(|digits| Sha256::try_from(digits).ok());
        Ok(Head {
            etag: etag(self.etag)?,
            size_bytes: size(self.size_bytes)?,
            version_id: self.version_id.filter(|id| id != "null"),
            modified: time(self.modified)?,
            content_type: self.content_type,
            cache_control: self.cache_control,
            sha256,
            metadata,
        })
    }
}

/// As the server sends it, quotes included.
pub(super) fn etag(sent: Option<String>) -> Result<ETag, Failure> {
    sent.filter(|tag| !tag.is_empty())
        .map(ETag)
        .ok_or_else(|| missing("an ETag"))
}

pub(super) fn size(sent: Option<i64>) -> Result<u64, Failure> {
    sent.and_then(|bytes| u64::try_from(bytes).ok())
        .ok_or_else(|| missing("a length"))
}

/// In whole seconds: some servers list fractions that `head` does not answer.
pub(super) fn time(sent: Option<DateTime>) -> Result<SystemTime, Failure> {
    sent.and_then(|time| u64::try_from(time.secs()).ok())
        .map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .ok_or_else(|| missing("a time"))
}

fn missing(what: &str) -> Failure {
    Failure::unexpected(format!("the server answered without {what}; is it an S3 server?"))
}

fn encode(value: &str) -> String {
    let plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && value.trim_matches(' ') == value
        && !value.starts_with("=?");
    if plain {
        return value.to_owned();
    }
    format!("{}{}{}", ENCODED.0, base64::encode(value), ENCODED.1)
}

fn decode(value: String) -> String {
    let encoded = value
        .strip_prefix(ENCODED.0)
        .and_then(|rest| rest.strip_suffix(ENCODED.1));
    let decoded = encoded.and_then(|text| String::from_utf8(base64::decode(text).ok()?).ok());
    decoded.unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_value_survives_the_headers(value in any::<String>()) {
            let sent = encode(&value);
            prop_assert!(sent.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{sent:?}");
            prop_assert_eq!(sent.trim(), &sent);
            prop_assert_eq!(decode(sent), value);
        }
    }

    #[test]
    fn plain_values_are_sent_as_they_are() {
        assert_eq!(encode("0.5, 0.25 (100%)"), "0.5, 0.25 (100%)");
        assert_eq!(encode("Zürich"), "=?UTF-8?B?WsO8cmljaA==?=");
        assert_eq!(encode("=?UTF-8?B?x?="), "=?UTF-8?B?PT9VVEYtOD9CP3g/PQ==?=");
    }

    #[test]
    fn what_only_looks_encoded_is_left_alone() {
        assert_eq!(decode("=?UTF-8?B?***?=".to_owned()), "=?UTF-8?B?***?=");
        assert_eq!(
            decode("=?ISO-8859-1?Q?Z=FCrich?=".to_owned()),
            "=?ISO-8859-1?Q?Z=FCrich?="
        );
    }
}
