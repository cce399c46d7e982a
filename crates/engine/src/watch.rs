//! Following one call: what is committed, then what is committed next, without loss or repeat.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use domain::{CallId, CallRecord, Envelope, Event, LegId, Now};
use tokio::sync::broadcast;

use crate::calls::{WatchOptions, WatchSource, Watched};
use crate::core::Core;
use crate::hub::Seat;
use crate::ports::PortFuture;

/// Events read from the store at once.
const PAGE: u32 = 200;

/// One watcher's place in a call's journal.
pub(crate) struct Watcher {
    core: Arc<Core>,
    call: CallId,
    options: WatchOptions,
    live: Option<broadcast::Receiver<Arc<Envelope>>>,
    backlog: VecDeque<Arc<Envelope>>,
    next_seq: u64,
    phase: Phase,
    answered: bool,
    next_beat: Option<Now>,
    give_up: Option<Now>,
    _seat: Seat,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Reading what the store has.
    Catching,
    /// Waiting for news.
    Following,
    /// `CallEnded` was handed out: its record is next.
    Ending,
    /// Nothing follows.
    Over,
}

impl Watcher {
    /// `live` must have been subscribed before anything is read from the store.
    pub(crate) fn new(
        core: Arc<Core>,
        call: CallId,
        options: WatchOptions,
        live: Option<broadcast::Receiver<Arc<Envelope>>>,
        seat: Seat,
    ) -> Self {
        let now = core.parts.clock.now();
        let next_beat = match (options.beat_unanswered, options.beat_idle) {
            (Some(_), _) => Some(now),
            (None, idle) => idle.map(|d| now + d),
        };
        let give_up = options.answer_deadline.map(|d| now + d);
        Self {
            core,
            call,
            live,
            backlog: VecDeque::new(),
            next_seq: 1,
            phase: Phase::Catching,
            answered: false,
            next_beat,
            give_up,
            options,
            _seat: seat,
        }
    }

    async fn advance(&mut self) -> Watched {
        loop {
            let open = matches!(self.phase, Phase::Catching | Phase::Following);
            if let Some(e) = self.backlog.pop_front().filter(|_| open) {
                if let Some(watched) = self.hand_out(e) {
                    return watched;
                }
                continue;
            }
            match self.phase {
                Phase::Over => return Watched::Closed,
                Phase::Ending => {
                    self.phase = Phase::Over;
                    return match self.record().await {
                        Some(record) => Watched::Ended(Box::new(record)),
                        None => Watched::Closed,
                    };
                }
                Phase::Catching => {
                    if let Some(watched) = self.catch_up().await {
                        return watched;
                    }
                }
                Phase::Following => {
                    if let Some(watched) = self.follow().await {
                        return watched;
                    }
                }
            }
        }
    }

    /// Reads a page; an empty one means that everything stored was read.
    async fn catch_up(&mut self) -> Option<Watched> {
        let page = self.core.parts.records.events(self.call, self.next_seq, PAGE).await;
        let Ok(page) = page else {
            self.phase = Phase::Over;
            return Some(Watched::Closed);
        };
        if page.is_empty() {
            self.phase = Phase::Following;
        }
        self.backlog.extend(page.into_iter().map(Arc::new));
        None
    }

    async fn follow(&mut self) -> Option<Watched> {
        let clock = &self.core.parts.clock;
        let beat = self.next_beat;
        let give_up = self.give_up.filter(|_| !self.answered);
        let Some(live) = self.live.as_mut() else {
            // Not live and not ended: the process that carried it is gone.
            self.phase = Phase::Over;
            return Some(Watched::Closed);
        };
        tokio::select! {
            biased;
            news = live.recv() => match news {
                Ok(e) => self.backlog.push_back(e),
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.phase = Phase::Over;
                    return Some(Watched::Closed);
                }
                Err(broadcast::error::RecvError::Closed) => {
                    self.live = None;
                    self.phase = Phase::Catching;
                }
            },
            () = clock.until_some(give_up) => {
                self.phase = Phase::Over;
                return Some(Watched::DeadlinePassed);
            }
            () = clock.until_some(beat) => {
                self.beat_later();
                return Some(Watched::Beat);
            }
        }
        None
    }

    fn hand_out(&mut self, e: Arc<Envelope>) -> Option<Watched> {
        if e.seq < self.next_seq {
            return None;
        }
        self.next_seq = e.seq + 1;
        match &e.event {
            Event::LegAnswered { leg: LegId::CALLEE, .. } => {
                self.answered = true;
                self.idle_from_now();
            }
            Event::CallEnded(_) => self.phase = Phase::Ending,
            _ => {}
        }
        if e.seq < self.options.from_seq || (self.options.utterances_only && !has_words(&e)) {
            return None;
        }
        // While unanswered the beat keeps its own time; later, whatever is sent is a sign of life.
        if self.answered || self.options.beat_unanswered.is_none() {
            self.idle_from_now();
        }
        Some(Watched::Event(e))
    }

    fn idle_from_now(&mut self) {
        let now = self.core.parts.clock.now();
        self.next_beat = self.options.beat_idle.map(|d| now + d);
    }

    fn beat_later(&mut self) {
        let now = self.core.parts.clock.now();
        let pause: Option<Duration> = match self.options.beat_unanswered {
            Some(d) if !self.answered => Some(d),
            _ => self.options.beat_idle,
        };
        self.next_beat = pause.map(|d| now + d);
    }

    async fn record(&self) -> Option<CallRecord> {
        self.core.parts.records.call(self.call).await.ok().flatten()
    }
}

impl WatchSource for Watcher {
    fn next(&mut self) -> PortFuture<'_, Watched> {
        Box::pin(self.advance())
    }
}

/// An utterance that says something.
fn has_words(e: &Envelope) -> bool {
    let spoken = matches!(e.event, Event::UtteranceSpoken(_) | Event::UtteranceHeard(_));
    spoken && e.texts.text.as_deref().is_some_and(|t| !t.is_empty())
}
