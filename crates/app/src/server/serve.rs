//! `waihu serve`: runs the installation until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use sip::TrunkAddress;
use tokio_util::sync::CancellationToken;

use crate::cli::output::{say, tell};
use crate::server::config::{Settings, Trunk};
use crate::server::platform::{Extras, Platform, StartError};
use crate::server::stop::Stop;

/// Options of `waihu serve`; they win over environment and file.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ServeArgs {
    /// Settings file
    #[arg(long, value_name = "FILE", env = "WAIHU_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Directory for database and recordings
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Address of the HTTP listener
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Option<SocketAddr>,
    /// Address of our SIP socket
    #[arg(long, value_name = "ADDR")]
    pub(crate) sip: Option<SocketAddr>,
    /// Trunk for every number, such as sip:10.0.0.5:5060
    #[arg(long, value_name = "SIP_URI")]
    pub(crate) trunk: Option<TrunkAddress>,
}

/// File, environment and options together.
pub(crate) fn settings(args: &ServeArgs) -> Result<Settings, StartError> {
    let mut settings = Settings::read(args.config.as_deref())?;
    if let Some(dir) = &args.data_dir {
        settings.data_dir = Some(dir.clone());
    }
    if let Some(http) = args.http {
        settings.http.listen = http;
    }
    if let Some(sip) = args.sip {
        settings.sip.listen = sip;
    }
    if let Some(address) = &args.trunk {
        settings.trunk = vec![Trunk::at("trunk", address.clone())];
    }
    Ok(settings)
}

/// Runs until SIGTERM or SIGINT; then drains. A second signal ends calls at once and still
/// settles, as long as the store may take for that; a third one waits for nothing.
pub(crate) async fn run(args: ServeArgs) -> ExitCode {
    let settings = match settings(&args) {
        Ok(settings) => settings,
        Err(error) => return crate::server::failed(&error),
    };
    let drain = Duration::from_secs(settings.calls.drain_s);
    let platform = match Platform::start(settings, Extras::default()).await {
        Ok(platform) => platform,
        Err(error) => return crate::server::failed(&error),
    };
    let mut stop = Stop::listen();
    announce(&platform);
    stop.told().await;
    tell!("stopping: no new calls, {} running", platform.engine.running());
    let (hurry, give_up) = (CancellationToken::new(), CancellationToken::new());
    let (second, third) = (hurry.clone(), give_up.clone());
    tokio::spawn(async move {
        stop.told().await;
        tell!("second signal: ending calls now");
        second.cancel();
        stop.told().await;
        third.cancel();
    });
    let drained = tokio::select! {
        biased;
        () = give_up.cancelled() => {
            tell!("third signal: what is not settled is settled by the next start");
            return ExitCode::FAILURE;
        }
        drained = platform.stop(drain, hurry) => drained,
    };
    if drained.unsettled > 0 {
        tell!("{} calls were not settled; the next start settles them", drained.unsettled);
        return ExitCode::FAILURE;
    }
    tell!("stopped");
    ExitCode::SUCCESS
}

fn announce(p: &Platform) {
    say!("http: http://{}", p.http);
    say!("sip: udp {}", p.sip.local_addr());
    for (name, address, simulated) in &p.trunks {
        let kind = if *simulated { " (simulated: reaches no telephone)" } else { "" };
        say!("trunk: {name}{kind} {address}");
    }
    say!("data: {}", p.store.location());
    if p.recovered.requeued + p.recovered.lost > 0 {
        let r = p.recovered;
        say!("recovered: {} queued again, {} ended as node_lost", r.requeued, r.lost);
    }
    if let Some(key) = &p.first.key {
        say!("key (shown once): {key}");
    }
    say!("docs: http://{}/docs", p.http);
    for warning in &p.warnings {
        tell!("warning: {warning}");
    }
}
