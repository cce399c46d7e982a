//! Plugs the wings into the hall: one running installation.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::MicroYuan;
use engine::lanes::{Lanes, LanesConfig};
use engine::owner::{FirstStart, Keys, first_start, top_up};
use engine::{Catalogue, Clock, Engine, EngineConfig, InHouse, Parts, Recovered};
use lab::{Lab, LabConfig, LabHandle};
use rand::RngCore;
use sip::{SipConfig, SipTrunks, TrunkAddress};
use store::{Store, StoreConfig};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::server::config::{Settings, Trunk};
use crate::server::voices;

/// Why an installation could not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Settings(#[from] crate::server::config::SettingsError),
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error(transparent)]
    Owner(#[from] engine::owner::OwnerError),
    #[error(transparent)]
    Recover(#[from] engine::ports::records::ReadError),
    #[error(transparent)]
    Sip(#[from] sip::SipError),
    #[error("lab: {0}")]
    Lab(#[from] lab::LabError),
    #[error(transparent)]
    Speech(#[from] engine::ports::synthesizer::SpeechError),
    #[error("HTTP address {addr} cannot be listened on ({cause}): choose another with --http")]
    Http { addr: SocketAddr, cause: std::io::Error },
    #[error("cannot start the media threads: {0}")]
    Threads(std::io::Error),
    #[error("media.first_port {first} to media.last_port {last} holds no port pair")]
    NoPorts { first: u16, last: u16 },
}

/// What an installation needs besides its settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    /// Paid in at start, once; for demo, lab and bench runs.
    pub(crate) top_up: Option<MicroYuan>,
    /// Start the lab even if trunks are configured.
    pub(crate) lab: Option<LabConfig>,
}

/// A running installation.
pub(crate) struct Platform {
    pub(crate) engine: Engine,
    pub(crate) http: SocketAddr,
    pub(crate) sip: Arc<SipTrunks>,
    pub(crate) trunks: Vec<(String, TrunkAddress, bool)>,
    pub(crate) lab: Option<LabHandle>,
    pub(crate) store: Arc<Store>,
    pub(crate) first: FirstStart,
    pub(crate) recovered: Recovered,
    pub(crate) warnings: Vec<String>,
    stop_http: CancellationToken,
    serving: tokio::task::JoinHandle<()>,
}

impl Platform {
    /// Opens the store, the lanes, the trunks and the listener, in this order: whoever fails,
    /// nothing has been dialled.
    pub(crate) async fn start(settings: Settings, extras: Extras) -> Result<Self, StartError> {
        let lanes_config = lanes_config(&settings)?;
        let (listener, http) = listen(settings.http.listen).await?;
        let store = Arc::new(Store::open(store_config(&settings)).await?);
        let clock = Clock::real();
        let blobs = Arc::new(store.blobs());
        let lanes = Lanes::start(&lanes_config, blobs.clone(), random_u64);
        let lanes = Arc::new(lanes.map_err(StartError::Threads)?);
        let (models, warnings) = voices::models(&settings.speech).await?;
        let parts = Parts {
            clock,
            records: store.clone(),
            directory: store.clone(),
            blobs,
            plane: lanes.clone(),
            models,
            directors: Arc::new(InHouse),
            random: random_bytes,
        };
        let (lab, trunks) = lab_and_trunks(&settings, extras.lab).await?;
        let config = engine_config(&settings, &trunks, http, &parts);
        let engine = Engine::new(parts.clone(), config);
        let sip_config = SipConfig {
            listen: settings.sip.listen,
            advertise: settings.sip.advertise,
            trunks: trunks.iter().map(Trunk::for_sip).collect::<Result<_, _>>()?,
            ..SipConfig::default()
        };
        let sip = SipTrunks::start(sip_config, engine.trunk_events()).await?;
        engine.plug(sip.clone());
        // Addresses are taken by now: the one key that is shown needs a start that succeeds.
        let keys = Keys::from(&parts);
        let first = first_start(&keys, MicroYuan(settings.signup.bonus_micro_yuan)).await?;
        if let Some(amount) = extras.top_up {
            top_up(&keys, first.account, "start", amount).await?;
        }
        let recovered = engine.start().await?;
        let stop_http = CancellationToken::new();
        let router = crate::server::http::router(&engine, &settings, &lanes, &sip);
        let serving = crate::server::http::serve(listener, router, stop_http.clone());
        let trunks = trunks.into_iter().map(|t| (t.name, t.address, t.simulated)).collect();
        Ok(Self {
            engine,
            http,
            sip,
            trunks,
            lab,
            store,
            first,
            recovered,
            warnings,
            stop_http,
            serving,
        })
    }

    /// Lets running calls finish within `limit` or until `hurry`, then takes everything down in
    /// the order in which it depends on each other.
    pub(crate) async fn stop(self, limit: Duration, hurry: CancellationToken) -> engine::Drained {
        let drained = self.engine.drain(limit, hurry).await;
        self.stop_http.cancel();
        let _ = tokio::time::timeout(Duration::from_secs(3), self.serving).await;
        self.sip.shutdown().await;
        if let Some(lab) = &self.lab {
            lab.shutdown().await;
        }
        self.store.close().await;
        drained
    }
}

async fn listen(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let refused = |cause| StartError::Http { addr, cause };
    let listener = TcpListener::bind(addr).await.map_err(refused)?;
    let local = listener.local_addr().map_err(refused)?;
    Ok((listener, local))
}

fn lanes_config(settings: &Settings) -> Result<LanesConfig, StartError> {
    let (first, last) = (settings.media.first_port, settings.media.last_port);
    if last <= first {
        return Err(StartError::NoPorts { first, last });
    }
    Ok(LanesConfig {
        address: settings.media.address,
        ports: (first, last),
        lanes: settings.media.lanes,
        pin_from: None,
    })
}

/// The lab serves when nothing else does, and when it is asked for.
async fn lab_and_trunks(
    settings: &Settings,
    asked: Option<LabConfig>,
) -> Result<(Option<LabHandle>, Vec<Trunk>), StartError> {
    let mut trunks = settings.trunk.clone();
    if !trunks.is_empty() && asked.is_none() {
        return Ok((None, trunks));
    }
    let config = asked.unwrap_or_else(|| LabConfig {
        seed: settings.lab.seed.unwrap_or(1),
        language: settings.lab.language,
        out_dir: settings.lab.reports.clone(),
        ..LabConfig::default()
    });
    let lab = Lab::start(config).await?;
    let at = lab.local_addr();
    let address = TrunkAddress::new(at.ip().to_string(), at.port());
    let mut trunk = Trunk { simulated: true, ..Trunk::at("lab", address) };
    // It lives in this process.
    trunk.sip.options_s = 0;
    trunk.lines = 1_000;
    trunk.calls_per_second = 100;
    trunks.push(trunk);
    Ok((Some(lab), trunks))
}

/// Where the data of an installation lies.
pub(crate) fn data_dir(settings: &Settings) -> PathBuf {
    settings.data_dir.clone().unwrap_or_else(|| PathBuf::from("waihu-data"))
}

/// How its store is opened.
pub(crate) fn store_config(settings: &Settings) -> StoreConfig {
    let embedded = StoreConfig::embedded(data_dir(settings));
    match &settings.store.url {
        Some(url) => StoreConfig { url: url.clone(), ..embedded },
        None => embedded,
    }
}

fn engine_config(
    settings: &Settings,
    trunks: &[Trunk],
    http: SocketAddr,
    parts: &Parts,
) -> EngineConfig {
    let default_url = format!("http://{http}");
    let numbers = domain::NumberRules::new(settings.numbers.extra_patterns.clone());
    let catalogue = Catalogue {
        price: domain::Price {
            micro_yuan_per_minute: settings.billing.price_micro_yuan_per_minute,
            rounding: settings.billing.rounding,
        },
        voices: parts.models.voices(),
        models: parts.models.infos(),
        recording: settings.recording.enabled,
        limits: settings.limits(),
        numbers: numbers.unwrap_or_default(),
        public_url: settings.http.public_url.clone().unwrap_or(default_url),
        turn: domain::TurnSettings {
            pause_ms: settings.turn.pause_ms,
            hold_off_ms: settings.turn.hold_off_ms,
            mute_ms: settings.turn.mute_ms,
            opening: settings.turn.opening,
            ..domain::TurnSettings::default()
        },
    };
    EngineConfig {
        catalogue,
        routes: trunks.iter().map(|t| t.route(&settings.media)).collect(),
        node: format!("node-{}", std::process::id()),
        max_concurrent: settings.calls.max_concurrent,
        callee_per_hour: settings.policy.callee_per_hour,
        callee_per_day: settings.policy.callee_per_day,
        count_simulated: settings.policy.count_simulated,
        caller: settings.calls.caller.clone(),
        voicemail_message: settings.voicemail.message,
        streams_per_call: settings.stream.max_per_call,
        streams_per_key: settings.stream.max_per_key,
    }
}

/// Ten bytes from the system's random source.
pub(crate) fn random_bytes() -> [u8; 10] {
    let mut bytes = [0; 10];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

fn random_u64() -> u64 {
    rand::rng().next_u64()
}
