//! One running call's books: its journal, the commit under way, its holds and its settlement.

use std::sync::Arc;

use call::{Awaited, Input, Moment};
use domain::{
    AccountId, CallEnded, CallRecord, EndWhat, Event, MicroYuan, Now, PhoneNumber, Texts,
    Transaction, Who,
};

use crate::core::Core;
use crate::journal::{CallJournal, Committing, log_end, settlement};
use crate::ports::PortFuture;
use crate::ports::records::CommitError;

/// How a commit went.
pub(super) type Outcome = Result<Committing, (Committing, CommitError)>;

/// Writes what a call says, in order, and what its money does with it.
pub(super) struct Books {
    journal: CallJournal,
    account: AccountId,
    /// Who is called, for the opt-out list.
    callee: Option<PhoneNumber>,
    committing: Option<PortFuture<'static, Outcome>>,
    held: MicroYuan,
    extensions: u32,
    ended: bool,
    faulted: bool,
}

impl Books {
    /// Goes on where `record` ends.
    pub(super) fn resume(record: &CallRecord) -> Self {
        Self {
            journal: CallJournal::resume(record),
            account: record.accepted.account,
            callee: record.target.clone(),
            committing: None,
            held: record.held,
            extensions: 0,
            ended: false,
            faulted: false,
        }
    }

    /// Adds an event.
    pub(super) fn write(&mut self, at: Moment, event: Event, texts: Texts, media_ms: Option<u64>) {
        self.ended |= matches!(event, Event::CallEnded(_));
        if self.journal.is_lost() {
            return;
        }
        if let Event::FaultNoted { part, code, fallback } = &event {
            let call = self.journal.call();
            tracing::warn!(target: "waihu::call", %call, part, code, fallback, "fault");
        }
        let event = match event {
            Event::CalleeOptedOut { .. } => {
                if let Some(callee) = self.callee.clone() {
                    self.journal.block(callee, at.wall);
                }
                event
            }
            Event::CallEnded(end) => Event::CallEnded(self.settle(end)),
            _ => event,
        };
        self.journal.add(at, event, texts, media_ms);
    }

    /// Adds an event that is about no moment of the talk.
    pub(super) fn note(&mut self, at: Moment, event: Event) {
        self.write(at, event, Texts::default(), None);
    }

    /// Holds more; refused if the balance does not cover it.
    pub(super) fn extend(&mut self, at: Moment, amount: MicroYuan, until_s: u32) {
        self.extensions += 1;
        let call = self.journal.call();
        self.journal.post(Transaction::hold(call, self.account, self.extensions, amount));
        self.note(at, Event::HoldExtended { amount, until_s });
        self.held = MicroYuan(self.held.0 + amount.0);
    }

    /// Drops what is not written yet: the call goes on as the store knows it.
    pub(super) fn withdraw(&mut self) {
        self.journal.forget();
    }

    /// Begins the next commit, if one is due and none is under way.
    pub(super) fn start_commit(&mut self, core: &Arc<Core>) {
        if self.committing.is_some() {
            return;
        }
        if let Some(commit) = self.journal.begin(core.parts.clock.now()) {
            let core = core.clone();
            let work = async move { commit.run(&*core.parts.records, &core.hub).await };
            self.committing = Some(Box::pin(work));
        }
    }

    /// How the commit under way went; waits for ever if there is none.
    pub(super) async fn outcome(&mut self) -> Outcome {
        match &mut self.committing {
            Some(commit) => commit.await,
            None => std::future::pending().await,
        }
    }

    /// Takes an outcome; gives what the call has to know of it.
    pub(super) fn committed(&mut self, now: Now, outcome: Outcome) -> Vec<Input> {
        self.committing = None;
        match outcome {
            Ok(c) => {
                self.journal.succeeded();
                let extended = c.extends().map(|until| Input::HoldExtended(Some(until)));
                let durable = c.kinds.into_iter().map(|kind| Input::Committed(kind, true));
                extended.into_iter().chain(durable).collect()
            }
            Err((c, CommitError::InsufficientBalance { .. })) if c.extends().is_some() => {
                self.refuse_extension(now, c)
            }
            Err((c, error @ CommitError::Duplicate { .. })) => self.lose_journal(&c, &error),
            Err((c, error)) => self.commit_failed(now, c, &error),
        }
    }

    /// When the next commit is due.
    pub(super) fn deadline(&self) -> Option<Now> {
        if self.committing.is_some() { None } else { self.journal.deadline() }
    }

    /// Whether the end was written, or would have been.
    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.committing.is_none()
    }

    /// Whether all that was written is durable.
    pub(super) fn is_settled(&self) -> bool {
        self.is_idle() && self.journal.is_settled()
    }

    /// Whether they belong to somebody else.
    pub(super) fn is_lost(&self) -> bool {
        self.journal.is_lost()
    }

    /// The end with what is held by now, and the settlement beside it.
    fn settle(&mut self, mut end: CallEnded) -> CallEnded {
        end.hold = self.held;
        let call = self.journal.call();
        log_end(call, self.callee.as_ref(), &end);
        match settlement(call, self.account, &end) {
            Ok(transaction) => self.journal.post(transaction),
            Err(error) => tracing::error!(%call, %error, "settlement refused"),
        }
        end
    }

    /// The extension's own event goes; whatever else was in the batch is kept.
    fn refuse_extension(&mut self, now: Now, c: Committing) -> Vec<Input> {
        let (kept, amount) = c.without_extension();
        self.held = MicroYuan(self.held.0 - amount.0);
        self.journal.take_back(now, kept);
        self.journal.correct_hold(amount);
        vec![Input::HoldExtended(None)]
    }

    /// The store has other events under our numbers. Nobody else is to be dialled for this call,
    /// and what was begun is taken down; its books are the other one's.
    fn lose_journal(&mut self, c: &Committing, error: &CommitError) -> Vec<Input> {
        let call = self.journal.call();
        tracing::error!(%call, %error, "somebody else wrote this call's journal");
        self.journal.lose();
        let dial = c.kinds.contains(&Awaited::Dial);
        let undialled = dial.then_some(Input::Committed(Awaited::Dial, false));
        undialled.into_iter().chain([failed()]).collect()
    }

    fn commit_failed(&mut self, now: Now, c: Committing, error: &CommitError) -> Vec<Input> {
        let dialling = c.kinds.contains(&Awaited::Dial);
        tracing::error!(call = %self.journal.call(), %error, "journal not written");
        self.journal.failed(now, c);
        if dialling {
            // Nothing has been dialled; without a durable intent nothing will be.
            return vec![Input::Committed(Awaited::Dial, false)];
        }
        if self.journal.is_failing() && !self.faulted {
            self.faulted = true;
            return vec![failed()];
        }
        Vec::new()
    }
}

/// The platform is at fault, and the call ends.
fn failed() -> Input {
    Input::HangUp(EndWhat::PlatformFailed, Who::Platform)
}
