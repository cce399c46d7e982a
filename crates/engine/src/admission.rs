//! Accepting calls: policy, holds, and one unit of work for all of an order.

use domain::{
    AccountId, BatchId, CallAccepted, CallId, CallRecord, CallRequest, Envelope, Event, MicroYuan,
    PhoneNumber, Principal, Refusal, Task, Texts, Transaction, WallTime,
};

use crate::calls::{Once, PlaceOrder, Placed, PlacedCall, Placement, Skipped, StoredReply};
use crate::config::{candidates, queue_deadline};
use crate::core::Core;
use crate::journal::is_stored;
use crate::ports::records::{Batch, Claim, CommitError};
use crate::scheduler::Queued;

/// What one call of an order is known by.
struct Naming {
    surface: domain::Surface,
    batch: BatchId,
    call: CallId,
    wall: WallTime,
}

const HOUR_MS: i64 = 3_600_000;
/// A key is kept so long after the last of its calls may have ended (callout section 9).
const KEY_KEPT_MS: i64 = 24 * HOUR_MS;

/// Kinds of claims.
const KEY: &str = "idempotency";
const NONCE: &str = "nonce";
const ALIAS: &str = "alias";

impl Core {
    /// Accepts all of an order or nothing of it. Nothing is dialled before the commit.
    pub(crate) async fn place(
        &self,
        who: &Principal,
        order: PlaceOrder,
    ) -> Result<Placement, Refusal> {
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
            work.claims.extend(request.alias.clone().map(|name| alias(who.account, name, call)));
            let first = self.accepted(who, &Naming { surface, batch, call, wall }, request);
            let Event::CallAccepted(accepted) = &first.event else {
                continue;
            };
            work.transactions.push(Transaction::hold(call, who.account, 0, accepted.hold));
            calls.push((first.clone(), accepted.terms.limits.queue_s));
            work.events.push(first);
        }
        let placed = placed(batch, &calls, skipped);
        if let Some(once) = order.once {
            let longest = calls.iter().map(|(first, _)| longest_life_ms(first)).max();
            let until = wall.plus_millis(longest.unwrap_or(0));
            work.claims.push(claim(who.account, once, &placed, until)?);
        }
        if let Some(before) = self.accept(work, &calls, who.account).await? {
            return Ok(Placement::Repeated(before));
        }
        for (first, queue_s) in calls {
            let Some(number) = first.texts.target.clone() else {
                continue;
            };
            self.hub.open(first.call);
            self.hub.counters.note(&first.event);
            self.scheduler.enqueue(Queued {
                call: first.call,
                account: who.account,
                number,
                until: queue_deadline(wall, queue_s),
                not_before: domain::Now::default(),
            });
        }
        Ok(Placement::New(placed))
    }

    /// The reply that this key stands for, if it was taken for the same request.
    pub(crate) async fn replayed(
        &self,
        account: AccountId,
        key: &str,
        digest: &[u8],
    ) -> Result<Option<StoredReply>, Refusal> {
        let taken = self.claimed(KEY, account, key).await?;
        taken.map(|claim| repeated(digest, &claim.digest, claim.reply)).transpose()
    }

    /// The call that has this alias.
    pub(crate) async fn by_alias(
        &self,
        account: AccountId,
        alias: &str,
    ) -> Result<CallId, Refusal> {
        let taken = self.claimed(ALIAS, account, alias).await?.ok_or(Refusal::CallNotFound)?;
        let id = String::from_utf8(taken.digest).ok().and_then(|id| id.parse().ok());
        id.ok_or(Refusal::Internal)
    }

    async fn claimed(
        &self,
        kind: &'static str,
        account: AccountId,
        name: &str,
    ) -> Result<Option<Claim>, Refusal> {
        let now = self.parts.clock.wall();
        let claim = self.parts.records.claim(kind, account, name.to_owned(), now).await;
        claim.map_err(|e| unreadable(&e))
    }

    /// Commits an order; the reply to give again, if it was accepted before. Where the store says
    /// that it could not, but has it, it is accepted; where it does not even say that, the order is
    /// refused, and should it be there after all it is ended before anybody is dialled.
    async fn accept(
        &self,
        work: Batch,
        calls: &[(Envelope, u32)],
        account: AccountId,
    ) -> Result<Option<StoredReply>, Refusal> {
        let needed = holds(&work.transactions);
        let events = work.events.clone();
        let wanted = work.claims.iter().find(|c| c.kind == KEY).map(|c| c.digest.clone());
        let error = match self.parts.records.commit(work).await {
            Ok(()) => return Ok(None),
            Err(CommitError::Taken { kind: KEY, digest, reply }) => {
                return repeated(&wanted.unwrap_or_default(), &digest, reply).map(Some);
            }
            Err(error) => error,
        };
        if !matches!(error, CommitError::Unavailable { .. }) {
            return Err(refusal(error, needed));
        }
        match is_stored(&*self.parts.records, &events).await {
            Ok(true) => return Ok(None),
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
        account: AccountId,
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
        let limits = request.terms.limits;
        let held_s = limits.call_s.min(limits.hold_s);
        let (directed_by, requirement, order) = match request.task {
            Task::Requirement(text) => (None, Some(text.into_inner()), None),
            Task::Directed { by, order } => (Some(by), None, Some(order.into_inner())),
        };
        let accepted = CallAccepted {
            surface,
            account: who.account,
            credential: who.credential,
            batch,
            alias: request.alias,
            directed_by,
            terms: request.terms,
            price,
            hold: price.hold(held_s),
        };
        let texts = Texts { target: Some(request.target), requirement, order, ..Texts::default() };
        let event = Event::CallAccepted(Box::new(accepted));
        Envelope { call, seq: 1, at: wall, media_ms: None, v: 1, event, texts }
    }
}

