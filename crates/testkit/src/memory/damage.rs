//! Faults of the store that are planted on purpose.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use domain::{CallEnded, CallId, CallRecord, CallStatus, Envelope, Event, LegId, MicroYuan, Texts};
use domain::{LedgerAccount, TransactionKind};
use engine::ports::records::Batch;

use super::Inner;
use crate::sabotage::Sabotage;

impl Inner {
    /// Breaks what `batch` just made true, if such a fault is planted.
    pub(super) fn damage(&mut self, batch: &Batch) {
        self.damage_money(batch);
        for e in &batch.events {
            match &e.event {
                Event::UtteranceHeard(_) if self.trouble.plants.fires(Sabotage::LineForgotten) => {
                    self.change(e.call, |record| drop(record.lines.pop()));
                }
                Event::CueAnswered { .. } if self.trouble.plants.fires(Sabotage::CueMistold) => {
                    self.mistell(e);
                }
                Event::CallEnded(end) => self.damage_end(e, *end),
                _ => {}
            }
        }
    }

    /// A planted fault: the journal has another outcome of an enquiry.
    fn mistell(&mut self, told: &Envelope) {
        let journal = self.events.get_mut(&told.call);
        let Some(e) = journal.and_then(|j| Arc::make_mut(j).iter_mut().find(|e| e.seq == told.seq))
        else {
            return;
        };
        if let Event::CueAnswered { outcome, .. } = &mut e.event {
            *outcome = "forgotten".to_owned();
        }
    }

    /// A planted fault: a unit of work that ends a call and is there already is done once more,
    /// behind itself. Answers whether it was.
    pub(super) fn write_again(&mut self, batch: &Batch) -> bool {
        let Some(end) = batch.events.iter().find(|e| matches!(e.event, Event::CallEnded(_))) else {
            return false;
        };
        let journal = self.events.get(&end.call);
        let there = journal.is_some_and(|j| j.iter().any(|e| e == end));
        if !there || !self.trouble.plants.fires(Sabotage::WrittenAgain) {
            return false;
        }
        self.append(end, end.event.clone());
        self.books.transactions.extend(batch.transactions.iter().cloned());
        true
    }

    /// How much longer a commit takes, by a source that does not repeat.
    pub(super) fn strange_delay(&self) -> Duration {
        if !self.trouble.plants.holds(Sabotage::Unrepeatable) {
            return Duration::ZERO;
        }
        Duration::from_millis(RandomState::new().build_hasher().finish() % 40)
    }

    /// After a restart: one dialled call looks as if it had never left the queue.
    pub(super) fn forget_a_dial(&mut self) {
        let dialled = |r: &&Arc<CallRecord>| {
            r.milestones.dialed_at.is_some() && !r.is_ended() && r.status != CallStatus::Queued
        };
        let Some(call) = self.calls.values().find(dialled).map(|r| r.call) else {
            return;
        };
        if !self.trouble.plants.fires(Sabotage::DialForgotten) {
            return;
        }
        if let Some(journal) = self.events.get_mut(&call) {
            let journal = Arc::make_mut(journal);
            journal.truncate(1);
            let begun = journal.first().and_then(CallRecord::begin);
            self.calls.extend(begun.map(|r| (call, Arc::new(r))));
        }
    }

    fn damage_money(&mut self, batch: &Batch) {
        let settles = |k: TransactionKind| k == TransactionKind::Settlement;
        let Some(t) = batch.transactions.iter().find(|t| settles(t.kind())) else {
            return;
        };
        if self.trouble.plants.fires(Sabotage::SettledTwice) {
            self.books.transactions.push(t.clone());
        }
        if self.trouble.plants.fires(Sabotage::SettlementLost) {
            self.books.transactions.retain(|o| o.reference() != t.reference());
            for p in t.postings() {
                let Some(b) = self.books.balances.get_mut(&t.owner()) else { continue };
                match p.account {
                    LedgerAccount::Held(_) => b.held.0 -= p.amount.0,
                    LedgerAccount::Available(_) => b.available.0 -= p.amount.0,
                    _ => {}
                }
            }
        }
    }

    fn damage_end(&mut self, e: &Envelope, end: CallEnded) {
        // A journal that has something after its end takes no recording any more.
        if !end.recording_follows && self.trouble.plants.fires(Sabotage::EndedTwice) {
            self.append(e, Event::CallEnded(end));
        }
        if !end.recording_follows && self.trouble.plants.fires(Sabotage::AnsweredLate) {
            let codec = "PCMA".to_owned();
            self.append(e, Event::LegAnswered { leg: LegId::CALLEE, codec });
        }
        if self.trouble.plants.fires(Sabotage::Overcharged) {
            let more = MicroYuan(end.charge.0 + 5_000);
            self.change(e.call, |record| record.charge = Some(more));
            if let Some(journal) = self.events.get_mut(&e.call) {
                let ended = Arc::make_mut(journal).iter_mut().find(|x| x.seq == e.seq);
                if let Some(ended) = ended {
                    ended.event = Event::CallEnded(CallEnded { charge: more, ..end });
                }
            }
        }
    }

    /// Writes one more event behind the last.
    fn append(&mut self, last: &Envelope, event: Event) {
        let more = Envelope { seq: last.seq + 1, event, texts: Texts::default(), ..last.clone() };
        self.change(last.call, |record| record.apply(&more));
        if let Some(journal) = self.events.get_mut(&last.call) {
            Arc::make_mut(journal).push(more);
        }
    }

    fn change(&mut self, call: CallId, change: impl FnOnce(&mut CallRecord)) {
        if let Some(record) = self.calls.get_mut(&call) {
            change(Arc::make_mut(record));
        }
    }
}
