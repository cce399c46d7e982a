//! `calls`: whole calls held at the same time, and what each of them takes.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock and waits")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use domain::{CallId, Opening, TurnSettings};
use engine::Calls;
use engine::lanes::LaneStats;
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::Failure;
use crate::callees::{Callees, LOOK, Told};
use crate::machine::{self, ThreadTime};
use crate::scripted::{Delays, Script};
use crate::site::{Setup, Site};
use crate::soak::books::Books;
use crate::surroundings::{Generator, Look, Surroundings};
use crate::verdict::{Aims, Verdict};

/// Who is called: confirms and then talks twelve seconds at a time.
const TALKER: &str = "090";
/// Calls begun each second.
const PACE: u32 = 20;
/// Until every call has got to its message.
const SETTLING: Duration = Duration::from_secs(8);
/// Calls before anything is measured, all at once.
const WARM: u64 = 16;
/// Share of the core that calls may take, %.
const FULL: f64 = 90.0;

const EXAMPLES: &str = "\
Examples:
  cargo run --release -p bench -- calls --calls 20 --seconds 20
  cargo run --release -p bench -- calls --calls 300
  cargo run --release -p bench -- calls --calls 1000 --json

Each call has SIP, a leg with speech detection and recording (two channels, on disk), scripted
models, a journal on SQLite, and a customer who follows it over HTTP by server-sent events. All of
it is on one core. The callees are the lab on the other one.
Aims: at most 90 % of the core, no packet, frame or recorded block lost, no tick over 2 ms late in
a hundred, descriptors exactly 4 for each call. Exit code 4 when one is missed, 3 when the callees
were late by themselves.";

/// What to measure.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CallsArgs {
    /// Calls at the same time.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=4_000))]
    pub calls: u32,
    /// How long they are held, s.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub seconds: u32,
    /// Core of the system under test.
    #[arg(long, default_value_t = 0)]
    pub core: usize,
    /// Core of the callees.
    #[arg(long, default_value_t = 1)]
    pub generator_core: usize,
    /// Seed of the callees.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print one JSON document instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// The figures.
#[derive(Debug, Serialize)]
struct Report {
    machine: String,
    calls: u32,
    seconds: f64,
    cpu_percent: f64,
    threads_percent: BTreeMap<String, f64>,
    us_per_call_and_second: f64,
    kb_per_call: f64,
    /// Without calls, and for each call, by kind.
    descriptors: BTreeMap<&'static str, (usize, f64)>,
    ticks: u64,
    ticks_late: u64,
    frames_lost: u64,
    packets_heard: u64,
    packets_lost: u64,
    streams: u64,
    events: u64,
    ended_early: u32,
    surroundings: Surroundings,
    #[serde(flatten)]
    aims: Aims,
}

/// A moment of the installation.
struct Moment {
    look: Look,
    threads: BTreeMap<String, ThreadTime>,
    resident: u64,
    books: Books,
    lane: LaneStats,
}

impl Moment {
    fn take(site: &Site, cores: (usize, usize)) -> Result<Self, Failure> {
        Ok(Self {
            look: Look::take(cores)?,
            threads: machine::thread_times()?,
            resident: machine::resident()?,
            books: Books::count(site)?,
            lane: site.lanes.stats().first().copied().unwrap_or_default(),
        })
    }
}

/// Runs once and prints.
pub fn run(args: &CallsArgs) -> Result<Verdict, Failure> {
    machine::raise_descriptors();
    let mut callees = Callees::start(Some(args.generator_core), args.seed, None)?;
    machine::pin_to(args.core)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(held(args, &mut callees))?;
    callees.end()?;
    report.print(args.json)
}

async fn held(args: &CallsArgs, callees: &mut Callees) -> Result<Report, Failure> {
    let turn =
        TurnSettings { hold_off_ms: 0, opening: Opening::AtAnswer, ..TurnSettings::default() };
    let delays = Delays { recognizer_ms: 100, judge_ms: 20, responder_ms: 200, synthesizer_ms: 80 };
    let setup = Setup { record: true, turn, delays, ..Setup::new(callees.sip) };
    let site = Site::start(setup).await?;
    let http = serve(&site).await?;
    // A few calls first: what is made once and kept is made now.
    let mut first = Vec::new();
    for n in 0..WARM {
        first.push(begin(&site, callees, http, u64::from(args.calls) + n).await?);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    end(&site, &first).await?;
    let cores = (args.core, args.generator_core);
    let empty = Moment::take(&site, cores)?;

    let mut calls = Vec::new();
    for n in 0..args.calls {
        calls.push(begin(&site, callees, http, u64::from(n)).await?);
        tokio::time::sleep(Duration::from_secs(1) / PACE).await;
    }
    tokio::time::sleep(SETTLING).await;
    let (from, theirs) = (Moment::take(&site, cores)?, callees.told()?);
    tokio::time::sleep(Duration::from_secs(args.seconds.into())).await;
    let (until, told) = (Moment::take(&site, cores)?, callees.told()?);
    let early = calls.len() - site.engine.running().min(calls.len());
    end(&site, &calls).await?;
    let last = callees.told()?;
    let report = Report::new(args, [&empty, &from, &until], &[theirs, told, last], early);
    site.stop().await;
    Ok(report)
}

/// The callout dialect on a port of its own.
async fn serve(site: &Site) -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = listener.local_addr()?;
    let calls: Arc<dyn Calls> = Arc::new(site.engine.clone());
    let router = callout::router(calls, callout::Config::default());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(at)
}

