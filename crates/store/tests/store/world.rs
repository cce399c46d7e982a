//! A fresh store with an account, and journals to put into it.

use domain::{
    AccountId, BatchId, CallAccepted, CallEnded, CallId, CallLimits, Credential, EndReason,
    EndWhat, Envelope, Event, Evidence, Identity, KeyId, LegId, MicroYuan, Milestones, NumberRules,
    PhoneNumber, Price, Rounding, Surface, Terms, Texts, Transaction, TransactionKind,
    TurnSettings, UtteranceHeard, UtteranceNo, VoiceChoice, WallTime, Who,
};
use engine::ports::directory::Directory;
use engine::ports::records::{Batch, CommitError, Records};
use store::{Store, StoreConfig};
use tempfile::TempDir;

/// What a call of these tests holds.
pub const HOLD: MicroYuan = MicroYuan(1_500_000);
/// What it costs.
pub const CHARGE: MicroYuan = MicroYuan(300_000);
/// The number it goes to.
pub const PHONE: &str = "13800138000";

pub struct World {
    pub store: Store,
    pub owner: AccountId,
    pub config: StoreConfig,
    pub dir: TempDir,
}

impl World {
    pub async fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = StoreConfig::embedded(dir.path());
        Self::open(config, dir).await
    }

    pub async fn postgres() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = StoreConfig::embedded(dir.path());
        config.url = crate::server::new_database().await;
        Self::open(config, dir).await
    }

    pub async fn open(config: StoreConfig, dir: TempDir) -> Self {
        let store = Store::open(config.clone()).await.unwrap();
        let owner = store.add_account("owner".into(), at(0)).await.unwrap();
        Self { store, owner, config, dir }
    }

    /// Closes the store and opens it again, as a restart does.
    pub async fn reopened(self) -> Self {
        self.store.close().await;
        let store = Store::open(self.config.clone()).await.unwrap();
        Self { store, ..self }
    }

    pub async fn deposit(&self, reference: &str, amount: MicroYuan) {
        let t =
            Transaction::deposit(TransactionKind::TopUp, reference.to_owned(), self.owner, amount);
        let batch = Batch { transactions: vec![t], ..Batch::default() };
        self.store.commit(batch).await.unwrap();
    }

    /// Accepts call `n` with its hold.
    pub async fn accept(&self, n: u64) -> Result<CallId, CommitError> {
        let batch = acceptance(self.owner, n, at(n as i64));
        self.store.commit(batch).await.map(|()| call(n))
    }

    /// Appends events after those that are there.
    pub async fn append(&self, call: CallId, events: Vec<(Event, Texts)>) {
        let record = self.store.call(call).await.unwrap().unwrap();
        let numbered = (record.last_seq + 1..).zip(events);
        let events = numbered.map(|(seq, (event, texts))| envelope(call, seq, event, texts));
        let batch = Batch { events: events.collect(), ..Batch::default() };
        self.store.commit(batch).await.unwrap();
    }

    pub async fn assert_books_agree(&self) {
        let report = self.store.ledger_check().await.unwrap();
        assert_eq!(report.faults, vec![]);
    }
}

/// The year 2096: the wall clock, by which a store deletes what has expired, never comes by.
pub fn at(ms: i64) -> WallTime {
    WallTime(4_000_000_000_000 + ms)
}

pub fn call(n: u64) -> CallId {
    CallId::from_parts(1_700_000_000_000 + n, [7; 10])
}

pub fn phone(text: &str) -> PhoneNumber {
    NumberRules::default().parse(text).unwrap()
}

pub fn envelope(call: CallId, seq: u64, event: Event, texts: Texts) -> Envelope {
    Envelope {
        call,
        seq,
        at: at(1_000 + seq as i64),
        media_ms: (seq > 3).then_some(seq * 20),
        v: 1,
        event,
        texts,
    }
}

/// A batch that accepts call `n` and holds for it.
pub fn acceptance(owner: AccountId, n: u64, created: WallTime) -> Batch {
    let texts = Texts {
        target: Some(phone(PHONE)),
        requirement: Some("告诉王女士明早九点开会".into()),
        ..Texts::default()
    };
    let mut first = envelope(call(n), 1, Event::CallAccepted(Box::new(accepted(owner))), texts);
    first.at = created;
    Batch {
        events: vec![first],
        transactions: vec![Transaction::hold(call(n), owner, 0, HOLD)],
        ..Batch::default()
    }
}

pub fn accepted(owner: AccountId) -> CallAccepted {
    CallAccepted {
        surface: Surface::Callout,
        account: owner,
        credential: Credential::ApiKey(KeyId(1)),
        batch: BatchId::from_parts(1, [1; 10]),
        alias: None,
        directed_by: None,
        terms: Terms {
            agent: Some(4),
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
        price: Price { micro_yuan_per_minute: 300_000, rounding: Rounding::StartedMinute },
        hold: HOLD,
    }
}

pub fn dial_started(simulated: bool) -> (Event, Texts) {
    let event = Event::DialStarted {
        leg: LegId::CALLEE,
        attempt: 1,
        trunk: "lab".into(),
        simulated,
        node: "here".into(),
    };
    let texts = Texts {
        target: Some(phone(PHONE)),
        caller: Some("02180001111".into()),
        ..Texts::default()
    };
    (event, texts)
}

pub fn answered() -> (Event, Texts) {
    let event = Event::LegAnswered { leg: LegId::CALLEE, codec: "PCMA".into() };
    (event, Texts::default())
}

pub fn heard(n: u32, text: &str) -> (Event, Texts) {
    let event = Event::UtteranceHeard(UtteranceHeard {
        n: UtteranceNo(n),
        leg: LegId::CALLEE,
        start_ms: 100,
        end_ms: 900,
        closed_ms: 1_600,
        confidence_milli: None,
        unclear: false,
        early: false,
    });
    (event, Texts::of(text))
}

pub fn confirmed() -> (Event, Texts) {
    let event = Event::IdentityJudged {
        state: Identity::Confirmed,
        evidence: Evidence::Utterance(UtteranceNo(1)),
    };
    (event, Texts::default())
}

pub fn ended() -> (Event, Texts) {
    let event = Event::CallEnded(CallEnded {
        status: EndWhat::TaskDone.status(),
        reason: EndReason::new(EndWhat::TaskDone, Who::Ai),
        identity: Identity::Confirmed,
        duration_s: 31,
        charge: CHARGE,
        hold: HOLD,
        milestones: Milestones {
            dialed_at: Some(at(1_002)),
            ringing_at: None,
            answered_at: Some(at(1_003)),
            ended_at: Some(at(40_000)),
        },
        recording_follows: false,
    });
    (event, Texts::default())
}
