//! What the server or the way to it said, turned into what the caller can do about it.
//!
//! Sentences name what was refused and the fix. They are built from the server's code and message and from the
//! transport's own words, never from a request, so that no credential can be in them.
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ConnectorError, DisplayErrorContext, ProvideErrorMetadata, SdkError},
};

use super::retries::is_refusal;
use crate::{Error, Key};

/// A server's message is cut after so many characters: some answer with a page of HTML.
const MESSAGE_CHARS: usize = 200;

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Head,
    Get,
    Tags,
    List,
    Put,
    /// Under a condition.
    Swap,
    Delete,
    /// The key is the bucket.
    ReadNotifications,
    /// The same.
    WriteNotifications,
}

impl Request {
    /// As errors name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Get => "get",
            Self::Tags => "read the tags of",
            Self::List => "list",
            Self::Put | Self::Swap => "put",
            Self::Delete => "delete",
            Self::ReadNotifications => "read the notifications of",
            Self::WriteNotifications => "write the notifications of",
        }
    }

    fn writes(self) -> bool {
        matches!(
            self,
            Self::Put | Self::Swap | Self::Delete | Self::WriteNotifications
        )
    }

    /// What a policy must allow.
    fn permission(self) -> &'static str {
        match self {
            // Without the second, an absent key is answered with 403, which must never be taken for absence.
            Self::Head | Self::Get => "s3:GetObject on the object and s3:ListBucket on the bucket",
            Self::Tags => "s3:GetObjectTagging on the object",
            Self::List => "s3:ListBucket on the bucket",
            Self::Put | Self::Swap => "s3:PutObject on the object",
            Self::Delete => "s3:DeleteObject on the object",
            Self::ReadNotifications => "s3:GetBucketNotification on the bucket",
            Self::WriteNotifications => "s3:PutBucketNotification on the bucket",
        }
    }
}

/// Why a call failed, before it is known which store and key it was for.
#[derive(Debug)]
pub(super) enum Failure {
    Absent,
    Precondition,
    Denied(String),
    /// The store as a whole; nothing was written.
    Unavailable(String),
    /// The same, until something beside it changes: of which kind it is, and what.
    Unusable(io::ErrorKind, String),
    KeyRefused(String),
    Unsupported(String),
    /// The object, or nobody knows; a write may have happened.
    Unknown(io::Error),
}

impl Failure {
    /// Something the server should not have said.
    pub(super) fn unexpected(sentence: impl Into<String>) -> Self {
        Self::Unknown(io::Error::other(sentence.into()))
    }

    /// Of a call of the SDK.
    pub(super) fn of<E>(request: Request, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match error {
            SdkError::ServiceError(service) => {
                let response = service.raw();
                let answer = Answer {
                    status: response.status().as_u16(),
                    code: service.err().code().unwrap_or_default(),
                    message: service.err().message().unwrap_or_default(),
                    region: response.headers().get("x-amz-bucket-region"),
                };
                answer.failure(request)
            }
            SdkError::TimeoutError(_) => {
                interrupted(request, io::ErrorKind::TimedOut, "no answer in time".to_owned())
            }
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(error) => of_connection(request, error),
                None => interrupted(
                    request,
                    io::ErrorKind::Other,
                    "the request failed on its way".to_owned(),
                ),
            },
            SdkError::ResponseError(unread) => {
                let status = unread.raw().status().as_u16();
                interrupted(request, io::ErrorKind::InvalidData, unreadable(status))
            }
            SdkError::ConstructionFailure(_) => of_construction(error),
            _ => Self::unexpected(printable(&DisplayErrorContext(error).to_string())),
        }
    }

    /// Names store, operation and key.
    pub(super) fn into_error(self, store: &str, request: Request, key: &Key) -> Error {
        let (store, operation, key) = (store.to_owned(), request.name(), key.clone());
        match self {
            Self::Absent => Error::NotFound { store, key },
            Self::Precondition => Error::Precondition {
                store,
                operation,
                key,
            },
            Self::Denied(reason) => Error::Denied {
                store,
                operation,
                key,
                cause: Some(io::Error::new(io::ErrorKind::PermissionDenied, reason)),
            },
            Self::Unavailable(reason) => Error::Unavailable {
                store,
                operation,
                key,
                reason,
            },
            Self::Unusable(_, reason) => Error::Unusable {
                store,
                operation,
                reason,
            },
            Self::KeyRefused(reason) => Error::KeyRefused { store, key, reason },
            Self::Unsupported(reason) => Error::Unsupported { store, reason },
            Self::Unknown(cause) => Error::Io {
                store,
                operation,
                key,
                cause,
            },
        }
    }

    /// Of the first request, which decides whether the store is opened at all.
    pub(super) fn into_not_opened(self, store: &str) -> Error {
        let (reason, kind) = match self {
            Self::Denied(reason) => (reason, io::ErrorKind::PermissionDenied),
            Self::Unavailable(reason) | Self::KeyRefused(reason) | Self::Unsupported(reason) => {
                (reason, io::ErrorKind::Other)
            }
            Self::Unusable(kind, reason) => (reason, kind),
            Self::Unknown(cause) => (cause.to_string(), cause.kind()),
            Self::Absent | Self::Precondition => (
                "the endpoint answers like no S3 server; correct `endpoint`".to_owned(),
                io::ErrorKind::Other,
            ),
        };
        Error::NotOpened {
            store: store.to_owned(),
            cause: kind.into(),
            reason,
        }
    }
}

/// An error that the server has put into words.
struct Answer<'a> {
    status: u16,
    code: &'a str,
    message: &'a str,
    region: Option<&'a str>,
}

