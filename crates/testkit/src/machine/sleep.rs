//! Waiting for a moment of virtual time.

use std::cmp::Ordering;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll};

use domain::Now;

use super::Shared;

/// A place in the heap of timers; the earliest is the greatest, then the one set first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timer {
    pub(super) at: Now,
    pub(super) id: u64,
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.id).cmp(&(self.at, self.id))
    }
}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Ends at its moment; set when it is first polled, gone when it is dropped.
pub(super) struct Sleep {
    machine: Weak<Shared>,
    at: Now,
    id: Option<u64>,
}

impl Sleep {
    pub(super) fn new(machine: Weak<Shared>, at: Now) -> Self {
        Self { machine, at, id: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(machine) = self.machine.upgrade() else {
            return Poll::Pending;
        };
        let mut s = machine.lock();
        if s.now >= self.at {
            return Poll::Ready(());
        }
        let id = self.id.unwrap_or(s.next_timer);
        if self.id.is_none() {
            s.next_timer += 1;
            s.heap.push(Timer { at: self.at, id });
        }
        s.waiting.insert(id, cx.waker().clone());
        drop(s);
        self.id = Some(id);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let waker = self.machine.upgrade().and_then(|m| m.lock().waiting.remove(&id));
            drop(waker);
        }
    }
}
