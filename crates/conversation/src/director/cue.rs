//! What a director is asked.

use domain::{EndWhat, ItemId, Masked, MediaTime, UtteranceNo};

use super::Tag;
use crate::builtin::Meaning;
use crate::words::{Certainty, LineTone};

/// What happened that a director may want to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cue {
    /// The call was answered.
    Opened,
    /// Nobody said hello within the time of [`Step::AwaitHello`](super::Step::AwaitHello).
    NoHello,
    /// The callee spoke into ours, for a moment only, and pauses. Who can tell a listener from
    /// a speaker asks for [`Step::Glance`](super::Step::Glance), so that we need not stand still
    /// until the utterance is over.
    Paused,
    /// The answer to a glance. Only [`Step::Resume`](super::Step::Resume) is a sensible answer;
    /// everything else waits for the utterance itself, which follows.
    Early(Meaning, Heard),
    /// The callee said something.
    Heard(Heard),
    /// What was heard means this; the answer to [`Step::Judge`](super::Step::Judge).
    Judged(Meaning, Heard),
    /// The first sample of a playlist was sent.
    Begun(Tag),
    /// The last sample of a line was sent.
    Line {
        /// Of which playlist.
        tag: Tag,
        /// How many of its lines were heard whole by now.
        whole: usize,
    },
    /// A playlist is over, or could not wait any more.
    Over {
        /// Which one.
        tag: Tag,
        /// Whether it was cut short.
        cut: bool,
    },
    /// The mute timer ran out.
    Silence,
    /// A key was pressed; not one that belongs to a collection.
    Key(char),
    /// A collection is over: these keys, without the one that ended it; none if nobody pressed
    /// any.
    Collected(String),
    /// A steady tone, and whether somebody is in mid-utterance, or was a moment ago.
    Tone(LineTone, bool),
    /// A reply is complete.
    Replied {
        /// Whether the responder wants to end the call, and whether the task was done.
        end_call: Option<bool>,
        /// Whether it said anything.
        spoke: bool,
    },
    /// The responder failed.
    ReplyFailed,
    /// A limit wants the call to end with this reason, after a closing.
    Leave(EndWhat),
    /// The line is cut, and all that was said is dealt with. Only steps that speak to the record
    /// are carried out (see [`Heard::last`]).
    Gone,
}

/// An utterance of the callee, and what we were doing meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its number within the call.
    pub n: UtteranceNo,
    /// The words; empty if unclear.
    pub words: Masked<String>,
    /// Nothing could be made of it.
    pub unclear: bool,
    /// How far it may be believed.
    pub certainty: Certainty,
    /// Media time of its first sample.
    pub start: MediaTime,
    /// Media time of its last sample.
    pub end: MediaTime,
    /// The label of what was expected while it was said.
    pub asked: Tag,
    /// Whether we stand still in mid-speech because of it.
    pub interrupts: bool,
    /// Whether we stand still in the last line of what we are to say, where a question stands.
    pub last_line: bool,
    /// Whether we went on after all of it already (see [`Cue::Early`]).
    pub settled: bool,
    /// What we were playing when it ended, or had played last.
    pub played: Option<Played>,
    /// The line is cut, and this is what the callee had said before. Only steps that speak to the
    /// record are carried out: identity, opt-out, disclosure, classification, closing; and the
    /// judging that they rest on.
    pub last: bool,
}

impl Heard {
    /// How long it lasted, ms.
    pub fn length_ms(&self) -> u64 {
        self.end.since(self.start).as_millis()
    }

    /// Whether it began while we were heard and was over as soon as we were not, so that it may be
    /// our own words coming back from the line.
    pub fn may_be_echo(&self) -> bool {
        self.played.is_some_and(|ours| {
            let within = ours
                .silent
                .is_none_or(|silent| self.start < silent && self.end <= silent + ECHO_REACH);
            self.start >= ours.since && within
        })
    }
}

/// A line that is being played, or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Played {
    /// The label of its playlist.
    pub tag: Tag,
    /// Its place in the playlist, from 0; blank lines do not count.
    pub line: usize,
    /// What the lane calls it.
    pub item: ItemId,
    /// Media time of its first sample.
    pub began: MediaTime,
    /// Media time after its last sample; `None` while it plays or stands still.
    pub ended: Option<MediaTime>,
    /// Media time since which nothing of it is heard, because it is over or stands still.
    pub silent: Option<MediaTime>,
    /// Media time of the first sample of all that was said without a break until this line.
    pub since: MediaTime,
}

impl Played {
    /// Whether a line that begins at `at` goes on with what this one said.
    pub(crate) fn goes_on_at(&self, at: MediaTime) -> bool {
        self.silent.is_none_or(|silent| at.since(silent) < BREATH)
    }
}

/// What comes back from the line may come so much later (ITU-T G.131).
const ECHO_REACH: MediaTime = MediaTime::from_millis(400);
/// Between two lines of one speech there is no longer silence than this.
const BREATH: MediaTime = MediaTime::from_millis(1_000);
