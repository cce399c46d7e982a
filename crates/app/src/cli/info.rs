//! `waihu info`: the record of one call, asked for until the call is over.

use super::Shell;
use super::exit::Exit;
use super::input::call_id;
use super::output::{self, note};
use super::record::search;
use super::wait::until_ended;

/// Arguments of `waihu info`.
#[derive(Debug, clap::Args)]
pub(crate) struct InfoArgs {
    #[arg(value_name = "CALL_ID")]
    call_id: String,
    #[arg(value_name = "MAX_RETRIES", value_parser = clap::value_parser!(u32).range(0..=1000))]
    max_retries: Option<u32>,
    #[arg(long)]
    json: bool,
}

/// Retries of a person; a program asks once and decides itself.
const RETRIES: u32 = 5;

/// Prints the record as last known.
pub(crate) async fn run(args: InfoArgs, shell: &Shell) -> Result<Exit, Exit> {
    call_id(&args.call_id).map_err(|wrong| shell.misused("info", &wrong))?;
    let api = shell.api()?;
    let retries = args.max_retries.unwrap_or(if args.json { 0 } else { RETRIES });
    let found = until_ended(
        retries,
        async || search(&api, &args.call_id).await,
        |retry, of| note(&format!("⏳ No record yet, retry {retry}/{of} in 10 s")),
    );
    let found = found.await.map_err(|failure| failure.report(args.json, api.tongue()))?;
    if args.json {
        output::result(&found.body)?;
    } else {
        output::result(found.record.text())?;
    }
    if found.record.ended() {
        return Ok(Exit::Done);
    }
    note(shell.tongue.pick("⏳ The call is not over yet", "⏳ 通话尚未结束"));
    Ok(Exit::Unanswered)
}
