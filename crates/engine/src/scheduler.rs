//! Which queued call may start now: lines, pacing, one call per number, the queue's patience.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use domain::{AccountId, CallId, Credential, Now, PhoneNumber, WallTime};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

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
    /// Its owner wants it to end, and had ordered so before it came into the queue.
    Cancel(Queued),
}

/// Where an order to hang up found its call.
pub(crate) enum Withdrawn<'a> {
    /// It waited, and does no more.
    Queued(Queued),
    /// It runs, or is on its way to its task or into the queue, where the order waits for it.
    Ordered(Order<'a>),
}

/// An order to hang up, left for whoever has the call next; taken back when dropped.
pub(crate) struct Order<'a> {
    scheduler: &'a Scheduler,
    number: u64,
    taken: CancellationToken,
}

impl Order<'_> {
    /// Waits until somebody has taken it and does what it says.
    pub(crate) async fn taken(&self) {
        self.taken.cancelled().await;
    }

    /// Takes it back; `false` if somebody has taken it.
    pub(crate) fn take_back(self) -> bool {
        self.scheduler.lock().orders.remove(&self.number).is_some()
    }
}

impl Drop for Order<'_> {
    fn drop(&mut self) {
        self.scheduler.lock().orders.remove(&self.number);
    }
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
    /// Orders to hang up whose calls are not in the queue, in the order in which they came; each
    /// belongs to a request that waits.
    orders: BTreeMap<u64, (CallId, Credential, CancellationToken)>,
    next_order: u64,
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
    /// Its trunk said that it is full until then.
    full_until: Now,
    busy: u32,
    next_start: Now,
}

impl Scheduler {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        let idle = RouteUse {
            usable: true,
            full_until: Now::default(),
            busy: 0,
            next_start: Now::default(),
        };
        let state = State {
            queue: VecDeque::new(),
            orders: BTreeMap::new(),
            next_order: 0,
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

    /// Takes a call out of the queue; if it is not there, leaves the order for whoever has it next:
    /// a call changes hands without a moment in which an order gets lost.
    pub(crate) fn withdraw_or_order(&self, call: CallId, by: Credential) -> Withdrawn<'_> {
        let mut state = self.lock();
        if let Some(at) = state.queue.iter().position(|q| q.call == call)
            && let Some(queued) = state.queue.remove(at)
        {
            return Withdrawn::Queued(queued);
        }
        let (number, taken) = (state.next_order, CancellationToken::new());
        state.next_order += 1;
        state.orders.insert(number, (call, by, taken.clone()));
        Withdrawn::Ordered(Order { scheduler: self, number, taken })
    }

    /// Takes the orders to hang up this call, to do as they say; by whom the first one came.
    pub(crate) fn take_orders(&self, call: CallId) -> Option<Credential> {
        let mut first = None;
        self.lock().orders.retain(|_, (of, by, taken)| {
            if *of == call {
                first.get_or_insert(*by);
                taken.cancel();
            }
            *of != call
        });
        first
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

    /// A trunk is full until then; a shorter wait that is told later does not end a longer one.
    pub(crate) fn set_full(&self, trunk: &str, until: Now) {
        let mut state = self.lock();
        if let Some(i) = state.config.iter().position(|r| *r.name == *trunk) {
            let used = &mut state.routes[i];
            used.full_until = used.full_until.max(until);
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
            if state.orders.values().any(|(call, ..)| *call == q.call) {
                decisions.extend(state.queue.remove(i).map(Decision::Cancel));
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
            let from = used.next_start.max(used.full_until);
            if from <= now {
                return Start::Over(i);
            }
            soonest = match soonest {
                Start::At(at) if at <= from => soonest,
                _ => Start::At(from),
            };
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
