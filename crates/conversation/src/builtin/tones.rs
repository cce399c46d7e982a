//! Tones of the line: the beep of a machine, and the tones of an exchange behind a gateway that
//! answered before anybody did.

use domain::EndWhat;

use super::words::Question;
use super::{BuiltIn, Stage};
use crate::director::Step;
use crate::words::LineTone;

/// After a single tone before any voice: so long its next one is waited for, ms. Silence until
/// then makes it a machine's.
const SECOND_TONE_MS: u32 = 5_000;
/// After a ringing tone: silence after which nobody rings any more, ms.
const NEXT_RING_MS: u32 = 6_000;
/// Ringing tones that are listened to: a minute and more.
const MOST_RINGS: u32 = 13;

/// What was heard of them.
#[derive(Debug, Default)]
pub(super) struct Tones {
    /// A single tone came before any voice: a beep, if nothing follows.
    suspected: bool,
    /// It came at the end of something that is not judged yet.
    ends_speech: bool,
    rings: u32,
    /// What we had said was said to a telephone that rings; it is said again.
    withdrawn: bool,
}

impl Tones {
    /// Whether the opening is to be said again; once.
    pub(super) fn take_withdrawn(&mut self) -> bool {
        std::mem::take(&mut self.withdrawn)
    }

    /// Whether ringing tones were heard, and nobody since.
    pub(super) fn is_ringing(&self) -> bool {
        self.rings > 0
    }
}

impl BuiltIn {
    pub(super) fn tone(&mut self, tone: LineTone, in_speech: bool) -> Vec<Step> {
        match (tone, self.stage) {
            (LineTone::Busy, _) => vec![Step::End(EndWhat::CalleeHungUp)],
            (LineTone::Single, Stage::Machine) => self.leave_message(),
            (LineTone::Single, Stage::Hello | Stage::Asking) => self.single_tone(in_speech),
            // Whoever has spoken hears call waiting, or music.
            (LineTone::Ringing, _) if self.hearing.anything => Vec::new(),
            (LineTone::Ringing, Stage::Hello | Stage::Asking) => self.ringing(),
            _ => Vec::new(),
        }
    }

    /// Whether the single tone was a machine's after all: neither its like nor a voice followed.
    pub(super) fn is_beep(&self) -> bool {
        self.tones.suspected && !self.hearing.anything
    }

    /// Nobody said anything for as long as it was waited for.
    pub(super) fn no_hello(&mut self) -> Vec<Step> {
        if self.is_beep() { self.found_machine() } else { self.open() }
    }

    /// Whether what was judged just now is a greeting that ended in a tone.
    pub(super) fn was_greeting(&mut self) -> bool {
        let ended = std::mem::take(&mut self.tones.ends_speech);
        let pending = matches!(self.stage, Stage::Hello | Stage::Asking);
        ended && pending && self.hearing.expects_beep()
    }

    fn single_tone(&mut self, in_speech: bool) -> Vec<Step> {
        if self.hearing.expects_beep() {
            return self.found_machine();
        }
        if self.hearing.anything || self.tones.rings > 0 {
            return Vec::new();
        }
        (self.tones.suspected, self.tones.ends_speech) = (true, in_speech);
        match self.stage {
            Stage::Hello => vec![Step::AwaitHello(SECOND_TONE_MS)],
            _ => Vec::new(),
        }
    }

    fn ringing(&mut self) -> Vec<Step> {
        self.tones.suspected = false;
        self.tones.rings += 1;
        if self.tones.rings > MOST_RINGS {
            return vec![Step::End(EndWhat::Silence)];
        }
        let mut steps = Vec::new();
        if self.stage == Stage::Asking {
            self.stage = Stage::Hello;
            self.tones.withdrawn = true;
            self.gate.withdraw();
            steps.extend([Step::Cut, self.expect(Question::Hello)]);
        }
        steps.push(Step::AwaitHello(NEXT_RING_MS));
        steps
    }
}
