//! An engine that holds some calls, one recording and the news of one call.

use std::sync::{Arc, Mutex};

use domain::{
    AccountId, BatchId, CallAccepted, CallId, CallLimits, CallRecord, CallStatus, Caps, Credential,
    Envelope, Event, KeyId, MicroYuan, NumberRules, Price, Principal, Refusal, Rounding, Scope,
    Surface, Texts, TurnSettings, VoiceChoice, WallTime,
};
use engine::ports::PortFuture;
use engine::ports::records::{Balance, CallFilter};
use engine::{
    Calls, Catalogue, HungUp, PlaceOrder, Placed, Readiness, Recording, Watch, WatchOptions,
    Watched,
};
use tokio::sync::mpsc;

/// Knows the keys `sk_good` (every scope) and `sk_none` (no scope).
pub struct FakeCalls {
    pub catalogue: Catalogue,
    /// Newest first.
    pub records: Mutex<Vec<CallRecord>>,
    /// The recording of every call, or why there is none.
    pub recording: Mutex<Result<Vec<u8>, Refusal>>,
    /// Reading fails from this offset on.
    pub unreadable_from: Mutex<Option<u64>>,
    /// The journal that `watch` follows.
    pub journal: Mutex<Vec<Envelope>>,
    /// What `watch` was asked for.
    pub watched: Mutex<Vec<WatchOptions>>,
    /// What `list` was asked for.
    pub asked: Mutex<Vec<CallFilter>>,
}

impl FakeCalls {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            catalogue: catalogue(),
            records: Mutex::default(),
            recording: Mutex::new(Err(Refusal::RecordingMissing)),
            unreadable_from: Mutex::default(),
            journal: Mutex::default(),
            watched: Mutex::default(),
            asked: Mutex::default(),
        })
    }

    pub fn found(&self, record: CallRecord) {
        self.records.lock().unwrap().insert(0, record);
    }

    fn find(&self, id: CallId) -> Result<CallRecord, Refusal> {
        let records = self.records.lock().unwrap();
        let found = records.iter().find(|r| r.call == id);
        found.cloned().ok_or(Refusal::CallNotFound)
    }
}

fn catalogue() -> Catalogue {
    Catalogue {
        price: price(),
        voices: Vec::new(),
        models: Vec::new(),
        recording: true,
        limits: CallLimits::default(),
        numbers: NumberRules::default(),
        max_phones: 100,
        public_url: "http://127.0.0.1:8480".into(),
        turn: TurnSettings::default(),
    }
}

fn price() -> Price {
    Price { micro_yuan_per_minute: 300_000, rounding: Rounding::StartedMinute }
}

/// Ids that are the same in every run and rise with `n`.
pub fn call(n: u16) -> CallId {
    CallId::from_parts(u64::from(n), [1; 10])
}

/// The first event of call `n`, accepted at 2026-01-31 08:00 UTC.
pub fn accepted(n: u16, phone: &str, requirement: &str) -> Envelope {
    let event = Event::CallAccepted(Box::new(CallAccepted {
        surface: Surface::Callout,
        account: AccountId(1),
        credential: Credential::ApiKey(KeyId(1)),
        batch: BatchId::from_parts(1, [0xB; 10]),
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
        _order: PlaceOrder,
    ) -> PortFuture<'a, Result<Placed, Refusal>> {
        unreachable!("this API places no calls")
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
        unreachable!("the balance is asked for under the callinfo base")
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
            let journal = self.journal.lock().unwrap().clone();
            let end = journal.iter().position(|e| matches!(e.event, Event::CallEnded(_)));
            let told = &journal[..end.map_or(journal.len(), |i| i + 1)];
            let wanted = told.iter().filter(|e| e.seq >= options.from_seq);
            let mut news: Vec<_> = wanted.map(|e| Watched::Event(Arc::new(e.clone()))).collect();
            if end.is_some() {
                let record = CallRecord::from_journal(&journal).unwrap();
                news.push(Watched::Ended(Box::new(record)));
            } else {
                news.push(Watched::Beat);
            }
            self.watched.lock().unwrap().push(options);
            let (sender, receiver) = mpsc::channel(news.len());
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
