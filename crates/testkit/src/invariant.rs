//! What must hold of every run, by name, and what was found against it.

use std::fmt;

use domain::CallId;

/// What must hold, whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// A journal has one beginning, one end, no gap, and nothing but its recording after the end.
    EndsOnce,
    /// Statuses and events follow each other as they may.
    LegalPath,
    /// Every call comes to its end.
    Rests,
    /// Media ports come back.
    Ports,
    /// Legs of the trunk come back.
    Legs,
    /// Lines of scheduler, account and route come back.
    Lines,
    /// No task is left that nobody waits for.
    Tasks,
    /// No timer is left that nobody waits for.
    Timers,
    /// The record is the fold of the journal.
    Record,
    /// Each call's holds are its one settlement, and the ledger sums to zero.
    Books,
    /// The charge is the price of the connected time, and nothing where it must be nothing.
    Charge,
    /// Content is audible only after identity was confirmed.
    Secrecy,
    /// The opening comes first, and content only after it.
    Disclosure,
    /// The transcript is what was audible: no character more, none less.
    Heard,
    /// A recording is what was heard and said, block for block.
    Recorded,
    /// No call is dialled twice, and none without a durable intent.
    DialledOnce,
    /// Who follows a call sees each event once, in order, and the end last.
    Watched,
    /// At most one enquiry of a call is out.
    OneCue,
    /// An answer counts before its limit and once, and every enquiry leaves one word of it.
    Answers,
    /// What is played is what the call's director wanted, as a plain model of the floor has it.
    Floor,
    /// Nothing panics.
    Sound,
    /// The same seed gives the same journals to the byte.
    Repeats,
}

impl Invariant {
    /// Its name in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Invariant::EndsOnce => "ends_once",
            Invariant::LegalPath => "legal_path",
            Invariant::Rests => "rests",
            Invariant::Ports => "ports",
            Invariant::Legs => "legs",
            Invariant::Lines => "lines",
            Invariant::Tasks => "tasks",
            Invariant::Timers => "timers",
            Invariant::Record => "record",
            Invariant::Books => "books",
            Invariant::Charge => "charge",
            Invariant::Secrecy => "secrecy",
            Invariant::Disclosure => "disclosure",
            Invariant::Heard => "heard",
            Invariant::Recorded => "recorded",
            Invariant::DialledOnce => "dialled_once",
            Invariant::Watched => "watched",
            Invariant::OneCue => "one_cue",
            Invariant::Answers => "answers",
            Invariant::Floor => "floor",
            Invariant::Sound => "sound",
            Invariant::Repeats => "repeats",
        }
    }
}

/// Something that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What should have held.
    pub invariant: Invariant,
    /// Of which call, if it is about one.
    pub call: Option<CallId>,
    /// What was found instead.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.invariant.word())?;
        if let Some(call) = self.call {
            write!(f, " (call {call})")?;
        }
        write!(f, ": {}", self.found)
    }
}

/// Collects what is found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) call: Option<CallId>,
    pub(crate) all: Vec<Violation>,
}

impl Findings {
    /// Notes a violation of `invariant` unless `holds`.
    pub(crate) fn need(
        &mut self,
        invariant: Invariant,
        holds: bool,
        found: impl FnOnce() -> String,
    ) {
        if !holds {
            self.all.push(Violation { invariant, call: self.call, found: found() });
        }
    }

    /// # Panics
    /// When anything was found.
    pub(crate) fn expect_none(self) {
        let all: Vec<String> = self.all.iter().map(Violation::to_string).collect();
        assert!(all.is_empty(), "{}", all.join("\n"));
    }
}