async fn begin(
    site: &Site,
    callees: &mut Callees,
    http: SocketAddr,
    n: u64,
) -> Result<CallId, Failure> {
    let call = site.place(site.request(n, TALKER, Script::Held)?).await?;
    callees.watch(http, &site.key, &call.to_string())?;
    Ok(call)
}

/// Hangs up and waits until nothing of these calls is left but what SIP remembers.
async fn end(site: &Site, calls: &[CallId]) -> Result<(), Failure> {
    let mut ending = tokio::task::JoinSet::new();
    for call in calls {
        let (engine, who, call) = (site.engine.clone(), site.who().clone(), *call);
        ending.spawn(async move { engine.hang_up(&who, call).await });
    }
    while let Some(ended) = ending.join_next().await {
        ended?.map_err(|r| format!("hang-up refused: {r:?}"))?;
    }
    let until = Instant::now() + Duration::from_secs(20);
    while site.engine.running() + site.lanes.ports_in_use() > 0 && Instant::now() < until {
        tokio::time::sleep(LOOK).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok(())
}

impl Report {
    fn new(args: &CallsArgs, moments: [&Moment; 3], told: &[Told; 3], early: usize) -> Self {
        let [empty, from, until] = moments;
        let ns = until.look.ns_since(&from.look);
        let ran_ns = told[1].ran_ns.saturating_sub(told[0].ran_ns);
        let theirs = Generator { ran_ns, late: told[1].lateness };
        let surroundings = until.look.since(&from.look, theirs);
        let n = f64::from(args.calls);
        let mut threads_percent = BTreeMap::new();
        let mut ran = 0;
        for (name, now) in &until.threads {
            let then = from.threads.get(name).copied().unwrap_or_default();
            let time = now.ran.saturating_sub(then.ran);
            ran += time;
            threads_percent.insert(name.clone(), time as f64 / ns * 100.0);
        }
        let mut descriptors = BTreeMap::new();
        for (kind, count) in &until.books.descriptors {
            let base = empty.books.descriptors.get(kind).copied().unwrap_or(0);
            descriptors.insert(*kind, (base, (*count as f64 - base as f64) / n));
        }
        let heard = |name: &str| -> u64 {
            let of = |r: &Value| r.get("heard")?.get(name)?.as_u64();
            told[2].reports.iter().filter_map(of).sum()
        };
        let cpu_percent = ran as f64 / ns * 100.0;
        let lane = (from.lane, until.lane);
        let ticks = lane.1.ticks - lane.0.ticks;
        let ticks_late = lane.1.late - lane.0.late;
        let frames_lost = lane.1.frames_lost - lane.0.frames_lost;
        let each: f64 = descriptors.values().map(|(_, each)| each).sum();
        let mut aims = Aims::default();
        aims.at_most("share of the core, %", cpu_percent, FULL);
        aims.at_most("packets lost on the way to callees", heard("lost") as f64, 0.0);
        aims.at_most("frames for recognizers lost", frames_lost as f64, 0.0);
        aims.at_most("ticks over 2 ms late, %", ticks_late as f64 / ticks as f64 * 100.0, 1.0);
        aims.at_most("calls that ended early", early as f64, 0.0);
        aims.holds("descriptors are exactly 4 for each call", (each - 4.0).abs() < 1e-9);
        surroundings.judge(&mut aims);
        Self {
            machine: machine::describe(),
            calls: args.calls,
            seconds: ns / 1e9,
            cpu_percent,
            threads_percent,
            us_per_call_and_second: ran as f64 / 1e3 / (ns / 1e9) / n,
            kb_per_call: (until.resident.saturating_sub(empty.resident)) as f64 / 1_024.0 / n,
            descriptors,
            ticks,
            ticks_late,
            frames_lost,
            packets_heard: heard("packets"),
            packets_lost: heard("lost"),
            streams: told[1].streams.0,
            events: told[1].streams.1,
            ended_early: early as u32,
            surroundings,
            aims,
        }
    }

    fn print(&self, json: bool) -> Result<Verdict, Failure> {
        if json {
            println!("{}", serde_json::to_string_pretty(self)?);
            return Ok(self.aims.verdict());
        }
        let big = self.threads_percent.iter().filter(|(_, p)| **p >= 0.05);
        let threads: Vec<String> = big.map(|(name, p)| format!("{name} {p:.1}")).collect();
        println!("  calls: {} for {:.0} s, {}", self.calls, self.seconds, self.machine);
        println!("  engine: {:.1} % of its core ({})", self.cpu_percent, threads.join(", "));
        println!("  each call: {:.0} µs a second", self.us_per_call_and_second);
        println!("  each call: {:.0} KB resident", self.kb_per_call);
        for (kind, (base, each)) in &self.descriptors {
            println!("  descriptors, {kind}: {base} + {each:.3} for each call");
        }
        println!("  ticks: {}, {} over 2 ms late", self.ticks, self.ticks_late);
        println!("  packets to callees: {}, {} lost", self.packets_heard, self.packets_lost);
        println!("  streams: {} open, {} events", self.streams, self.events);
        self.surroundings.print();
        print!("{}", self.aims.table());
        Ok(self.aims.verdict())
    }
}
