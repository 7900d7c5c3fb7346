//! What the service or the way to it said, turned into what the caller can do about it.
//!
//! Sentences name what was refused and the fix. They are built from the service's code and message and from the transport's
//! own words, never from a request, so that no credential can be in them.
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sqs::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};

use crate::Error;

/// A server's message is cut after so many characters: some answer with a page of HTML.
const MESSAGE_CHARS: usize = 200;

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Find,
    Look,
    Make,
    Set,
    Send,
    Receive,
    Extend,
    Delete,
}

impl Request {
    /// As errors name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Find => "look for the queue",
            Self::Look => "look at the queue",
            Self::Make => "make the queue",
            Self::Set => "set the queue's attributes",
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Extend => "extend",
            Self::Delete => "settle",
        }
    }

    /// What a policy must allow.
    fn permission(self) -> &'static str {
        match self {
            Self::Find => "sqs:GetQueueUrl",
            Self::Look => "sqs:GetQueueAttributes",
            Self::Make => "sqs:CreateQueue",
            Self::Set => "sqs:SetQueueAttributes",
            Self::Send => "sqs:SendMessage",
            Self::Receive => "sqs:ReceiveMessage",
            Self::Extend => "sqs:ChangeMessageVisibility",
            Self::Delete => "sqs:DeleteMessage",
        }
    }
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// There is no such queue.
    Missing,
    /// What the receipt was for is not ours any more.
    NotOurs,
    /// Until a person changes something, and what.
    Misconfigured(String),
    /// These bytes, for ever.
    Refused(String),
    /// For now, or nobody knows.
    Unavailable(String),
}

impl Failure {
    /// Of a call of the SDK.
    pub fn of<E>(request: Request, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match error {
            SdkError::ServiceError(service) => {
                let (error, status) = (service.err(), service.raw().status().as_u16());
                Self::told(
                    request,
                    status,
                    error.code().unwrap_or_default(),
                    error.message().unwrap_or_default(),
                )
            }
            SdkError::TimeoutError(_) => Self::Unavailable("no answer in time".to_owned()),
            SdkError::ResponseError(unread) => Self::Unavailable(format!(
                "the answer (HTTP {}) cannot be read; is the endpoint an SQS?",
                unread.raw().status().as_u16()
            )),
            _ => Self::Unavailable(of_credentials(error).unwrap_or_else(|| {
                let told = printable(&DisplayErrorContext(error).to_string());
                format!("the service cannot be reached: {told}")
            })),
        }
    }

    /// Of what the service has put into words, for a whole request or for one message of it.
    pub fn told(request: Request, status: u16, code: &str, message: &str) -> Self {
        // Of the two protocols that SQS has had, one says `AWS.SimpleQueueService.NonExistentQueue`.
        let plain = code.rsplit('.').next().unwrap_or(code);
        let told = || printable(&format!("{code}: {message}"));
        let with_fix = |fix: &str| Self::Misconfigured(format!("{fix} ({})", told()));
        match (plain, request) {
            ("NonExistentQueue" | "QueueDoesNotExist", _) => Self::Missing,
            // A stale receipt, one of a deleted message, one that was held for 12 h: the service has more words than we need.
            (
                "ReceiptHandleIsInvalid" | "MessageNotInflight" | "InvalidParameterValue",
                Request::Extend | Request::Delete,
            ) => Self::NotOurs,
            ("InvalidMessageContents" | "BatchRequestTooLong" | "InvalidParameterValue", Request::Send) => {
                Self::Refused(told())
            }
            (denied, _) if denied.starts_with("AccessDenied") || denied == "AuthorizationError" => {
                with_fix(&format!("access is denied: grant {} on it", request.permission()))
            }
            (kms, _) if kms.starts_with("Kms") && kms != "KmsThrottled" => with_fix(
                "its KMS key cannot be used: grant kms:Decrypt and kms:GenerateDataKey on the key, and enable it",
            ),
            (
                "InvalidClientTokenId"
                | "UnrecognizedClientException"
                | "SignatureDoesNotMatch"
                | "InvalidAccessKeyId"
                | "InvalidSecurity",
                _,
            ) => with_fix(
                "correct the credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, profile, or role)",
            ),
            ("InvalidAddress", _) => with_fix("correct the queue's address, region and endpoint"),
            (
                "QueueNameExists" | "InvalidAttributeName" | "InvalidAttributeValue",
                Request::Make | Request::Set,
            ) => with_fix("delete it when it is empty, or choose another prefix"),
            ("ExpiredToken" | "ExpiredTokenException", _) => Self::Unavailable(format!(
                "the credentials have expired: renew them where they come from ({})",
                told()
            )),
            ("", _) => Self::Unavailable(format!("HTTP {status}; is the endpoint an SQS?")),
            _ => Self::Unavailable(told()),
        }
    }

