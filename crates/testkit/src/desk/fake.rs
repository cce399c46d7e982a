//! An engine that keeps what it is asked and answers what it is told.

use std::sync::{Arc, Mutex};

use domain::{
    AccountId, BatchId, CallAccepted, CallId, CallLimits, CallRecord, CallStatus, Caps, Credential,
    Envelope, Event, KeyId, Language, MicroYuan, NumberRules, Price, Principal, Refusal, Rounding,
    Scope, Surface, Terms, Texts, TurnSettings, VoiceChoice, WallTime,
};
use engine::ports::PortFuture;
use engine::ports::records::{Balance, CallFilter};
use engine::ports::synthesizer::VoiceInfo;
use engine::{
    Calls, Catalogue, HungUp, ModelInfo, Once, PlaceOrder, Placed, PlacedCall, Placement,
    Readiness, Recording, Skipped, StoredReply, Watch, WatchOptions, Watched,
};
use tokio::sync::mpsc;

/// Knows the keys `sk_good` (every scope), `sk_none` (no scope) and `sk_suspended`.
pub struct FakeCalls {
    /// What can be chosen.
    pub catalogue: Catalogue,
    /// What `place` was asked.
    pub orders: Mutex<Vec<PlaceOrder>>,
    /// What `place` refuses with.
    pub refusal: Mutex<Option<Refusal>>,
    /// What `place` leaves out: position and why.
    pub skip: Mutex<Vec<(usize, Refusal)>>,
    /// What `record` and `list` find, newest first.
    pub records: Mutex<Vec<CallRecord>>,
    /// What `watch` tells before it closes, if there is neither a journal nor live news.
    pub news: Mutex<Vec<Watched>>,
    /// The journal that `watch` follows.
    pub journal: Mutex<Vec<Envelope>>,
    /// What `watch` was asked for.
    pub watched: Mutex<Vec<WatchOptions>>,
    /// The recording of every call, or why there is none.
    pub recording: Mutex<Result<Vec<u8>, Refusal>>,
    /// Reading it fails from this offset on.
    pub unreadable_from: Mutex<Option<u64>>,
    /// What `list` was asked for.
    pub asked: Mutex<Vec<CallFilter>>,
    /// What `watch` follows instead of `news`, as it happens.
    pub live: Mutex<Option<mpsc::Receiver<Watched>>>,
}

impl FakeCalls {
    /// One that holds nothing yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::with(catalogue()))
    }

    /// One with this catalogue.
    pub fn with(catalogue: Catalogue) -> Self {
        Self {
            catalogue,
            orders: Mutex::default(),
            refusal: Mutex::default(),
            skip: Mutex::default(),
            records: Mutex::default(),
            news: Mutex::default(),
            journal: Mutex::default(),
            watched: Mutex::default(),
            recording: Mutex::new(Err(Refusal::RecordingMissing)),
            unreadable_from: Mutex::default(),
            asked: Mutex::default(),
            live: Mutex::default(),
        }
    }

    /// The only order so far.
    pub fn order(&self) -> PlaceOrder {
        let orders = self.orders.lock().unwrap();
        assert_eq!(orders.len(), 1);
        orders[0].clone()
    }

    /// Adds a call, newer than all others.
    pub fn found(&self, record: CallRecord) {
        self.records.lock().unwrap().insert(0, record);
    }

    /// What comes of an order.
    fn placed(&self, order: &PlaceOrder) -> Placed {
        let skip = self.skip.lock().unwrap();
        let mut placed = Placed { batch: batch(), calls: Vec::new(), skipped: Vec::new() };
        for (i, request) in order.requests.iter().enumerate() {
            let phone = request.target.clone();
            match skip.iter().find(|(n, _)| *n == i) {
                Some((_, why)) => placed.skipped.push(Skipped { phone, why: why.clone() }),
                None => placed
                    .calls
                    .push(PlacedCall { call: call(placed.calls.len() as u16 + 1), phone }),
            }
        }
        placed
    }

    fn find(&self, id: CallId) -> Result<CallRecord, Refusal> {
        let records = self.records.lock().unwrap();
        let found = records.iter().find(|r| r.call == id);
        found.cloned().ok_or(Refusal::CallNotFound)
    }

    /// What the journal tells from where it was asked for.
    fn told_so_far(&self, options: &WatchOptions) -> Option<Vec<Watched>> {
        let journal = self.journal.lock().unwrap().clone();
        let end = journal.iter().position(|e| matches!(e.event, Event::CallEnded(_)));
        let told = &journal[..end.map_or(journal.len(), |i| i + 1)];
        let wanted = told.iter().filter(|e| e.seq >= options.from_seq);
        let mut news: Vec<_> = wanted.map(|e| Watched::Event(Arc::new(e.clone()))).collect();
        if end.is_some() {
            let record = CallRecord::from_journal(&journal)?;
            news.push(Watched::Ended(Box::new(record)));
        } else {
            news.push(Watched::Beat);
        }
        (!journal.is_empty()).then_some(news)
    }
}

