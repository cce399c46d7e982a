//! `originate`: calls begun per second, against sipp as the callee.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock and waits")]

mod sipp;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use crate::Failure;
use crate::machine::{self, Memory};
use crate::originate::sipp::{Counted, Sipp};
use crate::probe::Probe;
use crate::scripted::Script;
use crate::site::{Setup, Site};
use crate::spread::{Percentiles, Spread};
use crate::surroundings::{Generator, Look, Surroundings};
use crate::verdict::{Aims, Verdict};

/// INVITE to ACK, p99, ms.
const INVITE_TO_ACK_MS: f64 = 20.0;
/// What memory of no file may be above what it was before the first call, %.
const KEPT: f64 = 10.0;
/// Of runs with at least this many calls it is told what memory they left.
const SOME: u64 = 5_000;
/// Runs with at least this many calls are asked whether memory comes back.
const MANY: u64 = 100_000;
/// Number of the first call before anything is measured: half way round all numbers.
const FIRST_WARM: u64 = 500_000;

const EXAMPLES: &str = "\
Examples:
  cargo run --release -p bench -- originate --sipp-limit --cps 1000 --seconds 10
  cargo run --release -p bench -- originate --cps 500 --seconds 60
  cargo run --release -p bench -- originate --cps 500 --seconds 200 --warm 20000

The whole engine is on one core: admission, ledger and journal on SQLite, scheduler, SIP, one leg
for each call, models without delay. sipp answers at once on the other core, hangs up after
--hold-ms, and measures INVITE to ACK; that time holds its own delays too.
Aims: 0 failed, INVITE to ACK p99 < 20 ms. Exit code 4 when one is missed, 3 when sipp was
late, full, or lost messages by itself.";

/// What to measure.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct OriginateArgs {
    /// Calls begun each second.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub cps: u32,
    /// For how long, s.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=36_000))]
    pub seconds: u32,
    /// How many sipp share the calls (1, 2, 5 or 10).
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10))]
    pub callees: u32,
    /// Calls before anything is measured, begun at the same rate. What fills up once (SQLite's page
    /// caches, queues) is full after some thousands.
    #[arg(long, default_value_t = 20)]
    pub warm: u32,
    /// How long the callee keeps a call, ms.
    #[arg(long, default_value_t = 200)]
    pub hold_ms: u32,
    /// Core of the system under test.
    #[arg(long, default_value_t = 0)]
    pub core: usize,
    /// Core of sipp.
    #[arg(long, default_value_t = 1)]
    pub generator_core: usize,
    /// Measure sipp against sipp instead: what the callee can take.
    #[arg(long)]
    pub sipp_limit: bool,
    /// Print one JSON document instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// The figures.
