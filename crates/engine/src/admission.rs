//! Accepting calls: policy, holds, and one unit of work for all of an order.

use domain::{
    BatchId, CallAccepted, CallId, CallRecord, CallRequest, Envelope, Event, MicroYuan,
    PhoneNumber, Principal, Refusal, Texts, Transaction, WallTime,
};

use crate::calls::{PlaceOrder, Placed, PlacedCall, Skipped};
use crate::config::{candidates, queue_deadline};
use crate::core::Core;
use crate::journal::is_stored;
use crate::ports::records::{Batch, CommitError};
use crate::scheduler::Queued;

/// What one call of an order is known by.
struct Naming {
    surface: domain::Surface,
    batch: BatchId,
    call: CallId,
    wall: WallTime,
}

const HOUR_MS: i64 = 3_600_000;

impl Core {
    /// Accepts all of an order or nothing of it. Nothing is dialled before the commit.
    pub(crate) async fn place(
        &self,
        who: &Principal,
        order: PlaceOrder,
    ) -> Result<Placed, Refusal> {
        if self.is_draining() {
            return Err(Refusal::Overloaded);
        }
        if order.requests.is_empty() {
            return Err(Refusal::NoPhones);
        }
        let wall = self.parts.clock.wall();
        let (allowed, skipped) = self.screen(who, order.requests, wall).await?;
        if allowed.is_empty() {
            return Err(skipped.into_iter().next().map_or(Refusal::NoPhones, |s| s.why));
        }
        let batch = BatchId::from_parts(unix_ms(wall), (self.parts.random)());
        let surface = order.surface;
        let mut work = Batch::default();
        let mut calls = Vec::new();
        for request in allowed {
            let call = CallId::from_parts(unix_ms(wall), (self.parts.random)());
            let first = self.accepted(who, &Naming { surface, batch, call, wall }, request);
            let Event::CallAccepted(accepted) = &first.event else {
                continue;
            };
            work.transactions.push(Transaction::hold(call, who.account, 0, accepted.hold));
            calls.push((first.clone(), accepted.limits.queue_s));
            work.events.push(first);
        }
        self.accept(work, &calls, who.account).await?;
        let mut placed = Vec::new();
        for (first, queue_s) in calls {
            let Some(phone) = first.texts.target.clone() else {
                continue;
            };
            self.hub.open(first.call);
            self.hub.counters.note(&first.event);
            placed.push(PlacedCall { call: first.call, phone: phone.clone() });
            self.scheduler.enqueue(Queued {
                call: first.call,
                account: who.account,
                number: phone,
                until: queue_deadline(wall, queue_s),
                not_before: domain::Now::default(),
            });
        }
        Ok(Placed { batch, calls: placed, skipped })
    }

