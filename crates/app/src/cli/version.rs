//! `waihu version`: whether client and server speak the same version of the protocol.

use serde::Deserialize;

use super::Shell;
use super::client::{ask, read};
use super::exit::Exit;
use super::output::{self, plain};

/// Arguments of `waihu version`.
#[derive(Debug, clap::Args)]
pub(crate) struct VersionArgs {
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Reply {
    skill_version: String,
}

/// Prints both versions.
pub(crate) async fn run(args: VersionArgs, shell: &Shell) -> Result<Exit, Exit> {
    let api = shell.api_without_key()?;
    let told = |failure: super::failure::Failure| failure.report(args.json, api.tongue());
    let body = ask(api.callinfo_get("skill_version")).await.map_err(told)?;
    let reply: Reply = read(&body).map_err(told)?;
    let local = callout::SKILL_VERSION;
    let same = reply.skill_version == local;
    if args.json {
        output::result(&body)?;
    } else {
        let verdict =
            if same { "✅ Versions match" } else { "⚠️ Versions differ, update the skill" };
        output::result(format!(
            "Local skill version: {local}\nRemote skill version: {}\n{verdict}\n",
            plain(&reply.skill_version)
        ))?;
    }
    Ok(if same { Exit::Done } else { Exit::Version })
}
