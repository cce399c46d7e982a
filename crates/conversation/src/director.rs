//! Directors decide; the conversation carries out.
//!
//! A director is asked *cues* and answers with *steps*. The built-in one
//! ([`BuiltIn`](crate::BuiltIn)) answers at once; a director behind a callback answers later
//! with the same steps.

use domain::{AnswerVerdict, EndWhat, Evidence, Identity};

use crate::floor::OnSpeech;
use crate::words::{Meaning, Prompt, Question, SpeechClass};

/// What happened that a director may want to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cue {
    /// The call was answered.
    Opened,
    /// Nobody said hello in time.
    NoHello,
    /// The callee said something, and it was judged.
    Sentence(Sentence),
    /// Short speech into ours was judged before its utterance is over, so that we need not stand
    /// still until then. Only [`Step::Resume`] is a sensible answer; everything else waits for
    /// the sentence itself, which follows.
    Early(Sentence),
    /// The first sample of a playlist of this tag was sent.
    Begun(Tag),
    /// The mute timer ran out.
    Silence,
    /// A key was pressed.
    Key(char),
    /// The tone of an answering machine.
    Beep,
    /// A playlist of this tag is over.
    Over {
        /// Whose.
        tag: Tag,
        /// Whether it was cut short.
        cut: bool,
    },
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
    /// The line is cut, and this is what the callee had said before. Only steps that speak to
    /// the record are carried out: [`Step::Identity`], [`Step::OptOut`], [`Step::Classify`] and
    /// [`Step::Closing`].
    LastWords(Sentence),
    /// The line is cut, and all that was said is judged; steps as for [`Cue::LastWords`].
    Gone,
}

/// A judged utterance of the callee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// What it means.
    pub meaning: Meaning,
    /// On what it rests.
    pub evidence: Evidence,
    /// How long it lasted, ms.
    pub length_ms: u64,
    /// Whether it was understood well enough to end a call on it.
    pub sure: bool,
    /// Whether it was understood well enough to never call this number again on it.
    pub certain: bool,
    /// Whether we stand still in mid-speech because of it.
    pub interrupts: bool,
    /// Whether we stand still in the last line of what we are to say, where a question stands.
    pub last_line: bool,
    /// Whether we went on after all of it already (see [`Cue::Early`]).
    pub settled: bool,
    /// Whether the disclosure has been heard whole.
    pub disclosed: bool,
}

/// What a playlist is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Disclosure and first question.
    Opening,
    /// Anything said about identity after that.
    Question,
    /// The message, from its first sentence.
    Message,
    /// A reply to the callee.
    Reply,
    /// The last words.
    Closing,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Speak these lines, after what is being spoken.
    Say {
        /// What for.
        tag: Tag,
        /// Kind of speech and words, in order.
        lines: Vec<(SpeechClass, String)>,
        /// What the callee's speech does to it.
        on_speech: OnSpeech,
    },
    /// Let the prepared opening be heard.
    Open,
    /// Throw away what is not spoken yet.
    Cut,
    /// Go on after an interruption that was none.
    Resume,
    /// Ask the responder; its words are spoken as they come.
    Respond(Prompt),
    /// The identity gate moves.
    Identity(Identity, Evidence),
    /// The number joins the opt-out list.
    OptOut(Evidence),
    /// Who or what picked up is known.
    Classify(AnswerVerdict),
    /// From now on utterances are answers to this question.
    Expect(Question),
    /// Wait this long for the callee before the next [`Cue::Silence`], once; ms.
    Patience(u32),
    /// From now on this is the reason, whoever hangs up first.
    Closing(EndWhat),
    /// Hang up now.
    HangUp(EndWhat),
}

/// Decides what to do. Must not block.
pub trait Director: Send {
    /// Its name, for the journal.
    fn name(&self) -> &'static str;
    /// Answers a cue with steps, in order.
    fn cue(&mut self, cue: Cue) -> Vec<Step>;
    /// What is said first, so that it can be made while the phone rings.
    fn opening(&self) -> Vec<(SpeechClass, String)>;
}