#[derive(Debug, Serialize)]
struct Report {
    machine: String,
    cps: u32,
    placed: u64,
    good: u64,
    failed: u64,
    sent_again_by_sipp: u64,
    invite_to_ack: Percentiles,
    #[serde(flatten)]
    load: Load,
    end_reasons: Vec<(&'static str, u64)>,
    #[serde(flatten)]
    aims: Aims,
}

/// What placing all calls showed on our side.
#[derive(Debug, Serialize)]
struct Load {
    /// To begin them all.
    seconds: f64,
    refused: u64,
    /// From an order to its receipt.
    place: Percentiles,
    us_per_call: f64,
    surroundings: Surroundings,
    memory: Option<Course>,
}

/// Memory of the engine's process in the course of a run.
#[derive(Clone, Copy, Debug, Serialize)]
struct Course {
    /// After a few calls, trimmed.
    before: Memory,
    at_end_of_load: Memory,
    after_all_is_forgotten: Memory,
    /// After the allocator was asked to give back what it keeps for later.
    after_trim: Memory,
}

impl OriginateArgs {
    fn calls(&self) -> u64 {
        u64::from(self.cps) * u64::from(self.seconds)
    }
}

/// Runs once and prints.
pub fn run(args: &OriginateArgs) -> Result<Verdict, Failure> {
    machine::raise_descriptors();
    if args.sipp_limit {
        return sipp_limit(args);
    }
    let callees: Result<Vec<Sipp>, Failure> =
        (0..args.callees).map(|_| Sipp::callee(args.generator_core, args.hold_ms)).collect();
    let callees = callees?;
    let probe = Probe::start(Some(args.generator_core))?;
    machine::pin_to(args.core)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(originate(args, callees, &probe))?;
    report.print(args.json)
}

async fn originate(
    args: &OriginateArgs,
    callees: Vec<Sipp>,
    probe: &Probe,
) -> Result<Report, Failure> {
    let peers: Vec<_> = callees.iter().map(|c| c.address).collect();
    let ports: Vec<u16> = peers.iter().map(|p| p.port()).collect();
    let setup = Setup { peers, ..Setup::new(callees[0].address) };
    let site = Arc::new(Site::start(setup).await?);
    warm(args, &site).await?;
    let load = load(args, &site, (&callees, probe)).await?;
    let calls = args.calls();
    let lost = machine::socket_drops(&ports)?;
    let mut spread = Spread::default();
    let mut counted = Counted::default();
    for callee in callees {
        let one = callee.end(&mut spread)?;
        counted.good += one.good;
        counted.failed += one.failed;
        counted.again += one.again;
    }
    let end_reasons: Vec<_> = site.engine.counts().end_reasons().collect();
    let bye = end_reasons.iter().find(|(word, _)| *word == "callee_hung_up").map_or(0, |r| r.1);
    let good = bye.saturating_sub(args.warm.into());
    let mut aims = Aims::default();
    let failed = (calls - good.min(calls)).max(counted.failed);
    aims.at_most("calls that failed", failed as f64, 0.0);
    aims.at_most("INVITE to ACK p99, ms", spread.percentiles().p99_ms, INVITE_TO_ACK_MS);
    let asked = f64::from(args.seconds);
    aims.at_most("time to begin all calls, s", load.seconds, asked * 1.02 + 0.1);
    load.surroundings.judge(&mut aims);
    if lost > 0 {
        aims.invalid(format!("sipp's sockets lost {lost} messages"));
    }
    if let Some(m) = load.memory.filter(|_| calls >= MANY) {
        let kept = (m.after_trim.anonymous as f64 / m.before.anonymous as f64 - 1.0) * 100.0;
        aims.at_most("memory kept after all calls, %", kept, KEPT);
    }
    if let Ok(site) = Arc::try_unwrap(site).map_err(drop) {
        site.stop().await;
    }
    Ok(Report {
        machine: machine::describe(),
        cps: args.cps,
        placed: calls,
        good,
        failed,
        sent_again_by_sipp: counted.again,
        invite_to_ack: spread.percentiles(),
        load,
        end_reasons,
        aims,
    })
}

/// Places all calls and waits until they are over.
async fn load(
    args: &OriginateArgs,
    site: &Arc<Site>,
    (callees, probe): (&[Sipp], &Probe),
) -> Result<Load, Failure> {
    // Asked for first, so that what measures is not among what the calls leave.
    let waits = Arc::new(std::sync::Mutex::new(Spread::default()));
    let refused = Arc::new(AtomicU64::new(0));
    machine::trim();
    let memory = machine::memory()?;
    let cores = (args.core, args.generator_core);
    let before = (Look::take(cores)?, theirs(callees)?);
    begin_all(args, site, &waits, &refused).await;
    let after = Look::take(cores)?;
    let ran_ns = theirs(callees)?.saturating_sub(before.1);
    let surroundings = after.since(&before.0, Generator { ran_ns, late: probe.percentiles() });
    let seconds = after.ns_since(&before.0) / 1e9;
    let at_end_of_load = machine::memory()?;
    quiet(site, args.hold_ms).await;
    let memory = match args.calls() {
        SOME.. => Some(forgotten(site, memory, at_end_of_load).await?),
        _ => None,
    };
    let place = waits.lock().unwrap_or_else(std::sync::PoisonError::into_inner).percentiles();
    Ok(Load {
        seconds,
        refused: refused.load(Ordering::Relaxed),
        place,
        us_per_call: surroundings.engine_percent * 1e4 * seconds / args.calls() as f64,
        surroundings,
        memory,
    })
}

/// Begins all calls in their time, whether earlier ones are accepted or not.
async fn begin_all(
    args: &OriginateArgs,
    site: &Arc<Site>,
    waits: &Arc<std::sync::Mutex<Spread>>,
    refused: &Arc<AtomicU64>,
) {
    let start = tokio::time::Instant::now();
    for n in 0..args.calls() {
        let due = start + Duration::from_nanos(n * 1_000_000_000 / u64::from(args.cps));
        tokio::time::sleep_until(due).await;
        let (site, waits, refused) = (site.clone(), waits.clone(), refused.clone());
        tokio::spawn(async move {
            let began = Instant::now();
            let placed = match site.request(n, "000", Script::Short) {
                Ok(request) => site.place(request).await.is_ok(),
                Err(_) => false,
            };
            refused.fetch_add(u64::from(!placed), Ordering::Relaxed);
            let ns = i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX);
            waits.lock().unwrap_or_else(std::sync::PoisonError::into_inner).add_ns(ns);
        });
    }
}

