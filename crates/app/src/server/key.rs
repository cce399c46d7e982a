//! `waihu key`: makes keys beside a running server.

use std::path::PathBuf;
use std::process::ExitCode;

use engine::Clock;
use engine::owner::{OWNER, create_key, first_start};
use store::Store;

use crate::cli::output::say;
use crate::server::failed;
use crate::server::platform::{StartError, random_bytes, store_config};
use crate::server::serve::{ServeArgs, settings};

/// What to do with keys.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key and print only it
    Create(CreateArgs),
}

/// Options of `waihu key create`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CreateArgs {
    /// Settings file
    #[arg(long, value_name = "FILE", env = "WAIHU_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Directory for database and recordings
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Login of the account
    #[arg(long, value_name = "LOGIN", default_value = OWNER)]
    pub(crate) account: String,
    /// What the key is called
    #[arg(long, value_name = "NAME", default_value = "key")]
    pub(crate) name: String,
}

/// Carries it out.
pub(crate) async fn run(command: KeyCommand) -> ExitCode {
    let KeyCommand::Create(args) = command;
    match create(args).await {
        Ok(key) => {
            say!("{key}");
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

async fn create(args: CreateArgs) -> Result<String, StartError> {
    let serve = ServeArgs { config: args.config, data_dir: args.data_dir, ..ServeArgs::default() };
    let settings = settings(&serve)?;
    let store = std::sync::Arc::new(Store::open(store_config(&settings).for_tool()).await?);
    let keys = engine::owner::Keys {
        clock: Clock::real(),
        records: store.clone(),
        directory: store.clone(),
        random: random_bytes,
    };
    let bonus = domain::MicroYuan(settings.signup.bonus_micro_yuan);
    // In a data directory that no server has used yet, the account is made first.
    let key = match first_start(&keys, bonus).await?.key {
        Some(first) if args.account == OWNER => first,
        _ => create_key(&keys, &args.account, &args.name).await?,
    };
    store.close().await;
    Ok(key)
}
