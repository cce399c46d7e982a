//! `bench`: how much the engine carries, measured on this machine.
//!
//! Each run puts the system under test on one core and the program that plays the other side on
//! another, watches both and the kernel, and says itself when its figures are worth nothing.
//! Nothing is written anywhere but to the terminal.

mod audio;
mod blobs;
mod callees;
mod calls;
mod clock;
mod generator;
mod legs;
mod machine;
mod originate;
mod partner;
mod probe;
mod scripted;
mod simulate;
mod site;
mod soak;
mod spread;
mod surroundings;
mod turn;
mod verdict;

use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};

use crate::callees::CalleesArgs;
use crate::calls::CallsArgs;
use crate::generator::GenerateArgs;
use crate::legs::LegsArgs;
use crate::originate::OriginateArgs;
use crate::simulate::SimulateArgs;
use crate::soak::SoakArgs;
use crate::turn::TurnArgs;
use crate::verdict::Verdict;

/// What goes wrong in a run is told and ends it.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measures what one core carries. Run it in release and on a machine that does nothing else.
#[derive(Debug, Parser)]
#[command(name = "bench", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

const EXAMPLES: &str = "\
Examples:
  cargo run --release -p bench -- short
  cargo run --release -p bench -- legs --legs 1000 --seconds 30 --vad --record
  cargo run --release -p bench -- legs --legs 2000 --seconds 30 --json > legs.json

Exit code 0: every aim that was stated is met; 4: one was missed; 3: figures worth nothing.

A run is INVALID when the generator itself was late (p99 above 1 ms) or lost packets; then the
figures say nothing about the engine. It is DISTURBED when other programs or the hypervisor took
more than 5 % of one of the two cores.";

#[derive(Debug, Subcommand)]
enum What {
    /// Full-duplex G.711 legs through the real media lane on one core.
    Legs(LegsArgs),
    /// Calls begun per second, answered by sipp.
    Originate(OriginateArgs),
    /// Short calls of every way to end, until memory would have grown.
    Soak(SoakArgs),
    /// How long a callee waits for a word.
    Turn(TurnArgs),
    /// Whole calls held at the same time.
    Calls(CallsArgs),
    /// Whole calls in virtual time, with everything going wrong that may; repeats from a seed.
    Simulate(SimulateArgs),
    /// A small round of everything, in less than a minute.
    Short {
        /// Print one JSON document for each run instead of tables.
        #[arg(long)]
        json: bool,
    },
    /// The other side of `legs`; started by it.
    #[command(hide = true)]
    Generate(GenerateArgs),
    /// The callees of whole calls; started by the commands that need them.
    #[command(hide = true)]
    Callees(CalleesArgs),
}

fn main() -> ExitCode {
    let done = match Cli::parse().what {
        What::Legs(args) => legs::run(&args),
        What::Originate(args) => originate::run(&args),
        What::Soak(args) => soak::run(&args),
        What::Turn(args) => turn::run(&args),
        What::Calls(args) => calls::run(&args),
        What::Simulate(args) => simulate::run(&args),
        What::Short { json } => short(json),
        What::Generate(args) => generator::run(&args).map(|()| Verdict::Met),
        What::Callees(args) => callees::run(&args).map(|()| Verdict::Met),
    };
    match done {
        Ok(verdict) => ExitCode::from(verdict.exit_code()),
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Legs with everything on, then without voice activity and recording. Each round has a process
/// of its own: memory that a run before gave back would count as the next one's savings.
fn short(json: bool) -> Result<Verdict, Failure> {
    let mut verdict = Verdict::Met;
    for options in [&["--vad", "--record"][..], &[]] {
        let mut round = Command::new(std::env::current_exe()?);
        round.args(["legs", "--legs", "200", "--seconds", "10"]).args(options);
        if json {
            round.arg("--json");
        }
        let code = round.status()?.code();
        let all = [Verdict::Met, Verdict::Missed, Verdict::Invalid];
        let found = all.into_iter().find(|v| code == Some(i32::from(v.exit_code())));
        verdict = verdict.max(found.ok_or("a round failed")?);
    }
    Ok(verdict)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        let cli = Cli::try_parse_from(["bench", "legs", "--legs", "7", "--vad"]).unwrap();
        let What::Legs(args) = cli.what else { panic!("not legs") };
        assert_eq!((args.legs, args.vad, args.record), (7, true, false));
        assert!(Cli::try_parse_from(["bench", "legs", "--legs", "0"]).is_err());
    }
}
