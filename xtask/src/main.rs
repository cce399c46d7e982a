//! Chores of the project: `cargo run -p xtask -- CHORE`.

mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo run -p xtask -- CHORE [ARGUMENTS]

chores:
  tidy    check the house rules over every file of the project";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.first().map(String::as_str) {
        Some("tidy") => tidy::run(),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Some(other) => Err(format!("no chore `{other}`\n\n{USAGE}").into()),
        None => Err(USAGE.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
