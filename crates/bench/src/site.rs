//! An installation under test: engine, lanes, SIP side and SQLite as they are in service, with
//! models that follow a script.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    AccountId, CallId, CallLimits, CallRequest, Caps, Credential, KeyId, Masked, MicroYuan,
    NumberRules, PhoneNumber, Price, Principal, Rounding, Scope, Surface, Task, Terms,
    TurnSettings, VoiceChoice,
};
use engine::lanes::{Lanes, LanesConfig};
use engine::owner::{Keys, first_start, top_up};
use engine::{
    Calls, Catalogue, Clock, Engine, EngineConfig, InHouse, Model, ModelInfo, Models, Parts,
    PlaceOrder, Route,
};
use rand::RngCore;
use sip::{SipConfig, SipTimers, SipTrunks, TrunkConfig};
use store::{Store, StoreConfig};
use tokio_util::sync::CancellationToken;

use crate::Failure;
use crate::scripted::{Delays, Script, Scripted};

/// How an installation is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where INVITEs go: each is a trunk; calls are spread over them.
    pub peers: Vec<SocketAddr>,
    /// Calls at a time.
    pub lines: u32,
    /// New calls a second.
    pub calls_per_second: u32,
    /// Whether calls are recorded.
    pub record: bool,
    /// How long the models take.
    pub delays: Delays,
    /// How turns are taken.
    pub turn: TurnSettings,
    /// T1 of SIP, ms: how long ended transactions are remembered.
    pub t1_ms: u64,
    /// Core of the lane.
    pub pin: Option<usize>,
    /// RTP ports, first and last.
    pub ports: (u16, u16),
    /// Where data lies; the system's directory for temporary files by default.
    pub dir: Option<PathBuf>,
}

impl Setup {
    /// One peer, models without delay, no recording.
    pub fn new(peer: SocketAddr) -> Self {
        Self {
            peers: vec![peer],
            lines: 10_000,
            calls_per_second: 5_000,
            record: false,
            delays: Delays::default(),
            turn: TurnSettings { hold_off_ms: 0, ..TurnSettings::default() },
            t1_ms: SipTimers::default().t1_ms,
            pin: None,
            ports: (16_384, 32_767),
            dir: None,
        }
    }
}

/// A running installation.
pub struct Site {
    /// It.
    pub engine: Engine,
    /// Its media.
    pub lanes: Arc<Lanes>,
    /// Its signalling.
    pub sip: Arc<SipTrunks>,
    /// The key of its one account.
    pub key: String,
    who: Principal,
    setup: Setup,
    store: Arc<Store>,
    /// Removed at the end.
    _dir: tempfile::TempDir,
}

impl Site {
    /// Starts one on the current runtime.
    pub async fn start(setup: Setup) -> Result<Self, Failure> {
        let dir = match &setup.dir {
            Some(dir) => tempfile::Builder::new().prefix("waihu-bench-").tempdir_in(dir)?,
            None => tempfile::Builder::new().prefix("waihu-bench-").tempdir()?,
        };
        let store = Arc::new(Store::open(StoreConfig::embedded(dir.path())).await?);
        let blobs = Arc::new(store.blobs());
        let config = LanesConfig {
            address: [127, 0, 0, 1].into(),
            ports: setup.ports,
            lanes: 1,
            pin_from: setup.pin,
        };
        let lanes = Lanes::start(&config, blobs.clone(), || rand::rng().next_u64())?;
        let lanes = Arc::new(lanes);
        let models = Scripted { delays: setup.delays };
        let parts = Parts {
            clock: Clock::real(),
            records: store.clone(),
            directory: store.clone(),
            blobs,
            plane: lanes.clone(),
            models: named(models),
            directors: Arc::new(InHouse),
            random: ten_bytes,
        };
        let keys = Keys::from(&parts);
        let config = engine_config(&setup, &parts);
        let engine = Engine::new(parts, config);
        let sip = SipTrunks::start(sip_config(&setup)?, engine.trunk_events()).await?;
        engine.plug(sip.clone());
        let first = first_start(&keys, MicroYuan::ZERO).await?;
        top_up(&keys, first.account, "bench", MicroYuan(1_000_000_000_000_000)).await?;
        engine.start().await?;
        let key = first.key.unwrap_or_default();
        let who = principal(first.account);
        Ok(Self { engine, lanes, sip, key, who, setup, store, _dir: dir })
    }

    /// Who calls.
    pub fn who(&self) -> &Principal {
        &self.who
    }

