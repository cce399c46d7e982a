//! One utterance of the callee as the built-in director sees it.

use domain::Evidence;

use super::words::Meaning;
use crate::director::Heard;
use crate::words::Certainty;

/// Speech up to this length in mid-speech that is hardly understood is taken for noise or a
/// backchannel.
const SHORT_NOISE_MS: u64 = 700;
/// The same before its utterance is over: what is longer may be the beginning of a sentence.
pub(super) const EARLY_NOISE_MS: u64 = 500;

/// A judged utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    /// What it means.
    pub(super) meaning: Meaning,
    /// On what it rests.
    pub(super) evidence: Evidence,
    /// How long it lasted, ms.
    pub(super) length_ms: u64,
    /// Whether it was understood well enough to end a call on it.
    pub(super) sure: bool,
    /// Whether it was understood well enough to never call this number again on it.
    pub(super) certain: bool,
    /// Whether we stand still in mid-speech because of it.
    pub(super) interrupts: bool,
    /// Whether we stand still in the last line of what we are to say.
    pub(super) last_line: bool,
    /// Whether we went on after all of it already.
    pub(super) settled: bool,
    /// Whether the disclosure has been heard whole.
    pub(super) disclosed: bool,
    /// Whether it may be our own words coming back. Nobody is opted out by asking whether that
    /// was meant, so a wish not to be called is heard all the same.
    pub(super) echo: bool,
}

impl Sentence {
    pub(super) fn of(meaning: Meaning, heard: &Heard, disclosed: bool) -> Self {
        Self {
            meaning,
            evidence: Evidence::Utterance(heard.n),
            length_ms: heard.length_ms(),
            sure: heard.certainty >= Certainty::Sure,
            certain: heard.certainty >= Certainty::Certain,
            interrupts: heard.interrupts,
            last_line: heard.last_line,
            settled: heard.settled,
            disclosed,
            echo: heard.may_be_echo() && meaning != Meaning::OptOut,
        }
    }
}

/// Whether this is the sound of somebody who listens, or no speech at all.
pub(super) fn listens(s: &Sentence) -> bool {
    match s.meaning {
        Meaning::Backchannel => true,
        // Into our last line it answers that line.
        Meaning::Agrees => s.interrupts && !s.last_line,
        Meaning::Unclear | Meaning::Other => !s.sure && s.length_ms <= SHORT_NOISE_MS,
        _ => false,
    }
}
