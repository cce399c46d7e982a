//! `turn`: how long a callee waits for a word, measured where the callee is.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock and waits")]

mod report;
mod sound;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use domain::{CallId, CallRecord, Opening, TurnSettings};
use engine::Calls;

use crate::Failure;
use crate::callees::{Callees, LOOK, Told};
use crate::machine;
use crate::scripted::{Delays, Script};
use crate::site::{Setup, Site};
use crate::surroundings::{Generator, Look, Surroundings};
use crate::turn::report::Report;
use crate::verdict::Verdict;

/// Who is called, in turn: two who reply, one who interrupts, one who listens aloud.
const PERSONAS: [&str; 4] = ["000", "005", "000", "013"];
/// Calls of a round begin over this time.
const SPREAD: Duration = Duration::from_secs(4);
/// Longest that a round may take.
const ROUND: Duration = Duration::from_secs(150);

const EXAMPLES: &str = "\
Examples:
  cargo run --release -p bench -- turn --calls 20
  cargo run --release -p bench -- turn --calls 100 --rounds 5 --json

Whole calls to the lab, which runs on another core and notes when it heard what. Times are the
lab's: from the last sound that a callee sent to the first sound that the callee heard. The lab
looks for packets every 5 ms.
Aims, p99: overhead beyond the script, the pause, what the speech detector and the jitter buffer
hold, and one packet <= 40 ms; all but script and pause <= 100 ms; answer to first sound <= 100 ms;
the AI is silent 120 ms after a callee begins to interrupt; it goes on 400 ms after a backchannel,
its message is heard whole, and anything else than a backchannel ends what it was saying. Exit code
4 when one is missed, 3 when the callees were late by themselves.";

/// What to measure.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct TurnArgs {
    /// Calls at the same time.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(4..=1_000))]
    pub calls: u32,
    /// How often.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub rounds: u32,
    /// Silence that ends an utterance, ms.
    #[arg(long, default_value_t = 700, value_parser = clap::value_parser!(u32).range(300..=1_200))]
    pub pause_ms: u32,
    /// What the recognizer takes, ms.
    #[arg(long, default_value_t = 100)]
    pub recognizer_ms: u64,
    /// What the judge takes, ms.
    #[arg(long, default_value_t = 20)]
    pub judge_ms: u64,
    /// What the responder takes for its first words, ms.
    #[arg(long, default_value_t = 200)]
    pub responder_ms: u64,
    /// What the synthesizer takes for its first sound, ms.
    #[arg(long, default_value_t = 80)]
    pub synthesizer_ms: u64,
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

impl TurnArgs {
    /// What the models take.
    pub fn delays(&self) -> Delays {
        Delays {
            recognizer_ms: self.recognizer_ms,
            judge_ms: self.judge_ms,
            responder_ms: self.responder_ms,
            synthesizer_ms: self.synthesizer_ms,
        }
    }
}

/// Runs once and prints.
pub fn run(args: &TurnArgs) -> Result<Verdict, Failure> {
    machine::raise_descriptors();
    let heard = tempfile::Builder::new().prefix("waihu-heard-").tempdir()?;
    let out = heard.path().to_path_buf();
    let mut callees = Callees::start(Some(args.generator_core), args.seed, Some(&out))?;
    machine::pin_to(args.core)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (told, records, surroundings) = runtime.block_on(turns(args, &mut callees))?;
    callees.end()?;
    Report::new(args, &told, &records, surroundings)?.print(args.json)
}

/// Records by the number called.
type Records = HashMap<String, CallRecord>;

async fn turns(
    args: &TurnArgs,
    callees: &mut Callees,
) -> Result<(Told, Records, Surroundings), Failure> {
    let turn = TurnSettings {
        pause_ms: args.pause_ms,
        hold_off_ms: 0,
        opening: Opening::AtAnswer,
        ..TurnSettings::default()
    };
    let setup = Setup { delays: args.delays(), turn, ..Setup::new(callees.sip) };
    let site = Site::start(setup).await?;
    let cores = (args.core, args.generator_core);
    let (before, theirs) = (Look::take(cores)?, callees.told()?.ran_ns);
    let mut calls: Vec<(String, CallId)> = Vec::new();
    for round in 0..args.rounds {
        for n in 0..args.calls {
            let persona = PERSONAS[n as usize % PERSONAS.len()];
            let number = u64::from(round) * u64::from(args.calls) + u64::from(n);
            let request = site.request(number, persona, Script::Long)?;
            let target = request.target.reveal().to_owned();
            calls.push((target, site.place(request).await?));
            tokio::time::sleep(SPREAD / args.calls).await;
        }
        let until = Instant::now() + ROUND;
        while site.engine.running() + site.engine.waiting() > 0 && Instant::now() < until {
            tokio::time::sleep(LOOK).await;
        }
    }
    let told = callees.told()?;
    let theirs = Generator { ran_ns: told.ran_ns.saturating_sub(theirs), late: told.lateness };
    let surroundings = Look::take(cores)?.since(&before, theirs);
    let mut records = HashMap::new();
    for (number, call) in calls {
        let record = site.engine.record(site.who(), call).await;
        records.insert(number, record.map_err(|r| format!("no record: {r:?}"))?);
    }
    site.stop().await;
    Ok((told, records, surroundings))
}

/// Where a report says its sound is.
fn wav(report: &serde_json::Value) -> Option<PathBuf> {
    Some(PathBuf::from(report.get("heard")?.get("wav")?.as_str()?))
}