async fn warm(args: &OriginateArgs, site: &Site) -> Result<(), Failure> {
    let mut due = tokio::time::Instant::now();
    for n in 0..u64::from(args.warm) {
        tokio::time::sleep_until(due).await;
        due += Duration::from_secs(1) / args.cps;
        site.place(site.request(FIRST_WARM + n, "000", Script::Short)?).await?;
    }
    quiet(site, args.hold_ms).await;
    if u64::from(args.warm) >= SOME {
        forget(site).await;
    }
    Ok(())
}

/// Waits until no call runs, at most for a minute.
async fn quiet(site: &Site, hold_ms: u32) {
    let until = Instant::now() + Duration::from_secs(60) + Duration::from_millis(hold_ms.into());
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if site.engine.running() == 0 && site.engine.waiting() == 0 {
            return;
        }
    }
}

/// Waits until the SIP side has forgotten its ended transactions, at most for a minute and a half.
async fn forget(site: &Site) {
    let until = Instant::now() + Duration::from_secs(90);
    while site.sip.transactions() != (0, 0) && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Memory once the SIP side has forgotten its ended transactions too.
async fn forgotten(site: &Site, before: Memory, at_end_of_load: Memory) -> Result<Course, Failure> {
    forget(site).await;
    let after_all_is_forgotten = machine::memory()?;
    machine::trim();
    let after_trim = machine::memory()?;
    Ok(Course { before, at_end_of_load, after_all_is_forgotten, after_trim })
}

/// Time that all sipp have had on the processor, ns.
fn theirs(callees: &[Sipp]) -> Result<u64, Failure> {
    let times: Result<Vec<u64>, _> =
        callees.iter().map(|c| machine::process_time(c.pid())).collect();
    Ok(times?.iter().sum())
}

fn sipp_limit(args: &OriginateArgs) -> Result<Verdict, Failure> {
    let callee = Sipp::callee(args.generator_core, args.hold_ms)?;
    let calls = u64::from(args.cps) * u64::from(args.seconds);
    let mut caller = Sipp::caller(args.core, callee.address, args.cps, calls)?;
    let began = Instant::now();
    caller.over()?;
    let seconds = began.elapsed().as_secs_f64();
    let busy = machine::process_time(callee.pid())? as f64 / seconds / 1e7;
    let mut spread = Spread::default();
    let counted = callee.end(&mut spread)?;
    println!("  sipp against sipp, {} calls/s for {seconds:.1} s", args.cps);
    println!(
        "  callee: {} good, {} failed, {} sent again",
        counted.good, counted.failed, counted.again
    );
    println!("  INVITE to ACK: {}", spread.percentiles());
    println!("  callee's processor time: {busy:.0} % of a core");
    let fine = counted.failed == 0 && counted.good == calls;
    Ok(if fine { Verdict::Met } else { Verdict::Missed })
}

impl Report {
    fn print(&self, json: bool) -> Result<Verdict, Failure> {
        if json {
            println!("{}", serde_json::to_string_pretty(self)?);
            return Ok(self.aims.verdict());
        }
        let load = &self.load;
        println!("  originate: {} calls/s for {:.1} s, {}", self.cps, load.seconds, self.machine);
        println!("  {} calls, {} refused, {} failed", self.placed, load.refused, self.failed);
        println!("  sipp sent {} messages again", self.sent_again_by_sipp);
        println!("  INVITE to ACK:        {}", self.invite_to_ack);
        println!("  order to its receipt: {}", load.place);
        println!(
            "  engine: {:.1} % of its core, {:.0} µs per call",
            load.surroundings.engine_percent, load.us_per_call
        );
        println!("  ends: {:?}", self.end_reasons);
        load.surroundings.print();
        if let Some(m) = &load.memory {
            println!("  memory, KB                 resident  of no file  asked for");
            for (when, m) in [
                ("before, trimmed", m.before),
                ("at the end of the load", m.at_end_of_load),
                ("once all was forgotten", m.after_all_is_forgotten),
                ("then trimmed", m.after_trim),
            ] {
                println!("    {when:24}{:>9}{:>12}{:>11}", m.resident, m.anonymous, m.in_use);
            }
        }
        print!("{}", self.aims.table());
        Ok(self.aims.verdict())
    }
}
