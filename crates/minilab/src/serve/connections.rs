//! Connections, and what each may cost: a stranger may open many, send a head byte by byte, or never read an answer.
use std::{
    future::pending,
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::Router;
use hyper::service::{Service as _, service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// For a head, from the first byte that is waited for; so long may a connection also rest between two requests.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// Longest head: the longest key, every byte of it an escape, is 3 KiB.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// Requests of one connection at once, where they share it.
const STREAMS_MAX: u32 = 64;
/// Connections of one listener at once; more wait to be accepted. A process has 1,024 descriptors where nobody says otherwise.
const CONNECTIONS_MAX: usize = 512;
/// How long answers that have begun may take after `stop`: a client that waits for a file or reads slowly must not hold up
/// the end of the process.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// Where the machine has no descriptor left, the next one is not there at once.
const PAUSE: Duration = Duration::from_millis(200);

/// What may be spoken. A connection of HTTP/2 may rest for as long as its client answers pings, so strangers do not get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    Http1,
    Http1AndHttp2,
}

/// Serves until `stop`, then lets running answers end, but not for long.
pub async fn serve(spoken: Spoken, listener: TcpListener, routes: Router, stop: CancellationToken) {
    serve_at_once((spoken, CONNECTIONS_MAX), listener, routes, stop).await;
}

async fn serve_at_once(
    (spoken, connections_max): (Spoken, usize),
    listener: TcpListener,
    routes: Router,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(connections_max));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            let place = Arc::clone(&places)
                .acquire_owned()
                .await
                .expect("it is never closed");
            (accept(&listener).await, place)
        };
        let Some((stream, place)) = stop.run_until_cancelled(accepted).await else {
            break;
        };
        // Those that have ended leave nothing behind.
        while connections.try_join_next().is_some() {}
        let (routes, stop) = (routes.clone(), stop.clone());
        connections.spawn(async move {
            talk(spoken, stream, routes, stop).await;
            drop(place);
        });
    }
    drop(listener);
    // What is left after it is dropped, and with it the connections.
    let _ = timeout(LAST_ANSWERS, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
}

/// The next connection. What fails is one connection's fault, or the machine's, which gets better.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_of_one(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                sleep(PAUSE).await;
            }
        }
    }
}

fn is_of_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

/// One connection, until its client has enough of it. After `stop` it ends with the answer that has begun.
async fn talk(spoken: Spoken, stream: TcpStream, routes: Router, stop: CancellationToken) {
    let http = http(spoken);
    // The protocol is told by the first bytes, which have no time limit of their own.
    let has_asked = AtomicBool::new(false);
    let routes = TowerToHyperService::new(routes);
    let answering = service_fn(|request| {
        has_asked.store(true, Ordering::Relaxed);
        routes.call(request)
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), answering));
    let silent = async {
        sleep(HEAD_WITHIN).await;
        if has_asked.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = silent => return,
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection has ended early");
    }
}

fn http(spoken: Spoken) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES_MAX);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD_WITHIN)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .max_concurrent_streams(STREAMS_MAX);
    match spoken {
        Spoken::Http1 => http.http1_only(),
        Spoken::Http1AndHttp2 => http,
    }
}

#[cfg(test)]
mod tests {
    use axum::{http::StatusCode, routing::get};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::serve::answer;

    const AT_ONCE: usize = 4;

    async fn served() -> (
        std::net::SocketAddr,
        CancellationToken,
        tokio::task::JoinHandle<()>,
    ) {
        let routes = Router::new().route("/livez", get(async || answer::text(StatusCode::OK, "alive\n")));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let serving = tokio::spawn(serve_at_once(
            (Spoken::Http1AndHttp2, AT_ONCE),
            listener,
            routes,
            stop.clone(),
        ));
        (address, stop, serving)
    }

    async fn asked(stream: &mut TcpStream, request: &str) -> String {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_a_head_byte_by_byte_is_hung_up_on_and_others_are_answered() {
        let (address, stop, serving) = served().await;
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"GET /livez HTTP/1.1\r\nHost: local")
            .await
            .unwrap();
        let mut other = TcpStream::connect(address).await.unwrap();
        let answer = asked(
            &mut other,
            "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )
        .await;
        assert!(answer.ends_with("alive\n"), "{answer}");
        // Virtual time: it passes as soon as nobody has anything to do.
        let started = tokio::time::Instant::now();
        let mut rest = Vec::new();
        let _ = slow.read_to_end(&mut rest).await;
        assert!(!String::from_utf8_lossy(&rest).contains("alive"));
        assert!(started.elapsed() <= HEAD_WITHIN + Duration::from_secs(1));
        stop.cancel();
        serving.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_or_half_a_greeting_is_hung_up_on() {
        let (address, stop, serving) = served().await;
        for said in [&b""[..], b"P", b"PRI * HTTP/2.0"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(said).await.unwrap();
            let started = tokio::time::Instant::now();
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            assert!(started.elapsed() <= HEAD_WITHIN + Duration::from_secs(1));
        }
        stop.cancel();
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_head_that_is_too_long_is_refused() {
        let (address, stop, serving) = served().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
            "x".repeat(HEAD_BYTES_MAX * 4)
        );
        // It does not read to the end, and may hang up before all is sent.
        let _ = stream.write_all(head.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
            "{answer}"
        );
        stop.cancel();
        serving.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_holds_all_connections_holds_them_only_for_a_while() {
        let (address, stop, serving) = served().await;
        let mut held = Vec::new();
        for _ in 0..AT_ONCE {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"G").await.unwrap();
            held.push(stream);
        }
        let mut other = TcpStream::connect(address).await.unwrap();
        let answer = asked(
            &mut other,
            "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )
        .await;
        assert!(answer.ends_with("alive\n"), "{answer}");
        stop.cancel();
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_stop_closes_connections_that_rest() {
        let (address, stop, serving) = served().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .unwrap();
        let mut answer = vec![0; 16];
        stream.read_exact(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"));
        stop.cancel();
        serving.await.unwrap();
        assert!(stream.read_to_end(&mut answer).await.is_ok());
    }
}
