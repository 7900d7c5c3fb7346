//! Each fault of the proxy does what it says, to a server of a few lines, and is counted.
#![expect(clippy::unwrap_used, reason = "support code of tests is test code")]

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use minilab_tests::proxy::{Condition, Fault, HttpFault, HttpProxy, Link, S3Error, Side};

/// More than any answer takes here; what is never answered is given up sooner.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_millis(300);

/// Says back whatever it hears.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    address
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(ANSWER_WITHIN)).unwrap();
    stream
}

fn exchanged(mut stream: &TcpStream, said: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(said)?;
    let mut heard = vec![0; said.len()];
    stream.read_exact(&mut heard)?;
    Ok(heard)
}

/// Reads until the end, which must be a reset.
fn heard_before_reset(mut stream: &TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    let end = stream.read_to_end(&mut heard).expect_err("a reset");
    assert_eq!(end.kind(), ErrorKind::ConnectionReset, "{end}");
    heard
}

#[test]
fn fair_link_passes_all_and_ends_when_its_sides_do() {
    let link = Link::start(echo()).unwrap();
    let mut stream = connect(link.address());
    let said = vec![7; 1_000_000];
    let mut sending = stream.try_clone().unwrap();
    let sent = said.clone();
    thread::spawn(move || {
        sending.write_all(&sent).unwrap();
        sending.shutdown(Shutdown::Write).unwrap();
    });
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).unwrap();
    assert_eq!(heard, said);
    for fault in [
        Fault::Reset,
        Fault::Swallowed,
        Fault::Cut,
        Fault::Refused,
        Fault::Withheld,
    ] {
        assert_eq!(link.hits(fault), 0, "{fault:?}");
    }
}

#[test]
fn link_is_reset_after_so_many_bytes_of_a_side() {
    for (side, bytes) in [(Side::Server, 7), (Side::Client, 5), (Side::Server, 3)] {
        let link = Link::start(echo()).unwrap();
        link.reset_after(side, bytes);
        let (first, second) = (connect(link.address()), connect(link.address()));
        assert_eq!(exchanged(&first, b"ab").unwrap(), b"ab");
        assert_eq!(link.hits(Fault::Reset), 0);
        (&first).write_all(b"cdefghij").unwrap();
        let heard = heard_before_reset(&first);
        if side == Side::Server {
            assert_eq!(heard, b"cdefghij"[..bytes - 2], "after {bytes}");
        }
        assert_eq!(link.hits(Fault::Reset), 1);
        assert_eq!(exchanged(&second, b"spared").unwrap(), b"spared");
    }
}

#[test]
fn swallowed_answer_reaches_nobody_though_the_server_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let link = Link::start(listener.local_addr().unwrap()).unwrap();
    let stream = connect(link.address());
    let (mut server, _) = listener.accept().unwrap();
    link.swallow_answer();
    (&stream).write_all(b"do it").unwrap();
    let mut heard = [0; 5];
    server.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"do it");
    server.write_all(b"done").unwrap();
    assert_eq!(heard_before_reset(&stream), b"");
    assert_eq!(link.hits(Fault::Swallowed), 1);
}

#[test]
fn answer_that_is_not_the_one_to_be_swallowed_passes() {
    let link = Link::start(echo()).unwrap();
    link.swallow_answer_of(|piece| piece == b"confirmed");
    let stream = connect(link.address());
    assert_eq!(exchanged(&stream, b"delivered").unwrap(), b"delivered");
    (&stream).write_all(b"confirmed").unwrap();
    assert_eq!(heard_before_reset(&stream), b"");
    assert_eq!(link.hits(Fault::Swallowed), 1);
}

#[test]
fn cut_resets_every_open_connection_and_no_later_one() {
    let link = Link::start(echo()).unwrap();
    let open = [connect(link.address()), connect(link.address())];
    for stream in &open {
        exchanged(stream, b"open").unwrap();
    }
    link.cut();
    for stream in &open {
        assert_eq!(heard_before_reset(stream), b"");
    }
    assert_eq!(link.hits(Fault::Cut), 2);
    assert_eq!(exchanged(&connect(link.address()), b"later").unwrap(), b"later");
}

#[test]
fn refusing_link_resets_new_connections_and_spares_open_ones() {
    let link = Link::start(echo()).unwrap();
    let open = connect(link.address());
    exchanged(&open, b"open").unwrap();
    link.set(Condition::Refusing);
    assert_eq!(heard_before_reset(&connect(link.address())), b"");
    assert_eq!(link.hits(Fault::Refused), 1);
    assert_eq!(exchanged(&open, b"still").unwrap(), b"still");
    link.mend();
    assert_eq!(exchanged(&connect(link.address()), b"again").unwrap(), b"again");
}

