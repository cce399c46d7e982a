//! Live news of calls: who watches is told what was committed, in order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{CallId, Envelope, KeyId};
use tokio::sync::broadcast;

use crate::counts::Counters;

/// News a watcher may be behind. A watcher that falls behind further is told `Lagged` and
/// dropped; calls and other watchers notice nothing.
const BACKLOG: usize = 256;

/// Channels of the calls that are not over, and counts of their watchers.
#[derive(Default)]
pub(crate) struct Hub {
    pub(crate) counters: Counters,
    // A lock, because watchers come from any task; it is held for a look-up only.
    calls: Mutex<HashMap<CallId, broadcast::Sender<Arc<Envelope>>>>,
    watchers: Mutex<Watchers>,
}

#[derive(Default)]
struct Watchers {
    per_call: HashMap<CallId, u32>,
    per_key: HashMap<KeyId, u32>,
}

impl Hub {
    /// From now on the call has news.
    pub(crate) fn open(&self, call: CallId) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.entry(call).or_insert_with(|| broadcast::channel(BACKLOG).0);
    }

    /// No more news of this call; watchers see the channel closed.
    pub(crate) fn close(&self, call: CallId) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).remove(&call);
    }

    /// News of the call from now on, if there will be any.
    pub(crate) fn subscribe(&self, call: CallId) -> Option<broadcast::Receiver<Arc<Envelope>>> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.get(&call).map(broadcast::Sender::subscribe)
    }

    pub(crate) fn publish(&self, events: impl Iterator<Item = Arc<Envelope>>) {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        for e in events {
            self.counters.note(&e.event);
            if let Some(to) = calls.get(&e.call) {
                // Nobody watching is no error.
                let _ = to.send(e);
            }
        }
    }

    /// A place for one more watcher, if call and key have one left.
    pub(crate) fn admit(
        self: &Arc<Self>,
        call: CallId,
        key: KeyId,
        per_call: u32,
        per_key: u32,
    ) -> Option<Seat> {
        let mut w = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        let on_call = w.per_call.get(&call).copied().unwrap_or(0);
        let on_key = w.per_key.get(&key).copied().unwrap_or(0);
        if on_call >= per_call || on_key >= per_key {
            return None;
        }
        w.per_call.insert(call, on_call + 1);
        w.per_key.insert(key, on_key + 1);
        Some(Seat { hub: self.clone(), call, key })
    }
}

/// A watcher's place; given back when dropped.
pub(crate) struct Seat {
    hub: Arc<Hub>,
    call: CallId,
    key: KeyId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut w = self.hub.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        let w = &mut *w;
        leave(&mut w.per_call, &self.call);
        leave(&mut w.per_key, &self.key);
    }
}

fn leave<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, u32>, key: &K) {
    if let Some(n) = counts.get_mut(key) {
        *n -= 1;
        if *n == 0 {
            counts.remove(key);
        }
    }
}
