//! The engine as `app` builds it and as dialects see it.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    CallId, CallRecord, CallStatus, Credential, EndWhat, Envelope, Now, Principal, Refusal, Scope,
    Who,
};
use sha2::{Digest, Sha256};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::admission::unreadable;
use crate::calls::{
    Calls, Catalogue, HungUp, PlaceOrder, Placement, Readiness, Recording, StoredReply, TrunkInfo,
    Watch, WatchOptions,
};
use crate::config::EngineConfig;
use crate::core::Core;
use crate::counts::Counts;
use crate::dispatch::{Recovered, dispatch, end_unstarted, recover, unstarted};
use crate::mailbox::Mail;
use crate::parts::Parts;
use crate::ports::PortFuture;
use crate::ports::records::{Balance, CallFilter, ReadError};
use crate::ports::trunk::{Trunk, TrunkEvents};
use crate::scheduler::{Order, Withdrawn};
use crate::watch::Watcher;

/// How long a hang-up waits for the call to be over (callout section 9).
const HANG_UP_LIMIT: Duration = Duration::from_secs(2);
/// How long calls may take to end in every respect, BYE and recording included, once the drain's
/// limit is over.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long after that the store may take to have their ends: a disk that is slow or busy is no
/// reason to leave calls unsettled. What is not settled by then is settled by the next start.
const SETTLING_TIME: Duration = Duration::from_secs(60);

/// Drives calls. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    core: Arc<Core>,
    stop: CancellationToken,
}

/// How an engine came to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Calls that had to be ended.
    pub cut_short: usize,
    /// Calls that still were not settled at the end.
    pub unsettled: usize,
}

impl Engine {
    /// An engine at rest: plug trunks in, then [`Engine::start`].
    pub fn new(parts: Parts, config: EngineConfig) -> Self {
        Self { core: Arc::new(Core::new(parts, config)), stop: CancellationToken::new() }
    }

    /// Where trunks deliver their events.
    pub fn trunk_events(&self) -> Arc<dyn TrunkEvents> {
        self.core.clone()
    }

    /// Plugs the trunks in; only the first one counts.
    pub fn plug(&self, trunk: Arc<dyn Trunk>) {
        self.core.plug(trunk);
    }

    /// Takes up what a dead process left, then starts to dial.
    pub async fn start(&self) -> Result<Recovered, ReadError> {
        let found = recover(&self.core).await?;
        self.core.spawn(dispatch(self.core.clone(), self.stop.clone()));
        Ok(found)
    }

    /// What happened since the start.
    pub fn counts(&self) -> Counts {
        self.core.hub.counters.read()
    }

    /// Calls that run now.
    pub fn running(&self) -> usize {
        self.core.running()
    }

    /// Calls for which the scheduler keeps a line.
    pub fn lines_in_use(&self) -> usize {
        self.core.scheduler.in_use()
    }

    /// Calls that wait for a line.
    pub fn waiting(&self) -> usize {
        self.core.scheduler.waiting()
    }

    /// No new calls; running ones may finish within `limit` (or until `hurry` is cancelled),
    /// then they are ended and settled. Queued ones stay queued for the next start.
    pub async fn drain(&self, limit: Duration, hurry: CancellationToken) -> Drained {
        self.core.start_draining();
        self.stop.cancel();
        self.core.tasks.close();
        let clock = &self.core.parts.clock;
        let until = clock.now() + limit;
        tokio::select! {
            biased;
            () = self.core.tasks.wait() => return Drained { cut_short: 0, unsettled: 0 },
            () = clock.until(until) => {}
            () = hurry.cancelled() => {}
        }
        let cut_short = self.core.running();
        let farewell = clock.now() + FAREWELL;
        let patience = farewell + SETTLING_TIME;
        loop {
            // Again and again: a call may have left the queue just before the drain began.
            for mailbox in self.core.mailboxes() {
                // Nobody but us wanted it to end, so it costs nothing (callout section 8).
                let what = EndWhat::NodeLost;
                mailbox.send(Mail::HangUp { what, who: Who::Platform, credential: None });
            }
            let late = clock.now() >= farewell;
            let pause = Duration::from_millis(if late { 1_000 } else { 100 });
            tokio::select! {
                biased;
                () = self.core.tasks.wait() => break,
                () = clock.sleep(pause) => {}
            }
            if late && (clock.now() >= patience || self.unsettled().await == 0) {
                break;
            }
        }
        Drained { cut_short, unsettled: self.unsettled().await }
    }

