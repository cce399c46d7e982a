//! Faults that are planted on purpose, to see that the invariants notice.
//!
//! Each breaks the code once, at the first chance after a given number of them, the way a bug in
//! the engine or an adapter would.

use std::sync::{Arc, Mutex, PoisonError};

/// A kind of planted fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// A media port is not given back when its leg closes.
    PortKept,
    /// The trunk keeps a leg that is over.
    LegKept,
    /// A call's task is lost, and with it its line and its hold.
    CallLost,
    /// A synthesizer waits for ever on a line nobody wants any more.
    TaskKept,
    /// A responder sets a timer of a day and forgets it.
    TimerKept,
    /// The store posts a settlement twice.
    SettledTwice,
    /// The store loses a settlement, but not the end it belongs to.
    SettlementLost,
    /// The store forgets a line of the transcript in its record.
    LineForgotten,
    /// The store writes the end of a call twice.
    EndedTwice,
    /// The store takes the end of a call once more whose answer was lost.
    WrittenAgain,
    /// The store writes an answer of the callee after the end.
    AnsweredLate,
    /// The store writes a charge one second's price too high.
    Overcharged,
    /// A synthesizer speaks content in place of a question.
    ContentEarly,
    /// A synthesizer speaks a question in place of the opening.
    OpeningSkipped,
    /// Playout reports a cut line as longer than it was.
    OverReported,
    /// After a crash the store forgets that a call was dialled.
    DialForgotten,
    /// The store takes time by a source that does not repeat.
    Unrepeatable,
    /// A watcher is given an event of its call twice.
    NewsRepeated,
    /// The store of recordings loses a sample of each side.
    TapeSpoilt,
    /// The store writes another outcome of an enquiry.
    CueMistold,
    /// The lane plays on though a playlist was cut.
    CutIgnored,
    /// Something about calls that a service outside leads.
    Outside(OutsideBug),
    /// A fake panics.
    Panics,
}

/// A kind of planted fault between a call and a service outside that leads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutsideBug {
    /// Whoever asks outside for a director tries again before the first try is over.
    AskedTwice,
    /// A request outlives the enquiry that it was made for.
    AskKept,
    /// A director acts on an answer that came after its limit.
    LateAnswerTaken,
    /// A director is given one answer twice.
    AnswerTakenTwice,
    /// A director's order to end the call is lost.
    EndForgotten,
    /// A director's order to stand still is lost.
    PauseLost,
}

/// The planted fault of one world, if there is one; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Plants(Arc<Mutex<Option<(Sabotage, u32)>>>);

impl Plants {
    /// Plants `what`, to break at the chance after `skip` others.
    pub fn new(what: Option<Sabotage>, skip: u32) -> Self {
        Self(Arc::new(Mutex::new(what.map(|w| (w, skip)))))
    }

    /// Whether a fault of this kind breaks here; it breaks once.
    pub(crate) fn fires(&self, what: Sabotage) -> bool {
        let mut planted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match planted.as_mut() {
            Some((w, skip)) if *w == what && *skip > 0 => {
                *skip -= 1;
                false
            }
            Some((w, _)) if *w == what => {
                *planted = None;
                true
            }
            _ => false,
        }
    }

    /// Whether a fault of this kind waits for its chance.
    pub(crate) fn holds(&self, what: Sabotage) -> bool {
        let planted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        planted.is_some_and(|(w, _)| w == what)
    }
}
