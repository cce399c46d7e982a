//! What `waihu doctor` says of trunks: whether they answer, and how a running server stands.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use domain::{CallId, LegId};
use engine::ports::trunk::{TrunkEvent, TrunkEvents};
use sip::{SipConfig, SipTrunks, Upkeep};
use tokio::time::timeout;

use crate::server::config::{Settings, Trunk};

/// A trunk that says nothing for this long is not there, as far as somebody waits at a terminal.
const PATIENCE: Duration = Duration::from_secs(6);
/// A server on this machine answers sooner.
const SERVER: Duration = Duration::from_secs(2);

/// Places no calls, so nothing is told.
struct NoCalls;

impl TrunkEvents for NoCalls {
    fn deliver(&self, _call: CallId, _leg: LegId, _event: TrunkEvent) {}
}

/// One line per trunk, and whether it can be used.
pub(crate) async fn examine(settings: &Settings) -> Vec<(bool, String)> {
    let config = SipConfig {
        listen: SocketAddr::new(settings.sip.listen.ip(), 0),
        advertise: settings.sip.advertise,
        ..SipConfig::default()
    };
    let trunks = match SipTrunks::start(config, Arc::new(NoCalls)).await {
        Ok(trunks) => trunks,
        Err(error) => return vec![(false, error.to_string())],
    };
    let server = running_server(settings).await;
    let each = settings.trunk.iter().map(|trunk| one(&trunks, trunk, &server));
    let found = futures::future::join_all(each).await;
    trunks.shutdown().await;
    found
}

async fn one(trunks: &SipTrunks, trunk: &Trunk, server: &str) -> (bool, String) {
    let name = &trunk.name;
    let config = match trunk.for_sip() {
        Ok(config) => config,
        Err(error) => return (false, format!("{name}: {error}")),
    };
    let address = config.address.clone();
    // A registration of its own would take the place of the running server's.
    let upkeep = Upkeep { register: false, options_s: 0, ..config.upkeep };
    if let Err(error) = trunks.add(sip::TrunkConfig { upkeep, ..config }) {
        return (false, format!("{name} {address}: {error}"));
    }
    let (ok, says) = match timeout(PATIENCE, trunks.ask(name)).await {
        Ok(Ok(status)) => (true, format!("answers OPTIONS with {status}")),
        Ok(Err(error)) => (false, error),
        Err(_) => (false, format!("no answer to OPTIONS within {} s", PATIENCE.as_secs())),
    };
    let start = format!("trunk {name}: ");
    let known = server.lines().find_map(|line| line.strip_prefix(&start));
    let known = match known {
        Some(state) => format!("; the running server says: {state}"),
        None if trunk.sip.register => "; registers while `waihu serve` runs".to_owned(),
        None => String::new(),
    };
    (ok, format!("{name} {address}: {says}{known}"))
}

/// What a server with these settings says of its trunks; nothing if none runs.
async fn running_server(settings: &Settings) -> String {
    let mut at = settings.http.listen;
    if at.ip().is_unspecified() {
        at.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let asked = async {
        let url: reqwest::Url = format!("http://{at}/readyz").parse().ok()?;
        let http = crate::cli::client::http_client(&url).build().ok()?;
        http.get(url).send().await.ok()?.text().await.ok()
    };
    timeout(SERVER, asked).await.ok().flatten().unwrap_or_default()
}
