//! How a trunk stands: whether it answers, whether it took our registration, what went wrong.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::ports::trunk::TrunkEvents;
use tokio::sync::Notify;

use crate::address::TrunkAddress;

/// How our registration with a trunk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// Not asked for.
    NotWanted,
    /// Not agreed to, or not any more.
    No,
    /// Agreed to, for so many seconds from the last time it was.
    For(u32),
}

/// How a trunk stands, for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkHealth {
    /// Its name by configuration.
    pub name: String,
    /// Where it is.
    pub address: TrunkAddress,
    /// Whether calls may go over it.
    pub usable: bool,
    /// Whether it answered when it was last spoken to; `None` before that.
    pub answers: Option<bool>,
    /// Our registration.
    pub registered: Registered,
    /// OPTIONS and REGISTER that failed since the start.
    pub failures: u64,
    /// What went wrong last, while it is wrong. Holds no telephone number.
    pub problem: Option<String>,
}

#[derive(Debug)]
struct State {
    answers: Option<bool>,
    /// Nobody is called over it before it has said something.
    unheard: bool,
    registered: Registered,
    failures: u64,
    problem: Option<String>,
}

/// Whether somebody asks a trunk whether it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    /// Nobody does: it is never called down.
    No,
    /// When it has been quiet for long, and after a failure.
    Yes,
    /// At once, too, and no call goes over it before it has answered: over TLS much can be wrong
    /// that shows with the first request only.
    FromTheStart,
}

impl State {
    fn usable(&self) -> bool {
        !self.unheard && self.answers != Some(false) && self.registered != Registered::No
    }
}

/// Keeps how one trunk stands, and tells the engine when that changes.
pub(crate) struct Standing {
    name: String,
    watched: Watched,
    // A lock, because calls and upkeep report from any task; held for the change only.
    state: Mutex<State>,
    events: Arc<dyn TrunkEvents>,
    news: Notify,
}

impl Standing {
    pub(crate) fn new(
        name: &str,
        events: Arc<dyn TrunkEvents>,
        watched: Watched,
        registers: bool,
    ) -> Self {
        let registered = if registers { Registered::No } else { Registered::NotWanted };
        let state = State {
            answers: None,
            unheard: watched == Watched::FromTheStart,
            registered,
            failures: 0,
            problem: None,
        };
        if !state.usable() {
            events.trunk_usable(name, false);
        }
        let state = Mutex::new(state);
        Self { name: name.to_owned(), watched, state, events, news: Notify::new() }
    }

    /// It said something.
    pub(crate) fn heard(&self) {
        self.change(|state| {
            state.answers = Some(true);
            state.unheard = false;
            if state.registered != Registered::No {
                state.problem = None;
            }
        });
        self.news.notify_one();
    }

    /// It could not be reached, or said nothing.
    pub(crate) fn silent(&self, why: &str) {
        self.change(|state| {
            state.failures += 1;
            state.problem = Some(why.to_owned());
            if self.watched != Watched::No {
                state.answers = Some(false);
            }
        });
        self.news.notify_one();
    }

    /// It is there, and wants no call for so long.
    pub(crate) fn full(&self, wait: Duration) {
        tracing::warn!(trunk = %self.name, seconds = wait.as_secs(), "trunk is full; calls wait");
        self.events.trunk_full(&self.name, wait);
    }

    /// It took our registration, or let it go.
    pub(crate) fn registered(&self, registered: Registered, problem: Option<&str>) {
        self.change(|state| {
            state.registered = registered;
            state.failures += u64::from(problem.is_some());
            state.problem = problem.map(str::to_owned);
        });
    }

    /// Waits until something new is known about it.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is to be asked at once.
    pub(crate) fn wants_asking(&self) -> bool {
        let state = self.lock();
        state.unheard && state.answers.is_none()
    }

    /// What went wrong last, while it is wrong.
    pub(crate) fn problem(&self) -> Option<String> {
        self.lock().problem.clone()
    }

    pub(crate) fn answers(&self) -> Option<bool> {
        self.lock().answers
    }

    pub(crate) fn health(&self, address: TrunkAddress) -> TrunkHealth {
        let state = self.lock();
        TrunkHealth {
            name: self.name.clone(),
            address,
            usable: state.usable(),
            answers: state.answers,
            registered: state.registered,
            failures: state.failures,
            problem: state.problem.clone(),
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        let before = state.usable();
        change(&mut state);
        let after = state.usable();
        if before == after {
            return;
        }
        // Told under the lock, so that two changes are told in their order.
        self.events.trunk_usable(&self.name, after);
        if after {
            tracing::info!(trunk = %self.name, "trunk is usable again");
        } else {
            let why = state.problem.as_deref().unwrap_or_default();
            tracing::warn!(trunk = %self.name, %why, "trunk is not usable");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use domain::{CallId, LegId};
    use engine::ports::trunk::TrunkEvent;

    use super::*;

    #[derive(Default)]
    struct Told(Mutex<Vec<bool>>);

    impl TrunkEvents for Told {
        fn deliver(&self, _call: CallId, _leg: LegId, _event: TrunkEvent) {}
        fn trunk_usable(&self, _trunk: &str, usable: bool) {
            self.0.lock().unwrap().push(usable);
        }
    }

    #[test]
    fn only_changes_are_told() {
        let told = Arc::new(Told::default());
        let standing = Standing::new("t", told.clone(), Watched::Yes, false);
        standing.heard();
        standing.silent("x");
        standing.silent("y");
        let address: TrunkAddress = "sip:h".parse().unwrap();
        let health = standing.health(address.clone());
        assert_eq!((health.failures, health.problem.as_deref()), (2, Some("y")));
        standing.heard();
        assert_eq!(*told.0.lock().unwrap(), [false, true]);
        assert_eq!(standing.health(address).problem, None);
    }

    #[test]
    fn a_trunk_that_nobody_asks_again_is_never_called_down() {
        let told = Arc::new(Told::default());
        let standing = Standing::new("t", told.clone(), Watched::No, false);
        standing.silent("x");
        assert!(told.0.lock().unwrap().is_empty());
    }

    #[test]
    fn a_trunk_that_wants_registration_is_usable_only_with_it() {
        let told = Arc::new(Told::default());
        let standing = Standing::new("t", told.clone(), Watched::Yes, true);
        standing.heard();
        standing.registered(Registered::For(60), None);
        standing.registered(Registered::No, Some("403"));
        assert_eq!(*told.0.lock().unwrap(), [false, true, false]);
    }
}
