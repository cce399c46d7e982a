//! The command line: one file per command of a customer; the server's commands live in `server`.

mod account;
mod balance;
mod base;
mod call;
pub(crate) mod client;
mod completions;
pub(crate) mod environment;
mod exit;
mod failure;
mod hangup;
mod help;
mod info;
mod input;
mod list;
mod misuse;
pub(crate) mod output;
mod record;
mod sse;
mod stream;
pub(crate) mod tongue;
mod version;
mod wait;
mod words;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::server::demo::DemoArgs;
use crate::server::doctor::DoctorArgs;
use crate::server::key::KeyCommand;
use crate::server::lab::LabArgs;
use crate::server::serve::ServeArgs;
use client::Api;
use environment::Environment;
use exit::Exit;
use tongue::Tongue;

#[derive(Debug, Parser)]
#[command(name = "waihu", version, disable_help_subcommand = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What to do. Help texts stand in `words`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(ServeArgs),
    Demo(DemoArgs),
    Lab(LabArgs),
    Call(call::CallArgs),
    Info(info::InfoArgs),
    Stream(stream::StreamArgs),
    Hangup(hangup::HangupArgs),
    List(list::ListArgs),
    Version(version::VersionArgs),
    Balance(balance::BalanceArgs),
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    Doctor(DoctorArgs),
    Completions(completions::CompletionsArgs),
    Help(HelpArgs),
}

impl Command {
    /// Whether it runs an installation that others use.
    pub(crate) fn serves(&self) -> bool {
        matches!(self, Self::Serve(_))
    }
}

/// Arguments of `waihu help`.
#[derive(Debug, clap::Args)]
pub(crate) struct HelpArgs {
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

/// What every customer's command is given.
pub(crate) struct Shell {
    environment: Environment,
    tongue: Tongue,
}

/// Reads the arguments; help and mistakes are printed here and come back as an exit code.
pub(crate) fn parse(tongue: Tongue) -> Result<Command, ExitCode> {
    let parsed = command(tongue)
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                let printed = output::result(error.render().to_string());
                printed.map_or_else(ExitCode::from, |()| ExitCode::SUCCESS)
            }
            _ => misuse::report(&error, tongue).into(),
        });
    parsed.map(|cli| cli.command)
}

/// Carries a command out.
pub(crate) async fn run(command: Command, environment: Environment, tongue: Tongue) -> ExitCode {
    use crate::server;
    let shell = Shell { environment, tongue };
    match command {
        Command::Serve(args) => Box::pin(server::serve::run(args)).await,
        Command::Demo(args) => Box::pin(server::demo::run(args)).await,
        Command::Lab(args) => Box::pin(server::lab::run(args)).await,
        Command::Key { command } => Box::pin(server::key::run(command)).await,
        Command::Doctor(args) => Box::pin(server::doctor::run(args)).await,
        // It knows what an interruption leaves behind, and says so itself.
        Command::Call(args) => code(call::run(args, &shell).await),
        Command::Info(args) => interruptible(info::run(args, &shell)).await,
        Command::Stream(args) => interruptible(stream::run(args, &shell)).await,
        Command::Hangup(args) => interruptible(hangup::run(args, &shell)).await,
        Command::List(args) => interruptible(list::run(args, &shell)).await,
        Command::Version(args) => interruptible(version::run(args, &shell)).await,
        Command::Balance(args) => interruptible(balance::run(args, &shell)).await,
        Command::Completions(args) => code(completions::run(&args, &shell)),
        Command::Help(args) => code(help::print(&args.command, tongue)),
    }
}

/// The whole command line with its help in the reader's language.
fn command(tongue: Tongue) -> clap::Command {
    help::dress(Cli::command(), tongue)
}

impl Shell {
    fn api(&self) -> Result<Api, Exit> {
        Api::with_key(&self.environment, self.tongue)
    }

    fn api_without_key(&self) -> Result<Api, Exit> {
        Api::without_key(&self.environment, self.tongue)
    }

    /// Tells what is wrong with the arguments of `name`, and how they are written.
    fn misused(&self, name: &str, wrong: &input::Wrong) -> Exit {
        misuse::tell(&wrong.text(self.tongue), &[name], self.tongue)
    }
}

fn code(done: Result<Exit, Exit>) -> ExitCode {
    let (Ok(exit) | Err(exit)) = done;
    exit.into()
}

async fn interruptible(command: impl Future<Output = Result<Exit, Exit>>) -> ExitCode {
    tokio::select! {
        // The handler is there before anything is sent.
        biased;
        () = interrupted() => Exit::Interrupted.into(),
        done = command => code(done),
    }
}

/// Comes back when Ctrl-C is pressed; never, if that cannot be noticed.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
