//! Peers behind a connection: a bare TCP listener, and sipp over TCP.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use testkit::peers::{Ports, listens_tcp};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::stage::{OFFER, PATIENCE, installed};

/// Listens, and takes one connection after the other.
pub struct Door {
    listener: TcpListener,
}

impl Door {
    pub async fn open() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    /// Listens again where somebody listened before.
    pub async fn again(at: SocketAddr) -> Self {
        Self { listener: TcpListener::bind(at).await.unwrap() }
    }

    pub fn at(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub fn address(&self) -> String {
        format!("sip:{};transport=tcp", self.listener.local_addr().unwrap())
    }

    pub async fn next(&self) -> Line {
        let (stream, _) = timeout(PATIENCE, self.listener.accept()).await.unwrap().unwrap();
        stream.set_nodelay(true).unwrap();
        let contact = format!("<sip:far@{};transport=tcp>", stream.local_addr().unwrap());
        Line::new(stream, contact)
    }

    /// Whether nobody has connected by now.
    pub async fn is_quiet(&self) -> bool {
        timeout(Duration::from_millis(200), self.listener.accept()).await.is_err()
    }
}

/// One connection, as the peer sees it.
pub struct Line<S = TcpStream> {
    pub stream: S,
    contact: String,
    buffer: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    pub fn new(stream: S, contact: String) -> Self {
        Self { stream, contact, buffer: Vec::new() }
    }

    /// The next message that begins so; others are skipped.
    pub async fn hear_at_last(&mut self, start: &str) -> String {
        loop {
            let message = self.hear("").await;
            if message.starts_with(start) {
                return message;
            }
        }
    }

    /// The next message; line ends between messages are skipped.
    pub async fn hear(&mut self, start: &str) -> String {
        loop {
            while self.buffer.starts_with(b"\r\n") {
                self.buffer.drain(..2);
            }
            let text = String::from_utf8_lossy(&self.buffer).into_owned();
            if let Some(head) = text.find("\r\n\r\n") {
                let body: usize = header(&text, "Content-Length").parse().unwrap();
                let whole = head + 4 + body;
                if self.buffer.len() >= whole {
                    let message = String::from_utf8_lossy(&self.buffer[..whole]).into_owned();
                    self.buffer.drain(..whole);
                    assert!(message.starts_with(start), "wanted {start}, got {message}");
                    return message;
                }
            }
            let mut chunk = [0; 4096];
            let n = timeout(PATIENCE, self.stream.read(&mut chunk)).await;
            let n = n.unwrap_or_else(|_| panic!("no {start}; only {text:?}")).unwrap();
            assert!(n > 0, "closed instead of {start}");
            self.buffer.extend_from_slice(&chunk[..n]);
        }
    }

    /// Waits until the other side closes.
    pub async fn closed(&mut self) {
        let mut chunk = [0; 4096];
        let end = async { while !matches!(self.stream.read(&mut chunk).await, Ok(0) | Err(_)) {} };
        timeout(PATIENCE, end).await.expect("the connection stays open");
    }

    pub async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    pub async fn answer(&mut self, request: &str, status: &str) {
        let text = self.response(request, status);
        self.say(&text).await;
    }

    pub fn response(&self, request: &str, status: &str) -> String {
        let answers = status.starts_with("200") && request.starts_with("INVITE");
        let body = if answers { OFFER } else { "" };
        let mut to = header(request, "To").to_owned();
        if !to.contains(";tag=") {
            to.push_str(";tag=far");
        }
        format!(
            "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
             Contact: {}\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{body}",
            header(request, "Via"),
            header(request, "From"),
            header(request, "Call-ID"),
            header(request, "CSeq"),
            self.contact,
            body.len(),
        )
    }
}

/// The value of a header; empty if there is none.
pub fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let start = format!("{name}: ");
    let line = message.lines().find(|line| line.starts_with(&start));
    line.map_or("", |line| &line[start.len()..])
}

/// A running sipp that listens on TCP, one connection for all calls.
pub struct TcpSipp {
    child: Child,
    ports: Ports,
    errors: tempfile::TempDir,
}

impl TcpSipp {
    pub async fn play(scenario: &str, calls: u32) -> Self {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let file = file.join(format!("tests/sipp/{scenario}.xml"));
        let errors = tempfile::tempdir().unwrap();
        let ports = Ports::take();
        let number = ports.first();
        let child = Command::new("sipp")
            .args(["-timeout", "30", "-timeout_error", "-i", "127.0.0.1", "-nostdin"])
            .args(["-t", "t1", "-p", &number.to_string(), "-m", &calls.to_string()])
            .args(["-mi", "127.0.0.1", "-mp", &(number + 4).to_string()])
            .args(["-trace_err", "-error_file", "errors", "-sf"])
            .arg(file)
            .current_dir(errors.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let child = installed(child, "sip-tester");
        listening_tcp(number).await;
        Self { child, ports, errors }
    }

    pub fn address(&self) -> String {
        format!("sip:127.0.0.1:{};transport=tcp", self.ports.first())
    }

    pub async fn passed(mut self) {
        let status = timeout(PATIENCE, self.child.wait()).await;
        let errors = std::fs::read_to_string(self.errors.path().join("errors"));
        let errors = errors.unwrap_or_default();
        let status = status.unwrap_or_else(|_| panic!("sipp does not end: {errors}"));
        assert!(status.unwrap().success(), "sipp failed: {errors}");
    }
}

/// Waits until somebody listens on a TCP port.
pub async fn listening_tcp(port: u16) {
    let taken = async {
        while !listens_tcp(port) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, taken).await.expect("peer does not listen");
}
