//! The program as a process: what it printed, signals, how it ended. It is killed with its test.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::api::Api;
use super::{SOON, until};

/// A run of `waihu` with an environment of its own.
pub struct Waihu {
    child: Child,
    stdout: Printed,
    stderr: Printed,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// -1 if a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

struct Printed {
    text: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Printed {
    fn of(pipe: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let sink = text.clone();
        let reader = tokio::spawn(async move {
            let mut lines = BufReader::new(pipe).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut text = sink.lock().unwrap();
                text.push_str(&line);
                text.push('\n');
            }
        });
        Self { text, reader }
    }

    fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }
}

/// The compiled program with nothing of our own environment but where programs are.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waihu"));
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    command.env_clear().env("PATH", path).env("HOME", "/nonexistent").env("LANG", "en_US.UTF-8");
    command
}

impl Waihu {
    /// Starts it.
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = command();
        command.args(arguments);
        Self::spawn(command)
    }

    /// From now on nobody reads what it prints, on either side, as when a terminal is closed.
    pub fn unread(&self) {
        self.stdout.reader.abort();
        self.stderr.reader.abort();
    }

    /// Starts what was put together elsewhere.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            stdout: Printed::of(child.stdout.take().unwrap()),
            stderr: Printed::of(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Runs it to its end.
    pub async fn run(arguments: &[&str]) -> Ended {
        Self::start(arguments).ended(SOON).await
    }

    /// What follows `label` in what was printed to either side; waited for.
    pub async fn line(&mut self, label: &str) -> String {
        let asking = until(label, SOON, async || {
            let text = self.stdout.text() + &self.stderr.text();
            let line = text.lines().find_map(|l| l.strip_prefix(label));
            line.map(str::to_owned)
        });
        tokio::select! {
            line = asking => return line,
            _ = self.child.wait() => {}
        }
        // What it printed last may still be on its way to us.
        for _ in 0..100 {
            if let Some(line) = self.told(label) {
                return line;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no {label:?}; it ended: {}", self.stderr.text());
    }

    /// What follows `label` in what was printed so far.
    pub fn told(&self, label: &str) -> Option<String> {
        let text = self.stdout.text() + &self.stderr.text();
        text.lines().find_map(|l| l.strip_prefix(label)).map(str::to_owned)
    }

    pub fn id(&self) -> u32 {
        self.child.id().expect("it has ended")
    }

    /// Sends a signal such as `TERM`.
    pub async fn signal(&self, name: &str) {
        assert!(self.signal_if_there(name).await, "it has ended");
    }

    /// Sends a signal to a program that may end meanwhile; whether it took it.
    async fn signal_if_there(&self, name: &str) -> bool {
        let Some(id) = self.child.id() else { return false };
        let kill = format!("kill -{name} {id}");
        Command::new("sh").args(["-c", &kill]).status().await.is_ok_and(|s| s.success())
    }

    /// Kills it as a power cut would.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits for its end.
    pub async fn ended(mut self, at_most: Duration) -> Ended {
        let status = tokio::time::timeout(at_most, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| {
            panic!("it still runs; {}{}", self.stdout.text(), self.stderr.text())
        });
        let _ = (&mut self.stdout.reader).await;
        let _ = (&mut self.stderr.reader).await;
        Ended {
            code: status.unwrap().code().unwrap_or(-1),
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        }
    }

    pub fn still_runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

/// A `waihu serve` that is ready.
pub struct Server {
    pub waihu: Waihu,
    pub api: Api,
}

impl Server {
    /// In this data directory, on ports of its own, with these settings; `arguments` are added.
    pub async fn start(data: &Path, settings: &str, arguments: &[&str]) -> Self {
        Self::start_at(data, settings, "127.0.0.1:0", arguments).await
    }

    /// The same, with this address for SIP.
    pub async fn start_at(data: &Path, settings: &str, sip: &str, arguments: &[&str]) -> Self {
        let config = data.join("waihu.toml");
        std::fs::create_dir_all(data).unwrap();
        std::fs::write(&config, settings).unwrap();
        let (data, config) = (data.to_str().unwrap(), config.to_str().unwrap());
        let mut command = command();
        command
            .args(["serve", "--http", "127.0.0.1:0", "--sip", sip])
            .args(["--data-dir", data, "--config", config])
            .args(arguments);
        let mut waihu = Waihu::spawn(command);
        let base = waihu.line("http: ").await;
        waihu.line("docs: ").await;
        let key = Waihu::run(&["key", "create", "--data-dir", data]).await;
        assert_eq!(key.code, 0, "{}", key.stderr);
        let api = Api::new(&base, key.stdout.trim());
        Self { waihu, api }
    }

    /// Ends it without waiting for its calls.
    pub async fn stop_now(mut self) {
        self.waihu.signal("TERM").await;
        self.waihu.line("stopping").await;
        // With no call running it may be gone already.
        self.waihu.signal_if_there("TERM").await;
        let ended = self.waihu.ended(SOON).await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }

    /// Stops it in peace, and has its books checked.
    pub async fn stop(self, data: &Path) {
        self.waihu.signal("TERM").await;
        let ended = self.waihu.ended(SOON).await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        books_add_up(data).await;
    }
}

/// `waihu doctor` reads the ledger from the disk.
pub async fn books_add_up(data: &Path) {
    let data = data.to_str().unwrap();
    let doctor = Waihu::run(&["doctor", "--json", "--data-dir", data]).await;
    let report: serde_json::Value = serde_json::from_str(&doctor.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let store = findings.iter().find(|f| f["part"] == "store").unwrap();
    assert_eq!(store["ok"], true, "{store}");
    let text = store["text"].as_str().unwrap();
    assert!(text.contains("adds up") && !text.contains("ledger of 0 "), "{text}");
}

/// A `waihu lab` in a process of its own.
pub struct ExternalLab {
    waihu: Waihu,
    pub address: String,
    out: tempfile::TempDir,
}

impl ExternalLab {
    pub async fn start() -> Self {
        let out = tempfile::tempdir().unwrap();
        let dir = out.path().to_str().unwrap();
        let mut waihu = Waihu::start(&["lab", "--sip", "127.0.0.1:0", "--out", dir]);
        let address = waihu.line("lab (simulated): sip udp ").await;
        let address = format!("sip:{address}");
        Self { waihu, address, out }
    }

    /// Ends it, and every call that it still has; one report per INVITE that came.
    pub async fn reports(self) -> Vec<serde_json::Value> {
        self.waihu.signal("INT").await;
        self.waihu.ended(SOON).await;
        written(&self.out)
    }

    /// The reports of calls that have ended so far.
    pub fn seen(&self) -> Vec<serde_json::Value> {
        written(&self.out)
    }
}

/// What stands in the lab's file; a line that is being written does not count yet.
fn written(out: &tempfile::TempDir) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(out.path().join("calls.jsonl")).unwrap_or_default();
    let whole = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
    whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
