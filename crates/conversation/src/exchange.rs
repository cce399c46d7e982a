//! What a conversation is told, and what it wants done.

use domain::{EndWhat, Event, ItemId, Masked, MediaTime, PlaylistId, Texts, UtteranceNo};

use crate::builtin::{Meaning, Prompt, Question};
use crate::director::{CueNo, Enquiry, Unanswered};
use crate::floor::{FloorOutput, Playback};
use crate::words::{Certainty, Expect, LineTone, Said};

/// What the conversation is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// The call was answered.
    Opened,
    /// The callee began to speak.
    SpeechStarted,
    /// The callee has not spoken for a moment; the speech may go on.
    SpeechPaused {
        /// Media time of the first sample of the open utterance.
        start: MediaTime,
        /// Media time after its speech so far.
        end: MediaTime,
    },
    /// The callee has stopped to speak; the utterance may still go on.
    SpeechStopped {
        /// Media time after its speech so far.
        end: MediaTime,
    },
    /// The callee finished an utterance.
    UtteranceEnded {
        /// Media time of its first sample.
        start: MediaTime,
        /// Media time of its last sample.
        end: MediaTime,
        /// Media time at which the pause was long enough.
        closed: MediaTime,
    },
    /// The recognizer's answer to [`Output::Recognize`]; `None` if it failed.
    Heard(UtteranceNo, Option<HeardText>),
    /// The judge's answer to [`Output::Judge`].
    Judged(UtteranceNo, Meaning),
    /// The answer to [`Output::Glance`] with this number; `None` if nothing can be told early.
    Glanced(u32, Option<(HeardText, Meaning)>),
    /// Words of the reply with this generation number.
    ReplyText(u32, Masked<String>),
    /// The reply with this generation number is complete, or failed.
    ReplyEnded(u32, ReplyOutcome),
    /// The lane reports about a line.
    Playback(PlaylistId, ItemId, Playback, MediaTime),
    /// More audio of a line was queued: samples, characters spoken when they end.
    Made(ItemId, u64, Option<u32>),
    /// All audio of a line was queued.
    MadeAll(ItemId),
    /// No more audio of a line comes, though its text goes on.
    BrokeOff(ItemId),
    /// Audio of a line was lost on its way: it ends before its text.
    Lost(ItemId),
    /// A line cannot be spoken.
    Unspeakable(ItemId),
    /// A key was pressed.
    Key(char),
    /// A steady tone.
    Tone(LineTone),
    /// Packets from the callee's side stopped or came back.
    Flowing(bool),
    /// A limit wants the call to end after a closing.
    Leave(EndWhat),
    /// The answer to [`Output::Ask`] with this number, or that there is none. One that comes
    /// after its time changes nothing.
    Answered(CueNo, Result<Masked<Vec<u8>>, Unanswered>),
    /// Somebody outside wants something of the director unasked.
    Directed(Masked<Vec<u8>>),
    /// Nothing happened; deadlines may have passed.
    Tick,
}

/// What was recognized.
#[derive(Clone, Debug, Default)]
pub struct HeardText {
    /// The words; empty if unclear.
    pub text: Masked<String>,
    /// Thousandths.
    pub confidence_milli: Option<u32>,
    /// Nothing could be made of it.
    pub unclear: bool,
    /// How far it may be believed.
    pub certainty: Certainty,
}

impl HeardText {
    /// Speech of which nothing could be made.
    pub fn nothing() -> Self {
        Self { unclear: true, ..Self::default() }
    }
}

/// How a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyOutcome {
    /// Complete; `Some` if the call is to end, with whether the task was done.
    Complete(Option<bool>),
    /// The responder failed.
    Failed,
}

/// What the conversation wants done.
#[derive(Clone, Debug)]
pub enum Output {
    /// Something for the lane or the synthesizer. Never [`FloorOutput::Over`].
    Floor(FloorOutput),
    /// Recognize this stretch of the callee's audio.
    Recognize(UtteranceNo, MediaTime, MediaTime, Expect),
    /// Recognize and judge this stretch, of which more may come, without taking it away from
    /// the utterance it belongs to. A later number makes earlier ones void.
    Glance(u32, MediaTime, MediaTime, Question),
    /// Judge what was heard.
    Judge(UtteranceNo, Question, HeardText),
    /// Start a reply; earlier generations are void.
    Respond(u32, Prompt, Vec<Said>),
    /// No reply is wanted any more.
    CancelRespond,
    /// Somebody outside is to be asked this; answered by [`Input::Answered`]. At most one is out.
    Ask(CueNo, Enquiry),
    /// The answer to the one that is out is not wanted any more.
    Unask(CueNo),
    /// For the journal.
    Journal(Event, Texts),
    /// Hang up.
    HangUp(EndWhat),
}
