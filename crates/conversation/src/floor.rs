//! The floor: what we say, in which order, and what of it was heard.
//!
//! The floor plays playlists of lines. It asks for the synthesis of one line after the other,
//! at most [`LOOK_AHEAD`] lines before they are played, which bounds both the audio that waits
//! on the lane and the work a barge-in throws away. What was heard is reckoned from the exact
//! sample counts that the lane reports, never from a clock.

use std::collections::VecDeque;

use domain::{ItemId, MediaTime, PlaylistId};

use crate::marks::Marks;
use crate::words::SpeechClass;

/// What the callee's speech does to a playlist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnSpeech {
    /// Nothing.
    Ignore,
    /// It stands still at once; whether it goes on is decided by what was said.
    #[default]
    Pause,
}

/// What the floor wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FloorOutput {
    /// Make audio of this line and queue it for playing.
    Speak {
        /// Of which playlist.
        playlist: PlaylistId,
        /// Which line.
        item: ItemId,
        /// Its words.
        text: String,
        /// What kind of speech it is.
        class: SpeechClass,
    },
    /// Throw away what of this playlist is not played yet, and end its synthesis.
    Cut(PlaylistId),
    /// Stand still.
    Pause,
    /// Go on.
    Resume,
    /// What the lane does by itself when the callee speaks.
    SetOnSpeech(OnSpeech),
    /// A playlist is over.
    Over(Spoken),
}

/// A playlist that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// Which one.
    pub playlist: PlaylistId,
    /// What the callee could hear of it.
    pub heard: String,
    /// What it would have been.
    pub meant: String,
    /// Media time of its first and after its last sent sample; `None` if it never began.
    pub span: Option<(MediaTime, MediaTime)>,
    /// Whether it was cut short.
    pub cut: bool,
}

/// What the lane reports of a line being played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Playback {
    /// Its first sample was sent.
    Started,
    /// It stands still.
    Paused,
    /// It goes on.
    Resumed,
    /// Its last sample was sent.
    Finished {
        /// Samples of the line that had been sent: all that were made, unless some were lost.
        sent: u64,
    },
    /// Its playlist was thrown away; this line was being played.
    Cut {
        /// Samples of the line that had been sent.
        offset: u64,
    },
    /// A playlist was thrown away while none of its lines was being played.
    Dropped,
}

#[derive(Debug)]
struct Line {
    item: ItemId,
    text: String,
    class: SpeechClass,
    marks: Marks,
    made_any: bool,
    made: bool,
    /// Samples of it that were sent, once it is over.
    sent: Option<u64>,
    /// Its audio ends before its text.
    broken: bool,
}

impl Line {
    fn is_played(&self) -> bool {
        self.sent.is_some()
    }

    /// Whether all of it was sent.
    fn is_whole(&self) -> bool {
        !self.broken && self.sent.is_some_and(|sent| sent >= self.marks.made())
    }

    /// What of its text lies in the first `sent` samples.
    fn heard(&self, sent: u64) -> &str {
        match (sent < self.marks.made(), self.broken) {
            (true, _) => self.marks.heard(&self.text, sent),
            (false, true) => self.marks.known(&self.text),
            (false, false) => &self.text,
        }
    }
}

#[derive(Debug)]
struct Playlist {
    id: PlaylistId,
    on_speech: OnSpeech,
    lines: Vec<Line>,
    /// More lines may come.
    open: bool,
    asked: usize,
    began: Option<MediaTime>,
    last: MediaTime,
    /// Whether the lane told that it stands still.
    still: bool,
    cutting: bool,
}

/// Lines that are synthesized before the one being played has ended.
pub const LOOK_AHEAD: usize = 2;
/// Playlists that may wait; a further one is refused.
pub const MAX_PENDING: usize = 4;

/// See the module.
#[derive(Debug, Default)]
pub struct Floor {
    lists: VecDeque<Playlist>,
    next_list: u32,
    next_item: u32,
    held: bool,
    paused: bool,
    out: VecDeque<FloorOutput>,
}

impl Floor {
    /// Opens a playlist after all others; `None` if [`MAX_PENDING`] wait already.
    pub fn open(&mut self, on_speech: OnSpeech) -> Option<PlaylistId> {
        if self.lists.iter().filter(|l| !l.cutting).count() > MAX_PENDING {
            return None;
        }
        self.next_list += 1;
        let id = PlaylistId(self.next_list);
        self.lists.push_back(Playlist {
            id,
            on_speech,
            lines: Vec::new(),
            open: true,
            asked: 0,
            began: None,
            last: MediaTime::ZERO,
            still: false,
            cutting: false,
        });
        self.out.push_back(FloorOutput::SetOnSpeech(self.current_on_speech()));
        Some(id)
    }

