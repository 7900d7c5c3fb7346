//! Certificates of SNS, fetched once and kept.
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use minilab_recipe::TopicArn;
use tokio::sync::Semaphore;

use super::{NotVerified, SnsRefusal, certificate::Certificate, path_at};

/// AWS's have 2 KiB.
const BYTES_MAX: usize = 64 << 10;
/// Each region has one at a time, and a few that are no longer used.
const KEPT_MAX: usize = 64;
/// Strangers can have certificates fetched that do not exist; they cannot have many fetched at a time.
const FETCHES_AT_ONCE: usize = 4;
/// SNS waits 15 s for an answer, and jobs must be confirmed after this.
const PATIENCE: Duration = Duration::from_secs(6);

/// Gets what lies at an address of AWS.
#[async_trait]
pub trait Fetch: Send + Sync + fmt::Debug + 'static {
    /// The body of the answer, of at most `bytes_max`, to a GET of an `https` address. No redirect is followed; it returns
    /// within seconds. The caller has checked the host.
    async fn get(&self, address: &str, bytes_max: usize) -> Result<Bytes, FetchError>;
}

/// Why nothing was got.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The server says that there is nothing to be had: an answer that is no success and no failure of the server.
    #[error("{address}: the answer is {status}")]
    Refused {
        /// What was asked for.
        address: String,
        /// Of the answer.
        status: u16,
    },
    /// There is no answer, or none that can be used; there may be one later.
    #[error("{address}: {reason}")]
    Unavailable {
        /// What was asked for.
        address: String,
        /// For people.
        reason: String,
    },
}

/// Certificates by address; only those that were good when they came.
#[derive(Debug)]
pub(super) struct Certificates {
    outside: Arc<dyn Fetch>,
    fetches: Semaphore,
    /// The oldest first.
    kept: Mutex<Vec<(String, Arc<Certificate>)>>,
}

impl Certificates {
    pub(super) fn new(outside: Arc<dyn Fetch>) -> Self {
        Self {
            outside,
            fetches: Semaphore::new(FETCHES_AT_ONCE),
            kept: Mutex::default(),
        }
    }

    /// The certificate at an address that a message of the topic names, if it is one to believe now.
    pub(super) async fn get(
        &self,
        address: &str,
        topic: &TopicArn,
        now: SystemTime,
    ) -> Result<Arc<Certificate>, NotVerified> {
        let field = "SigningCertURL";
        let path = path_at(address, topic).ok_or(SnsRefusal::Address { field })?;
        if !is_file(path) {
            return Err(SnsRefusal::Address { field }.into());
        }
        if let Some(known) = self.known(address) {
            known.check(topic, now)?;
            return Ok(known);
        }
        let pem = match tokio::time::timeout(PATIENCE, self.fetch(address)).await {
            Ok(Ok(pem)) => pem,
            Ok(Err(error @ FetchError::Refused { .. })) => {
                return Err(SnsRefusal::certificate(error).into());
            }
            Ok(Err(error)) => return Err(NotVerified::Unreachable(error)),
            Err(_elapsed) => {
                return Err(NotVerified::Unreachable(FetchError::Unavailable {
                    address: address.to_owned(),
                    reason: format!("no answer within {PATIENCE:?}"),
                }));
            }
        };
        let certificate = Certificate::parse(&pem)?;
        certificate.check(topic, now)?;
        let certificate = Arc::new(certificate);
        self.keep(address, &certificate);
        Ok(certificate)
    }

    async fn fetch(&self, address: &str) -> Result<Bytes, FetchError> {
        let _turn = self.fetches.acquire().await.expect("it is never closed");
        self.outside.get(address, BYTES_MAX).await
    }

    fn known(&self, address: &str) -> Option<Arc<Certificate>> {
        let kept = self.kept();
        let found = kept.iter().find(|(known, _)| known == address);
        found.map(|(_, certificate)| Arc::clone(certificate))
    }

    fn keep(&self, address: &str, certificate: &Arc<Certificate>) {
        let mut kept = self.kept();
        kept.retain(|(known, _)| known != address);
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push((address.to_owned(), Arc::clone(certificate)));
    }

    fn kept(&self) -> MutexGuard<'_, Vec<(String, Arc<Certificate>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file as SNS names them: no query, no escapes, nowhere else.
fn is_file(path: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    path.chars().all(legal) && path.strip_suffix(".pem").is_some_and(|name| !name.is_empty())
}
