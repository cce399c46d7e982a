//! Where the time between the callee's last word and our first goes.

use domain::{ItemId, MediaTime, Now, TurnTimes};

/// Measures one turn at a time: from the end of the callee's speech, by media time, to the
/// first packet of the reply; the parts by the engine's clock.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch {
    turns: u32,
    run: Option<Run>,
    done: Option<TurnTimes>,
}

#[derive(Debug)]
struct Run {
    end: MediaTime,
    closed: MediaTime,
    closed_now: Now,
    heard: Option<Now>,
    replied: Option<Now>,
    made: Option<Now>,
    first_item: Option<ItemId>,
}

impl Stopwatch {
    pub(crate) fn begin(&mut self, now: Now, end: MediaTime, closed: MediaTime) {
        self.run = Some(Run {
            end,
            closed,
            closed_now: now,
            heard: None,
            replied: None,
            made: None,
            first_item: None,
        });
    }

    /// What was heard is no turn of ours.
    pub(crate) fn forget(&mut self) {
        self.run = None;
    }

    pub(crate) fn heard(&mut self, now: Now) {
        if let Some(r) = &mut self.run {
            r.heard.get_or_insert(now);
        }
    }

    pub(crate) fn replied(&mut self, now: Now) {
        if let Some(r) = &mut self.run {
            r.replied.get_or_insert(now);
        }
    }

    /// The synthesis of a line was asked for; the first after a turn is that turn's reply.
    pub(crate) fn asked(&mut self, item: ItemId) {
        if let Some(r) = &mut self.run {
            r.first_item.get_or_insert(item);
        }
    }

    pub(crate) fn made(&mut self, now: Now, item: ItemId) {
        if let Some(r) = &mut self.run
            && r.first_item == Some(item)
        {
            r.made.get_or_insert(now);
        }
    }

    pub(crate) fn playing(&mut self, now: Now, item: ItemId, at: MediaTime) {
        // The opening was made before the hello it answers, so any later line may end the run;
        // a line that was begun before the speech ended does not reply to it.
        let Some(r) = &self.run else { return };
        if r.first_item.is_some_and(|first| item < first) || at < r.end {
            return;
        }
        let heard = r.heard.unwrap_or(r.closed_now);
        let replied = r.replied.unwrap_or(heard);
        let made = r.made.unwrap_or(replied);
        self.turns += 1;
        let ms = |from: Now, to: Now| u64::try_from(to.since(from).as_millis()).unwrap_or(0);
        self.done = Some(TurnTimes {
            turn: self.turns,
            endpoint_ms: r.closed.since(r.end).as_millis(),
            recognizer_ms: ms(r.closed_now, heard),
            responder_ms: ms(heard, replied),
            synthesizer_ms: ms(replied, made),
            playout_ms: ms(made, now),
            total_ms: at.since(r.end).as_millis(),
        });
        self.run = None;
    }

    pub(crate) fn take(&mut self) -> Option<TurnTimes> {
        self.done.take()
    }
}
