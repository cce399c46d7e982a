//! `waihu completions`: what a shell needs to complete our arguments.

use clap_complete::Shell as Kind;

use super::exit::Exit;
use super::{Shell, output};

/// Arguments of `waihu completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    #[arg(value_name = "SHELL")]
    shell: Kind,
}

/// Prints the script.
pub(crate) fn run(args: &CompletionsArgs, shell: &Shell) -> Result<Exit, Exit> {
    let mut script = Vec::new();
    let mut command = super::command(shell.tongue);
    clap_complete::generate(args.shell, &mut command, "waihu", &mut script);
    output::result(&script)?;
    Ok(Exit::Done)
}
