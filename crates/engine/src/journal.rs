//! One call's journal: numbers events, commits them in groups, publishes what is committed.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    AccountId, CallId, CallRecord, Envelope, Event, LedgerError, MicroYuan, Now, Texts,
    Transaction, TransactionKind,
};

use crate::hub::Hub;
use crate::ports::records::{Batch, CommitError, OptOut, ReadError, Records};
use call::Moment;

/// Events that need not be awaited wait at most this long for company.
const GROUP: Duration = Duration::from_millis(50);
/// After a failed commit, the first wait before it is tried again; doubled up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Version of the event format.
const VERSION: u8 = 1;

/// The journal of one running call. It has one commit under way at a time; what happens
/// meanwhile waits for the next. Its memory is bounded by the call's own limits: a call ends by
/// itself when the store cannot be written (see [`CallJournal::is_failing`]).
pub(crate) struct CallJournal {
    call: CallId,
    account: AccountId,
    next_seq: u64,
    /// What failed last. The store may have done it all the same, so it is tried again as it was
    /// and by itself, before anything after it: then the store's answer is about this and nothing
    /// else.
    unsure: Option<Committing>,
    waiting: Vec<Envelope>,
    transactions: Vec<Transaction>,
    opt_outs: Vec<OptOut>,
    due: Option<Now>,
    retry: Duration,
    failures: u32,
    lost: bool,
}

/// One commit that is under way.
pub(crate) struct Committing {
    batch: Batch,
    pub(crate) kinds: Vec<call::Awaited>,
}

impl CallJournal {
    pub(crate) fn resume(record: &CallRecord) -> Self {
        Self {
            call: record.call,
            account: record.accepted.account,
            next_seq: record.last_seq + 1,
            unsure: None,
            waiting: Vec::new(),
            transactions: Vec::new(),
            opt_outs: Vec::new(),
            due: None,
            retry: RETRY_MIN,
            failures: 0,
            lost: false,
        }
    }

    /// Whose journal it is.
    pub(crate) fn call(&self) -> CallId {
        self.call
    }

    /// Adds an event; an awaited one is due at once.
    pub(crate) fn add(&mut self, at: Moment, event: Event, texts: Texts, media_ms: Option<u64>) {
        let due = if event.is_awaited() { at.now } else { at.now + GROUP };
        // While something is to be tried again, its own pause decides.
        if self.unsure.is_none() {
            self.due = Some(self.due.map_or(due, |d| d.min(due)));
        }
        let seq = self.next_seq;
        self.next_seq += 1;
        let call = self.call;
        let envelope = Envelope { call, seq, at: at.wall, media_ms, v: VERSION, event, texts };
        self.waiting.push(envelope);
    }

    /// Money that moves with the events waiting.
    pub(crate) fn post(&mut self, transaction: Transaction) {
        self.transactions.push(transaction);
    }

    /// A number that is blocked with the events waiting.
    pub(crate) fn block(&mut self, phone: domain::PhoneNumber, at: domain::WallTime) {
        let reason = "callee asked not to be called".to_owned();
        self.opt_outs.push(OptOut { account: self.account, phone, reason, at });
    }

    /// When [`CallJournal::begin`] is due.
    pub(crate) fn deadline(&self) -> Option<Now> {
        self.due
    }

    /// Whether commits have failed for a while: the call should end.
    pub(crate) fn is_failing(&self) -> bool {
        self.failures >= 3
    }

    /// Takes what waits, if it is due, as one commit.
    pub(crate) fn begin(&mut self, now: Now) -> Option<Committing> {
        if self.due.is_none_or(|d| d > now) {
            return None;
        }
        if let Some(again) = self.unsure.take() {
            self.due = (!self.waiting.is_empty()).then_some(now);
            return Some(again);
        }
        self.due = None;
        if self.waiting.is_empty() {
            return None;
        }
        let events = std::mem::take(&mut self.waiting);
        let kinds =
            events.iter().filter(|e| e.event.is_awaited()).map(|e| kind(&e.event)).collect();
        let batch = Batch {
            claims: Vec::new(),
            events,
            transactions: std::mem::take(&mut self.transactions),
            opt_outs: std::mem::take(&mut self.opt_outs),
        };
        Some(Committing { batch, kinds })
    }

    /// A commit failed, or its answer was lost: it is tried again.
    pub(crate) fn failed(&mut self, now: Now, c: Committing) {
        self.unsure = Some(c);
        self.due = Some(now + self.retry);
        self.retry = (self.retry * 2).min(RETRY_MAX);
        self.failures += 1;
    }

    /// Somebody else wrote this journal: nothing of ours can follow. What waits is dropped, and
    /// whoever finds the call unfinished in the store ends it.
    pub(crate) fn lose(&mut self) {
        self.lost = true;
        self.forget();
    }

    /// Drops what waits.
    pub(crate) fn forget(&mut self) {
        self.unsure = None;
        self.waiting.clear();
        self.transactions.clear();
        self.opt_outs.clear();
        self.due = None;
    }

