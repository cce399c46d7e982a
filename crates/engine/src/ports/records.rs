//! The `Records` port: one unit of work for everything that must be true together, and reading
//! it back.

use domain::{
    AccountId, CallId, CallRecord, CallStatus, Envelope, Identity, MicroYuan, PhoneNumber, Surface,
    Transaction, WallTime,
};

use super::PortFuture;

/// A name that can be taken once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What kind of name: `idempotency`, `nonce`, `alias`.
    pub kind: &'static str,
    /// Whose.
    pub account: AccountId,
    /// The name within kind and account.
    pub name: String,
    /// Digest of the request it stands for.
    pub digest: Vec<u8>,
    /// The reply to give again: status and bytes.
    pub reply: Option<(u16, Vec<u8>)>,
    /// Until when it is kept.
    pub expires_at: WallTime,
}

/// A number that must not be called again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOut {
    /// Whose list.
    pub account: AccountId,
    /// The number.
    pub phone: PhoneNumber,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: WallTime,
}

/// One unit of work: all of it or nothing.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Names to take; a taken one fails the batch.
    pub claims: Vec<Claim>,
    /// Journal events, in order per call. The store keeps each call's record up to date by
    /// folding them, in the same unit of work.
    pub events: Vec<Envelope>,
    /// Money to move; `Available` and `Held` must stay at or above zero.
    pub transactions: Vec<Transaction>,
    /// Numbers to block.
    pub opt_outs: Vec<OptOut>,
}

/// Why a unit of work was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A claim was taken before.
    #[error("{kind} is taken")]
    Taken {
        /// Which kind.
        kind: &'static str,
        /// Digest of the request it stands for.
        digest: Vec<u8>,
        /// The stored reply.
        reply: Option<(u16, Vec<u8>)>,
    },
    /// The owner's `available` does not cover it.
    #[error("{needed} needed, {available} available")]
    InsufficientBalance {
        /// What the batch takes from `available`.
        needed: MicroYuan,
        /// What there is.
        available: MicroYuan,
    },
    /// A transaction reference or journal number was used before; this is found before anything
    /// else that could refuse the unit, claims apart.
    #[error("{what} exists already")]
    Duplicate {
        /// Which.
        what: String,
    },
    /// The store cannot be written now: full disk, read-only, no connection. As far as the store
    /// knows nothing was done; where its own answer was lost (a connection that breaks in a
    /// commit), it was perhaps. Whoever tries again tries the same unit of work again: if it is
    /// there already that ends as [`CommitError::Duplicate`], and reading back tells whose it is.
    #[error("store not writable: {cause}")]
    Unavailable {
        /// For the log.
        cause: String,
    },
}

/// Which calls to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Any of these; empty is any.
    pub statuses: Vec<CallStatus>,
    /// This number.
    pub phone: Option<String>,
    /// This batch.
    pub batch: Option<String>,
    /// This agent.
    pub agent: Option<i64>,
    /// This identity.
    pub identity: Option<Identity>,
    /// Through this door.
    pub surface: Option<Surface>,
    /// Created after.
    pub created_after: Option<WallTime>,
    /// Created before.
    pub created_before: Option<WallTime>,
    /// Strictly older than this call, in the order of the list.
    pub before: Option<CallId>,
    /// At most this many.
    pub limit: u32,
}

/// What an owner has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// What may be spent.
    pub available: MicroYuan,
    /// What is reserved.
    pub held: MicroYuan,
}

/// A store that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("store not readable: {0}")]
pub struct ReadError(pub String);

/// Journal, records and ledger.
pub trait Records: Send + Sync {
    /// Does one unit of work. Units that meet may share one flush but fail alone.
    fn commit(&self, batch: Batch) -> PortFuture<'_, Result<(), CommitError>>;
    /// One call's record, texts included.
    fn call(&self, id: CallId) -> PortFuture<'_, Result<Option<CallRecord>, ReadError>>;
    /// One call's journal from `from_seq` on, at most `limit` events.
    fn events(
        &self,
        id: CallId,
        from_seq: u64,
        limit: u32,
    ) -> PortFuture<'_, Result<Vec<Envelope>, ReadError>>;
    /// Calls of an account, newest first (by creation, then id).
    fn calls(
        &self,
        account: AccountId,
        filter: CallFilter,
    ) -> PortFuture<'_, Result<Vec<CallRecord>, ReadError>>;
    /// Every call that has not ended, oldest first: what a restart finds.
    fn unfinished(&self) -> PortFuture<'_, Result<Vec<CallRecord>, ReadError>>;
    /// What an owner has.
    fn balance(&self, account: AccountId) -> PortFuture<'_, Result<Balance, ReadError>>;
    /// A claim, if it was taken and has not expired.
    fn claim(
        &self,
        kind: &'static str,
        account: AccountId,
        name: String,
        now: WallTime,
    ) -> PortFuture<'_, Result<Option<Claim>, ReadError>>;
    /// Whether a number is on an account's opt-out list.
    fn opted_out(
        &self,
        account: AccountId,
        phone: PhoneNumber,
    ) -> PortFuture<'_, Result<bool, ReadError>>;
    /// How many calls of an account to a number were dialled since `since`; simulated ones only
    /// if asked for.
    fn dialled_since(
        &self,
        account: AccountId,
        phone: PhoneNumber,
        since: WallTime,
        count_simulated: bool,
    ) -> PortFuture<'_, Result<u32, ReadError>>;
}
