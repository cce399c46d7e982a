//! What happened so far, for metrics: counters without numbers or ids.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::{EndWhat, Event, LegId};

/// Counters since the start of the process.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    accepted: AtomicU64,
    started: AtomicU64,
    answered: AtomicU64,
    ended: [AtomicU64; EndWhat::ALL.len()],
}

/// Their values at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls accepted.
    pub accepted: u64,
    /// Calls that left the queue.
    pub started: u64,
    /// Calls answered.
    pub answered: u64,
    /// Calls ended.
    pub ended: u64,
    by_reason: Vec<(EndWhat, u64)>,
}

impl Counters {
    /// Counts what was committed.
    pub(crate) fn note(&self, event: &Event) {
        let counter = match event {
            Event::CallAccepted(_) => &self.accepted,
            Event::DialStarted { leg: LegId::CALLEE, .. } => &self.started,
            Event::LegAnswered { leg: LegId::CALLEE, .. } => &self.answered,
            Event::CallEnded(end) => &self.ended[end.reason.what as usize],
            _ => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counts {
        let load = |c: &AtomicU64| c.load(Ordering::Relaxed);
        let by_reason: Vec<(EndWhat, u64)> =
            EndWhat::ALL.iter().map(|w| (*w, load(&self.ended[*w as usize]))).collect();
        Counts {
            accepted: load(&self.accepted),
            started: load(&self.started),
            answered: load(&self.answered),
            ended: by_reason.iter().map(|(_, n)| n).sum(),
            by_reason,
        }
    }
}

impl Counts {
    /// Ended calls by the word of their reason; reasons that occurred only.
    pub fn end_reasons(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.by_reason.iter().filter(|(_, n)| *n > 0).map(|(w, n)| (w.word(), *n))
    }
}