/// Two voices per language, one of them with an emotion of its own, one model, the prices and
/// limits of the specification.
pub fn catalogue() -> Catalogue {
    let voice = |id, language| VoiceInfo::neutral(id, language, "female");
    let mut cheerful = voice("v0002", Language::Zh);
    cheerful.emotions.push("cheerful".into());
    Catalogue {
        price: price(),
        voices: vec![
            voice("v0001", Language::Zh),
            cheerful,
            voice("v0101", Language::En),
            voice("v0102", Language::En),
        ],
        models: vec![ModelInfo { id: "stepone-mini".into(), name: "mini".into() }],
        recording: true,
        limits: CallLimits::default(),
        numbers: NumberRules::default(),
        public_url: "http://127.0.0.1:8480".into(),
        turn: TurnSettings::default(),
    }
}

/// The price of the specification.
pub fn price() -> Price {
    Price { micro_yuan_per_minute: 300_000, rounding: Rounding::StartedMinute }
}

/// Ids that are the same in every run and rise with `n`: 1 is
/// `00000000-0001-7101-8101-010101010101`.
pub fn call(n: u16) -> CallId {
    CallId::from_parts(u64::from(n), [n.to_le_bytes()[0]; 10])
}

fn conflict() -> Result<StoredReply, Refusal> {
    Err(Refusal::IdempotencyConflict)
}

/// The batch of every order.
pub fn batch() -> BatchId {
    BatchId::from_parts(1, [0xB; 10])
}

/// The first event of call `n`, accepted at 2026-01-31 08:00 UTC.
pub fn accepted(n: u16, phone: &str, requirement: &str) -> Envelope {
    let event = Event::CallAccepted(Box::new(CallAccepted {
        surface: Surface::Callout,
        account: AccountId(1),
        credential: Credential::ApiKey(KeyId(1)),
        batch: batch(),
        alias: None,
        directed_by: None,
        terms: Terms {
            agent: None,
            voice: VoiceChoice {
                model: "stepone-mini".into(),
                voice: "v0001".into(),
                emotion: "neutral".into(),
                volume: 50,
                speed: 50,
            },
            turn: TurnSettings::default(),
            limits: CallLimits::default(),
            record: true,
        },
        price: price(),
        hold: MicroYuan(1_500_000),
    }));
    let texts = Texts {
        target: NumberRules::default().parse(phone).ok(),
        requirement: Some(requirement.into()),
        ..Texts::default()
    };
    envelope(n, 1, 0, event, texts)
}

/// An event of call `n`, so long after its acceptance.
pub fn envelope(n: u16, seq: u64, after_ms: i64, event: Event, texts: Texts) -> Envelope {
    Envelope {
        call: call(n),
        seq,
        at: WallTime(1_769_846_400_000 + after_ms),
        media_ms: None,
        v: 1,
        event,
        texts,
    }
}

impl Calls for FakeCalls {
    fn authenticate<'a>(&'a self, key: &'a str) -> PortFuture<'a, Result<Principal, Refusal>> {
        let scopes = match key {
            "sk_good" => Ok(Scope::ALL.to_vec()),
            "sk_none" => Ok(Vec::new()),
            "sk_suspended" => Err(Refusal::AccountSuspended),
            _ => Err(Refusal::Unauthorized),
        };
        let principal = scopes.map(|scopes| Principal {
            account: AccountId(1),
            credential: Credential::ApiKey(KeyId(1)),
            scopes,
            caps: Caps::default(),
        });
        Box::pin(async { principal })
    }