/// The request that a record stands for, for a call taken up from the store.
pub(crate) fn request_of(record: &CallRecord) -> Option<CallRequest> {
    let accepted = &record.accepted;
    Some(CallRequest {
        target: record.target.clone()?,
        task: record.task.clone(),
        alias: accepted.alias.clone(),
        terms: accepted.terms.clone(),
    })
}

fn placed(batch: BatchId, calls: &[(Envelope, u32)], skipped: Vec<Skipped>) -> Placed {
    let calls = calls.iter().filter_map(|(first, _)| {
        Some(PlacedCall { call: first.call, phone: first.texts.target.clone()? })
    });
    Placed { batch, calls: calls.collect(), skipped }
}

fn alias(account: AccountId, name: String, call: CallId) -> Claim {
    let digest = call.to_string().into_bytes();
    // It is never used for another call.
    Claim { kind: ALIAS, account, name, digest, reply: None, expires_at: WallTime(i64::MAX) }
}

/// How long after its acceptance a call may still run.
fn longest_life_ms(first: &Envelope) -> i64 {
    let Event::CallAccepted(accepted) = &first.event else { return 0 };
    let limits = accepted.terms.limits;
    [limits.queue_s, limits.ring_s, limits.call_s].into_iter().map(|s| i64::from(s) * 1_000).sum()
}

/// The claim of an order whose last call is over at `until`.
fn claim(
    account: AccountId,
    once: Once,
    placed: &Placed,
    until: WallTime,
) -> Result<Claim, Refusal> {
    Ok(match once {
        Once::Nonce { nonce: name, keep_s } => {
            // Also while its calls run: a signature is not to be worth more than they were.
            let expires_at = until.plus_millis(i64::from(keep_s) * 1_000);
            Claim { kind: NONCE, account, name, digest: Vec::new(), reply: None, expires_at }
        }
        Once::Key { key: name, digest, reply } => {
            let StoredReply { status, body } = reply(placed)?;
            let expires_at = until.plus_millis(KEY_KEPT_MS);
            Claim { kind: KEY, account, name, digest, reply: Some((status, body)), expires_at }
        }
    })
}

/// What a key that was taken before stands for.
fn repeated(
    wanted: &[u8],
    taken: &[u8],
    reply: Option<(u16, Vec<u8>)>,
) -> Result<StoredReply, Refusal> {
    let (status, body) = reply.filter(|_| wanted == taken).ok_or(Refusal::IdempotencyConflict)?;
    Ok(StoredReply { status, body })
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
        CommitError::Taken { kind: NONCE, .. } => Refusal::IdempotencyConflict,
        CommitError::Taken { kind, .. } => {
            tracing::error!(%kind, "a name was taken twice");
            Refusal::Internal
        }
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
