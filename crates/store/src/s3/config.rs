//! Which bucket, and how it is reached. Plain data without secrets.
use std::fmt;

/// A bucket and what it takes to reach it.
///
/// Credentials are not here: they come from the SDK's chain, in this order: environment, profile files, web identity
/// (IRSA), container (ECS, EKS Pod Identity), instance metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Config {
    /// Name of the bucket, or the ARN of an access point.
    pub bucket: String,
    /// What every key in the bucket begins with, byte for byte: `media/` keeps `a.jpg` as `media/a.jpg`.
    pub prefix: String,
    /// Region; `None`: the environment's, and `us-east-1` where an endpoint is set.
    pub region: Option<String>,
    /// Address of another server than AWS: `https://` or `http://`, host, port.
    pub endpoint: Option<String>,
    /// `https://host/bucket/key` in place of `https://bucket.host/key`.
    pub path_style: bool,
    /// Key that encrypts what is put (SSE-KMS); `None`: as the bucket is set up.
    pub kms_key: Option<String>,
    /// Account that must own the bucket, so that nobody else's bucket of that name is ever used.
    pub expected_owner: Option<String>,
    /// Storage class of what is put, as S3 spells it; `None`: the bucket's default.
    pub storage_class: Option<String>,
}

impl S3Config {
    /// A bucket at AWS, all else by default.
    pub fn bucket(name: impl Into<String>) -> Self {
        Self {
            bucket: name.into(),
            prefix: String::new(),
            region: None,
            endpoint: None,
            path_style: false,
            kms_key: None,
            expected_owner: None,
            storage_class: None,
        }
    }

    /// What can be refused without asking the server; the sentence says what to do.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.bucket.is_empty() {
            return Err("it has no name; set `bucket`".to_owned());
        }
        // Such buckets list in no order and start nowhere, so nothing could ever be reconciled.
        if self.bucket.ends_with("--x-s3") {
            return Err(
                "directory buckets (S3 Express) do not list in key order; use a general purpose bucket"
                    .to_owned(),
            );
        }
        let Some(endpoint) = &self.endpoint else {
            return Ok(());
        };
        let Some((_, address)) = endpoint
            .split_once("://")
            .filter(|(scheme, address)| matches!(*scheme, "http" | "https") && !address.is_empty())
        else {
            return Err(format!(
                "the endpoint {endpoint:?} is no address; write https://host:port or http://host:port"
            ));
        };
        // Not repeated in the sentence: it is a password.
        if address.split('/').next().is_some_and(|host| host.contains('@')) {
            return Err(
                "the endpoint contains credentials; take them out and give them to the environment (AWS_ACCESS_KEY_ID)"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Does the endpoint speak without TLS?
    pub(super) fn is_plain(&self) -> bool {
        self.endpoint
            .as_deref()
            .is_some_and(|endpoint| endpoint.starts_with("http://"))
    }
}

/// An access key given by hand, for tests and tools; services use the SDK's chain.
#[derive(Clone)]
pub struct S3Credentials {
    /// Access key id.
    pub access_key: String,
    /// Secret access key; never printed.
    pub secret_key: String,
    /// Of temporary credentials; never printed.
    pub session_token: Option<String>,
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Credentials").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl FnOnce(&mut S3Config)) -> String {
        let mut config = S3Config::bucket("media");
        change(&mut config);
        config.check().unwrap_err()
    }

    #[test]
    fn what_can_never_work_is_refused_before_any_request() {
        assert!(refusal(|c| c.bucket.clear()).contains("set `bucket`"));
        assert!(refusal(|c| c.bucket = "media--euw1-az1--x-s3".to_owned()).contains("directory buckets"));
        assert!(refusal(|c| c.endpoint = Some("minio:9000".to_owned())).contains("https://host:port"));
    }

    #[test]
    fn credentials_in_an_endpoint_are_refused_and_not_repeated() {
        let sentence = refusal(|c| c.endpoint = Some("http://me:hunter2@minio:9000".to_owned()));
        assert!(
            sentence.contains("take them out") && !sentence.contains("hunter2"),
            "{sentence}"
        );
    }

    #[test]
    fn given_credentials_are_never_printed() {
        let credentials = S3Credentials {
            access_key: "AKIAEXAMPLE".to_owned(),
            secret_key: "hunter2".to_owned(),
            session_token: Some("token".to_owned()),
        };
        assert_eq!(format!("{credentials:?}"), "S3Credentials { .. }");
    }
}
