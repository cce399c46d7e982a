//! `legs`: the real media plane with many full-duplex G.711 legs, and nothing else of a call.
//!
//! This process is the system under test: lane, collector, recorder, kernel send and the thread
//! that feeds playout share one core. The callees are the [`generator`](crate::generator), a
//! process on another core.

mod report;
mod stage;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use engine::lanes::{Lanes, LanesConfig};

use crate::Failure;
use crate::audio;
use crate::blobs::TempBlobs;
use crate::clock::{monotonic_ns, sleep_until};
use crate::generator::{Offer, Outcome, Plan};
use crate::legs::report::{Report, Run, Snapshot};
use crate::legs::stage::Stage;
use crate::machine;
use crate::partner::Partner;
use crate::verdict::Verdict;

/// Speaking goes on for this long before anything is measured, so that buffers have settled.
const WARM_NS: i64 = 3_000_000_000;
/// And for this long after, so that no edge is measured.
const COOL_NS: i64 = 300_000_000;
/// How often playout is fed and mail is read.
pub const ROUND_NS: i64 = 20_000_000;
/// First of the engine's RTP ports; below those the kernel gives to whoever asks.
const FIRST_PORT: u16 = 16_384;
const LAST_PORT: u16 = 32_767;

/// What to measure.
#[derive(Args, Clone, Debug)]
pub struct LegsArgs {
    /// Legs at the same time.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=8_000))]
    pub legs: u32,
    /// Length of what is measured, s; 5 s of setting up and settling are added.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub seconds: u32,
    /// Callees talk 45 % of the time. Without it they are silent, so that the energy gate, which
    /// is always there, never lets the model of voice activity run.
    #[arg(long)]
    pub vad: bool,
    /// Record both sides of every leg as WAV files.
    #[arg(long)]
    pub record: bool,
    /// Where the recordings go, removed afterwards; the system's directory for temporary files
    /// by default.
    #[arg(long, value_name = "DIR")]
    pub record_dir: Option<PathBuf>,
    /// Core of the system under test.
    #[arg(long, default_value_t = 0)]
    pub core: usize,
    /// Core of the generator.
    #[arg(long, default_value_t = 1)]
    pub generator_core: usize,
    /// Seed of who talks when.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print one JSON document instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// Runs once and prints.
pub fn run(args: &LegsArgs) -> Result<Verdict, Failure> {
    let descriptors = machine::raise_descriptors();
    if descriptors < u64::from(args.legs) * 3 + 100 {
        return Err(format!("{descriptors} descriptors are too few; see `ulimit -Hn`").into());
    }
    if args.core == args.generator_core {
        eprintln!("bench: engine and generator share core {}: expect nothing", args.core);
    }
    let mut generator = generator(args)?;
    let offer: Offer = generator.hear()?;
    machine::pin_to(args.core)?;
    let speech = audio::speech("en-us")?;
    let blobs = Arc::new(TempBlobs::new(args.record_dir.as_deref())?);
    let config = LanesConfig {
        ports: (FIRST_PORT, LAST_PORT),
        pin_from: Some(args.core),
        ..LanesConfig::default()
    };
    let lanes = Lanes::start(&config, blobs, || 0x5EED)?;
    let empty = machine::resident()?;

    let mut stage = Stage::open(&lanes, args, speech)?;
    let start_ns = monotonic_ns() + 300_000_000 + i64::from(args.legs) * 200_000;
    let from_ns = start_ns + WARM_NS;
    let until_ns = from_ns + i64::from(args.seconds) * 1_000_000_000;
    let plan =
        Plan { targets: stage.ports(), start_ns, from_ns, until_ns, stop_ns: until_ns + COOL_NS };
    generator.tell(&plan)?;
    stage.connect(&offer)?;
    stage.talk_until(from_ns);
    let cores = (args.core, args.generator_core);
    let before = Snapshot::take(&lanes, cores)?;
    stage.talk_until(until_ns);
    let after = Snapshot::take(&lanes, cores)?;
    let full = machine::resident()?;
    stage.talk_until(plan.stop_ns + COOL_NS);
    let outcome: Outcome = generator.hear()?;
    generator.end()?;
    let dropped = machine::socket_drops(&stage.ports())?;
    stage.close();

    let report = Report::new(&Run {
        args,
        offer: &offer,
        outcome: &outcome,
        told: stage.told(),
        span: (&before, &after),
        dropped,
        grown: full.saturating_sub(empty),
    });
    lanes.shutdown();
    report.print(args.json)
}

/// The generator's process.
fn generator(args: &LegsArgs) -> Result<Partner, Failure> {
    let mut words = vec!["generate".to_owned()];
    for (name, value) in [
        ("--legs", u64::from(args.legs)),
        ("--core", args.generator_core as u64),
        ("--seed", args.seed),
    ] {
        words.extend([name.to_owned(), value.to_string()]);
    }
    if !args.vad {
        words.push("--silent".to_owned());
    }
    Partner::start(&words)
}

/// Waits for the next round.
fn rest(due: &mut i64) {
    *due += ROUND_NS;
    sleep_until(*due);
}