    /// Whether it belongs to somebody else.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Part of a refused commit waits again, with its numbers closed up.
    pub(crate) fn take_back(&mut self, now: Now, mut kept: Committing) {
        kept.batch.events.append(&mut self.waiting);
        self.waiting = kept.batch.events;
        let n = self.waiting.len() as u64;
        let first = self.next_seq - n - 1;
        for (seq, e) in (first..).zip(self.waiting.iter_mut()) {
            e.seq = seq;
        }
        self.next_seq -= 1;
        kept.batch.transactions.append(&mut self.transactions);
        self.transactions = kept.batch.transactions;
        kept.batch.opt_outs.append(&mut self.opt_outs);
        self.opt_outs = kept.batch.opt_outs;
        self.due = if self.waiting.is_empty() { None } else { Some(now) };
    }

    /// An end that waits was reckoned with `amount` held that never was.
    pub(crate) fn correct_hold(&mut self, amount: MicroYuan) {
        let end = self.waiting.iter_mut().find_map(|e| match &mut e.event {
            Event::CallEnded(end) => Some(end),
            _ => None,
        });
        let Some(end) = end else { return };
        end.hold.0 -= amount.0;
        match settlement(self.call, self.account, end) {
            Ok(right) => {
                self.transactions.retain(|t| t.kind() != TransactionKind::Settlement);
                self.transactions.push(right);
            }
            Err(error) => tracing::error!(call = %self.call, %error, "settlement refused"),
        }
    }

    /// A commit succeeded.
    pub(crate) fn succeeded(&mut self) {
        self.retry = RETRY_MIN;
        self.failures = 0;
    }

    /// Whether everything is durable.
    pub(crate) fn is_settled(&self) -> bool {
        self.unsure.is_none() && self.waiting.is_empty()
    }
}

impl Committing {
    /// The commit without its `HoldExtended` and that hold, and how much it was.
    pub(crate) fn without_extension(mut self) -> (Self, MicroYuan) {
        let mut amount = MicroYuan::ZERO;
        self.batch.events.retain(|e| match &e.event {
            Event::HoldExtended { amount: a, .. } => {
                amount = *a;
                false
            }
            _ => true,
        });
        self.batch.transactions.retain(|t| t.kind() != TransactionKind::Hold);
        (self, amount)
    }

    /// Commits, and publishes what is now true.
    pub(crate) async fn run(
        self,
        records: &dyn Records,
        hub: &Hub,
    ) -> Result<Self, (Self, CommitError)> {
        let mut outcome = records.commit(self.batch.clone()).await;
        if let Err(CommitError::Duplicate { .. }) = outcome {
            // Our own, if an earlier try was done and its answer was lost.
            outcome = match is_stored(records, &self.batch.events).await {
                Ok(true) => Ok(()),
                Ok(false) => outcome,
                Err(ReadError(cause)) => Err(CommitError::Unavailable { cause }),
            };
        }
        match outcome {
            Ok(()) => {
                hub.publish(self.batch.events.iter().cloned().map(Arc::new));
                Ok(self)
            }
            Err(e) => Err((self, e)),
        }
    }

    /// Connected time in seconds that its `HoldExtended` is about, if it has one.
    pub(crate) fn extends(&self) -> Option<u32> {
        self.batch.events.iter().find_map(|e| match &e.event {
            Event::HoldExtended { until_s, .. } => Some(*until_s),
            _ => None,
        })
    }
}

/// Whether a unit of work with these events was done: by content, because numbers alone do not
/// say whose they are. It is done wholly or not at all, so its events stand for all of it.
pub(crate) async fn is_stored(
    records: &dyn Records,
    events: &[Envelope],
) -> Result<bool, ReadError> {
    for ours in events.chunk_by(|a, b| a.call == b.call) {
        let Some(first) = ours.first() else { continue };
        let count = u32::try_from(ours.len()).unwrap_or(u32::MAX);
        if records.events(first.call, first.seq, count).await? != ours {
            return Ok(false);
        }
    }
    Ok(!events.is_empty())
}

fn kind(event: &Event) -> call::Awaited {
    match event {
        Event::DialStarted { .. } => call::Awaited::Dial,
        Event::CallEnded(_) => call::Awaited::End,
        _ => call::Awaited::Other,
    }
}

/// One line in the log for a call that is over.
pub(crate) fn log_end(call: CallId, callee: Option<&domain::PhoneNumber>, end: &domain::CallEnded) {
    tracing::info!(
        target: "waihu::call",
        %call,
        callee = callee.map(tracing::field::display),
        status = end.status.word(),
        reason = end.reason.what.word(),
        by = end.reason.who.map(|who| who.word()),
        sip = end.reason.sip_code,
        seconds = end.duration_s,
        charge_micro_yuan = end.charge.0,
        "call ended"
    );
}

/// The settlement that goes with an end.
pub(crate) fn settlement(
    call: CallId,
    owner: AccountId,
    end: &domain::CallEnded,
) -> Result<Transaction, LedgerError> {
    Transaction::settlement(call, owner, end.hold, end.charge)
}