    /// Calls that were dialled and whose end is not in the store. One whose end is, but whose
    /// trunk still waits for an answer to CANCEL, is settled.
    async fn unsettled(&self) -> usize {
        match self.core.parts.records.unfinished().await {
            Ok(open) => open.iter().filter(|r| r.status != CallStatus::Queued).count(),
            Err(_) => self.core.running(),
        }
    }

    async fn own(&self, who: &Principal, id: CallId) -> Result<CallRecord, Refusal> {
        let record = self.core.parts.records.call(id).await.map_err(|e| unreadable(&e))?;
        record.filter(|r| r.accepted.account == who.account).ok_or(Refusal::CallNotFound)
    }

    async fn end_by_owner(&self, who: &Principal, id: CallId) -> Result<HungUp, Refusal> {
        let record = self.own(who, id).await?;
        let core = &self.core;
        if record.is_ended() {
            // It still waits here if the answer to its end was lost.
            if core.scheduler.withdraw(id).is_some() {
                core.hub.close(id);
            }
            return Ok(HungUp { status: record.status, already_ended: true });
        }
        let until = core.parts.clock.now() + HANG_UP_LIMIT;
        let news = core.hub.subscribe(id);
        match core.scheduler.withdraw_or_order(id, who.credential) {
            Withdrawn::Queued(queued) => {
                if !end_unstarted(core, id, unstarted(EndWhat::Canceled)).await {
                    core.scheduler.enqueue(queued.later(core.parts.clock.now()));
                    return Err(Refusal::Overloaded);
                }
                core.scheduler.take_orders(id);
            }
            Withdrawn::Ordered(order) => {
                if let Some(mailbox) = core.mailbox(id) {
                    if order.take_back() {
                        mailbox.send(Mail::from_owner(who.credential));
                    }
                } else if !self.own(who, id).await?.is_ended() {
                    self.taken_soon(order, until).await?;
                }
                self.ended_soon(news.or_else(|| core.hub.subscribe(id)), until).await;
            }
        }
        let status = self.own(who, id).await.map_or(CallStatus::Completed, |r| r.status);
        Ok(HungUp { status, already_ended: false })
    }

    /// Waits until the call is where somebody takes the order; refused if that does not come.
    async fn taken_soon(&self, order: Order<'_>, until: Now) -> Result<(), Refusal> {
        tokio::select! {
            biased;
            () = order.taken() => return Ok(()),
            () = self.core.parts.clock.until(until) => {}
        }
        if order.take_back() { Err(Refusal::Overloaded) } else { Ok(()) }
    }

    /// Waits until the news tell the call's end, until then at most.
    async fn ended_soon(&self, mut news: Option<broadcast::Receiver<Arc<Envelope>>>, until: Now) {
        let clock = &self.core.parts.clock;
        loop {
            let ended = async {
                match news.as_mut() {
                    Some(n) => n.recv().await.ok(),
                    None => None,
                }
            };
            tokio::select! {
                biased;
                e = ended => match e {
                    Some(e) if matches!(e.event, domain::Event::CallEnded(_)) => break,
                    Some(_) => {}
                    None => break,
                },
                () = clock.until(until) => break,
            }
        }
    }

    async fn find_recording(&self, who: &Principal, id: CallId) -> Result<Recording, Refusal> {
        let record = self.own(who, id).await?;
        if !record.is_ended() || record.recording_pending {
            return Err(Refusal::RecordingPending);
        }
        let name = record.recording.ok_or(Refusal::RecordingMissing)?;
        let len = self.core.parts.blobs.len(&name).await.map_err(|error| {
            tracing::error!(%error, "recording not readable");
            Refusal::Internal
        })?;
        let len = len.ok_or(Refusal::RecordingMissing)?;
        let sha256 = self.sha256(id).await.unwrap_or_default();
        Ok(Recording { name, len, sha256 })
    }

    async fn sha256(&self, id: CallId) -> Option<String> {
        let events = self.core.parts.records.events(id, 1, 10_000).await.ok()?;
        events.into_iter().rev().find_map(|e| match e.event {
            domain::Event::RecordingStored { sha256, .. } => sha256,
            _ => None,
        })
    }
}

fn need(who: &Principal, scope: Scope) -> Result<(), Refusal> {
    if who.may(scope) { Ok(()) } else { Err(Refusal::ScopeDenied { scope }) }
}

impl Calls for Engine {
    fn authenticate<'a>(&'a self, key: &'a str) -> PortFuture<'a, Result<Principal, Refusal>> {
        Box::pin(async move {
            let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
            let owner = self.core.parts.directory.key_owner(hash).await;
            let owner = owner.map_err(|e| unreadable(&e))?.ok_or(Refusal::Unauthorized)?;
            if owner.suspended {
                return Err(Refusal::AccountSuspended);
            }
            Ok(owner.principal)
        })
    }