    /// Adds a line to an open playlist; blank text is left out.
    pub fn add(&mut self, list: PlaylistId, text: &str, class: SpeechClass) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.next_item += 1;
        let item = ItemId(self.next_item);
        let text = text.to_owned();
        if let Some(l) = self.lists.iter_mut().find(|l| l.id == list && l.open && !l.cutting) {
            let marks = Marks::default();
            l.lines.push(Line {
                item,
                text,
                class,
                marks,
                made_any: false,
                made: false,
                sent: None,
                broken: false,
            });
        }
        self.ask();
    }

    /// No more lines will come.
    pub fn close(&mut self, list: PlaylistId) {
        if let Some(l) = self.lists.iter_mut().find(|l| l.id == list) {
            l.open = false;
        }
        self.sweep();
    }

    /// Stands still until [`Floor::release`], also for what is placed meanwhile.
    pub fn hold(&mut self) {
        // Also when the lane stands still by itself: it would go on by itself, too.
        if !self.held {
            self.out.push_back(FloorOutput::Pause);
        }
        self.held = true;
        self.paused = true;
    }

    /// Ends [`Floor::hold`].
    pub fn release(&mut self) {
        self.held = false;
        if self.paused {
            self.out.push_back(FloorOutput::Resume);
            self.paused = false;
        }
    }

    /// Throws away everything that is not played yet.
    pub fn cut_all(&mut self) {
        let mut over = Vec::new();
        for l in self.lists.iter_mut().filter(|l| !l.cutting) {
            l.cutting = true;
            l.open = false;
            if l.asked > 0 {
                self.out.push_back(FloorOutput::Cut(l.id));
            }
            // Without audio on the lane there is nothing that it could report.
            if !l.lines.iter().any(|x| x.made_any && !x.is_played()) {
                over.push(l.id);
            }
        }
        // A cut ends a pause on the lane if there was something to cut, so both are said again.
        self.paused = self.held;
        self.out.push_back(if self.held { FloorOutput::Pause } else { FloorOutput::Resume });
        for id in over {
            self.finish(id, None);
        }
    }

    /// More audio of a line was queued for playing.
    pub fn made(&mut self, item: ItemId, samples: u64, chars_done: Option<u32>) {
        if let Some((l, i)) = self.line(item) {
            l.lines[i].made_any = true;
            l.lines[i].marks.push(samples, chars_done);
        }
    }

    /// All audio of a line was queued; also called when its synthesis failed.
    pub fn made_all(&mut self, item: ItemId) {
        if let Some((l, i)) = self.line(item) {
            l.lines[i].made = true;
        }
        self.ask();
    }

    /// No more audio of a line comes; of its text only what is known to be spoken counts.
    pub fn broke_off(&mut self, item: ItemId) {
        if let Some((l, i)) = self.line(item) {
            let line = &mut l.lines[i];
            line.broken = line.marks.known(&line.text) != line.text;
        }
        self.made_all(item);
    }

    /// A line ends before its text: what is still made of it is not played.
    pub fn lost(&mut self, item: ItemId) {
        if let Some((l, i)) = self.line(item) {
            l.lines[i].broken = true;
        }
    }

    /// A line will never be heard: its synthesis failed before its first sample.
    pub fn unspeakable(&mut self, item: ItemId) {
        if let Some((l, i)) = self.line(item) {
            l.lines.remove(i);
            l.asked = l.asked.saturating_sub(1);
        }
        self.ask();
        self.sweep();
    }

    /// The lane reports about a line, or about a whole playlist when it was thrown away.
    pub fn playback(&mut self, list: PlaylistId, item: ItemId, what: Playback, at: MediaTime) {
        match what {
            Playback::Started => {
                // A line that was left out ends on the lane too, and is no beginning of a list.
                if let Some((l, _)) = self.line(item) {
                    l.began.get_or_insert(at);
                    (l.last, l.still) = (at, false);
                }
                self.ask();
            }
            Playback::Paused => {
                self.paused = true;
                if let Some(l) = self.lists.iter_mut().find(|l| l.id == list) {
                    (l.last, l.still) = (at, true);
                }
            }
            Playback::Resumed => {
                self.paused = false;
                if let Some(l) = self.lists.iter_mut().find(|l| l.id == list) {
                    l.still = false;
                }
            }
            Playback::Finished { sent } => {
                if let Some((l, i)) = self.line(item) {
                    l.lines[i].sent = Some(sent);
                    l.last = at;
                    // The cut came too late for it, so the lane has nothing to report of it.
                    if l.cutting && !l.lines.iter().any(|x| x.made_any && !x.is_played()) {
                        self.finish(list, None);
                    }
                }
                self.ask();
                self.sweep();
            }
            Playback::Cut { offset } => {
                // What stood still was heard until then and no longer.
                if let Some(l) = self.lists.iter_mut().find(|l| l.id == list && !l.still) {
                    l.last = at;
                }
                self.finish(list, Some((item, offset)));
            }
            Playback::Dropped => self.finish(list, None),
        }
    }

    /// Whether something is being played, or would be if we did not stand still.
    pub fn is_busy(&self) -> bool {
        self.lists.iter().any(|l| !l.cutting && (l.open || !l.lines.is_empty()))
    }

    /// Whether the lane has still to tell how far something was heard that was thrown away.
    pub fn is_cutting(&self) -> bool {
        self.lists.iter().any(|l| l.cutting)
    }

    /// Whether the callee hears us now.
    pub fn is_audible(&self) -> bool {
        !self.paused && !self.held && self.lists.iter().any(|l| l.began.is_some() && !l.cutting)
    }

    /// Whether it is our turn: we speak, or what we are to say is still being made.
    pub fn is_due(&self) -> bool {
        !self.paused && !self.held && self.is_busy()
    }

    /// Whether we stand still in the middle of a playlist because the callee spoke.
    pub fn is_interrupted(&self) -> bool {
        self.paused && !self.held && self.is_busy()
    }

    /// Whether the callee has heard something of what is not over yet.
    pub fn has_begun(&self) -> bool {
        self.lists.iter().any(|l| l.began.is_some() && !l.cutting)
    }

    /// Whether no line follows the one that is being played, or would be.
    pub fn is_last_line(&self) -> bool {
        let mut lists = self.lists.iter().filter(|l| !l.cutting);
        let left = |l: &Playlist| l.lines.iter().filter(|x| !x.is_played()).count();
        lists.next().is_none_or(|l| !l.open && left(l) <= 1) && lists.all(|l| left(l) == 0)
    }

    /// Whether something of this playlist was heard.
    pub fn is_begun(&self, list: PlaylistId) -> bool {
        self.lists.iter().any(|l| l.id == list && l.began.is_some())
    }

    /// Goes on after the callee's speech.
    pub fn resume(&mut self) {
        // Also when we know of no pause: one that came with a line's last sample is not told.
        if !self.held {
            self.out.push_back(FloorOutput::Resume);
            self.paused = false;
        }
    }

    /// The next thing to be done.
    pub fn poll(&mut self) -> Option<FloorOutput> {
        self.out.pop_front()
    }

    /// The text heard so far of the playlist being played, whole lines only.
    pub fn lines_heard(&self, list: PlaylistId) -> usize {
        let l = self.lists.iter().find(|l| l.id == list);
        l.map_or(0, |l| l.lines.iter().filter(|x| x.is_whole()).count())
    }

    fn current_on_speech(&self) -> OnSpeech {
        self.lists.iter().find(|l| !l.cutting).map_or(OnSpeech::Pause, |l| l.on_speech)
    }

    /// Asks for the next line's synthesis if the one before is made and few enough wait.
    fn ask(&mut self) {
        let mut ahead = 0;
        for l in self.lists.iter_mut().filter(|l| !l.cutting) {
            for i in 0..l.lines.len() {
                if l.lines[i].is_played() {
                    continue;
                }
                if i >= l.asked {
                    let previous_made = l.asked == 0 || l.lines[l.asked - 1].made;
                    if ahead < LOOK_AHEAD && previous_made {
                        let line = &l.lines[i];
                        self.out.push_back(FloorOutput::Speak {
                            playlist: l.id,
                            item: line.item,
                            text: line.text.clone(),
                            class: line.class,
                        });
                        l.asked = i + 1;
                    }
                    return;
                }
                if !l.lines[i].made {
                    return;
                }
                ahead += 1;
            }
        }
    }

    /// Ends playlists of which everything was played.
    fn sweep(&mut self) {
        while let Some(l) = self.lists.iter().find(|l| !l.cutting) {
            let done = !l.open && l.lines.iter().all(Line::is_played);
            if !done {
                return;
            }
            let id = l.id;
            self.finish(id, None);
        }
    }

    fn finish(&mut self, id: PlaylistId, stopped: Option<(ItemId, u64)>) {
        let Some(at) = self.lists.iter().position(|l| l.id == id) else {
            return;
        };
        let Some(l) = self.lists.remove(at) else {
            return;
        };
        let mut heard = String::new();
        let mut meant = String::new();
        for line in &l.lines {
            join(&mut meant, &line.text);
            if let Some(sent) = line.sent {
                join(&mut heard, line.heard(sent));
            } else if let Some((item, offset)) = stopped
                && item == line.item
            {
                join(&mut heard, line.marks.heard(&line.text, offset));
            }
        }
        let span = l.began.map(|b| (b, l.last));
        let spoken = Spoken { playlist: id, heard, meant, span, cut: l.cutting };
        self.out.push_back(FloorOutput::Over(spoken));
        self.out.push_back(FloorOutput::SetOnSpeech(self.current_on_speech()));
        self.ask();
    }

    fn line(&mut self, item: ItemId) -> Option<(&mut Playlist, usize)> {
        self.lists.iter_mut().find_map(|l| {
            let i = l.lines.iter().position(|x| x.item == item)?;
            Some((l, i))
        })
    }
}

/// Joins sentences: with a blank between words of scripts that use one.
fn join(to: &mut String, more: &str) {
    if more.is_empty() {
        return;
    }
    let blank = to.chars().next_back().is_some_and(|c| u32::from(c) < 0x2E80)
        && more.chars().next().is_some_and(|c| u32::from(c) < 0x2E80);
    if blank {
        to.push(' ');
    }
    to.push_str(more);
}

#[cfg(test)]
mod tests;
