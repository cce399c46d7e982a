//! What we say: replies as they come, and what the lane reports of the floor.

use domain::{EndWhat, Event, ItemId, Masked, MediaTime, Now, PlaylistId, Texts, UtteranceSpoken};

use super::{Conversation, REPLY_LIMIT};
use crate::director::{Cue, Played, Tag};
use crate::exchange::{Output, ReplyOutcome};
use crate::floor::{FloorOutput, Playback, Spoken};
use crate::words::{Said, SpeechClass};

impl Conversation {
    pub(super) fn reply_text(&mut self, now: Now, generation: u32, text: &str) {
        let Some(r) = self.reply.as_mut().filter(|r| r.generation == generation) else {
            return;
        };
        self.stopwatch.replied(now);
        r.give_up = now + REPLY_LIMIT;
        for s in r.sentences.push(text) {
            r.spoke = true;
            self.floor.add(r.list, &s, SpeechClass::Content);
        }
    }

    pub(super) fn reply_ended(&mut self, now: Now, generation: u32, outcome: ReplyOutcome) {
        // The end of an earlier reply may still be under way; it ends nothing.
        let Some(mut r) = self.reply.take_if(|r| r.generation == generation) else {
            return;
        };
        if let Some(rest) = r.sentences.finish() {
            r.spoke = true;
            self.floor.add(r.list, &rest, SpeechClass::Content);
        }
        match outcome {
            ReplyOutcome::Complete(end_call) => {
                self.cue(now, Cue::Replied { end_call, spoke: r.spoke });
            }
            ReplyOutcome::Failed => {
                self.fault("responder", "closing");
                self.cue(now, Cue::ReplyFailed);
            }
        }
        self.floor.close(r.list);
    }

    /// One line that cannot be spoken is left out; a second one means that we are mute.
    pub(super) fn unspeakable(&mut self, now: Now, item: ItemId) {
        self.fault("synthesizer", "line left out");
        self.floor.unspeakable(item);
        self.mute_line(now);
    }

    /// A line ends before its text because its audio was lost.
    pub(super) fn lost(&mut self, now: Now, item: ItemId) {
        self.fault("media lane", "line broken off");
        self.floor.lost(item);
        self.mute_line(now);
    }

    fn mute_line(&mut self, now: Now) {
        self.talk.mute_lines += 1;
        if self.talk.mute_lines >= 2 && self.talk.hang_up_at.is_none() {
            self.talk.hang_up_at = Some((now, EndWhat::SpeechFailed));
        }
    }

    pub(super) fn playback(
        &mut self,
        now: Now,
        list: PlaylistId,
        item: ItemId,
        what: Playback,
        at: MediaTime,
    ) {
        if what == Playback::Started {
            self.stopwatch.playing(now, item, at);
            if let Some(times) = self.stopwatch.take() {
                self.note(Event::TurnMeasured(times));
            }
        }
        let begun = self.floor.is_begun(list);
        self.floor.playback(list, item, what, at);
        let begins = !begun && self.floor.is_begun(list);
        self.follow(list, item, what, at);
        let Some(tag) = self.tag_of(list) else {
            return;
        };
        if begins {
            self.cue(now, Cue::Begun(tag));
        }
        let whole = self.floor.lines_heard(list);
        if matches!(what, Playback::Finished { .. }) && whole > 0 {
            let line = Cue::Line { tag, whole };
            if self.hearing.is_up() { self.cue(now, line) } else { self.last_cue(now, line) }
        }
    }

    /// Keeps in mind which line is being played, or was the last one.
    fn follow(&mut self, list: PlaylistId, item: ItemId, what: Playback, at: MediaTime) {
        match what {
            Playback::Started => {
                let Some(l) = self.lists.iter().find(|l| l.id == list) else {
                    return;
                };
                let line = l.items.iter().position(|i| *i == item).unwrap_or(0);
                let before = self.talk.played.filter(|p| p.goes_on_at(at));
                let since = before.map_or(at, |p| p.since);
                let (began, tag) = (at, l.tag);
                let played = Played { tag, line, item, began, ended: None, silent: None, since };
                self.talk.played = Some(played);
            }
            Playback::Finished { .. } | Playback::Cut { .. } => {
                if let Some(p) = self.talk.played.as_mut().filter(|p| p.item == item) {
                    p.ended = Some(at);
                    p.silent.get_or_insert(at);
                }
            }
            Playback::Paused | Playback::Resumed => {
                if let Some(p) = self.talk.played.as_mut().filter(|p| p.item == item) {
                    p.silent = (what == Playback::Paused).then_some(at);
                }
            }
            Playback::Dropped => {}
        }
    }

    pub(super) fn drain_floor(&mut self, now: Now) {
        while let Some(o) = self.floor.poll() {
            match o {
                FloorOutput::Over(spoken) => self.over(now, spoken),
                FloorOutput::Speak { playlist, item, .. } => {
                    self.stopwatch.asked(item);
                    if let Some(l) = self.lists.iter_mut().find(|l| l.id == playlist) {
                        l.items.push(item);
                    }
                    self.out.push_back(Output::Floor(o));
                }
                other => self.out.push_back(Output::Floor(other)),
            }
        }
    }

    fn over(&mut self, now: Now, s: Spoken) {
        if let Some((start, end)) = s.span
            && !s.heard.is_empty()
        {
            let fact = UtteranceSpoken {
                n: self.hearing.number(),
                start_ms: start.as_millis(),
                end_ms: end.as_millis(),
                cut: s.cut || s.heard != s.meant,
            };
            let meant = Some(s.meant).filter(|m| *m != s.heard);
            let texts = Texts { meant, ..Texts::of(s.heard.clone()) };
            self.out.push_back(Output::Journal(Event::UtteranceSpoken(fact), texts));
            self.remember(Said { by_us: true, text: Masked::new(s.heard), unclear: false });
        }
        if let Some(at) = self.lists.iter().position(|l| l.id == s.playlist) {
            let tag = self.lists.remove(at).tag;
            self.cue(now, Cue::Over { tag, cut: s.cut });
        }
    }

    fn tag_of(&self, list: PlaylistId) -> Option<Tag> {
        self.lists.iter().find(|l| l.id == list).map(|l| l.tag)
    }
}
