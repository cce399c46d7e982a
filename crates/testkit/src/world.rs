//! Puts the real engine together with the fakes and lets virtual time pass.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    AccountId, CallId, CallLimits, CallRecord, CallRequest, Caps, Credential, Envelope, KeyId,
    Language, Masked, MicroYuan, NumberRules, Price, Principal, Refusal, Rounding, Scope, Surface,
    Task, Terms, TurnSettings, VoiceChoice,
};
use engine::{
    Calls, Catalogue, Clock, Engine, EngineConfig, Model, ModelInfo, Models, Parts, PlaceOrder,
    Placed, Recovered, Route,
};

use crate::chance::{reseed_ids, ten_bytes};
use crate::judge::FakeJudge;
use crate::machine::Machine;
use crate::memory::{MemoryStore, NoBlobs};
use crate::moods::Moods;
use crate::outside::Outside;
use crate::plan::Plan;
use crate::plane::FakePlane;
use crate::recognizer::{FakeRecognizer, Words};
use crate::responder::FakeResponder;
use crate::sabotage::Plants;
use crate::synthesizer::FakeSynthesizer;
use crate::trunk::FakeTrunk;

/// A requirement with addressee, sender and content.
pub const REQUIREMENT: &str = "给王伟，李雷托我转告：明天下午三点开会，请带报表";
/// The account every world has.
const OWNER: AccountId = AccountId(1);

/// How a world is set up; change what a test is about.
#[derive(Clone)]
pub struct Setup {
    /// Everything random follows from it.
    pub seed: u64,
    /// What the owner can spend; `None` leaves the store as it is.
    pub balance: Option<MicroYuan>,
    /// Calls past `queued` at a time.
    pub max_concurrent: u32,
    /// How long things may last.
    pub limits: CallLimits,
    /// How turns are taken.
    pub turn: TurnSettings,
    /// Whether calls are recorded.
    pub record: bool,
    /// Whether a machine is left a sentence.
    pub voicemail_message: bool,
    /// Calls to one number in an hour; 0 is no limit.
    pub callee_per_hour: u32,
    /// Trunks.
    pub routes: Vec<Route>,
    /// What is broken on purpose.
    pub plants: Plants,
    /// What is durable already.
    pub store: MemoryStore,
    /// Who leads calls beside the built-in director; nobody by default.
    pub outside: Outside,
}

impl Default for Setup {
    fn default() -> Self {
        let route = Route { calls_per_second: 50, ..Route::open("lab", true) };
        Self {
            seed: 1,
            balance: Some(MicroYuan(1_000_000_000)),
            max_concurrent: 5,
            limits: CallLimits::default(),
            turn: TurnSettings::default(),
            record: false,
            voicemail_message: true,
            callee_per_hour: 0,
            routes: vec![route],
            plants: Plants::default(),
            store: MemoryStore::default(),
            outside: Outside::default(),
        }
    }
}

/// The same of calls to numbers that end in 7: it takes half a minute to say.
pub const LONG_REQUIREMENT: &str = "请给王伟打电话，我是李雷，逐条告诉他明天的议程。";

/// Id of the model that a world has beside its default one.
pub const SECOND_MODEL: &str = "second";

/// A running engine among fakes.
pub struct World {
    /// The real one.
    pub engine: Engine,
    /// Journal, records, ledger.
    pub store: MemoryStore,
    /// Signalling.
    pub trunk: FakeTrunk,
    /// Media.
    pub plane: FakePlane,
    /// How the models behave.
    pub moods: Moods,
    /// What was asked to be spoken.
    pub synthesizer: FakeSynthesizer,
    /// The same of the model [`SECOND_MODEL`], which shares all else with the first.
    pub second_synthesizer: FakeSynthesizer,
    /// What the responder was asked.
    pub responder: FakeResponder,
    /// The owner.
    pub who: Principal,
    /// Virtual time.
    pub clock: Clock,
    /// How it was set up.
    pub setup: Setup,
    /// What a dead engine had left in the store.
    pub recovered: Recovered,
}

impl Setup {
    /// Starts the world on the machine that runs now.
    ///
    /// # Panics
    /// Outside of [`Machine::run`].
    pub async fn start(self) -> World {
        let world = self.build().await;
        let recovered = world.engine.start().await.expect("the store can be read");
        World { recovered, ..world }
    }

