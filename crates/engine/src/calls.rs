//! What a dialect may ask of the engine: one object-safe trait and the values it speaks in.
//!
//! Dialects hold an `Arc<dyn Calls>`, so a fake stands in for the engine in their tests, and
//! they can ask for nothing that is not written here.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    BatchId, CallId, CallLimits, CallRecord, CallRequest, CallStatus, Envelope, NumberRules,
    PhoneNumber, Price, Principal, Refusal, Surface, TurnSettings,
};
use tokio::sync::mpsc;

use crate::ports::PortFuture;
use crate::ports::records::{Balance, CallFilter};
use crate::ports::synthesizer::VoiceInfo;

/// Everything a customer can do with calls, whatever the dialect.
pub trait Calls: Send + Sync {
    /// Who shows this key: `Unauthorized`, `AccountSuspended`.
    fn authenticate<'a>(&'a self, key: &'a str) -> PortFuture<'a, Result<Principal, Refusal>>;
    /// Accepts all of an order or nothing of it; returns after the commit, before any dialling.
    fn place<'a>(
        &'a self,
        who: &'a Principal,
        order: PlaceOrder,
    ) -> PortFuture<'a, Result<Placement, Refusal>>;
    /// The reply to be given again, if this key was taken for this very request before;
    /// `IdempotencyConflict` if it was taken for another one.
    fn replayed<'a>(
        &'a self,
        who: &'a Principal,
        key: &'a str,
        digest: &'a [u8],
    ) -> PortFuture<'a, Result<Option<StoredReply>, Refusal>>;
    /// The call that has this alias within the account.
    fn by_alias<'a>(
        &'a self,
        who: &'a Principal,
        alias: &'a str,
    ) -> PortFuture<'a, Result<CallId, Refusal>>;
    /// One call with everything committed; `CallNotFound` for foreign ids too.
    fn record<'a>(
        &'a self,
        who: &'a Principal,
        id: CallId,
    ) -> PortFuture<'a, Result<CallRecord, Refusal>>;
    /// Calls of the account, newest first.
    fn list<'a>(
        &'a self,
        who: &'a Principal,
        filter: CallFilter,
    ) -> PortFuture<'a, Result<Vec<CallRecord>, Refusal>>;
    /// Ends a call; harmless when repeated or when the call has ended.
    fn hang_up<'a>(
        &'a self,
        who: &'a Principal,
        id: CallId,
    ) -> PortFuture<'a, Result<HungUp, Refusal>>;
    /// What the account has.
    fn balance<'a>(&'a self, who: &'a Principal) -> PortFuture<'a, Result<Balance, Refusal>>;
    /// Where the recording is: `RecordingPending` while the call or its writer runs,
    /// `RecordingMissing` if there is none.
    fn recording<'a>(
        &'a self,
        who: &'a Principal,
        id: CallId,
    ) -> PortFuture<'a, Result<Recording, Refusal>>;
    /// `count` bytes of a recording from `offset`; fewer at its end.
    fn read_recording<'a>(
        &'a self,
        recording: &'a Recording,
        offset: u64,
        count: u64,
    ) -> PortFuture<'a, Result<Vec<u8>, Refusal>>;
    /// Follows one call: committed events from `from_seq` on, then live ones, without loss or
    /// repetition. `RateLimited` beyond the streams of a call or key.
    fn watch<'a>(
        &'a self,
        who: &'a Principal,
        id: CallId,
        options: WatchOptions,
    ) -> PortFuture<'a, Result<Watch, Refusal>>;
    /// What can be chosen, what it costs and what limits hold.
    fn catalogue(&self) -> &Catalogue;
    /// Whether no new calls are taken because the process is about to stop.
    fn is_draining(&self) -> bool;
    /// Whether calls can be placed now, and why not.
    fn readiness(&self) -> Readiness;
}

/// The call that a customer's text names: by its id, or by the alias that a dialect gave it.
pub async fn find_call(calls: &dyn Calls, who: &Principal, text: &str) -> Result<CallId, Refusal> {
    match text.parse() {
        Ok(id) => Ok(id),
        Err(_) if is_call_name(text) => calls.by_alias(who, text).await,
        Err(_) => Err(Refusal::CallNotFound),
    }
}

/// Ids and aliases are 1–256 characters of `A-Za-z0-9_.:^~-` (callout section 4).
fn is_call_name(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:^~-".contains(&b))
}

/// What a dialect asks for: one unit, accepted or refused as one.
#[derive(Clone, Debug)]
pub struct PlaceOrder {
    /// Through which door.
    pub surface: Surface,
    /// One per number, in the order of the customer's list, no number twice.
    pub requests: Vec<CallRequest>,
    /// What makes it happen once.
    pub once: Option<Once>,
}

/// What makes an order happen once, however often it comes: a name that is taken in the same
/// unit of work as its calls.
#[derive(Clone)]
pub enum Once {
    /// A number that a signature carries. Shown again: `IdempotencyConflict`.
    Nonce {
        /// Unique among those of the credential.
        nonce: String,
        /// How long it is remembered, s.
        keep_s: u32,
    },
    /// A key that the customer chose; kept for a day and until its calls have ended.
    Key {
        /// Unique among those of the account.
        key: String,
        /// Digest of the request it stands for.
        digest: Vec<u8>,
        /// Writes the reply that is kept with it.
        reply: WriteReply,
    },
}