#[test]
fn black_hole_holds_old_and_new_connections_until_it_is_mended() {
    let link = Link::start(echo()).unwrap();
    let old = connect(link.address());
    exchanged(&old, b"old").unwrap();
    link.set(Condition::BlackHole);
    let new = connect(link.address());
    for mut stream in [&old, &new] {
        stream.write_all(b"held").unwrap();
        stream.set_read_timeout(Some(SILENCE)).unwrap();
        let silence = stream.read(&mut [0; 4]).expect_err("nothing passes");
        assert_eq!(silence.kind(), ErrorKind::WouldBlock);
        stream.set_read_timeout(Some(ANSWER_WITHIN)).unwrap();
    }
    assert_eq!(link.hits(Fault::Withheld), 2);
    link.mend();
    for mut stream in [&old, &new] {
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"held");
    }
}

#[test]
fn delayed_link_takes_its_time_both_ways() {
    let link = Link::start(echo()).unwrap();
    let stream = connect(link.address());
    link.set(Condition::Delayed(SILENCE));
    let asked = Instant::now();
    assert_eq!(exchanged(&stream, b"slow").unwrap(), b"slow");
    assert!(asked.elapsed() >= 2 * SILENCE, "{:?}", asked.elapsed());
    assert_eq!(link.hits(Fault::Delayed), 2);
}

#[test]
fn trickling_link_keeps_to_its_rate() {
    let link = Link::start(echo()).unwrap();
    let stream = connect(link.address());
    link.set(Condition::Trickling(2000));
    let asked = Instant::now();
    assert_eq!(exchanged(&stream, &[1; 1000]).unwrap(), [1; 1000]);
    let took = asked.elapsed();
    assert!(
        took >= Duration::from_millis(400),
        "{took:?} for half a second's bytes"
    );
    assert!(link.hits(Fault::Trickled) >= 2);
    link.mend();
    assert_eq!(exchanged(&stream, &vec![2; 100_000]).unwrap(), vec![2; 100_000]);
}

/// A server that remembers which requests it has done, and answers with the body it got, in chunks if the path says so.
struct Store {
    address: SocketAddr,
    done: Arc<Mutex<Vec<String>>>,
}

impl Store {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let done = Arc::new(Mutex::default());
        let remembering = Arc::clone(&done);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let done = Arc::clone(&remembering);
                thread::spawn(move || while Self::answer(stream.as_ref().unwrap(), &done) {});
            }
        });
        Self { address, done }
    }

    fn answer(mut stream: &TcpStream, done: &Mutex<Vec<String>>) -> bool {
        let Some((start, headers)) = head_of(stream) else {
            return false;
        };
        let asked = start.rsplit_once(' ').unwrap().0.to_owned();
        if headers.contains("expect: 100-continue") {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        }
        let body = body_of(stream, &headers);
        done.lock().unwrap().push(asked.clone());
        if asked.starts_with("HEAD") {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n";
            return stream.write_all(head).is_ok();
        }
        if !asked.ends_with("chunked") {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            return stream.write_all(&[head.as_bytes(), &body].concat()).is_ok();
        }
        let mut answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        for chunk in body.chunks(10) {
            answer.extend(format!("{:x};note=1\r\n", chunk.len()).bytes());
            answer.extend(chunk);
            answer.extend(b"\r\n");
        }
        answer.extend(b"0\r\ntrailer: yes\r\n\r\n");
        stream.write_all(&answer).is_ok()
    }

    fn done(&self) -> Vec<String> {
        self.done.lock().unwrap().clone()
    }
}

fn line_of(mut stream: &TcpStream) -> Option<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        line.extend(byte);
    }
    Some(String::from_utf8(line).unwrap().trim_end().to_owned())
}

/// First line, and the headers in lower case.
fn head_of(stream: &TcpStream) -> Option<(String, String)> {
    let start = line_of(stream)?;
    let mut headers = String::new();
    loop {
        match line_of(stream)?.to_lowercase() {
            line if line.is_empty() => return Some((start, headers)),
            line => headers += &(line + "\n"),
        }
    }
}

fn body_of(mut stream: &TcpStream, headers: &str) -> Vec<u8> {
    let mut body = Vec::new();
    if headers.contains("transfer-encoding: chunked") {
        loop {
            let line = line_of(stream).unwrap();
            let size = usize::from_str_radix(line.split(';').next().unwrap(), 16).unwrap();
            if size == 0 {
                while !line_of(stream).unwrap().is_empty() {}
                return body;
            }
            let mut chunk = vec![0; size + 2];
            stream.read_exact(&mut chunk).unwrap();
            body.extend(&chunk[..size]);
        }
    }
    let length = headers.lines().find_map(|l| l.strip_prefix("content-length: "));
    body.resize(length.map_or(0, |l| l.parse().unwrap()), 0);
    stream.read_exact(&mut body).unwrap();
    body
}