    async fn build(self) -> World {
        reseed_ids(self.seed);
        let clock = Machine::current().expect("a world lives on a machine").clock();
        self.store.live_by(clock.clone(), self.plants.clone());
        self.outside.live_by(clock.clone(), self.plants.clone());
        let (words, moods) = (Words::default(), Moods::new(clock.clone()));
        let trunk = FakeTrunk::new(clock.clone(), self.plants.clone());
        let plane =
            FakePlane::start(clock.clone(), trunk.clone(), words.clone(), self.plants.clone());
        let responder = FakeResponder::new(moods.clone(), self.plants.clone());
        let synthesizer = FakeSynthesizer {
            moods: moods.clone(),
            plants: self.plants.clone(),
            asked: Arc::default(),
            orders: Arc::default(),
        };
        let second_synthesizer = FakeSynthesizer { asked: Arc::default(), ..synthesizer.clone() };
        let model = Model {
            synthesizer: Arc::new(synthesizer.clone()),
            recognizer: Arc::new(FakeRecognizer { words, moods: moods.clone() }),
            judge: Arc::new(FakeJudge { moods: moods.clone() }),
            responder: Arc::new(responder.clone()),
        };
        let second = Model { synthesizer: Arc::new(second_synthesizer.clone()), ..model.clone() };
        let parts = Parts {
            clock: clock.clone(),
            records: Arc::new(self.store.clone()),
            directory: Arc::new(self.store.clone()),
            blobs: Arc::new(NoBlobs),
            plane: Arc::new(plane.clone()),
            models: Models::new(mini(), model).with(named(SECOND_MODEL), second),
            directors: Arc::new(self.outside.clone()),
            random: ten_bytes,
        };
        let engine = Engine::new(parts, self.config());
        engine.plug(Arc::new(trunk.clone()));
        trunk.deliver_to(engine.trunk_events());
        if let Some(balance) = self.balance {
            self.store.deposit(OWNER, balance);
        }
        let who = Principal {
            account: OWNER,
            credential: Credential::ApiKey(KeyId(1)),
            scopes: Scope::ALL.to_vec(),
            caps: Caps::default(),
        };
        let (store, recovered) = (self.store.clone(), Recovered::default());
        let setup = self;
        World {
            engine,
            store,
            trunk,
            plane,
            moods,
            synthesizer,
            second_synthesizer,
            responder,
            who,
            clock,
            setup,
            recovered,
        }
    }

    fn config(&self) -> EngineConfig {
        let price = Price { micro_yuan_per_minute: 300_000, rounding: Rounding::StartedMinute };
        EngineConfig {
            catalogue: Catalogue {
                price,
                voices: Vec::new(),
                models: vec![mini()],
                recording: self.record,
                limits: self.limits,
                numbers: NumberRules::default(),
                public_url: "http://127.0.0.1:8480".to_owned(),
                turn: self.turn,
            },
            routes: self.routes.clone(),
            node: "virtual".to_owned(),
            max_concurrent: self.max_concurrent,
            callee_per_hour: self.callee_per_hour,
            callee_per_day: 0,
            count_simulated: true,
            caller: None,
            voicemail_message: self.voicemail_message,
            streams_per_call: 32,
            streams_per_key: 100,
        }
    }
}

impl World {
    /// A request to call this number.
    pub fn request(&self, number: &str) -> CallRequest {
        let voice = VoiceChoice {
            model: "stepone-mini".to_owned(),
            voice: "v0001".to_owned(),
            emotion: "neutral".to_owned(),
            volume: 50,
            speed: 50,
        };
        let requirement = if number.ends_with('7') { LONG_REQUIREMENT } else { REQUIREMENT };
        CallRequest {
            target: NumberRules::default().parse(number).expect("a mobile number"),
            task: Task::Requirement(Masked::new(requirement.to_owned())),
            alias: None,
            terms: Terms {
                agent: None,
                voice,
                turn: TurnSettings { language: Language::Zh, ..self.setup.turn },
                limits: self.setup.limits,
                record: self.setup.record,
            },
        }
    }

    /// Places calls to these numbers as one order.
    pub async fn place(&self, numbers: &[&str]) -> Result<Placed, Refusal> {
        let requests = numbers.iter().map(|n| self.request(n)).collect();
        let order = PlaceOrder { surface: Surface::Callout, requests, once: None };
        Ok(self.engine.place(&self.who, order).await?.placed().expect("no key was given"))
    }

    /// Places one call that follows this plan.
    pub async fn call(&self, number: &str, plan: Plan) -> CallId {
        self.trunk.plan(number, plan);
        let placed = self.place(&[number]).await.expect("the call is accepted");
        placed.calls[0].call
    }

    /// Lets virtual time pass.
    pub async fn pass(&self, ms: u64) {
        self.clock.sleep(Duration::from_millis(ms)).await;
    }

    /// Lets virtual time pass until no call runs or waits.
    ///
    /// # Panics
    /// When that takes longer than `seconds`.
    pub async fn settle(&self, seconds: u64) {
        for _ in 0..seconds * 10 {
            if self.engine.running() == 0 && self.engine.waiting() == 0 {
                return;
            }
            self.pass(100).await;
        }
        let (running, waiting) = (self.engine.running(), self.engine.waiting());
        panic!("after {seconds} s {running} calls run and {waiting} wait");
    }

    /// Lets virtual time pass, at most `seconds`, until `reached` holds of the call's record.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn until(&self, call: CallId, seconds: u64, reached: impl Fn(&CallRecord) -> bool) {
        for _ in 0..seconds * 100 {
            if reached(&self.record(call)) {
                return;
            }
            self.pass(10).await;
        }
        panic!("not within {seconds} s: {:#?}", self.record(call));
    }

    /// Places one call, lets it end, and answers its record.
    pub async fn whole_call(&self, plan: Plan) -> CallRecord {
        let call = self.call("13800138000", plan).await;
        self.settle(900).await;
        self.record(call)
    }

    /// One call's stored record.
    pub fn record(&self, call: CallId) -> CallRecord {
        let all = self.store.records();
        all.into_iter().find(|r| r.call == call).expect("the call is stored")
    }

    /// One call's journal.
    pub fn journal(&self, call: CallId) -> Vec<Envelope> {
        self.store.journal(call)
    }
}

/// The default model of a world.
fn mini() -> ModelInfo {
    named("stepone-mini")
}

fn named(id: &str) -> ModelInfo {
    ModelInfo { id: id.to_owned(), name: id.to_owned() }
}
