//! The callees of whole calls: the lab in a process of its own, and customers who watch.

use std::io::BufRead;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use lab::{CallReport, Lab, LabConfig};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::Failure;
use crate::machine;
use crate::partner::Partner;
use crate::probe::Probe;
use crate::spread::Percentiles;

/// How the callees are started.
#[derive(Args, Clone, Debug)]
pub struct CalleesArgs {
    /// Core to run on.
    #[arg(long)]
    core: Option<usize>,
    /// Seed of what is left to chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to write what was heard.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Told first.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Door {
    /// Where calls go.
    pub sip: SocketAddr,
}

/// What the callees are told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Wish {
    /// Watch a call as a customer does: server-sent events of the callout dialect.
    Watch {
        /// Where HTTP is.
        http: SocketAddr,
        /// A key of the account.
        key: String,
        /// The call.
        call: String,
    },
    /// Tell what was heard in calls that are over, and how this process fares.
    Tell,
}

/// What the callees tell.
#[derive(Debug, Serialize, Deserialize)]
pub struct Told {
    /// Reports of calls that are over, as the lab writes them; the last few thousand.
    pub reports: Vec<Value>,
    /// How late a thread that sleeps for 20 ms at a time wakes up here.
    pub lateness: Percentiles,
    /// Time on the processor, ns.
    pub ran_ns: u64,
    /// Streams that are open, and events that came over all of them.
    pub streams: (u64, u64),
}

/// The callees' process as its owner sees it.
pub struct Callees {
    partner: Partner,
    /// Where calls go.
    pub sip: SocketAddr,
}

impl Callees {
    /// Starts them.
    pub fn start(core: Option<usize>, seed: u64, out: Option<&PathBuf>) -> Result<Self, Failure> {
        let mut words = vec!["callees".to_owned(), "--seed".to_owned(), seed.to_string()];
        if let Some(core) = core {
            words.extend(["--core".to_owned(), core.to_string()]);
        }
        if let Some(out) = out {
            words.extend(["--out".to_owned(), out.display().to_string()]);
        }
        let mut partner = Partner::start(&words)?;
        let door: Door = partner.hear()?;
        Ok(Self { partner, sip: door.sip })
    }

    /// Has a call watched.
    pub fn watch(&mut self, http: SocketAddr, key: &str, call: &str) -> Result<(), Failure> {
        self.partner.tell(&Wish::Watch { http, key: key.to_owned(), call: call.to_owned() })
    }

    /// What was heard.
    pub fn told(&mut self) -> Result<Told, Failure> {
        self.partner.tell(&Wish::Tell)?;
        self.partner.hear()
    }

    /// Ends them.
    pub fn end(self) -> Result<(), Failure> {
        self.partner.end()
    }
}

/// Answers calls until nobody asks any more.
pub fn run(args: &CalleesArgs) -> Result<(), Failure> {
    machine::raise_descriptors();
    if let Some(core) = args.core {
        machine::pin_to(core)?;
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime?.block_on(answer(args))
}

async fn answer(args: &CalleesArgs) -> Result<(), Failure> {
    let config = LabConfig {
        seed: args.seed,
        language: Some(domain::Language::Zh),
        codecs: vec![lab::CodecId::Pcma],
        out_dir: args.out.clone(),
        max_calls: 20_000,
        ..LabConfig::default()
    };
    let lab = Lab::start(config).await?;
    say(&Door { sip: lab.local_addr() })?;
    let probe = Probe::start(None)?;
    let streams = Arc::new(Streams::default());
    let mut wishes = wishes()?;
    while let Some(wish) = wishes.recv().await {
        match wish {
            Wish::Watch { http, key, call } => {
                tokio::spawn(streams.clone().follow(http, key, call));
            }
            Wish::Tell => say(&Told {
                reports: lab.reports().iter().map(report).collect::<Result<_, _>>()?,
                lateness: probe.percentiles(),
                ran_ns: machine::thread_times()?.values().map(|t| t.ran).sum(),
                streams: streams.count(),
            })?,
        }
    }
    lab.shutdown().await;
    Ok(())
}

/// A report with the number in full: no telephone has it.
fn report(report: &CallReport) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::to_value(report)?;
    value["dialled"] = report.number.as_ref().map(|n| n.reveal()).into();
    Ok(value)
}

fn say<T: Serialize>(what: &T) -> Result<(), Failure> {
    let mut line = serde_json::to_string(what)?;
    line.push('\n');
    std::io::Write::write_all(&mut std::io::stdout().lock(), line.as_bytes())?;
    Ok(())
}

/// Standard input, read by a thread of its own; the queue is bounded, and its writer waits.
fn wishes() -> Result<mpsc::Receiver<Wish>, Failure> {
    let (to, from) = mpsc::channel(64);
    std::thread::Builder::new().name("wishes".to_owned()).spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let Ok(wish) = serde_json::from_str(&line) else { return };
            if to.blocking_send(wish).is_err() {
                return;
            }
        }
    })?;
    Ok(from)
}

#[derive(Default)]
struct Streams {
    open: AtomicU64,
    events: AtomicU64,
}

impl Streams {
    fn count(&self) -> (u64, u64) {
        (self.open.load(Ordering::Relaxed), self.events.load(Ordering::Relaxed))
    }

    async fn follow(self: Arc<Self>, http: SocketAddr, key: String, call: String) {
        self.open.fetch_add(1, Ordering::Relaxed);
        let read = self.read(http, &key, &call).await;
        if let Err(error) = read {
            eprintln!("bench: a stream broke: {error}");
        }
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    async fn read(&self, http: SocketAddr, key: &str, call: &str) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(http).await?;
        let body = format!("{{\"call_id\":\"{call}\"}}");
        let head = format!(
            "POST /api/v1/callinfo/stream_chat_history HTTP/1.1\r\nHost: {http}\r\n\
             X-API-Key: {key}\r\nX-Skill-Version: {}\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            callout::SKILL_VERSION,
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        let mut buffer = [0; 4_096];
        loop {
            let n = stream.read(&mut buffer).await?;
            if n == 0 {
                return Ok(());
            }
            let events = buffer[..n].windows(6).filter(|w| w == b"data: ").count();
            self.events.fetch_add(events as u64, Ordering::Relaxed);
        }
    }
}

/// How often something is looked at while it is waited for.
pub const LOOK: Duration = Duration::from_millis(100);
