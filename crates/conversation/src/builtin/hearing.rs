//! What the built-in director has heard so far, and how far it may be believed.

use super::sentence::Sentence;
use super::words::Meaning;

/// Voice that goes on for so long before a tone is a greeting that was recorded.
const LONG_VOICE_MS: u64 = 2_000;
/// The same after a short greeting, which machines know too.
const AFTER_GREETING_MS: u64 = 4_000;
/// A person who picks up says so much, and waits.
const SHORT_GREETING_MS: u64 = 1_600;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// Whether the callee said or pressed anything.
    pub(super) anything: bool,
    /// Silences in a row.
    pub(super) silences: u32,
    /// A first utterance too long for a hello was not understood.
    pub(super) long_hello: bool,
    /// The longest that somebody spoke without a pause, ms.
    longest_ms: u64,
    /// Somebody greeted as a person does who picks up.
    greeted: bool,
    /// Somebody answered what we had said.
    answered: bool,
    /// What was heard, but not well enough to act on it.
    doubted: Option<Meaning>,
}

impl Hearing {
    /// The callee gave a sign of life.
    pub(super) fn something(&mut self) {
        self.anything = true;
        self.silences = 0;
    }

    /// The callee said this; answers what may be made of it.
    ///
    /// A doubtful hearing ends no call: it counts as unclear, and the callee is asked again.
    /// What is heard so a second time, however doubtful, is believed.
    pub(super) fn sentence(&mut self, s: Sentence) -> Sentence {
        use Meaning::*;
        self.something();
        self.longest_ms = self.longest_ms.max(s.length_ms);
        match s.meaning {
            Voicemail | Screening | Unclear | Other => {}
            Greeting => self.greeted |= s.length_ms <= SHORT_GREETING_MS,
            _ => self.answered |= s.disclosed,
        }
        // A wish not to be called has rules of its own.
        let ends = matches!(s.meaning, Denied | ThirdParty | Refused | Voicemail | Goodbye);
        if s.sure || !ends || self.doubted == Some(s.meaning) {
            return s;
        }
        self.doubted = Some(s.meaning);
        Sentence { meaning: Unclear, ..s }
    }

    /// Whether a single tone would be a machine's: it spoke before, as people do not.
    pub(super) fn expects_beep(&self) -> bool {
        let recorded = if self.greeted { AFTER_GREETING_MS } else { LONG_VOICE_MS };
        self.longest_ms >= recorded && !self.answered
    }

    /// Whether a wish not to be called needs no question any more: it is beyond doubt, or was
    /// heard before. Remembers it.
    pub(super) fn believes_opt_out(&mut self, s: &Sentence) -> bool {
        s.certain || self.doubted.replace(Meaning::OptOut) == Some(Meaning::OptOut)
    }

    /// Asked about it, the callee said no.
    pub(super) fn forget_opt_out(&mut self) {
        self.doubted = self.doubted.filter(|m| *m != Meaning::OptOut);
    }
}
