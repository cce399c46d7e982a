//! Words that the conversation shares with those who speak, listen, judge and reply for it.

use domain::Masked;

/// What may be heard now; a closed-grammar recognizer chooses its grammar by it, a general one
/// may use it as a hint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Expect {
    /// Straight after the answer: a greeting, or a machine's announcement.
    Hello,
    /// The answer to “is that you?”.
    Identity,
    /// The conversation about the matter.
    #[default]
    Talk,
}

impl Expect {
    /// What may be heard while this question stands.
    pub const fn of(question: Question) -> Self {
        match question {
            Question::Hello => Self::Hello,
            // Both are answered by yes or no.
            Question::Identity | Question::OptOut => Self::Identity,
            Question::Talk => Self::Talk,
        }
    }
}

/// What kind of speech a text is. Real voices ignore it; a test voice renders each kind as its
/// own pair of tones, so that a leak can be measured on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SpeechClass {
    /// The first utterance: disclosure, addressee, question.
    Opening,
    /// A question about identity, or “are you still there”.
    Question,
    /// What only the addressee may hear.
    Content,
    /// The closing and the apology.
    Closing,
    /// Anything else that reveals nothing.
    #[default]
    Neutral,
}

/// What the callee had been asked when they spoke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Question {
    /// Nothing yet: the words after the answer.
    Hello,
    /// “Is that you?”
    Identity,
    /// “Shall we never call you again?”
    OptOut,
    /// Anything after identity was confirmed.
    #[default]
    Talk,
}

/// What a reply means for the gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// “Yes, that is me.”
    Confirmed,
    /// “Wrong number.”
    Denied,
    /// Somebody who knows the addressee, or a machine that asks who is calling.
    ThirdParty,
    /// “I do not want to talk now.”
    Refused,
    /// “Never call again.”
    OptOut,
    /// “Are you a robot?”
    AsksRobot,
    /// “Who is this? What is it about?”
    AsksWho,
    /// A greeting and nothing more.
    Greeting,
    /// A machine's greeting: leave a message.
    Voicemail,
    /// A machine that asks for name and reason of the call.
    Screening,
    /// “Wait a moment.”
    HoldOn,
    /// “Pardon?”
    AsksRepeat,
    /// “Uh-huh”: the callee listens and does not want the floor.
    Backchannel,
    /// “Yes, right”: an answer if we asked something, else the callee listens.
    Agrees,
    /// “Goodbye.”
    Goodbye,
    /// Something else that was understood; a responder decides.
    Other,
    /// Cannot be told. Never unlocks content.
    #[default]
    Unclear,
}

/// One line of the conversation so far, as it was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Whether we said it.
    pub by_us: bool,
    /// The words; for ours, only what the callee could hear.
    pub text: Masked<String>,
    /// The callee said something that could not be understood.
    pub unclear: bool,
}

/// Why a reply is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Identity has just been confirmed: deliver the message.
    Deliver,
    /// The callee said something (the last line of the history).
    Reply,
    /// The callee has been silent.
    Silence {
        /// How often in a row, from 1.
        times: u32,
    },
}
