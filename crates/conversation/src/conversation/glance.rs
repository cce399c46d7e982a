//! A first look at short speech into ours, so that a backchannel does not cost the whole pause.
//!
//! An utterance ends after a pause, and until then we would stand still. So when the callee spoke
//! only for a moment, it is recognized and judged as soon as they pause, and when they have
//! stopped by then the director may go on. The utterance stays open: if they do speak on, it is
//! heard whole.

use domain::{Evidence, MediaTime, Now, UtteranceNo};

use super::{Conversation, is_certain, is_sure};
use crate::director::{Cue, Sentence};
use crate::exchange::{HeardText, Output};
use crate::words::Meaning;

/// Longer speech is nobody's backchannel.
const LONGEST: MediaTime = MediaTime::from_millis(1_000);

/// What was looked at.
#[derive(Debug, Default)]
pub(super) struct Glances {
    last: u32,
    open: Option<Glance>,
    /// Up to here the open utterance was judged, and we went on.
    settled: Option<MediaTime>,
}

#[derive(Debug)]
struct Glance {
    n: u32,
    start: MediaTime,
    end: MediaTime,
    stopped: bool,
    answer: Option<(HeardText, Meaning)>,
}

impl Glances {
    /// What was looked at was not all.
    pub(super) fn speech_goes_on(&mut self) {
        self.open = None;
    }

    /// Whether we had gone on after all of the utterance that ends here.
    pub(super) fn utterance_ended(&mut self, end: MediaTime) -> bool {
        self.open = None;
        self.settled.take() == Some(end)
    }
}

impl Conversation {
    pub(super) fn speech_paused(&mut self, start: MediaTime, end: MediaTime) {
        self.glances.open = None;
        let start = self.glances.settled.map_or(start, |settled| settled.max(start));
        let short = end > start && end.since(start) <= LONGEST;
        if !short || !self.floor.is_interrupted() || !self.hearing.is_empty() {
            return;
        }
        self.glances.last += 1;
        let n = self.glances.last;
        self.glances.open = Some(Glance { n, start, end, stopped: false, answer: None });
        self.out.push_back(Output::Glance(n, start, end, self.talk.question));
    }

    pub(super) fn speech_stopped(&mut self, now: Now, end: MediaTime) {
        match &mut self.glances.open {
            Some(glance) if glance.end == end => glance.stopped = true,
            _ => self.glances.open = None,
        }
        self.act_early(now);
    }

    pub(super) fn glanced(&mut self, now: Now, n: u32, answer: Option<(HeardText, Meaning)>) {
        match self.glances.open.as_mut().filter(|g| g.n == n) {
            Some(glance) if answer.is_some() => glance.answer = answer,
            Some(_) => self.glances.open = None,
            None => return,
        }
        self.act_early(now);
    }

    /// Once the callee has stopped and we know what it was.
    fn act_early(&mut self, now: Now) {
        let ready = |g: &mut Glance| g.stopped && g.answer.is_some();
        let Some(glance) = self.glances.open.take_if(ready) else {
            return;
        };
        let Some((text, meaning)) = glance.answer.filter(|_| self.floor.is_interrupted()) else {
            return;
        };
        let length_ms = glance.end.since(glance.start).as_millis();
        self.cue(
            now,
            Cue::Early(Sentence {
                meaning,
                evidence: Evidence::Utterance(UtteranceNo(self.talk.utterances + 1)),
                length_ms,
                sure: is_sure(&text, length_ms),
                certain: is_certain(&text, length_ms),
                interrupts: true,
                last_line: self.floor.is_last_line(),
                settled: false,
                disclosed: self.talk.disclosed,
            }),
        );
        if !self.floor.is_interrupted() {
            self.glances.settled = Some(glance.end);
        }
    }
}
