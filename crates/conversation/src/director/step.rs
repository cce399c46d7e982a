//! What a director wants done.

use domain::{AnswerVerdict, EndWhat, Evidence, Identity, UtteranceNo};

use super::Tag;
use crate::builtin::{Prompt, Question};
use crate::floor::OnSpeech;
use crate::words::{Expect, SpeechClass};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Speak these lines, after what is being spoken.
    Say {
        /// The director's label; its cues carry it.
        tag: Tag,
        /// Kind of speech and words, in order.
        lines: Vec<(SpeechClass, String)>,
        /// What the callee's speech does to it.
        on_speech: OnSpeech,
    },
    /// From now on we may be heard.
    Open,
    /// Throw away what is not spoken yet.
    Cut,
    /// Stand still until [`Step::Resume`] or [`Step::Cut`].
    Pause,
    /// Go on after an interruption that was none.
    Resume,
    /// Ask the responder; its words are spoken as they come, under this label.
    Respond(Prompt, Tag),
    /// Have the judge say what this utterance means, as an answer to this question. Only in
    /// answer to [`Cue::Heard`](super::Cue::Heard).
    Judge(UtteranceNo, Question),
    /// Recognize and judge what the callee has said so far, though more may come. Only in answer
    /// to [`Cue::Paused`](super::Cue::Paused).
    Glance(Question),
    /// The identity gate moves.
    Identity(Identity, Evidence),
    /// That it is an AI was heard; and whether that the call is recorded.
    Disclosed {
        /// Whether it was said that the call is recorded.
        recording: bool,
    },
    /// The number joins the opt-out list.
    OptOut(Evidence),
    /// Who or what picked up is known.
    Classify(AnswerVerdict),
    /// From now on this may be heard; what is heard carries the label.
    Expect(Expect, Tag),
    /// Wait so long for the callee's first words before [`Cue::NoHello`](super::Cue::NoHello), ms.
    AwaitHello(u32),
    /// Wait this long for the callee before the next [`Cue::Silence`](super::Cue::Silence), once;
    /// ms.
    Patience(u32),
    /// From now on silence of this length is [`Cue::Silence`](super::Cue::Silence), ms.
    Mute(u32),
    /// Collect keys; see [`Cue::Collected`](super::Cue::Collected).
    Collect(Collect),
    /// From now on nobody outside is asked: what waits is void, and so is the answer that is
    /// under way.
    AskNoMore,
    /// Take that back.
    AskAgain,
    /// From now on this is the reason, whoever hangs up first.
    Closing(EndWhat),
    /// Hang up as soon as the callee is done, and what was said last is not clipped.
    HangUp(EndWhat),
    /// Hang up now.
    End(EndWhat),
}

/// How keys are collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collect {
    /// Keys at most.
    pub most: u8,
    /// The key that ends it, if there is one.
    pub end: Option<char>,
    /// Wait for the first and for each next key, ms; the first wait begins when nothing is played
    /// any more.
    pub wait_ms: u32,
}
