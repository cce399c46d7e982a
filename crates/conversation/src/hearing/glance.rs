//! A first look at short speech into ours, so that a backchannel does not cost the whole pause.
//!
//! An utterance ends after a pause, and until then we would stand still. So when the callee spoke
//! only for a moment, it may be recognized and judged as soon as they pause, and when they have
//! stopped by then the director may go on. The utterance stays open: if they do speak on, it is
//! heard whole.

use domain::MediaTime;

use crate::builtin::Meaning;
use crate::exchange::HeardText;

/// Longer speech is nobody's backchannel.
const LONGEST: MediaTime = MediaTime::from_millis(1_000);

/// What was looked at.
#[derive(Debug, Default)]
pub(crate) struct Glances {
    last: u32,
    /// Short speech that may be looked at.
    offer: Option<(MediaTime, MediaTime)>,
    open: Option<Glance>,
    /// Up to here the open utterance was judged, and we went on.
    settled: Option<MediaTime>,
}

/// One look.
#[derive(Debug)]
pub(crate) struct Glance {
    pub(crate) n: u32,
    pub(crate) start: MediaTime,
    pub(crate) end: MediaTime,
    stopped: bool,
    answer: Option<(HeardText, Meaning)>,
}

impl Glances {
    /// What was looked at was not all.
    pub(crate) fn speech_goes_on(&mut self) {
        self.open = None;
    }

    /// The callee pauses after this; it may be looked at if it is short.
    pub(crate) fn paused(&mut self, start: MediaTime, end: MediaTime) {
        self.open = None;
        let start = self.settled.map_or(start, |settled| settled.max(start));
        let short = end > start && end.since(start) <= LONGEST;
        self.offer = short.then_some((start, end));
    }

    /// What may be looked at is looked at now: the number of the look, and the stretch.
    pub(crate) fn look(&mut self) -> Option<(u32, MediaTime, MediaTime)> {
        let (start, end) = self.offer.take()?;
        self.last += 1;
        let n = self.last;
        self.open = Some(Glance { n, start, end, stopped: false, answer: None });
        Some((n, start, end))
    }

    /// Nobody wanted to look.
    pub(crate) fn look_away(&mut self) {
        self.offer = None;
    }

    /// The callee has stopped; what was looked at was all if it ends here.
    pub(crate) fn stopped(&mut self, end: MediaTime) {
        match &mut self.open {
            Some(glance) if glance.end == end => glance.stopped = true,
            _ => self.open = None,
        }
    }

    /// What a look came to; nothing if it failed. Answers whether it is the one that counts.
    pub(crate) fn answered(&mut self, n: u32, answer: Option<(HeardText, Meaning)>) -> bool {
        match self.open.as_mut().filter(|g| g.n == n) {
            Some(glance) if answer.is_some() => glance.answer = answer,
            Some(_) => self.open = None,
            None => return false,
        }
        true
    }

    /// The look that can be acted on: the callee has stopped, and it is known what it was.
    pub(crate) fn ready(&mut self) -> Option<(Glance, HeardText, Meaning)> {
        let mut glance = self.open.take_if(|g| g.stopped && g.answer.is_some())?;
        let (text, meaning) = glance.answer.take()?;
        Some((glance, text, meaning))
    }

    /// We went on after all that was said up to here.
    pub(crate) fn settle(&mut self, end: MediaTime) {
        self.settled = Some(end);
    }

    /// Whether we had gone on after all of the utterance that ends here.
    pub(crate) fn utterance_ended(&mut self, end: MediaTime) -> bool {
        self.open = None;
        self.settled.take() == Some(end)
    }
}