/// Status and body of a request on a connection that stays open.
fn ask(mut stream: &TcpStream, start: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
    let head = format!(
        "{start} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
    let (status, headers) = head_of(stream)?;
    let status = status.split(' ').nth(1).unwrap().parse().unwrap();
    let body = if start.starts_with("HEAD") {
        Vec::new()
    } else {
        body_of(stream, &headers)
    };
    Some((status, body))
}

#[test]
fn requests_of_all_framings_pass_over_one_connection() {
    let store = Store::start();
    let proxy = HttpProxy::start(store.address).unwrap();
    let mut stream = connect(proxy.link().address());
    let body = vec![b'x'; 100_000];
    for start in [
        "GET /a",
        "PUT /b",
        "HEAD /c",
        "PUT /chunked",
        "GET /d/chunked",
        "DELETE /e",
    ] {
        let sent = if start.starts_with("PUT") {
            body.as_slice()
        } else {
            b""
        };
        assert_eq!(ask(&stream, start, sent), Some((200, sent.to_vec())), "{start}");
    }
    stream
        .write_all(b"PUT /f HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nt: 1\r\n\r\n")
        .unwrap();
    let (_, headers) = head_of(&stream).unwrap();
    assert_eq!(body_of(&stream, &headers), b"abcde");
    stream
        .write_all(b"PUT /g HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        .unwrap();
    assert_eq!(head_of(&stream).unwrap().0, "HTTP/1.1 100 Continue");
    stream.write_all(b"go").unwrap();
    let (_, headers) = head_of(&stream).unwrap();
    assert_eq!(body_of(&stream, &headers), b"go");
    assert_eq!(store.done().len(), 8);
}

#[test]
fn proxy_answers_the_next_matching_requests_itself() {
    for (error, status) in [
        (S3Error::SlowDown, 503),
        (S3Error::InternalError, 500),
        (S3Error::ConditionalRequestConflict, 409),
        (S3Error::PreconditionFailed, 412),
    ] {
        let store = Store::start();
        let proxy = HttpProxy::start(store.address).unwrap();
        let stream = connect(proxy.link().address());
        proxy.fail_next(2, HttpFault::Answer(error), |request| {
            request.method != "GET"
                && request.path.starts_with("/state/")
                && request.header("HOST") == Some("x")
        });
        assert_eq!(ask(&stream, "GET /state/a", b"").unwrap().0, 200);
        assert_eq!(ask(&stream, "PUT /other/a", b"a").unwrap().0, 200);
        let (said, body) = ask(&stream, "PUT /state/a", &vec![1; 50_000]).unwrap();
        assert_eq!(said, status);
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains(&format!("<Code>{error:?}</Code>")), "{body}");
        assert_eq!(ask(&stream, "HEAD /state/a", b"").unwrap().0, status);
        assert_eq!(ask(&stream, "PUT /state/a", b"a").unwrap().0, 200);
        assert_eq!(proxy.hits(Fault::Answered(error)), 2);
        assert_eq!(store.done(), ["GET /state/a", "PUT /other/a", "PUT /state/a"]);
    }
}

#[test]
fn refused_client_that_waits_to_continue_never_sends_its_body() {
    let store = Store::start();
    let proxy = HttpProxy::start(store.address).unwrap();
    proxy.fail_next(1, HttpFault::Answer(S3Error::SlowDown), |_| true);
    let mut stream = connect(proxy.link().address());
    stream
        .write_all(b"PUT /g HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        .unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 503 "), "{said}");
    assert_eq!(store.done(), [""; 0]);
}

#[test]
fn swallowed_request_is_done_and_its_client_does_not_hear() {
    let store = Store::start();
    let proxy = HttpProxy::start(store.address).unwrap();
    proxy.fail_next(2, HttpFault::Swallow, |request| request.method == "PUT");
    for path in ["PUT /a", "PUT /b/chunked"] {
        let stream = connect(proxy.link().address());
        assert_eq!(ask(&stream, "GET /before", b"").unwrap().0, 200);
        let head = format!("{path} HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
        (&stream).write_all(head.as_bytes()).unwrap();
        assert_eq!(heard_before_reset(&stream), b"", "{path}");
    }
    assert_eq!(proxy.hits(Fault::Swallowed), 2);
    let later = connect(proxy.link().address());
    assert_eq!(ask(&later, "PUT /c", b"abc"), Some((200, b"abc".to_vec())));
    assert_eq!(
        store.done(),
        ["GET /before", "PUT /a", "GET /before", "PUT /b/chunked", "PUT /c"]
    );
}

#[test]
fn mended_proxy_forgets_what_it_was_asked_for() {
    let store = Store::start();
    let proxy = HttpProxy::start(store.address).unwrap();
    proxy.fail_next(9, HttpFault::Answer(S3Error::SlowDown), |_| true);
    proxy.link().reset_after(Side::Client, 3);
    proxy.link().set(Condition::BlackHole);
    proxy.mend();
    let stream = connect(proxy.link().address());
    assert_eq!(ask(&stream, "PUT /a", b"abc"), Some((200, b"abc".to_vec())));
    assert_eq!(proxy.hits(Fault::Answered(S3Error::SlowDown)), 0);
}