    fn place<'a>(
        &'a self,
        who: &'a Principal,
        order: PlaceOrder,
    ) -> PortFuture<'a, Result<Placement, Refusal>> {
        Box::pin(async move {
            need(who, Scope::CallsCreate)?;
            self.core.place(who, order).await
        })
    }

    fn replayed<'a>(
        &'a self,
        who: &'a Principal,
        key: &'a str,
        digest: &'a [u8],
    ) -> PortFuture<'a, Result<Option<StoredReply>, Refusal>> {
        Box::pin(async move {
            need(who, Scope::CallsCreate)?;
            self.core.replayed(who.account, key, digest).await
        })
    }

    fn by_alias<'a>(
        &'a self,
        who: &'a Principal,
        alias: &'a str,
    ) -> PortFuture<'a, Result<CallId, Refusal>> {
        // Whoever may not do anything with calls learns an id at most.
        Box::pin(self.core.by_alias(who.account, alias))
    }

    fn record<'a>(
        &'a self,
        who: &'a Principal,
        id: CallId,
    ) -> PortFuture<'a, Result<CallRecord, Refusal>> {
        Box::pin(async move {
            need(who, Scope::CallsRead)?;
            self.own(who, id).await
        })
    }

    fn list<'a>(
        &'a self,
        who: &'a Principal,
        filter: CallFilter,
    ) -> PortFuture<'a, Result<Vec<CallRecord>, Refusal>> {
        Box::pin(async move {
            need(who, Scope::CallsRead)?;
            let calls = self.core.parts.records.calls(who.account, filter).await;
            calls.map_err(|e| unreadable(&e))
        })
    }

    fn hang_up<'a>(
        &'a self,
        who: &'a Principal,
        id: CallId,
    ) -> PortFuture<'a, Result<HungUp, Refusal>> {
        Box::pin(async move {
            need(who, Scope::CallsHangup)?;
            self.end_by_owner(who, id).await
        })
    }

    fn balance<'a>(&'a self, who: &'a Principal) -> PortFuture<'a, Result<Balance, Refusal>> {
        Box::pin(async move {
            need(who, Scope::BalanceRead)?;
            self.core.parts.records.balance(who.account).await.map_err(|e| unreadable(&e))
        })
    }

    fn recording<'a>(
        &'a self,
        who: &'a Principal,
        id: CallId,
    ) -> PortFuture<'a, Result<Recording, Refusal>> {
        Box::pin(async move {
            need(who, Scope::RecordingsRead)?;
            self.find_recording(who, id).await
        })
    }

    fn read_recording<'a>(
        &'a self,
        recording: &'a Recording,
        offset: u64,
        count: u64,
    ) -> PortFuture<'a, Result<Vec<u8>, Refusal>> {
        Box::pin(async move {
            let bytes = self.core.parts.blobs.read(&recording.name, offset, count).await;
            bytes.map_err(|error| {
                tracing::error!(%error, "recording not readable");
                Refusal::Internal
            })
        })
    }

    fn watch<'a>(
        &'a self,
        who: &'a Principal,
        id: CallId,
        options: WatchOptions,
    ) -> PortFuture<'a, Result<Watch, Refusal>> {
        Box::pin(async move {
            need(who, Scope::CallsRead)?;
            self.own(who, id).await?;
            let config = &self.core.config;
            let Credential::ApiKey(key) = who.credential;
            let (per_call, per_key) = (config.streams_per_call, config.streams_per_key);
            let seat = self.core.hub.admit(id, key, per_call, per_key);
            let seat = seat.ok_or(Refusal::RateLimited { retry_after_s: 5 })?;
            let live = self.core.hub.subscribe(id);
            Ok(Watch::new(Watcher::new(self.core.clone(), id, options, live, seat)))
        })
    }

    fn catalogue(&self) -> &Catalogue {
        &self.core.config.catalogue
    }

    fn is_draining(&self) -> bool {
        self.core.is_draining()
    }

    fn readiness(&self) -> Readiness {
        let trunks = self.core.config.routes.iter().map(|r| TrunkInfo {
            name: r.name.to_string(),
            simulated: r.simulated,
            up: self.core.has_trunk() && self.core.scheduler.is_usable(&r.name),
        });
        let trunks = trunks.collect::<Vec<_>>();
        let mut problems = Vec::new();
        if !self.core.has_trunk() {
            problems.push("no trunk is plugged in".to_owned());
        } else if !trunks.iter().any(|t| t.up) {
            problems.push("no trunk is usable".to_owned());
        }
        if self.core.is_draining() {
            problems.push("stopping".to_owned());
        }
        Readiness { ready: problems.is_empty(), problems, trunks }
    }
}
