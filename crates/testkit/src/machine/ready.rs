//! Who is ready to run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;

use crate::chance::Chance;

/// The list of those that are ready, each once. Its bound is the number of tasks.
#[derive(Debug, Default)]
pub(super) struct Ready(Mutex<Vec<u64>>);

impl Ready {
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Takes one out: by chance, or the first.
    pub(super) fn pick(&self, chance: Option<&mut Chance>) -> Option<u64> {
        let mut all = self.lock();
        match chance {
            _ if all.is_empty() => None,
            Some(chance) => {
                let n = chance.below(all.len() as u64) as usize;
                Some(all.swap_remove(n))
            }
            None => Some(all.remove(0)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes one task.
#[derive(Debug)]
pub(super) struct Token {
    id: u64,
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Token {
    pub(super) fn new(id: u64, ready: &Arc<Ready>) -> Arc<Self> {
        Arc::new(Self { id, queued: AtomicBool::new(false), ready: ready.clone() })
    }

    /// It runs: from now on it may become ready again.
    pub(super) fn rest(&self) {
        self.queued.store(false, Ordering::Relaxed);
    }

    pub(super) fn wake_up(&self) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            self.ready.lock().push(self.id);
        }
    }
}

impl Wake for Token {
    fn wake(self: Arc<Self>) {
        self.wake_up();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_up();
    }
}
