//! Directors decide; the conversation carries out.
//!
//! A director is asked *cues* and answers with *steps*, at once, or with an *enquiry*: bytes for
//! somebody outside, whose answer the same director turns into steps later. The one in the house
//! ([`BuiltIn`](crate::BuiltIn)) always answers at once.

mod cue;
mod step;

use domain::{Brief, Identity, Masked};

pub use cue::{Cue, Heard, Played};
pub use step::{Collect, Step};

/// A director's own label on a playlist or on what is expected; the conversation gives it back
/// and makes nothing of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tag(pub u8);

/// What a director needs of the call it leads. It says so once, and it holds for the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// What must be there before anybody is dialled.
    pub before: Before,
    /// What happens when a limit of time or money comes near.
    pub at_limit: AtLimit,
    /// How enquiries wait for each other.
    pub order: Order,
    /// How long an answer is waited for, ms.
    pub answer_ms: u32,
    /// Whether our first words wait until the callee has said theirs.
    pub yields: bool,
}

impl Default for Needs {
    fn default() -> Self {
        Self {
            before: Before::Brief,
            at_limit: AtLimit::Closing,
            order: Order::Serial,
            answer_ms: 5_000,
            yields: true,
        }
    }
}

/// What must be there before anybody is dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// The brief, or that there is none.
    Brief,
    /// The first audio of what the director prepares; without any nobody is dialled.
    FirstItem,
    /// Nothing.
    Nothing,
}

/// What happens when a limit comes near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtLimit {
    /// The director is asked [`Cue::Leave`] some seconds before, and says a closing.
    Closing,
    /// The call ends on its limit, in whatever state.
    AtOnce,
}

/// How enquiries wait for each other. At most one is out at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In the order of their cues; up to [`Order::WAITING`] wait, then the oldest of them goes.
    Serial,
    /// A later one takes the place of the one that is out.
    Latest,
}

impl Order {
    /// Enquiries that may wait while one is out.
    pub const WAITING: usize = 8;
}

/// What a director wants to know from outside; its words mean nothing to the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enquiry {
    /// What kind of cue led to it, for the journal: a word of a short list, never of a person.
    pub kind: &'static str,
    /// For whoever answers.
    pub body: Masked<Vec<u8>>,
}

/// Why an enquiry brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Whoever was asked could not be reached, or refused.
    Failed,
    /// Not within its time.
    TimedOut,
    /// Too many waited, and this one was the oldest; it was never sent.
    Dropped,
    /// A later one took its place.
    Superseded,
    /// The director said [`Step::AskNoMore`], or the line was cut.
    Void,
}

impl Unanswered {
    /// As the journal says it.
    pub const fn word(self) -> &'static str {
        match self {
            Unanswered::Failed => "failed",
            Unanswered::TimedOut => "timed_out",
            Unanswered::Dropped => "dropped",
            Unanswered::Superseded => "superseded",
            Unanswered::Void => "void",
        }
    }
}

/// What a director says to a cue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This is to be done, in order.
    Steps(Vec<Step>),
    /// Somebody outside is to be asked; see [`Director::answered`].
    Ask(Enquiry),
}

impl From<Vec<Step>> for Answer {
    fn from(steps: Vec<Step>) -> Self {
        Answer::Steps(steps)
    }
}

/// What a director makes of an answer from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reaction {
    /// Whether it could make something of it.
    pub usable: bool,
    /// What is to be done, in order.
    pub steps: Vec<Step>,
}

/// Decides what to do. Must not block.
pub trait Director: Send {
    /// Its name, for the journal.
    fn name(&self) -> &'static str;
    /// What it needs of the call.
    fn needs(&self) -> Needs {
        Needs::default()
    }
    /// Who the call is for; told before [`Director::prepare`] if it needs that.
    fn briefed(&mut self, _brief: &Brief) {}
    /// What is said first, so that it can be made before the callee answers. It is heard from
    /// [`Step::Open`] on.
    fn prepare(&mut self) -> Vec<Step>;
    /// Answers a cue.
    fn cue(&mut self, cue: Cue) -> Answer;
    /// An enquiry is about to be sent, perhaps after it has waited: the last chance to write into
    /// it what is true now.
    fn sending(&mut self, enquiry: Enquiry) -> Enquiry {
        enquiry
    }
    /// The answer to the enquiry of this number came, or none will come.
    fn answered(&mut self, _cue: CueNo, _answer: Result<&[u8], Unanswered>) -> Reaction {
        Reaction::default()
    }
    /// Somebody outside wants something unasked.
    fn directed(&mut self, _order: &[u8]) -> Vec<Step> {
        Vec::new()
    }
    /// Who it takes the callee for.
    fn identity(&self) -> Identity {
        Identity::Pending
    }
}

/// Counts the enquiries of one call, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CueNo(pub u32);
