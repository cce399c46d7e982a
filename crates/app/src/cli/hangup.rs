//! `waihu hangup`: ends a call.

use reqwest::Method;
use serde::Deserialize;

use super::Shell;
use super::client::{ask, read};
use super::exit::Exit;
use super::input::call_id;
use super::output::{self, plain};

/// Arguments of `waihu hangup`.
#[derive(Debug, clap::Args)]
pub(crate) struct HangupArgs {
    #[arg(value_name = "CALL_ID")]
    call_id: String,
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Reply {
    call_id: String,
    already_ended: bool,
}

/// Prints what the hang-up met.
pub(crate) async fn run(args: HangupArgs, shell: &Shell) -> Result<Exit, Exit> {
    call_id(&args.call_id).map_err(|wrong| shell.misused("hangup", &wrong))?;
    let api = shell.api()?;
    let told = |failure: super::failure::Failure| failure.report(args.json, api.tongue());
    let request = api.request(Method::POST, &["v1", "calls", &args.call_id, "hangup"]);
    let body = ask(request).await.map_err(told)?;
    if args.json {
        output::result(&body)?;
        return Ok(Exit::Done);
    }
    let reply: Reply = read(&body).map_err(told)?;
    let what = if reply.already_ended { "Already ended" } else { "Hung up" };
    output::result(format!("📴 {what}: {}\n", plain(&reply.call_id)))?;
    Ok(Exit::Done)
}
