//! What is got from AWS over HTTPS by its address: certificates, and confirmations of subscriptions.
use std::{io, time::Duration};

use async_trait::async_trait;
use axum::http::{Request, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connect, HttpConnector},
    },
    rt::TokioExecutor,
};
use minilab_dispatcher::{Fetch, FetchError};

/// From the first packet to the last byte. SNS waits 15 s for us.
const WITHIN: Duration = Duration::from_secs(5);

/// A client that follows no redirect, keeps nothing and waits for nobody.
#[derive(Debug, Clone)]
pub struct Fetcher<C> {
    client: Client<C, Empty<Bytes>>,
    within: Duration,
}

/// Over TLS alone, with the roots of this machine.
pub fn over_tls() -> io::Result<Fetcher<HttpsConnector<HttpConnector>>> {
    let connector = HttpsConnectorBuilder::new().with_native_roots()?;
    Ok(Fetcher::new(
        connector.https_only().enable_http1().build(),
        WITHIN,
    ))
}

impl<C: Connect + Clone + Send + Sync + 'static> Fetcher<C> {
    fn new(connector: C, within: Duration) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            within,
        }
    }

    async fn fetched(&self, address: &str, bytes_max: usize) -> Result<Bytes, FetchError> {
        let unavailable = |reason: &dyn std::fmt::Display| FetchError::Unavailable {
            address: address.to_owned(),
            reason: reason.to_string(),
        };
        let uri: Uri = address.parse().map_err(|error| unavailable(&error))?;
        let request = Request::get(uri).body(Empty::new());
        let request = request.expect("a GET of an address is a request");
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|error| unavailable(&Causes(&error)))?;
        match answer.status().as_u16() {
            200..=299 => {}
            // Too slow, too often: neither says what is there.
            status @ (408 | 429 | 500..) => return Err(unavailable(&format!("the answer is {status}"))),
            status => {
                return Err(FetchError::Refused {
                    address: address.to_owned(),
                    status,
                });
            }
        }
        let body = Limited::new(answer.into_body(), bytes_max).collect().await;
        let body = body.map_err(|error| unavailable(&Causes(&*error)))?;
        Ok(body.to_bytes())
    }
}

#[async_trait]
impl<C> Fetch for Fetcher<C>
where
    C: Connect + Clone + std::fmt::Debug + Send + Sync + 'static,
{
    async fn get(&self, address: &str, bytes_max: usize) -> Result<Bytes, FetchError> {
        let fetched = tokio::time::timeout(self.within, self.fetched(address, bytes_max)).await;
        fetched.unwrap_or_else(|_elapsed| {
            Err(FetchError::Unavailable {
                address: address.to_owned(),
                reason: format!("no answer within {:?}", self.within),
            })
        })
    }
}

/// An error with what lies below it: a client says no more than `client error (Connect)` by itself.
struct Causes<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// A server that answers every request with these bytes, or never.
    async fn served(answer: Option<&'static str>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 1024]).await;
                    match answer {
                        Some(answer) => {
                            let _ = stream.write_all(answer.as_bytes()).await;
                        }
                        None => std::future::pending().await,
                    }
                });
            }
        });
        format!("http://{address}/a.pem")
    }

    async fn got(answer: Option<&'static str>) -> Result<Bytes, FetchError> {
        let address = served(answer).await;
        let fetcher = Fetcher::new(HttpConnector::new(), Duration::from_millis(500));
        fetcher.get(&address, 8).await
    }

    #[tokio::test]
    async fn what_is_there_is_got() {
        let got = got(Some("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n12345678")).await;
        assert_eq!(got.unwrap(), "12345678");
    }

    #[tokio::test]
    async fn no_more_is_read_than_asked() {
        let got = got(Some("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789")).await;
        assert!(matches!(got, Err(FetchError::Unavailable { .. })), "{got:?}");
    }

    #[tokio::test]
    async fn redirects_are_not_followed_and_refusals_are_told_from_failures() {
        let moved = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
        for (answer, wanted) in [
            (moved, 302),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404),
        ] {
            let got = got(Some(answer)).await;
            assert!(
                matches!(got, Err(FetchError::Refused { status, .. }) if status == wanted),
                "{got:?}"
            );
        }
        let got = got(Some("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")).await;
        assert!(matches!(got, Err(FetchError::Unavailable { .. })), "{got:?}");
    }

    #[tokio::test]
    async fn who_does_not_answer_is_not_waited_for() {
        let got = got(None).await;
        assert!(
            matches!(&got, Err(FetchError::Unavailable { reason, .. }) if reason.contains("no answer")),
            "{got:?}"
        );
    }

    #[tokio::test]
    async fn only_tls_is_spoken_outside_of_tests() {
        let address = served(Some("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")).await;
        let got = over_tls().unwrap().get(&address, 8).await;
        assert!(matches!(got, Err(FetchError::Unavailable { .. })), "{got:?}");
    }
}