    /// Names queue and operation.
    pub fn into_error(self, request: Request, queue: &str) -> Error {
        let queue = queue.to_owned();
        let (operation, unusable) = (request.name(), |reason| Error::Unusable {
            queue: queue.clone(),
            reason,
        });
        match self {
            Self::Missing => unusable(format!(
                "there is no such queue: run `minilab topology apply`, or correct `prefix`, `region` and `endpoint` ({operation})"
            )),
            Self::Misconfigured(reason) => unusable(reason),
            Self::Refused(reason) => Error::Refused { queue, reason },
            Self::NotOurs => Error::Unavailable {
                queue,
                operation,
                cause: "the receipt is worth nothing any more".into(),
            },
            Self::Unavailable(reason) => Error::Unavailable {
                queue,
                operation,
                cause: reason.into(),
            },
        }
    }
}

/// Nothing was sent because there is nothing to sign with.
fn of_credentials(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let cause = causes.find_map(|error| error.downcast_ref::<CredentialsError>())?;
    let reason = match cause {
        CredentialsError::CredentialsNotLoaded(_) => "no credentials were found".to_owned(),
        CredentialsError::ProviderTimedOut(_) => "credentials did not arrive in time".to_owned(),
        // Its causes may repeat what a file or a service said, secrets included.
        other => format!("credentials cannot be had: {other}"),
    };
    Some(format!(
        "{reason}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine or pod a role"
    ))
}

/// One line, bounded.
fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let mut line: String = text.chars().take(MESSAGE_CHARS).map(shown).collect();
    if text.chars().count() > MESSAGE_CHARS {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(request: Request, code: &str) -> Error {
        Failure::told(request, 400, code, "says the service").into_error(request, "minilab-jobs-fast")
    }

    #[test]
    fn a_person_is_told_what_to_do() {
        for (request, code, fix) in [
            (
                Request::Send,
                "AWS.SimpleQueueService.NonExistentQueue",
                "minilab topology apply",
            ),
            (Request::Find, "QueueDoesNotExist", "minilab topology apply"),
            (Request::Receive, "AccessDenied", "sqs:ReceiveMessage"),
            (Request::Send, "AccessDeniedException", "sqs:SendMessage"),
            (Request::Send, "KmsAccessDenied", "kms:GenerateDataKey"),
            (Request::Look, "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"),
        ] {
            let error = error(request, code);
            assert!(
                matches!(&error, Error::Unusable { queue, reason } if queue == "minilab-jobs-fast" && reason.contains(fix)),
                "{code}: {error}"
            );
        }
    }

    #[test]
    fn what_passes_is_transient_and_what_never_will_is_refused() {
        for code in [
            "RequestThrottled",
            "ThrottlingException",
            "OverLimit",
            "KmsThrottled",
            "InternalError",
            "",
        ] {
            assert!(error(Request::Send, code).is_transient(), "{code}");
        }
        for code in ["InvalidMessageContents", "BatchRequestTooLong"] {
            assert!(
                matches!(error(Request::Send, code), Error::Refused { .. }),
                "{code}"
            );
        }
    }

    #[test]
    fn a_receipt_that_the_service_refuses_is_not_ours() {
        for request in [Request::Extend, Request::Delete] {
            for code in [
                "ReceiptHandleIsInvalid",
                "AWS.SimpleQueueService.MessageNotInflight",
                "InvalidParameterValue",
            ] {
                assert_eq!(Failure::told(request, 400, code, ""), Failure::NotOurs, "{code}");
            }
        }
    }

    #[test]
    fn a_page_of_html_is_cut() {
        let Failure::Unavailable(reason) = Failure::told(Request::Send, 502, "Bad", &"<p>\n".repeat(999))
        else {
            panic!("it may work later");
        };
        assert!(reason.chars().count() == MESSAGE_CHARS + 1 && !reason.contains('\n'));
    }
}
