//! `simulate`: many thousand calls in virtual time, with everything going wrong that may.

use std::time::Instant;

use clap::Args;
use serde_json::json;
use testkit::{Failure as Failed, Report, Simulation};

use crate::Failure;
use crate::verdict::Verdict;

/// Findings of one world that are printed.
const SHOWN: usize = 5;

/// Whole calls through the real cores and the engine's logic, with fake trunk, network, speech
/// and store, in virtual time. The same seed gives the same journals to the byte.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Everything random follows from it.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Calls in all.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub calls: u64,
    /// Worlds at a time; all cores if absent. What is found does not depend on it.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Runs the simulation; a call in which something did not hold is a missed aim.
#[expect(clippy::disallowed_methods, reason = "a stopwatch of its own")]
pub fn run(args: &SimulateArgs) -> Result<Verdict, Failure> {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.threads.unwrap_or(all);
    let start = Instant::now();
    let report = Simulation { threads, ..Simulation::new(args.seed, args.calls) }.run();
    let seconds = start.elapsed().as_secs_f64();
    if args.json {
        println!("{:#}", as_json(args, threads, &report, seconds));
    } else {
        print(args, threads, &report, seconds);
    }
    Ok(if report.failures.is_empty() { Verdict::Met } else { Verdict::Missed })
}

fn print(args: &SimulateArgs, threads: usize, r: &Report, seconds: f64) {
    println!("{} calls of seed {} in {} worlds, {threads} threads", r.calls, args.seed, r.worlds);
    let rate = r.calls as f64 / seconds;
    let hours = r.virtual_s as f64 / 3_600.0;
    println!("  {seconds:.1} s, {rate:.0} calls/s; {hours:.1} h of virtual time");
    println!(
        "  {} crashes, {} drains, {} orders refused, {} calls watched to their end",
        r.crashes, r.drains, r.refused, r.watched
    );
    println!("  {} events, digest {:016x}", r.events, r.digest);
    for (why, n) in &r.ends {
        println!("  {n:>9} {why}");
    }
    if r.failures.is_empty() {
        println!("everything held");
    }
    for failed in &r.failures {
        println!("FAILED, repeat with: {}", failed.command());
        for violation in failed.violations.iter().take(SHOWN) {
            println!("  {violation}");
        }
        let more = failed.violations.len().saturating_sub(SHOWN);
        if more > 0 {
            println!("  and {more} more");
        }
    }
}

fn as_json(args: &SimulateArgs, threads: usize, r: &Report, seconds: f64) -> serde_json::Value {
    json!({
        "seed": args.seed,
        "calls": r.calls,
        "worlds": r.worlds,
        "threads": threads,
        "seconds": seconds,
        "calls_per_second": r.calls as f64 / seconds,
        "virtual_seconds": r.virtual_s,
        "crashes": r.crashes,
        "drains": r.drains,
        "refused": r.refused,
        "watched": r.watched,
        "events": r.events,
        "digest": format!("{:016x}", r.digest),
        "ends": r.ends,
        "failures": r.failures.iter().map(failure).collect::<Vec<_>>(),
    })
}

fn failure(failed: &Failed) -> serde_json::Value {
    let found = failed.violations.iter().map(|v| {
        json!({
            "invariant": v.invariant.word(),
            "call": v.call.map(|c| c.to_string()),
            "found": v.found,
        })
    });
    json!({
        "seed": failed.seed,
        "calls": failed.calls,
        "command": failed.command(),
        "violations": found.collect::<Vec<_>>(),
    })
}
