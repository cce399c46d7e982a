//! What a soak showed.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{CallRecord, EndReason, EndWhat};
use serde::Serialize;

use crate::Failure;
use crate::clock::monotonic_ns;
use crate::machine;
use crate::soak::SoakArgs;
use crate::soak::books::Books;
use crate::soak::branches::Branch;
use crate::verdict::{Aims, Verdict};

/// Memory is judged in runs of at least this long.
const JUDGED: Duration = Duration::from_secs(600);
/// What comes before is not looked at.
const WARMING: Duration = Duration::from_secs(300);
/// Failures that are shown; all are counted.
const SHOWN: usize = 20;

/// What became of the calls.
#[derive(Debug, Default, Serialize)]
pub struct Tally {
    calls: u64,
    failed: u64,
    by_branch: BTreeMap<&'static str, BTreeMap<String, u64>>,
    failures: Vec<String>,
}

impl Tally {
    /// Takes in how a call went.
    pub fn note(&mut self, branch: &Branch, outcome: Result<CallRecord, String>) {
        self.calls += 1;
        let ended = outcome.and_then(|r| r.reason.ok_or("no reason".to_owned()));
        let cause = ended.as_ref().map(cause).unwrap_or_default();
        let ended = ended.map(|reason| reason.what);
        let right = ended.as_ref().is_ok_and(|what| branch.wanted.contains(what));
        let word = ended.map_or_else(|error| error, |what: EndWhat| what.word().to_owned());
        if !right {
            self.failed += 1;
            if self.failures.len() < SHOWN {
                self.failures.push(format!("{}: {word}{cause}", branch.name));
            }
        }
        *self.by_branch.entry(branch.name).or_default().entry(word).or_default() += 1;
    }
}

/// Who ended it and with which status of SIP, as far as it is known.
fn cause(reason: &EndReason) -> String {
    let who = reason.who.map(|who| format!(" by {}", who.word())).unwrap_or_default();
    let code = reason.sip_code.map(|code| format!(" ({code})")).unwrap_or_default();
    format!("{who}{code}")
}

/// The figures.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: String,
    seconds: u64,
    in_flight: u32,
    warm: Tally,
    run: Tally,
    /// Resident memory, KB, at ten moments of the run.
    memory_kb: Vec<u64>,
    before: Books,
    after: Books,
    #[serde(flatten)]
    aims: Aims,
}

/// Resident memory once a second.
pub async fn memory(span: Duration) -> Result<Vec<u64>, Failure> {
    let until = monotonic_ns() + i64::try_from(span.as_nanos())?;
    let mut seen = Vec::new();
    while monotonic_ns() < until {
        seen.push(machine::resident()? / 1_024);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(seen)
}

impl Report {
    /// Works the figures out.
    pub fn new(
        args: &SoakArgs,
        (warm, run): (Tally, Tally),
        memory: &[u64],
        (before, after): (Books, Books),
        clean: bool,
    ) -> Self {
        let span = Duration::from_secs(u64::from(args.seconds.unwrap_or(args.minutes * 60)));
        let mut aims = Aims::default();
        aims.at_most("calls that ended wrongly", (warm.failed + run.failed) as f64, 0.0);
        aims.holds("everything given back", before == after);
        aims.holds("settled and taken down", clean);
        if let Some(growth) = growth(memory, span) {
            aims.at_most("memory growth after the first minutes, %", growth, 3.0);
        }
        let every = (memory.len() / 10).max(1);
        Self {
            machine: machine::describe(),
            seconds: span.as_secs(),
            in_flight: args.calls,
            warm,
            run,
            memory_kb: memory.iter().step_by(every).copied().collect(),
            before,
            after,
            aims,
        }
    }

    /// Prints them.
    pub fn print(&self, json: bool) -> Result<Verdict, Failure> {
        if json {
            println!("{}", serde_json::to_string_pretty(self)?);
            return Ok(self.aims.verdict());
        }
        println!(
            "  soak: {} s, {} calls in flight, {}",
            self.seconds, self.in_flight, self.machine
        );
        println!("  {} calls, {} ended wrongly", self.run.calls, self.run.failed);
        for (branch, ends) in &self.run.by_branch {
            let ends: Vec<String> = ends.iter().map(|(end, n)| format!("{end} {n}")).collect();
            println!("    {branch:<46} {}", ends.join(", "));
        }
        for failure in self.warm.failures.iter().chain(&self.run.failures) {
            println!("  WRONG: {failure}");
        }
        println!("  resident memory, KB: {:?}", self.memory_kb);
        println!("  before: {:?}", self.before);
        println!("  after:  {:?}", self.after);
        print!("{}", self.aims.table());
        Ok(self.aims.verdict())
    }
}

/// Growth in percent from the fifth after the warming to the last fifth of the time.
fn growth(memory: &[u64], span: Duration) -> Option<f64> {
    if span < JUDGED {
        return None;
    }
    let from = memory.len() * WARMING.as_secs() as usize / span.as_secs().max(1) as usize;
    let judged = memory.get(from..)?;
    let fifth = judged.len() / 5;
    let mean = |part: &[u64]| part.iter().sum::<u64>() as f64 / part.len().max(1) as f64;
    let (first, last) = (mean(judged.get(..fifth)?), mean(judged.get(judged.len() - fifth..)?));
    (first > 0.0).then(|| (last / first - 1.0) * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_runs_are_judged_and_growth_is_seen() {
        let flat = vec![1_000; 600];
        assert_eq!(growth(&flat, Duration::from_secs(60)), None);
        assert_eq!(growth(&flat, Duration::from_secs(600)), Some(0.0));
        let rising: Vec<u64> = (0..600).map(|n| 1_000 + n).collect();
        assert!(growth(&rising, Duration::from_secs(600)).is_some_and(|g| g > 10.0));
    }
}
