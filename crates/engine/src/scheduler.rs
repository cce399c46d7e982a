//! Which queued call may start now: lines, pacing, one call per number, the queue's patience.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use domain::{AccountId, CallId, Now, PhoneNumber, WallTime};
use tokio::sync::Notify;

use crate::config::{EngineConfig, Target, candidates};

/// A call that waits.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub(crate) call: CallId,
    pub(crate) account: AccountId,
    pub(crate) number: PhoneNumber,
    /// After this it is given up.
    pub(crate) until: WallTime,
    /// Not looked at before: the store did not answer, or had no room.
    pub(crate) not_before: Now,
}

/// After this the store is asked again.
const RETRY: std::time::Duration = std::time::Duration::from_secs(1);

impl Queued {
    /// The same, to be looked at again a little later.
    pub(crate) fn later(self, now: Now) -> Self {
        Self { not_before: now + RETRY, ..self }
    }
}

/// What to do with a queued call.
#[derive(Clone, Debug)]
pub(crate) enum Decision {
    /// Start it over this trunk.
    Start(Queued, Arc<str>),
    /// It waited too long.
    Expire(Queued),
}

/// The line of waiting calls and what is in use. Its length is bounded by the money held: every
/// queued call has a hold.
#[derive(Debug)]
pub(crate) struct Scheduler {
    // A lock, because calls are placed and finish on any task; held for the decision only.
    state: Mutex<State>,
    poke: Notify,
}

#[derive(Debug)]
struct State {
    queue: VecDeque<Queued>,
    active: HashMap<CallId, (Target, usize)>,
    per_account: HashMap<AccountId, u32>,
    max_per_account: u32,
    routes: Vec<RouteUse>,
    config: Vec<crate::config::Route>,
}

#[derive(Clone, Debug)]
struct RouteUse {
    /// Its trunk says that calls may go over it.
    usable: bool,
    busy: u32,
    next_start: Now,
}

impl Scheduler {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        let idle = RouteUse { usable: true, busy: 0, next_start: Now::default() };
        let state = State {
            queue: VecDeque::new(),
            active: HashMap::new(),
            per_account: HashMap::new(),
            max_per_account: config.max_concurrent,
            routes: vec![idle; config.routes.len()],
            config: config.routes.clone(),
        };
        Self { state: Mutex::new(state), poke: Notify::new() }
    }

    /// Puts a call at the end of the queue.
    pub(crate) fn enqueue(&self, queued: Queued) {
        self.lock().queue.push_back(queued);
        self.poke.notify_one();
    }

    /// Takes a call out of the queue; `None` if it is not there (any more).
    pub(crate) fn withdraw(&self, call: CallId) -> Option<Queued> {
        let mut state = self.lock();
        let at = state.queue.iter().position(|q| q.call == call)?;
        state.queue.remove(at)
    }

    /// A started call needs its line no more.
    pub(crate) fn finished(&self, call: CallId) {
        let mut state = self.lock();
        if let Some((target, route)) = state.active.remove(&call) {
            if let Some(n) = state.per_account.get_mut(&target.account) {
                *n = n.saturating_sub(1);
            }
            if let Some(r) = state.routes.get_mut(route) {
                r.busy = r.busy.saturating_sub(1);
            }
        }
        drop(state);
        self.poke.notify_one();
    }

    /// Calls may go over a trunk from now on, or not. Those that wait for it go on waiting.
    pub(crate) fn set_usable(&self, trunk: &str, usable: bool) {
        let mut state = self.lock();
        if let Some(i) = state.config.iter().position(|r| *r.name == *trunk) {
            state.routes[i].usable = usable;
        }
        drop(state);
        self.poke.notify_one();
    }

    /// Whether calls may go over a trunk.
    pub(crate) fn is_usable(&self, trunk: &str) -> bool {
        let state = self.lock();
        let at = state.config.iter().position(|r| *r.name == *trunk);
        at.is_some_and(|i| state.routes[i].usable)
    }

    /// Waits until something changed.
    pub(crate) async fn changed(&self) {
        self.poke.notified().await;
    }

    /// Started calls whose line is not free again, by whichever account of them is highest.
    pub(crate) fn in_use(&self) -> usize {
        let state = self.lock();
        let by_account: u32 = state.per_account.values().sum();
        let by_route: u32 = state.routes.iter().map(|r| r.busy).sum();
        state.active.len().max(by_account as usize).max(by_route as usize)
    }

    /// Calls that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().queue.len()
    }

    /// Everything that can be decided now, in the order of the queue, and when to look again.
    pub(crate) fn decide(&self, now: Now, wall: WallTime) -> (Vec<Decision>, Option<Now>) {
        let mut state = self.lock();
        let mut decisions = Vec::new();
        let mut again: Option<Now> = None;
        let mut i = 0;
        while i < state.queue.len() {
            let q = &state.queue[i];
            if now < q.not_before {
                again = Some(again.map_or(q.not_before, |a| a.min(q.not_before)));
                i += 1;
                continue;
            }
            if wall >= q.until {
                if let Some(q) = state.queue.remove(i) {
                    decisions.push(Decision::Expire(q));
                }
                continue;
            }
            let patience = u64::try_from(q.until.millis_since(wall)).unwrap_or(0);
            let expiry = now + std::time::Duration::from_millis(patience);
            again = Some(again.map_or(expiry, |a| a.min(expiry)));
            match state.may_start(q, now) {
                Start::Over(route) => {
                    if let Some(q) = state.queue.remove(i) {
                        let name = state.occupy(&q, route, now);
                        decisions.push(Decision::Start(q, name));
                    }
                    continue;
                }
                Start::At(at) => again = again.map(|a| a.min(at)),
                Start::Later => {}
            }
            i += 1;
        }
        (decisions, again)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Start {
    Over(usize),
    At(Now),
    Later,
}

impl State {
    fn may_start(&self, q: &Queued, now: Now) -> Start {
        let busy = self.per_account.get(&q.account).copied().unwrap_or(0);
        let target = Target { account: q.account, number: q.number.reveal().to_owned() };
        if busy >= self.max_per_account || self.active.values().any(|(t, _)| *t == target) {
            return Start::Later;
        }
        let mut soonest = Start::Later;
        for route in candidates(&self.config, q.number.reveal()) {
            let Some(i) = self.config.iter().position(|r| r.name == route.name) else {
                continue;
            };
            let used = &self.routes[i];
            if !used.usable || used.busy >= route.lines {
                continue;
            }
            if used.next_start <= now {
                return Start::Over(i);
            }
            if matches!(soonest, Start::Later) {
                soonest = Start::At(used.next_start);
            }
        }
        soonest
    }

    fn occupy(&mut self, q: &Queued, route: usize, now: Now) -> Arc<str> {
        let target = Target { account: q.account, number: q.number.reveal().to_owned() };
        self.active.insert(q.call, (target, route));
        *self.per_account.entry(q.account).or_insert(0) += 1;
        let gap = 1_000_000_000 / u64::from(self.config[route].calls_per_second.max(1));
        let used = &mut self.routes[route];
        used.busy += 1;
        used.next_start = used.next_start.max(now) + std::time::Duration::from_nanos(gap);
        self.config[route].name.clone()
    }
}
