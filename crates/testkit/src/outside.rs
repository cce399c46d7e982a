//! The second master: a service outside that leads a share of the calls, by a script drawn from
//! chance.
//!
//! Its director asks about most of what happens. The service answers at once, late, on or after
//! the limit, with garbage, with a failure, or never, and sometimes orders something unasked.
//! What it did is noted per call, so that it can be held against what came of it.

mod led;
mod script;
mod wish;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use call::CallPlan;
use domain::{CallId, Masked};
use engine::ports::PortFuture;
use engine::ports::director::{Answered, CueNo, Director, Directors, Enquiry, Unanswered, Unasked};
use engine::{Clock, InHouse};

use crate::chance::Chance;
use crate::sabotage::{OutsideBug, Plants, Sabotage};
pub(crate) use led::About;
pub use led::Led;
use script::Script;

/// See the module. Clones share one service.
#[derive(Clone, Default)]
pub struct Outside(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// One call in so many; nobody if 0.
    one_in: u64,
    seed: u64,
    clock: Option<Clock>,
    plants: Plants,
    calls: BTreeMap<CallId, Led>,
    unasked: BTreeMap<CallId, Unasked>,
}

/// What a service does with one enquiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Answers,
    Garbles,
    Fails,
    Stalls,
}

impl Outside {
    /// A service that leads one call in `one_in`; which ones, and how, follows from `seed`.
    pub fn leading(one_in: u64, seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State { one_in, seed, ..State::default() })))
    }

    /// From now on it lives by this clock.
    pub(crate) fn live_by(&self, clock: Clock, plants: Plants) {
        let mut s = self.lock();
        s.clock = Some(clock);
        s.plants = plants;
        s.unasked.clear();
    }

    /// What was done for the calls it led.
    pub fn led(&self) -> BTreeMap<CallId, Led> {
        self.lock().calls.clone()
    }

    fn chance(&self, call: CallId, salt: u64) -> Chance {
        let seed = self.lock().seed ^ salt.wrapping_mul(0x9E37_79B9);
        let name = call.as_bytes().iter().fold(seed, |n, b| n.rotate_left(5) ^ u64::from(*b));
        Chance::new(name.rotate_left(17))
    }

    fn leads(&self, call: CallId) -> bool {
        let one_in = self.lock().one_in;
        one_in > 0 && self.chance(call, 1).below(one_in) == 0
    }

    /// Notes something about a call, at this moment.
    fn note<T>(&self, call: CallId, note: impl FnOnce(&mut Led, u64) -> T) -> T {
        let mut s = self.lock();
        let now = s.clock.as_ref().map_or(0, |c| c.now().as_millis());
        note(s.calls.entry(call).or_default(), now)
    }

    fn fires(&self, what: OutsideBug) -> bool {
        self.lock().plants.fires(Sabotage::Outside(what))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clock(&self) -> Clock {
        self.lock().clock.clone().expect("a call is led in a world")
    }

    /// Orders something unasked, now and then.
    async fn meddle(self, call: CallId, mut chance: Chance) {
        if chance.below(6) != 0 {
            return;
        }
        self.clock().sleep(Duration::from_millis(chance.below(400))).await;
        let unasked = self.lock().unasked.get(&call).cloned();
        if let Some(unasked) = unasked {
            unasked(Masked::new(wish::draw(&mut chance).encode()));
        }
    }

    async fn answer(self, call: CallId, mut chance: Chance, limit_ms: u64) -> Answered {
        let (takes, service) = match chance.below(16) {
            0..=5 => (0, Service::Answers),
            6..=9 => (chance.below(limit_ms), Service::Answers),
            10 => (limit_ms, Service::Answers),
            11 => (limit_ms + chance.within(1, 2_000), Service::Answers),
            12 | 13 => (chance.below(limit_ms), Service::Garbles),
            14 => (chance.below(limit_ms), Service::Fails),
            _ => (0, Service::Stalls),
        };
        self.clone().meddle(call, Chance::new(chance.bits())).await;
        self.clock().sleep(Duration::from_millis(takes)).await;
        match service {
            Service::Answers => Ok(Masked::new(wish::draw(&mut chance).encode())),
            Service::Garbles => Ok(Masked::new(chance.bits().to_be_bytes().to_vec())),
            Service::Fails => Err(Unanswered::Failed),
            Service::Stalls => std::future::pending().await,
        }
    }
}

/// Counts an enquiry as out as long as it lives.
struct IsOut(Outside, CallId);

impl IsOut {
    fn new(of: &Outside, call: CallId) -> Self {
        of.note(call, |led, _| led.out += 1);
        Self(of.clone(), call)
    }
}

impl Drop for IsOut {
    fn drop(&mut self) {
        self.0.note(self.1, |led, _| led.out -= 1);
    }
}

impl Directors for Outside {
    fn direct(&self, plan: &CallPlan, unasked: Unasked) -> Box<dyn Director> {
        if !self.leads(plan.call) {
            return InHouse.direct(plan, unasked);
        }
        let mut s = self.lock();
        s.calls.insert(plan.call, Led::default());
        s.unasked.insert(plan.call, unasked);
        drop(s);
        Box::new(Script::new(self.clone(), plan.call, self.chance(plan.call, 2)))
    }

    fn ask(&self, call: CallId, cue: CueNo, _: Enquiry) -> PortFuture<'static, Answered> {
        let of = self.clone();
        let out = IsOut::new(self, call);
        let limit_ms = self.note(call, |led, now| led.sent(cue.0, now));
        let chance = self.chance(call, u64::from(cue.0) + 16);
        if self.fires(OutsideBug::AskedTwice) {
            // As an adapter that tries again before the first try is over.
            self.note(call, |led, now| led.sent(cue.0, now));
        }
        if self.fires(OutsideBug::AskKept) {
            // As an adapter whose request outlives the future that began it.
            self.clock().spawn(std::future::pending());
        }
        Box::pin(async move {
            let answer = of.answer(call, chance, limit_ms).await;
            drop(out);
            answer
        })
    }
}