    /// A request to call the `n`th number that ends in `persona`.
    pub fn request(&self, n: u64, persona: &str, script: Script) -> Result<CallRequest, Failure> {
        Ok(CallRequest {
            target: number(n, persona)?,
            task: Task::Requirement(Masked::new(script.word().to_owned())),
            alias: None,
            terms: Terms {
                agent: None,
                voice: VoiceChoice {
                    model: "scripted".to_owned(),
                    voice: "v0001".to_owned(),
                    emotion: "neutral".to_owned(),
                    volume: 50,
                    speed: 50,
                },
                turn: self.setup.turn,
                limits: CallLimits::default(),
                record: self.setup.record,
            },
        })
    }

    /// Places one call.
    pub async fn place(&self, request: CallRequest) -> Result<CallId, Failure> {
        let order = PlaceOrder { surface: Surface::Callout, requests: vec![request], once: None };
        let placed = self.engine.place(&self.who, order).await;
        let placed = placed.map_err(|refusal| format!("a call was refused: {refusal:?}"))?;
        let placed = placed.placed().ok_or("a call was placed before")?;
        Ok(placed.calls.first().ok_or("a call was skipped")?.call)
    }

    /// Ends what runs and takes everything down; whether nothing was left over.
    pub async fn stop(self) -> bool {
        let drained = self.engine.drain(Duration::from_secs(2), CancellationToken::new()).await;
        self.sip.shutdown().await;
        self.store.close().await;
        drained.unsettled == 0
    }
}

/// The `n`th mobile number that ends in `persona`; they repeat after a million.
fn number(n: u64, persona: &str) -> Result<PhoneNumber, Failure> {
    // The digit that changes fastest stands first.
    let (first, rest) = (n % 10, n / 10 % 100_000);
    let text = format!("13{first}{rest:05}{persona}");
    let number = NumberRules::default().parse(&text);
    number.map_err(|_| format!("{persona} is no ending of a number").into())
}

fn principal(account: AccountId) -> Principal {
    Principal {
        account,
        credential: Credential::ApiKey(KeyId(1)),
        scopes: Scope::ALL.to_vec(),
        caps: Caps::default(),
    }
}

fn sip_config(setup: &Setup) -> Result<SipConfig, Failure> {
    let mut trunks = Vec::new();
    for (n, peer) in setup.peers.iter().enumerate() {
        trunks.push(TrunkConfig::new(trunk_name(n), peer.to_string().parse()?));
    }
    Ok(SipConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        trunks,
        timers: SipTimers { t1_ms: setup.t1_ms, ..SipTimers::default() },
        ..SipConfig::default()
    })
}

fn trunk_name(n: usize) -> String {
    format!("peer-{n}")
}

/// Ten bytes from the system's random source.
fn ten_bytes() -> [u8; 10] {
    let mut bytes = [0; 10];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// What is scripted, as the only model.
fn named(scripted: Scripted) -> Models {
    let info = ModelInfo { id: "scripted".to_owned(), name: "scripted".to_owned() };
    Models::new(
        info,
        Model {
            synthesizer: Arc::new(scripted),
            recognizer: Arc::new(scripted),
            judge: Arc::new(scripted),
            responder: Arc::new(scripted),
        },
    )
}

fn engine_config(setup: &Setup, parts: &Parts) -> EngineConfig {
    // Several peers share the numbers by their third digit.
    let peers = setup.peers.len();
    let digits = |n: usize| (0..10).filter(move |d| peers > 1 && d % peers == n);
    let routes = setup.peers.iter().enumerate().map(|(n, _)| Route {
        prefixes: digits(n).map(|d| format!("13{d}")).collect(),
        lines: setup.lines,
        calls_per_second: setup.calls_per_second,
        ..Route::open(&trunk_name(n), true)
    });
    EngineConfig {
        catalogue: Catalogue {
            price: Price { micro_yuan_per_minute: 300_000, rounding: Rounding::StartedMinute },
            voices: parts.models.voices(),
            models: parts.models.infos(),
            recording: setup.record,
            limits: CallLimits::default(),
            numbers: NumberRules::default(),
            public_url: "http://127.0.0.1".to_owned(),
            turn: setup.turn,
        },
        routes: routes.collect(),
        node: "bench".to_owned(),
        max_concurrent: setup.lines,
        callee_per_hour: 0,
        callee_per_day: 0,
        count_simulated: false,
        caller: None,
        voicemail_message: true,
        streams_per_call: 8,
        streams_per_key: 100_000,
    }
}
