//! `waihu balance`: what the account has.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Shell;
use super::client::{ask, read};
use super::exit::Exit;
use super::output::{self, plain};

/// Arguments of `waihu balance`.
#[derive(Debug, clap::Args)]
pub(crate) struct BalanceArgs {
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Reply {
    data: Money,
}

/// Numbers as the server wrote them: money is no floating-point number.
#[derive(Deserialize)]
struct Money {
    balance: Box<RawValue>,
    available: Box<RawValue>,
    held: Box<RawValue>,
}

/// Prints the balance.
pub(crate) async fn run(args: BalanceArgs, shell: &Shell) -> Result<Exit, Exit> {
    let api = shell.api()?;
    let told = |failure: super::failure::Failure| failure.report(args.json, api.tongue());
    let body = ask(api.callinfo_get("balance")).await.map_err(told)?;
    if args.json {
        output::result(&body)?;
        return Ok(Exit::Done);
    }
    let Money { balance, available, held } = read::<Reply>(&body).map_err(told)?.data;
    let [balance, available, held] = [balance, available, held].map(|m| plain(m.get()));
    output::result(format!("💰 Balance: ¥{balance} (available ¥{available}, held ¥{held})\n"))?;
    Ok(Exit::Done)
}
