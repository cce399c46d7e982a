//! `soak`: short calls from both ends of every teardown branch, for as long as one likes; what
//! was taken has to be given back to the last descriptor.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock and waits")]

pub mod books;
mod branches;
mod report;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use domain::{CallLimits, CallRecord, Event, Opening, TurnSettings};
use engine::{Calls, WatchOptions, Watched};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::Failure;
use crate::callees::Callees;
use crate::machine;
use crate::site::{Setup, Site};
use crate::soak::books::Books;
use crate::soak::branches::{BRANCHES, Branch};
use crate::soak::report::{Report, Tally};
use crate::verdict::Verdict;

/// Longest that a call may take before it counts as stuck.
const STUCK: Duration = Duration::from_secs(90);
/// Limits of every call; a branch may shorten one of them.
const LIMITS: CallLimits =
    CallLimits { queue_s: 60, ring_s: 20, call_s: 60, media_timeout_s: 20, hold_s: 60 };

const EXAMPLES: &str = "\
Examples:
  cargo run --release -p bench -- soak --minutes 30
  cargo run --release -p bench -- soak --seconds 60 --calls 20 --t1-ms 100 --json

Aims: 0 calls that end otherwise than their branch says; descriptors, ports, tasks, transactions
and everything else that is counted as before the first call; from ten minutes on: resident
memory in the last fifth of the time at most 3 % above that of the fifth after the first five
minutes. Exit code 4 when one is missed.";

/// What to run.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct SoakArgs {
    /// How long calls are placed.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub minutes: u32,
    /// The same in seconds.
    #[arg(long, conflicts_with = "minutes")]
    pub seconds: Option<u32>,
    /// Calls in flight.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub calls: u32,
    /// T1 of SIP, ms; ended transactions are remembered 64 times that long.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(10..=2_000))]
    pub t1_ms: u64,
    /// Seed of the callees.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print one JSON document instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// Runs once and prints.
pub fn run(args: &SoakArgs) -> Result<Verdict, Failure> {
    machine::raise_descriptors();
    let callees = Callees::start(None, args.seed, None)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(soak(args, callees))?;
    report.print(args.json)
}

async fn soak(args: &SoakArgs, callees: Callees) -> Result<Report, Failure> {
    let turn = TurnSettings {
        pause_ms: 300,
        hold_off_ms: 0,
        mute_ms: 2_000,
        opening: Opening::AtAnswer,
        ..TurnSettings::default()
    };
    let setup = Setup { record: true, t1_ms: args.t1_ms, turn, ..Setup::new(callees.sip) };
    let site = Arc::new(Site::start(setup).await?);
    let numbers = Arc::new(AtomicU64::new(0));
    // One call of each kind first: what is made once and kept is made now.
    let warm = flight(&site, args, &numbers, Until::Calls(BRANCHES.len() * 2)).await?;
    let settling = Duration::from_millis(args.t1_ms * 64) + Duration::from_secs(10);
    let before = Books::settled(&site, None, settling).await?;
    let span = Duration::from_secs(u64::from(args.seconds.unwrap_or(args.minutes * 60)));
    let memory = tokio::spawn(report::memory(span));
    let tally = flight(&site, args, &numbers, Until::Time(Instant::now() + span)).await?;
    let memory = memory.await??;
    let after = Books::settled(&site, Some(&before), settling).await?;
    callees.end()?;
    let site = Arc::into_inner(site).ok_or("a call still holds the installation")?;
    let clean = site.stop().await;
    Ok(Report::new(args, (warm, tally), &memory, (before, after), clean))
}

/// How long calls are placed.
#[derive(Clone, Copy)]
enum Until {
    Calls(usize),
    Time(Instant),
}

/// Keeps calls in flight, branch after branch, and waits for the last one.
async fn flight(
    site: &Arc<Site>,
    args: &SoakArgs,
    numbers: &AtomicU64,
    until: Until,
) -> Result<Tally, Failure> {
    let room = Arc::new(Semaphore::new(args.calls as usize));
    let mut calls = JoinSet::new();
    let mut tally = Tally::default();
    for placed in 0.. {
        let permit = room.clone().acquire_owned().await?;
        let go_on = match until {
            Until::Calls(count) => placed < count,
            Until::Time(end) => Instant::now() < end,
        };
        if !go_on {
            break;
        }
        let branch = &BRANCHES[placed % BRANCHES.len()];
        let n = numbers.fetch_add(1, Ordering::Relaxed);
        let site = site.clone();
        calls.spawn(async move {
            let outcome = one(&site, branch, n).await;
            drop(permit);
            (branch, outcome)
        });
        while let Some(done) = calls.try_join_next() {
            let (branch, outcome) = done?;
            tally.note(branch, outcome);
        }
    }
    while let Some(done) = calls.join_next().await {
        let (branch, outcome) = done?;
        tally.note(branch, outcome);
    }
    Ok(tally)
}

/// One call from its order to its last event.
async fn one(site: &Site, branch: &Branch, n: u64) -> Result<CallRecord, String> {
    let request = site.request(n, branch.persona, branch.script).map_err(|e| e.to_string())?;
    let mut request = request;
    request.terms.limits = branch.limits(LIMITS);
    let call = site.place(request).await.map_err(|e| e.to_string())?;
    let watch = site.engine.watch(site.who(), call, WatchOptions::default()).await;
    let mut watch = watch.map_err(|r| format!("not watched: {r:?}"))?;
    let answered = Notify::new();
    let over = async {
        loop {
            match watch.next().await {
                Watched::Event(e) if matches!(e.event, Event::LegAnswered { .. }) => {
                    answered.notify_one();
                }
                Watched::Ended(record) => return Ok(*record),
                Watched::Closed | Watched::DeadlinePassed => return Err("watch closed".to_owned()),
                Watched::Event(_) | Watched::Beat => {}
            }
        }
    };
    let hang_up = async {
        let Some(after) = branch.hang_up(n) else { return Ok(()) };
        if branch.from_answer {
            answered.notified().await;
        }
        tokio::time::sleep(after).await;
        let done = site.engine.hang_up(site.who(), call).await;
        done.map(drop).map_err(|r| format!("hang-up refused: {r:?}"))
    };
    let both = async { tokio::try_join!(over, hang_up) };
    match tokio::time::timeout(STUCK, both).await {
        Ok(both) => both.map(|(record, ())| record),
        Err(_) => Err("stuck".to_owned()),
    }
}
