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

/// How far what was heard may be believed; set by the recognizer's adapter, which alone knows what
/// its engine's figures are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// It may be something else that sounds alike.
    #[default]
    Unsure,
    /// Well enough to end a call on it.
    Sure,
    /// Well enough to let it stand for good.
    Certain,
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

/// A steady tone on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineTone {
    /// One by itself, so far: a machine's beep, or the first of a rhythm.
    Single,
    /// A telephone rings behind a gateway that answered at once.
    Ringing,
    /// Busy behind such a gateway, or nobody there any more.
    Busy,
}