impl Answer<'_> {
    fn failure(&self, request: Request) -> Failure {
        use Failure::{Absent, Denied, KeyRefused, Precondition, Unavailable, Unsupported, Unusable};
        if let Some((kind, fix)) = fix_of_the_store(self.code) {
            return Unusable(kind, format!("{self}; {fix}"));
        }
        match (self.status, self.code) {
            (200..=299, _) => Failure::unexpected(unreadable(self.status)),
            (404 | 409, _) if request == Request::Swap => Precondition,
            // An answer to HEAD has no body; who asks makes sure that it was for the key.
            (404, _) if request == Request::Head => Absent,
            (404, "NoSuchKey") if matches!(request, Request::Get | Request::Tags) => Absent,
            (404, _) => Unavailable(format!("{self}; is the endpoint an S3 server?")),
            (412, _) => Precondition,
            (403, _) => Denied(format!(
                "{self}; grant {}, and the use of its KMS key",
                request.permission()
            )),
            (301 | 307 | 308, _)
            | (400, "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException") => {
                Unusable(io::ErrorKind::InvalidInput, self.wrong_region())
            }
            (
                400,
                "BadDigest" | "InvalidDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch",
            ) => Failure::Unknown(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{self}: the body was damaged"),
            )),
            (400, "KeyTooLongError") => KeyRefused(self.to_string()),
            (501, _) => Unsupported(format!("{self}; choose another store")),
            (503 | 429, code) if !request.writes() || is_refusal(code) => {
                Unavailable(format!("{self}; it wants fewer requests"))
            }
            (502 | 504, _) if !request.writes() => Unavailable(self.to_string()),
            _ => Failure::unexpected(self.to_string()),
        }
    }

    fn wrong_region(&self) -> String {
        match self.region {
            Some(region) => format!("the bucket is in region {region}; set `region: {region}`"),
            None => format!(
                "{self}; the bucket is in another region or at another endpoint: correct `region`, `endpoint`"
            ),
        }
    }
}

impl std::fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if !self.code.is_empty() && self.code != "NotFound" {
            write!(f, " {}", printable(self.code))?;
        }
        if !self.message.is_empty() {
            write!(f, " ({})", printable(self.message))?;
        }
        Ok(())
    }
}

/// Answers that no other key would change: of which kind they are for whoever opens the store, and the fix.
fn fix_of_the_store(code: &str) -> Option<(io::ErrorKind, &'static str)> {
    use io::ErrorKind::{InvalidInput, Other, PermissionDenied};
    Some(match code {
        "NoSuchBucket" => (InvalidInput, "create the bucket, or correct `bucket`"),
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => (
            Other,
            "the credentials have expired: renew them where they come from (environment, profile, role)",
        ),
        "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidToken"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException" => (
            PermissionDenied,
            "correct the credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, profile, or role)",
        ),
        "RequestTimeTooSkewed" => (Other, "set this machine's clock"),
        "AllAccessDisabled" | "AccountProblem" | "NotSignedUp" => (PermissionDenied, "see to the account"),
        "QuotaExceeded" | "XMinioStorageFull" | "InsufficientCapacity" => (Other, "make room"),
        _ => return None,
    })
}

/// On its way: reads changed nothing, and of a write nobody knows.
fn interrupted(request: Request, kind: io::ErrorKind, sentence: String) -> Failure {
    if request.writes() {
        Failure::Unknown(io::Error::new(kind, sentence))
    } else {
        Failure::Unavailable(sentence)
    }
}

fn of_connection(request: Request, error: &ConnectorError) -> Failure {
    let told = DisplayErrorContext(error).to_string();
    if let Some(failure) = of_credentials(error) {
        return failure;
    }
    // Hyper's word for "there was no connection yet": nothing can have been written.
    if told.contains("client error (Connect)") {
        return Failure::Unavailable(format!(
            "the server cannot be reached: {}; correct `endpoint`, or wait for it",
            printable(&told)
        ));
    }
    let kind = if error.is_timeout() {
        io::ErrorKind::TimedOut
    } else {
        io::ErrorKind::ConnectionReset
    };
    interrupted(request, kind, printable(&told))
}

fn of_construction<E>(error: &SdkError<E, HttpResponse>) -> Failure
where
    E: std::error::Error + 'static,
{
    of_credentials(error).unwrap_or_else(|| {
        Failure::Unsupported(format!(
            "the request cannot be made: {}",
            printable(&DisplayErrorContext(error).to_string())
        ))
    })
}

/// Nothing was sent because there is nothing to sign with.
fn of_credentials(error: &(dyn std::error::Error + 'static)) -> Option<Failure> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(cause) = error.downcast_ref::<CredentialsError>() {
            let reason = match cause {
                CredentialsError::CredentialsNotLoaded(_) => "no credentials were found".to_owned(),
                CredentialsError::ProviderTimedOut(_) => "credentials did not arrive in time".to_owned(),
                // Its causes may repeat what a file or a service said, secrets included.
                other => format!("credentials cannot be had: {other}"),
            };
            let reason = format!(
                "{reason}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine or pod a role"
            );
            return Some(Failure::Unusable(io::ErrorKind::Other, reason));
        }
        next = error.source();
    }
    None
}

fn unreadable(status: u16) -> String {
    format!("the answer (HTTP {status}) cannot be read; is the endpoint an S3 server?")
}

/// One line, bounded.
pub(super) fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let mut line: String = text.chars().take(MESSAGE_CHARS).map(shown).collect();
    if text.chars().count() > MESSAGE_CHARS {
        line.push('…');
    }
    line
}