/// Writes what is answered to an order, once its calls have ids.
pub type WriteReply = Arc<dyn Fn(&Placed) -> Result<StoredReply, Refusal> + Send + Sync>;

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Once::Nonce { .. } => "Nonce",
            Once::Key { .. } => "Key",
        })
    }
}

/// A reply as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReply {
    /// HTTP status.
    pub status: u16,
    /// Every byte of its body.
    pub body: Vec<u8>,
}

/// What became of an order that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// It was accepted now.
    New(Placed),
    /// It was accepted before, under the same key: nothing was done.
    Repeated(StoredReply),
}

impl Placement {
    /// What came of it, if it was accepted now.
    pub fn placed(self) -> Option<Placed> {
        match self {
            Placement::New(placed) => Some(placed),
            Placement::Repeated(_) => None,
        }
    }
}

/// What came of an order; at least one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The calls belong together under this id.
    pub batch: BatchId,
    /// The accepted ones, in the order asked for.
    pub calls: Vec<PlacedCall>,
    /// The numbers a policy left out.
    pub skipped: Vec<Skipped>,
}

/// One accepted call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedCall {
    /// Its id; can be queried at once.
    pub call: CallId,
    /// Whom it goes to.
    pub phone: PhoneNumber,
}

/// One number that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Which one.
    pub phone: PhoneNumber,
    /// `NumberBlocked`, `CalleeLimit` or `OutsideCallingHours`.
    pub why: Refusal,
}

/// What a hang-up met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HungUp {
    /// Where the call stood when the order was taken; terminal if it had ended.
    pub status: CallStatus,
    /// Whether there was nothing left to do.
    pub already_ended: bool,
}

/// A finished recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Name of the blob.
    pub name: String,
    /// Its length in bytes.
    pub len: u64,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
}

/// What a watcher wants. Heartbeats and deadlines are options, so a dialect owns no timer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchOptions {
    /// Number of the first event wanted; 0 and 1 mean all.
    pub from_seq: u64,
    /// A beat at once and then this often while the call is unanswered.
    pub beat_unanswered: Option<Duration>,
    /// A beat when nothing was sent for this long: after the answer if `beat_unanswered` is
    /// set, else always.
    pub beat_idle: Option<Duration>,
    /// Hands out utterances with words only; what the journal tells otherwise is kept back, and
    /// does not count as a sign of life.
    pub utterances_only: bool,
    /// How long the watcher waits for an answer, counted from its own opening.
    pub answer_deadline: Option<Duration>,
}

/// What a watcher is told, one thing at a time.
#[derive(Clone, Debug)]
pub enum Watched {
    /// A committed event, in order of `seq`.
    Event(Arc<Envelope>),
    /// The time for a sign of life has come.
    Beat,
    /// Unanswered for `answer_deadline` since the watch opened; nothing follows.
    DeadlinePassed,
    /// After the last event up to and including `CallEnded`; nothing follows.
    Ended(Box<CallRecord>),
    /// The server stops, or this watcher was too slow; nothing follows.
    Closed,
}

/// Where a [`Watch`] gets its news from; the engine implements it.
pub trait WatchSource: Send {
    /// Waits for the next thing; `Closed` for ever after the last one.
    fn next(&mut self) -> PortFuture<'_, Watched>;
}

/// One watcher's view of one call; dropping it ends the watch and nothing else.
pub struct Watch(Box<dyn WatchSource>);

impl Watch {
    /// A watch fed by `source`.
    pub fn new(source: impl WatchSource + 'static) -> Self {
        Self(Box::new(source))
    }
    /// Waits for the next thing.
    pub async fn next(&mut self) -> Watched {
        self.0.next().await
    }
}

impl From<mpsc::Receiver<Watched>> for Watch {
    /// A watch fed by a bounded queue; it is `Closed` when the sender is gone.
    fn from(queue: mpsc::Receiver<Watched>) -> Self {
        Self::new(queue)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

impl WatchSource for mpsc::Receiver<Watched> {
    fn next(&mut self) -> PortFuture<'_, Watched> {
        Box::pin(async { self.recv().await.unwrap_or(Watched::Closed) })
    }
}

/// What can be chosen, what it costs and what limits hold; fixed while the process runs.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// Price of a minute.
    pub price: Price,
    /// Voices, the default one of each language before its others; never empty.
    pub voices: Vec<VoiceInfo>,
    /// Models, the default one first; never empty.
    pub models: Vec<ModelInfo>,
    /// Whether calls are recorded.
    pub recording: bool,
    /// How long things may last.
    pub limits: CallLimits,
    /// Which texts are phone numbers.
    pub numbers: NumberRules,
    /// How customers reach this installation, without a final slash.
    pub public_url: String,
    /// How turns are taken unless a request says otherwise.
    pub turn: TurnSettings,
}

/// A set of engines under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelInfo {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// Whether calls can be placed now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Whether they can.
    pub ready: bool,
    /// Why they cannot, one sentence each; holds no secrets.
    pub problems: Vec<String>,
    /// Through which trunks.
    pub trunks: Vec<TrunkInfo>,
}

/// A trunk as shown to operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkInfo {
    /// Its name.
    pub name: String,
    /// Whether it reaches no telephone.
    pub simulated: bool,
    /// Whether it can carry a call now.
    pub up: bool,
}
