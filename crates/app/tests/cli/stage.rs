//! What every test here needs: a server that answers as told, and a run of the program.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tempfile::TempDir;

/// No test waits longer for anything; it says that something hangs, not that it is slow.
const PATIENCE: Duration = Duration::from_secs(25);

pub const ID: &str = "0192f0c1-7a6b-7c3d-8e4f-000000000001";

/// What the server does with one request.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    /// Status and body.
    Json(u16, &'static str),
    /// A whole event stream.
    Stream(&'static str),
    /// Hangs up when the request is in.
    Cut,
    /// Never answers.
    Silence,
}

/// A request as it arrived.
#[derive(Debug)]
pub struct Seen {
    /// Method and path with query.
    pub line: String,
    head: String,
    pub body: String,
}

impl Seen {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// A server that gives its replies in order, the last one again and again.
pub struct Server {
    pub port: u16,
    seen: Receiver<Seen>,
}

impl Server {
    pub fn new(replies: &[Reply]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // Far more than any test sends; a full queue would hold the server up and fail the test.
        let (tell, seen) = sync_channel(64);
        let replies = replies.to_vec();
        std::thread::spawn(move || serve(&listener, &replies, &tell));
        Self { port, seen }
    }

    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The next request, waited for.
    pub fn next(&self) -> Seen {
        self.seen.recv_timeout(PATIENCE).expect("no request came")
    }

    /// How many requests have come that nobody has looked at.
    pub fn unseen(&self) -> usize {
        self.seen.try_iter().count()
    }
}

fn serve(listener: &TcpListener, replies: &[Reply], tell: &SyncSender<Seen>) {
    let mut silent = Vec::new();
    for nth in 0.. {
        let Ok((mut socket, _)) = listener.accept() else {
            return;
        };
        // A peer that speaks no HTTP, such as one that begins TLS, gets what it deserves.
        let Some(request) = request(&mut socket) else {
            continue;
        };
        if tell.send(request).is_err() {
            return;
        }
        let (kind, status, body) = match replies[nth.min(replies.len() - 1)] {
            Reply::Json(status, body) => ("application/json", status, body),
            Reply::Stream(body) => ("text/event-stream", 200, body),
            Reply::Cut => continue,
            Reply::Silence => {
                silent.push(socket);
                continue;
            }
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
             Location: http://127.0.0.1:9/\r\nConnection: close\r\n\r\n"
        );
        let _ = socket.write_all(head.as_bytes());
        let _ = socket.write_all(body.as_bytes());
    }
}

fn request(socket: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let n = socket.read(&mut piece).ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&piece[..n]);
        if bytes.first().is_some_and(|b| !b.is_ascii_uppercase()) {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let (line, head) = head.split_once("\r\n")?;
        let line = line.trim_end_matches(" HTTP/1.1").to_owned();
        let seen = Seen { line, head: head.to_owned(), body: body.to_owned() };
        let length = seen.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
        if seen.body.len() >= length {
            return Some(seen);
        }
    }
}

/// The program with an environment and a home of its own.
pub struct Waihu {
    pub home: TempDir,
    environment: Vec<(String, String)>,
}

/// What a run left behind.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Waihu {
    /// Without key and server.
    pub fn bare() -> Self {
        Self { home: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    /// With a key, at this server.
    pub fn at(server: &Server) -> Self {
        let base = server.base();
        Self::bare().with("STEPONEAI_API_KEY", "sk_environment").with("STEPONEAI_API_BASE", &base)
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file under the home directory.
    pub fn file(&self, path: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// Starts it and comes back at once.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waihu"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