    /// Commits an order. Where the store says that it could not, but has it, it is accepted; where
    /// it does not even say that, the order is refused, and should it be there after all it is
    /// ended before anybody is dialled.
    async fn accept(
        &self,
        work: Batch,
        calls: &[(Envelope, u32)],
        account: domain::AccountId,
    ) -> Result<(), Refusal> {
        let needed = holds(&work.transactions);
        let events = work.events.clone();
        let Err(error) = self.parts.records.commit(work).await else {
            return Ok(());
        };
        if !matches!(error, CommitError::Unavailable { .. }) {
            return Err(refusal(error, needed));
        }
        match is_stored(&*self.parts.records, &events).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(cause) => {
                tracing::error!(%cause, "whether calls were accepted is not known; they end");
                for (first, _) in calls {
                    let Some(number) = first.texts.target.clone() else {
                        continue;
                    };
                    // Its patience is over already: what the store has of it is ended as soon as
                    // that can be read.
                    self.scheduler.enqueue(Queued {
                        call: first.call,
                        account,
                        number,
                        until: first.at,
                        not_before: domain::Now::default(),
                    });
                }
            }
        }
        Err(refusal(error, needed))
    }

    /// Sorts an order's numbers into those that may be called and those that may not.
    async fn screen(
        &self,
        who: &Principal,
        requests: Vec<CallRequest>,
        wall: WallTime,
    ) -> Result<(Vec<CallRequest>, Vec<Skipped>), Refusal> {
        let (mut allowed, mut skipped) = (Vec::new(), Vec::new());
        for request in requests {
            if candidates(&self.config.routes, request.target.reveal()).is_empty()
                || !self.has_trunk()
            {
                return Err(Refusal::TrunkUnavailable);
            }
            match self.forbidden(who.account, &request.target, wall).await? {
                Some(why) => skipped.push(Skipped { phone: request.target, why }),
                None => allowed.push(request),
            }
        }
        Ok((allowed, skipped))
    }

    /// The policy gate: at acceptance, and again right before dialling.
    pub(crate) async fn forbidden(
        &self,
        account: domain::AccountId,
        phone: &PhoneNumber,
        wall: WallTime,
    ) -> Result<Option<Refusal>, Refusal> {
        let records = &self.parts.records;
        if records.opted_out(account, phone.clone()).await.map_err(|e| unreadable(&e))? {
            return Ok(Some(Refusal::NumberBlocked));
        }
        let limits =
            [(self.config.callee_per_hour, HOUR_MS), (self.config.callee_per_day, 24 * HOUR_MS)];
        for (limit, window) in limits {
            if limit == 0 {
                continue;
            }
            let since = wall.plus_millis(-window);
            let simulated = self.config.count_simulated;
            let dialled = records.dialled_since(account, phone.clone(), since, simulated).await;
            if dialled.map_err(|e| unreadable(&e))? >= limit {
                return Ok(Some(Refusal::CalleeLimit));
            }
        }
        Ok(None)
    }

    fn accepted(&self, who: &Principal, named: &Naming, request: CallRequest) -> Envelope {
        let &Naming { surface, batch, call, wall } = named;
        let price = self.config.price();
        let held_s = request.limits.call_s.min(request.limits.hold_s);
        let accepted = CallAccepted {
            surface,
            account: who.account,
            credential: who.credential,
            batch,
            agent: request.agent,
            voice: request.voice,
            turn: request.turn,
            limits: request.limits,
            record: request.record,
            price,
            hold: price.hold(held_s),
        };
        let texts = Texts {
            target: Some(request.target),
            requirement: Some(request.requirement.into_inner()),
            ..Texts::default()
        };
        let event = Event::CallAccepted(Box::new(accepted));
        Envelope { call, seq: 1, at: wall, media_ms: None, v: 1, event, texts }
    }
}

/// The request that a record stands for, for a call taken up from the store.
pub(crate) fn request_of(record: &CallRecord) -> Option<CallRequest> {
    let a = &record.accepted;
    Some(CallRequest {
        target: record.target.clone()?,
        requirement: record.requirement.clone().into(),
        agent: a.agent,
        voice: a.voice.clone(),
        turn: a.turn,
        limits: a.limits,
        record: a.record,
    })
}

fn unix_ms(wall: WallTime) -> u64 {
    u64::try_from(wall.0).unwrap_or(0)
}

fn holds(transactions: &[Transaction]) -> MicroYuan {
    let held = transactions.iter().flat_map(Transaction::postings);
    held.filter(|p| p.amount > MicroYuan::ZERO).map(|p| p.amount).sum()
}

fn refusal(error: CommitError, needed: MicroYuan) -> Refusal {
    match error {
        CommitError::InsufficientBalance { available, .. } => {
            Refusal::InsufficientBalance { hold: needed, available }
        }
        CommitError::Unavailable { cause } => {
            tracing::error!(%cause, "calls refused: the store cannot be written");
            Refusal::Overloaded
        }
        CommitError::Taken { .. } => Refusal::IdempotencyConflict,
        CommitError::Duplicate { what } => {
            tracing::error!(%what, "an id was made twice");
            Refusal::Internal
        }
    }
}

pub(crate) fn unreadable(error: &crate::ports::records::ReadError) -> Refusal {
    tracing::error!(%error, "request refused");
    Refusal::Internal
}
