//! When a write may be sent again by itself: when the store says that it has not taken the first one.
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::{
    interceptors::context::InterceptorContext, retries::classifiers::RetryClassifierPriority,
};

/// Codes with which S3 turns a request away before it does anything.
const REFUSALS: [&str; 2] = ["SlowDown", "ServiceUnavailable"];

/// Is it the code of a request that was turned away unapplied?
pub(super) fn is_refusal(code: &str) -> bool {
    REFUSALS.contains(&code)
}

/// Forbids what the SDK would repeat besides: after a timeout, a reset or a 500 the write may have happened, and a
/// second one could overwrite what somebody else wrote in between.
#[derive(Debug)]
pub(super) struct OnlyRefused;

impl ClassifyRetry for OnlyRefused {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        use aws_sdk_s3::{
            error::ProvideErrorMetadata as _,
            operation::{delete_object::DeleteObjectError, put_object::PutObjectError},
        };
        let error = context
            .output_or_error()
            .and_then(Result::err)
            .and_then(|error| error.as_operation_error());
        let code = error.and_then(|error| {
            error
                .downcast_ref::<PutObjectError>()
                .and_then(|error| error.code())
                .or_else(|| {
                    error
                        .downcast_ref::<DeleteObjectError>()
                        .and_then(|error| error.code())
                })
        });
        match code {
            Some(code) if is_refusal(code) => RetryAction::throttling_error(),
            Some(_) | None => RetryAction::RetryForbidden,
        }
    }

    fn name(&self) -> &'static str {
        "only refused writes"
    }

    /// The last word.
    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}
