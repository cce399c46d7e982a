//! Who lives: legs by call and leg, dialogs by Call-ID; entries go exactly when a leg ends.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{CallId, LegId};
use engine::ports::trunk::TrunkCommand;
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Commands that may wait at one leg. The engine sends one at a time and at most a handful in a
/// leg's life; when the queue is full the leg ends with `TransportFailed`.
pub(crate) const COMMAND_QUEUE: usize = 16;
/// Requests of the peer that may wait at one leg; what exceeds it is answered 503.
pub(crate) const REQUEST_QUEUE: usize = 16;

/// What became of the first INVITE of a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// Not sent yet.
    Waiting,
    /// The system took it.
    Sent,
    /// The system refused it, or the connection was gone.
    Failed,
}

struct LegEntry {
    commands: mpsc::Sender<TrunkCommand>,
    overflow: CancellationToken,
}

struct DialogEntry {
    requests: mpsc::Sender<Transaction>,
    wire: watch::Sender<Wire>,
}

/// What a leg listens to.
pub(crate) struct Inbox {
    pub(crate) commands: mpsc::Receiver<TrunkCommand>,
    pub(crate) requests: mpsc::Receiver<Transaction>,
    pub(crate) wire: watch::Receiver<Wire>,
    pub(crate) overflow: CancellationToken,
}

/// The two maps. Locks are held for one look-up only.
#[derive(Default)]
pub(crate) struct Registry {
    legs: Mutex<HashMap<(CallId, LegId), LegEntry>>,
    dialogs: Mutex<HashMap<String, DialogEntry>>,
}

impl Registry {
    /// Enters a leg and its dialog; `None` if that leg lives already.
    pub(crate) fn enter(&self, call: CallId, leg: LegId, sip_call_id: &str) -> Option<Inbox> {
        let (commands, command_queue) = mpsc::channel(COMMAND_QUEUE);
        let (requests, request_queue) = mpsc::channel(REQUEST_QUEUE);
        let (wire, wire_state) = watch::channel(Wire::Waiting);
        let overflow = CancellationToken::new();
        let mut legs = lock(&self.legs);
        if legs.contains_key(&(call, leg)) {
            return None;
        }
        let entry = LegEntry { commands, overflow: overflow.clone() };
        legs.insert((call, leg), entry);
        drop(legs);
        let entry = DialogEntry { requests, wire };
        lock(&self.dialogs).insert(sip_call_id.to_owned(), entry);
        Some(Inbox { commands: command_queue, requests: request_queue, wire: wire_state, overflow })
    }

    /// Forgets a leg and its dialog.
    pub(crate) fn leave(&self, call: CallId, leg: LegId, sip_call_id: &str) {
        lock(&self.dialogs).remove(sip_call_id);
        lock(&self.legs).remove(&(call, leg));
    }

    /// Hands a command to a leg; returns false if it does not live.
    pub(crate) fn command(&self, call: CallId, leg: LegId, command: TrunkCommand) -> bool {
        let legs = lock(&self.legs);
        let Some(entry) = legs.get(&(call, leg)) else {
            return false;
        };
        if let Err(mpsc::error::TrySendError::Full(_)) = entry.commands.try_send(command) {
            entry.overflow.cancel();
        }
        true
    }

    /// The queue of the leg that has this Call-ID.
    pub(crate) fn requests(&self, sip_call_id: &str) -> Option<mpsc::Sender<Transaction>> {
        let dialogs = lock(&self.dialogs);
        dialogs.get(sip_call_id).map(|entry| entry.requests.clone())
    }

    /// Notes what became of an INVITE; only the first word counts.
    pub(crate) fn note_wire(&self, sip_call_id: &str, state: Wire) {
        if let Some(entry) = lock(&self.dialogs).get(sip_call_id) {
            entry.wire.send_if_modified(|now| {
                let first = *now == Wire::Waiting;
                if first {
                    *now = state;
                }
                first
            });
        }
    }

    /// What became of an INVITE, so far.
    pub(crate) fn wire(&self, sip_call_id: &str) -> Wire {
        let dialogs = lock(&self.dialogs);
        dialogs.get(sip_call_id).map_or(Wire::Waiting, |entry| *entry.wire.borrow())
    }

    /// Legs that live.
    pub(crate) fn legs(&self) -> usize {
        lock(&self.legs).len()
    }

    /// Dialogs that live.
    pub(crate) fn dialogs(&self) -> usize {
        lock(&self.dialogs).len()
    }
}

/// A panic elsewhere leaves the maps whole: every change is one insert or remove.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_is_noted_and_leaving_is_exact() {
        let registry = Registry::default();
        let call = CallId::from_parts(1, [0; 10]);
        let inbox = registry.enter(call, LegId::CALLEE, "a@b").unwrap();
        assert!(registry.enter(call, LegId::CALLEE, "c@d").is_none());
        assert_eq!((registry.legs(), registry.dialogs()), (1, 1));
        for _ in 0..COMMAND_QUEUE {
            assert!(registry.command(call, LegId::CALLEE, TrunkCommand::Cancel));
        }
        assert!(!inbox.overflow.is_cancelled());
        assert!(registry.command(call, LegId::CALLEE, TrunkCommand::Cancel));
        assert!(inbox.overflow.is_cancelled());
        registry.leave(call, LegId::CALLEE, "a@b");
        assert_eq!((registry.legs(), registry.dialogs()), (0, 0));
        assert!(!registry.command(call, LegId::CALLEE, TrunkCommand::Cancel));
    }

    #[test]
    fn only_the_first_word_about_the_wire_counts() {
        let registry = Registry::default();
        let call = CallId::from_parts(1, [0; 10]);
        let inbox = registry.enter(call, LegId::CALLEE, "a@b").unwrap();
        registry.note_wire("a@b", Wire::Sent);
        registry.note_wire("a@b", Wire::Failed);
        registry.note_wire("x@y", Wire::Failed);
        assert_eq!(*inbox.wire.borrow(), Wire::Sent);
    }
}
