//! What the callee says, on its way to the director.

use domain::{Event, LegId, MediaTime, Now, Texts, UtteranceHeard, UtteranceNo};

use super::{Conversation, UNCLEAR_TEXT};
use crate::builtin::Meaning;
use crate::director::{Cue, Heard};
use crate::exchange::{HeardText, Output};
use crate::hearing::{Glance, Meanwhile, Stage, Utterance};
use crate::words::Said;

impl Conversation {
    pub(super) fn speech_started(&mut self) {
        self.hearing.speech_started();
        self.patience.touch();
        // Whoever speaks first is not talked over: what is about to be said waits.
        let waits = self.needs.yields && self.talk.answered;
        if waits && !self.floor.is_audible() && !self.floor.is_interrupted() {
            self.floor.hold();
        }
    }

    pub(super) fn speech_paused(&mut self, now: Now, start: MediaTime, end: MediaTime) {
        self.hearing.glances.paused(start, end);
        if self.floor.is_interrupted() && !self.hearing.is_busy() {
            self.cue(now, Cue::Paused);
        }
        self.hearing.glances.look_away();
    }

    pub(super) fn speech_stopped(&mut self, now: Now, end: MediaTime) {
        self.hearing.glances.stopped(end);
        self.act_early(now);
    }

    pub(super) fn glanced(&mut self, now: Now, n: u32, answer: Option<(HeardText, Meaning)>) {
        if self.hearing.glances.answered(n, answer) {
            self.act_early(now);
        }
    }

    /// Once the callee has stopped and we know what it was.
    fn act_early(&mut self, now: Now) {
        let Some((glance, text, meaning)) = self.hearing.glances.ready() else {
            return;
        };
        if !self.floor.is_interrupted() {
            return;
        }
        let (end, heard) = (glance.end, self.seen(&glance, text));
        self.cue(now, Cue::Early(meaning, heard));
        if !self.floor.is_interrupted() {
            self.hearing.glances.settle(end);
        }
    }

    pub(super) fn utterance_ended(
        &mut self,
        now: Now,
        start: MediaTime,
        end: MediaTime,
        closed: MediaTime,
    ) {
        let (expect, asked) = self.talk.expect;
        let meanwhile =
            Meanwhile { asked, interrupts: self.floor.has_begun(), played: self.talk.played };
        let Some(u) = self.hearing.ended(now, (start, end, closed), meanwhile) else {
            return;
        };
        if !u.settled {
            self.stopwatch.begin(now, end, closed);
        }
        self.out.push_back(Output::Recognize(u.n, start, end, expect));
    }

    pub(super) fn heard(&mut self, now: Now, n: UtteranceNo, heard: Option<HeardText>) {
        let failed = heard.is_none();
        let text = heard.unwrap_or_else(HeardText::nothing);
        let Some(u) = self.hearing.known(n, text) else {
            return;
        };
        self.stopwatch.heard(now);
        let fact = UtteranceHeard {
            n,
            leg: LegId::CALLEE,
            start_ms: u.start.as_millis(),
            end_ms: u.end.as_millis(),
            closed_ms: u.closed.as_millis(),
            confidence_milli: u.text.confidence_milli,
            unclear: u.text.unclear,
            early: false,
        };
        let words = if u.text.unclear { UNCLEAR_TEXT } else { u.text.text.reveal() };
        let texts = Texts::of(words);
        let said = Said { by_us: false, text: u.text.text.clone(), unclear: u.text.unclear };
        let interrupts = u.interrupts;
        self.talk.unwritten.push((Event::UtteranceHeard(fact), texts));
        if !interrupts {
            self.write_heard();
        }
        if failed {
            self.fault("recognizer", "counted as unclear");
        }
        self.remember(said);
        self.tell(now, n);
    }

    /// Nobody could say in time what this utterance was: it counts as unclear.
    pub(super) fn give_up(&mut self, now: Now, n: UtteranceNo, stage: Stage) {
        self.fault("hearing", "counted as unclear");
        match stage {
            Stage::Recognizing => {
                self.hearing.known(n, HeardText::nothing());
                self.tell(now, n);
            }
            Stage::Judging => self.judged(now, n, Meaning::Unclear),
            Stage::Known => drop(self.hearing.take(n, stage)),
        }
    }

    /// The words are known. Without a judge there is nothing else to wait for.
    fn tell(&mut self, now: Now, n: UtteranceNo) {
        let Some(heard) = self.hearing.get(n).map(|u| self.as_heard(u)) else {
            return;
        };
        if heard.last {
            self.last_cue(now, Cue::Heard(heard));
        } else {
            self.cue(now, Cue::Heard(heard));
        }
        if self.hearing.take(n, Stage::Known).is_some() {
            self.dealt_with();
        }
    }

    pub(super) fn judged(&mut self, now: Now, n: UtteranceNo, meaning: Meaning) {
        let Some(u) = self.hearing.take(n, Stage::Judging) else {
            return;
        };
        let heard = self.as_heard(&u);
        self.patience.touch();
        if heard.last {
            return self.last_cue(now, Cue::Judged(meaning, heard));
        }
        self.cue(now, Cue::Judged(meaning, heard));
        self.let_speak();
    }

    fn dealt_with(&mut self) {
        self.patience.touch();
        if self.hearing.is_up() {
            self.let_speak();
        }
    }

    /// Ends the hold that the callee's speech caused; the opening waits for its own moment.
    fn let_speak(&mut self) {
        if self.hearing.is_quiet() && self.talk.opened && !self.talk.stands {
            self.floor.release();
        }
    }

    fn as_heard(&self, u: &Utterance) -> Heard {
        Heard {
            n: u.n,
            words: u.text.text.clone(),
            unclear: u.text.unclear,
            certainty: u.text.certainty,
            start: u.start,
            end: u.end,
            asked: u.asked,
            interrupts: u.interrupts && self.floor.is_busy(),
            last_line: self.floor.is_last_line(),
            settled: u.settled,
            played: u.played,
            last: !self.hearing.is_up(),
        }
    }

    fn seen(&self, glance: &Glance, text: HeardText) -> Heard {
        Heard {
            n: self.hearing.next_number(),
            words: text.text,
            unclear: text.unclear,
            certainty: text.certainty,
            start: glance.start,
            end: glance.end,
            asked: self.talk.expect.1,
            interrupts: true,
            last_line: self.floor.is_last_line(),
            settled: false,
            played: self.talk.played,
            last: false,
        }
    }
}
