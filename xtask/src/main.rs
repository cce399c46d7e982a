//! Chores of the project: `cargo run -p xtask -- CHORE`.

#[cfg(feature = "speech")]
mod learn;
#[cfg(feature = "speech")]
mod learn_accuracy;
#[cfg(feature = "speech")]
mod learn_audio;
#[cfg(feature = "speech")]
mod learn_corpus;
#[cfg(feature = "speech")]
mod learn_hear;
#[cfg(feature = "speech")]
mod learn_limits;
#[cfg(feature = "speech")]
mod learn_loop;
#[cfg(feature = "speech")]
mod learn_model;
#[cfg(feature = "speech")]
mod learn_sounds;
#[cfg(feature = "speech")]
mod learn_texts;
#[cfg(feature = "speech")]
mod learn_trial;
#[cfg(feature = "speech")]
mod learn_voices;
mod tidy;

use std::error::Error;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo run -p xtask -- CHORE [ARGUMENTS]

chores:
  tidy        check the house rules over every file of the project
  learn       hear synthesised replies and write the lexica of the recognizer
  tune        learn when the recognizer may be believed
  accuracy    measure the recognizer and write the tables of docs/speech-accuracy.md";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (chore, rest) = match args.split_first() {
        Some((chore, rest)) => (chore.as_str(), rest),
        None => ("", args.as_slice()),
    };
    match run(chore, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: &str, args: &[String]) -> Result<(), Box<dyn Error>> {
    match chore {
        "tidy" if args.is_empty() => tidy::run(),
        "tidy" => Err(format!("tidy takes no arguments, not {}", args.join(" ")).into()),
        #[cfg(feature = "speech")]
        "learn" => learn::run(args),
        #[cfg(feature = "speech")]
        "hear" => learn_hear::run(args),
        #[cfg(feature = "speech")]
        "tune" => learn_limits::run(args),
        #[cfg(feature = "speech")]
        "accuracy" => learn_accuracy::run(args),
        #[cfg(not(feature = "speech"))]
        "learn" | "hear" | "tune" | "accuracy" => {
            Err("built without speech; leave out --no-default-features".into())
        }
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        "" => Err(USAGE.into()),
        other => Err(format!("no chore `{other}`\n\n{USAGE}").into()),
    }
}