    fn place<'a>(
        &'a self,
        _who: &'a Principal,
        order: PlaceOrder,
    ) -> PortFuture<'a, Result<Placement, Refusal>> {
        let refusal = self.refusal.lock().unwrap().clone();
        let placed = self.placed(&order);
        self.orders.lock().unwrap().push(order);
        Box::pin(async { refusal.map_or(Ok(Placement::New(placed)), Err) })
    }

    fn replayed<'a>(
        &'a self,
        _who: &'a Principal,
        key: &'a str,
        digest: &'a [u8],
    ) -> PortFuture<'a, Result<Option<StoredReply>, Refusal>> {
        let refused = self.refusal.lock().unwrap().is_some();
        let orders = self.orders.lock().unwrap();
        let taken = orders.iter().filter(|_| !refused).find_map(|order| match &order.once {
            Some(Once::Key { key: k, digest: d, reply }) if k == key => {
                Some(if d == digest { reply(&self.placed(order)) } else { conflict() })
            }
            _ => None,
        });
        let taken = taken.transpose();
        Box::pin(async move { taken })
    }

    fn by_alias<'a>(
        &'a self,
        _who: &'a Principal,
        alias: &'a str,
    ) -> PortFuture<'a, Result<CallId, Refusal>> {
        let records = self.records.lock().unwrap();
        let found = records.iter().find(|r| r.accepted.alias.as_deref() == Some(alias));
        let found = found.map(|r| r.call).ok_or(Refusal::CallNotFound);
        Box::pin(async move { found })
    }

    fn record<'a>(
        &'a self,
        _who: &'a Principal,
        id: CallId,
    ) -> PortFuture<'a, Result<CallRecord, Refusal>> {
        Box::pin(async move { self.find(id) })
    }

    fn list<'a>(
        &'a self,
        _who: &'a Principal,
        filter: CallFilter,
    ) -> PortFuture<'a, Result<Vec<CallRecord>, Refusal>> {
        let records = self.records.lock().unwrap();
        let page = records
            .iter()
            .filter(|r| filter.before.is_none_or(|b| r.call < b))
            .take(filter.limit as usize)
            .cloned()
            .collect();
        self.asked.lock().unwrap().push(filter);
        Box::pin(async { Ok(page) })
    }

    fn hang_up<'a>(
        &'a self,
        _who: &'a Principal,
        id: CallId,
    ) -> PortFuture<'a, Result<HungUp, Refusal>> {
        let met = self.find(id).map(|record| HungUp {
            status: if record.is_ended() { record.status } else { CallStatus::Canceled },
            already_ended: record.is_ended(),
        });
        Box::pin(async { met })
    }

    fn balance<'a>(&'a self, _who: &'a Principal) -> PortFuture<'a, Result<Balance, Refusal>> {
        Box::pin(async {
            Ok(Balance { available: MicroYuan(7_150_000), held: MicroYuan(1_500_000) })
        })
    }

    fn recording<'a>(
        &'a self,
        _who: &'a Principal,
        id: CallId,
    ) -> PortFuture<'a, Result<Recording, Refusal>> {
        let bytes = self.recording.lock().unwrap().clone();
        let found = self.find(id).and(bytes).map(|bytes| Recording {
            name: "r.wav".into(),
            len: bytes.len() as u64,
            sha256: "ab".repeat(32),
        });
        Box::pin(async { found })
    }

    fn read_recording<'a>(
        &'a self,
        _recording: &'a Recording,
        offset: u64,
        count: u64,
    ) -> PortFuture<'a, Result<Vec<u8>, Refusal>> {
        let failing = *self.unreadable_from.lock().unwrap();
        let bytes = self.recording.lock().unwrap().clone();
        Box::pin(async move {
            if failing.is_some_and(|from| offset >= from) {
                return Err(Refusal::Internal);
            }
            let bytes = bytes?;
            let end = bytes.len().min((offset + count) as usize);
            Ok(bytes[offset as usize..end].to_vec())
        })
    }

    fn watch<'a>(
        &'a self,
        _who: &'a Principal,
        id: CallId,
        options: WatchOptions,
    ) -> PortFuture<'a, Result<Watch, Refusal>> {
        Box::pin(async move {
            self.find(id)?;
            self.watched.lock().unwrap().push(options.clone());
            if let Some(live) = self.live.lock().unwrap().take() {
                return Ok(Watch::from(live));
            }
            let news = self.told_so_far(&options);
            let news = news.unwrap_or_else(|| self.news.lock().unwrap().drain(..).collect());
            let (sender, receiver) = mpsc::channel(news.len().max(1));
            for n in news {
                sender.try_send(n).unwrap();
            }
            Ok(Watch::from(receiver))
        })
    }

    fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    fn is_draining(&self) -> bool {
        false
    }

    fn readiness(&self) -> Readiness {
        Readiness::default()
    }
}
